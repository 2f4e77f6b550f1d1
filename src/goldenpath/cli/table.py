"""Text tables that fit where they are shown. Pure: rows in, text out."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

_GAP = 2
_NARROWEST = 6


def render_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    width: int | None = None,
    ellipsis: str = "...",
    paint_header: Callable[[str], str] | None = None,
) -> str:
    """Return ``rows`` under ``columns``, aligned by what a terminal shows; with ``width``, the widest columns are cut to fit."""
    from goldenpath.cli.output import printable

    cells = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max([shown_width(name), *(shown_width(row[index]) for row in cells)]) for index, name in enumerate(columns)]
    if width is not None:
        widths = _fit(widths, width)
    header = _line(columns, widths, ellipsis)
    return "\n".join([paint_header(header) if paint_header else header, *(_line(row, widths, ellipsis) for row in cells)])


def shown_width(text: str) -> int:
    """Return how many terminal cells ``text`` takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _fit(widths: Sequence[int], width: int) -> list[int]:
    """Narrow the widest columns; the first one names the row, so it gives way only when nothing else can."""
    fitted = list(widths)
    excess = sum(fitted) + _GAP * (len(fitted) - 1) - width
    for candidates in (range(1, len(fitted)), range(len(fitted))):
        while excess > 0 and candidates and max(fitted[index] for index in candidates) > _NARROWEST:
            widest = max(candidates, key=lambda index: fitted[index])
            fitted[widest] -= 1
            excess -= 1
    return fitted


def _line(cells: Sequence[str], widths: Sequence[int], ellipsis: str) -> str:
    shown = [_pad(_cut(cell, width, ellipsis), width) for cell, width in zip(cells, widths, strict=True)]
    return (" " * _GAP).join(shown).rstrip()


def _cut(text: str, width: int, ellipsis: str) -> str:
    if shown_width(text) <= width:
        return text
    while text and shown_width(text) > width - len(ellipsis):
        text = text[:-1]
    return text + ellipsis


def _pad(text: str, width: int) -> str:
    return text + " " * (width - shown_width(text))
