"""A long Markdown page made of whole blocks: what does not fit into a forge's limit is left out block by block, never cut through.

A block that was cut in the middle of a table, a fold or a code fence would swallow or forge what follows it. Knows no content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

NAMED_MAX = 20
"""Of more blocks that are left out only the number is told: names of thousands would be too long themselves."""


class Block(NamedTuple):
    """One part of a page: complete Markdown, ended by a newline. ``title`` names it where it is left out; empty for what must stay."""

    title: str
    text: str


def assemble(blocks: Sequence[Block], *, limit: int, pointer: str) -> str:
    """Return the page in at most ``limit`` characters: the blocks in order, without those for which there is no room.

    Blocks without a title always stay. ``pointer`` is our own Markdown that says where the whole page is; it is written once, with the
    names of what was left out, or of the first of it.
    """
    whole = _joined(block.text for block in blocks)
    if len(whole) <= limit:
        return whole
    room = limit - sum(len(block.text) + 1 for block in blocks if not block.title) - _note_room(blocks, pointer)
    kept: list[Block] = []
    left_out: list[str] = []
    for block in blocks:
        if not block.title:
            kept.append(block)
        elif len(block.text) + 1 <= room:
            kept.append(block)
            room -= len(block.text) + 1
        else:
            left_out.append(block.title)
    return _joined((*(block.text for block in kept), _note(left_out, pointer)))


def folded(title: str, lines: Iterable[str]) -> Block:
    """Return a block that a reader opens; ``title`` and ``lines`` are safe Markdown already."""
    return Block(title, "\n".join((f"<details><summary>{title}</summary>", "", *lines, "", "</details>", "")))


def section(title: str, lines: Iterable[str]) -> Block:
    """Return a block with a heading."""
    return Block(title, "\n".join((f"#### {title}", "", *lines, "")))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table whose cells are safe Markdown already."""
    yield "| " + " | ".join(columns) + " |"
    yield "|" + " --- |" * len(columns)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def fenced(lines: Iterable[str], *, language: str = "") -> Iterator[str]:
    """Yield a code block that none of its own lines can end: the fence is longer than any run of backticks inside."""
    shown = list(lines)
    fence = "```"
    while any(fence in line for line in shown):
        fence += "`"
    yield fence + language
    yield from shown
    yield fence


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(texts)


def _note(left_out: Sequence[str], pointer: str) -> str:
    more = len(left_out) - NAMED_MAX
    names = ", ".join(left_out[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
    return f"_Left out to stay within the limit of a comment: {names}._ {pointer}\n"


def _note_room(blocks: Sequence[Block], pointer: str) -> int:
    return len(_note(sorted((block.title for block in blocks if block.title), key=len, reverse=True), pointer)) + 1
