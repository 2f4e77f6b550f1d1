"""The pages of a pull request in the lengths that each place takes: a comment, a job summary, a whole file. Says nothing of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from goldenpath.app.judged import Judged
from goldenpath.app.pull_request import Outcome
from goldenpath.cli.comment_blocks import Block, assemble
from goldenpath.cli.pr_comment import comment_blocks, fault_blocks
from goldenpath.errors import Misconfigured

COMMENT_MAX: Final = 60_000
"""Characters of a comment: what forges take (65,536), less room for a marker and for what a forge counts twice."""
SUMMARY_MAX: Final = 250_000
"""Characters of a job summary: GitHub takes one MiB for each step, and a character has up to four bytes."""


def blocks_of(outcome: Outcome) -> list[Block]:
    """Return the page of an outcome in blocks."""
    return comment_blocks(outcome) if isinstance(outcome, Judged) else fault_blocks(outcome)


def comment_text(outcome: Outcome, *, url: str = "") -> str:
    """Return what the one comment says; ``url`` is where the whole page is kept."""
    where = f"The whole page is with [the run]({url})." if url else "The whole page is with the run that wrote this."
    return assemble(blocks_of(outcome), limit=COMMENT_MAX, pointer=where)


def summary_text(outcome: Outcome) -> str:
    """Return what a job summary says."""
    return assemble(blocks_of(outcome), limit=SUMMARY_MAX, pointer="The whole page is in the file of <code>--page</code>.")


def page_text(outcome: Outcome) -> str:
    """Return the whole page, however long it is."""
    blocks = blocks_of(outcome)
    return assemble(blocks, limit=sum(len(block.text) + 1 for block in blocks) + 1, pointer="")


def write_page(path: Path, text: str, *, is_appended: bool = False) -> None:
    """Write a page where the command line says.

    Raises:
        Misconfigured: ``pr.unwritable-page``.
    """
    try:
        with path.open("a" if is_appended else "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise Misconfigured(
            "pr.unwritable-page", "the page cannot be written there", subject=str(path), hint="check folder and rights"
        ) from error
