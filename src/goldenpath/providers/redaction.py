"""Replaces values in a stream of bytes by the mask, in the spellings that programs print them in, across any chunk borders.

The second net only (R1): what a program encrypts, compresses or reverses is not found. Values shorter than
``SHORTEST_BYTES`` are left alone: they would mask half of every line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from goldenpath.model.secret import MASK, SecretValue
from goldenpath.model.spellings import spellings

SHORTEST_BYTES = 4

_MASK = MASK.encode("ascii")


class Redactor:
    """Feeds on one stream. Bytes that could be the beginning of a value are kept back until the next ones decide."""

    def __init__(self, values: Iterable[SecretValue]) -> None:
        forms = {form for value in values for form in spellings(value.reveal()) if len(form) >= SHORTEST_BYTES}
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        self._pattern = re.compile(b"|".join(re.escape(form) for form in self._forms)) if forms else None
        self._kept = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what can be shown now."""
        data = self._kept + chunk
        return self._cut(data, self._undecided(data))

    def finish(self) -> bytes:
        """Return what was kept back."""
        return self._cut(self._kept, len(self._kept))

    def _cut(self, data: bytes, end: int) -> bytes:
        """Return ``data`` up to ``end`` with values masked; a value that begins before ``end`` is masked whole."""
        if self._pattern is None:
            return data
        shown: list[bytes] = []
        position = 0
        for found in self._pattern.finditer(data):
            if found.start() >= end:
                break
            shown += [data[position : found.start()], _MASK]
            position = found.end()
        shown.append(data[position:end])
        self._kept = data[max(position, end) :]
        return b"".join(shown)

    def _undecided(self, data: bytes) -> int:
        """Return where the longest ending of ``data`` starts that could grow into a value."""
        return min((_beginning(data, form) for form in self._forms), default=len(data))


def _beginning(data: bytes, form: bytes) -> int:
    """Return where the longest ending of ``data`` starts that is a beginning, but not the whole, of ``form``."""
    position = max(0, len(data) - len(form) + 1)
    while (position := data.find(form[:1], position)) >= 0:
        if form.startswith(data[position:]):
            return position
        position += 1
    return len(data)
