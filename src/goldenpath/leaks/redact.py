"""Replaces managed values and known tokens in lines of text by the mask, a private key with everything inside its frame."""

from __future__ import annotations

from typing import Final

from goldenpath.leaks.fingerprints import Index
from goldenpath.leaks.patterns import ALLOW_MARK, PRIVATE_KEY, find_tokens
from goldenpath.model.secret import MASK

_MASK: Final = MASK.encode("ascii")
_KEY_ENDS: Final = b"-----END "


class LineRedactor:
    """Feeds on one stream, line by line, and remembers only whether it is inside a private key."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._is_in_key = False

    def redact(self, line: bytes) -> bytes:
        """Return what of a line can be shown; its end of line stays."""
        body = line.rstrip(b"\r\n")
        ending = line[len(body) :]
        if self._is_in_key:
            self._is_in_key = _KEY_ENDS not in body
            return _MASK + ending
        spans = spans_of(body, self._index)
        # a frame that opens and does not close here hides the lines below it
        self._is_in_key = _KEY_ENDS not in body and any(kind == PRIVATE_KEY for _start, _end, kind in spans)
        return masked(body, [(start, end) for start, end, _kind in spans]) + ending


def spans_of(line: bytes, index: Index) -> list[tuple[int, int, str]]:
    """Return (start, end, kind) of everything in a line that must not be shown; a sample that is marked as one counts too."""
    unmarked = line.replace(ALLOW_MARK, b" " * len(ALLOW_MARK))
    found = [(hit.start, hit.end, hit.name) for hit in index.find(line)]
    return sorted([*found, *((match.start, match.end, match.kind) for match in find_tokens(unmarked))])


def masked(line: bytes, spans: list[tuple[int, int]]) -> bytes:
    """Return the line with each span replaced by one mask of constant width; spans that touch or overlap become one."""
    shown: list[bytes] = []
    position = 0
    for start, end in sorted(spans):
        if end <= position:
            continue
        if start > position or not shown:
            shown += [line[position:start], _MASK]
        position = end
    return b"".join((*shown, line[position:]))
