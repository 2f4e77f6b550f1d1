"""``goldenpath pr receipts``: what became of a merge, as one comment on the pull request that brought it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.pull_receipts import MergeReceipts, RequestReceipt
    from goldenpath.app.seam import Seam

_SIGNS = {"ok": "✓", "behind": "✗", "waiting": "…", "unknown": "?"}
_COLUMNS = ("Request", "Version", "Where it stands")
_ROWS = 50
"""Requests of one table: a comment that is too long loses whole tables, and the first one always stays."""
_SHOWN_FACTS = ("version_id", "fingerprint", "commit", "path")


@click.command()
@click.option("--commit", "commit", required=True, metavar="SHA", help="What the merge made on the protected branch.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show the receipts; write no comment.")
@click.option("--exit-code", "wants_code", is_flag=True, help="End with 1 when a request has not arrived yet.")
@example("goldenpath pr receipts --commit HEAD", 'goldenpath pr receipts --commit "$GITHUB_SHA" --exit-code')
@pass_state
def receipts(state: CliState, *, commit: str, is_dry_run: bool, wants_code: bool) -> int:
    """Follow every request of a merge through store, manifests and cluster, and say so on its pull request.

    Versions and keyed fingerprints only; no value is read from a store. The comment is written anew each time.
    """
    from goldenpath.app.pull_receipts import merge_receipts, publish_receipts
    from goldenpath.cli.comment_blocks import assemble
    from goldenpath.cli.pr_pages import COMMENT_MAX

    found = merge_receipts(state.services, commit)
    page = assemble(list(receipt_blocks(found)), limit=COMMENT_MAX, pointer="<code>goldenpath trace ID</code> shows the rest.")
    address = "" if is_dry_run else publish_receipts(state.services, found, page)
    is_markdown = state.output.format == "markdown"
    shown = page if is_markdown else "\n".join(_lines(found))
    state.output.data("Receipts", {**_payload(found), "comment": address}, text=shown, is_markdown=is_markdown)
    return Exit.FINDINGS if wants_code and not found.is_arrived else Exit.DONE


def receipt_blocks(found: MergeReceipts) -> Iterator[Any]:
    """Yield the comment in blocks."""
    from goldenpath.cli.comment_blocks import Block, folded, section, table
    from goldenpath.cli.pr_comment import text

    state = "everything arrived" if found.is_arrived else "not everything has arrived"
    rows = [(text(each.change.id), text(_version(each)), text(_summary(each))) for each in found.receipts]
    head = [f"### Goldenpath: receipts of <code>{text(found.commit[:12])}</code>, {state}", ""]
    head += list(table(_COLUMNS, rows[:_ROWS])) if rows else ["No request changed."]
    yield Block("", "\n".join([*head, ""]))
    for start in range(_ROWS, len(rows), _ROWS):
        yield section(f"From request {start + 1} on", table(_COLUMNS, rows[start : start + _ROWS]))
    for each in found.receipts:
        if each.trace is not None:
            told = [(_SIGNS[seam.state], seam.name, text(seam.summary), text(_facts(seam)), seam.time[:19]) for seam in each.trace.seams]
            title = f"{text(each.change.id)} <code>{text(each.trace.correlation_id)}</code>"
            yield folded(title, table(("", "Seam", "State", "Proof", "Time (UTC)"), told))


def _version(each: RequestReceipt) -> str:
    facts = dict(_facts_of(each, "value"))
    return f"{facts.get('version_id', '')[:8]} {facts.get('fingerprint', '')[:12]}".strip() or "-"


def _facts_of(each: RequestReceipt, name: str) -> tuple[tuple[str, str], ...]:
    seams = each.trace.seams if each.trace is not None else ()
    return next((seam.facts for seam in seams if seam.name == name), ())


def _summary(each: RequestReceipt) -> str:
    if each.error is not None:
        return f"cannot be followed: {each.error.code}"
    if each.trace is None:
        return "its file is gone; the record stays until it is decommissioned"
    behind = each.trace.first_behind
    if behind is not None:
        return f"{behind.name}: {behind.summary}"
    unseen = ", ".join(seam.name for seam in each.trace.unseen)
    return f"arrived as far as can be seen; not seen: {unseen}" if unseen else "arrived"


def _facts(seam: Seam) -> str:
    return ", ".join(f"{name} {fact[:12]}" for name, fact in seam.facts if name in _SHOWN_FACTS and fact)


def _lines(found: MergeReceipts) -> Iterator[str]:
    from goldenpath.cli.output import printable

    yield f"pull request #{found.pull.number}, merged as {found.commit[:12]}"
    for each in found.receipts:
        yield printable(f"  {each.change.id}  {_version(each)}  {_summary(each)}")


def _payload(found: MergeReceipts) -> dict[str, Any]:
    return {
        "number": found.pull.number,
        "commit": found.commit,
        "is_arrived": found.is_arrived,
        "receipts": [
            {
                "request_id": each.change.id,
                "code": "" if each.error is None else each.error.code,
                "correlation_id": "" if each.trace is None else each.trace.correlation_id,
                "seams": []
                if each.trace is None
                else [
                    {
                        "name": seam.name,
                        "state": seam.state,
                        "summary": seam.summary,
                        "time": seam.time,
                        "facts": [list(fact) for fact in seam.facts],
                    }
                    for seam in each.trace.seams
                ],
            }
            for each in found.receipts
        ],
    }
