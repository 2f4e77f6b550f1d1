"""Replaces values in a stream of bytes by the mask, in the spellings that programs print them in, across any chunk borders.

The second net only (R1): what a program encrypts, compresses or reverses is not found. Values shorter than
``SHORTEST_BYTES`` are left alone: they would mask half of every line.
"""

from __future__ import annotations

import base64
import html
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator

from goldenpath.model.secret import MASK, SecretValue

SHORTEST_BYTES = 4
LINE_BYTES = 8
"""Shorter lines of a value with several lines are left alone: they are often braces and headings."""

_MASK = MASK.encode("ascii")
_WRAPS = (64, 76)
_GO_JSON = {ord(character): f"\\u{ord(character):04x}" for character in "&<>"}
_PHP_JSON = _GO_JSON | {ord("'"): "\\u0027"}


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


def spellings(value: bytes) -> Iterator[bytes]:
    """Yield the ways a program may print ``value`` or one of its longer lines."""
    lines = [line for line in value.splitlines() if len(line) >= LINE_BYTES]
    for part in dict.fromkeys((value, value.rstrip(b"\r\n"), *lines)):
        yield from (part, part.hex().encode("ascii"), part.hex().upper().encode("ascii"))
        yield from _base64_forms(part)
        yield from _escaped_forms(part)


def _base64_forms(part: bytes) -> Iterator[bytes]:
    """Yield the base64 of ``part`` at each offset inside a longer text, whole and wrapped, in both alphabets."""
    whole = base64.b64encode(part)
    forms = [whole, whole.rstrip(b"=")]
    for width in _WRAPS:
        wrapped = [whole[start : start + width] for start in range(0, len(whole), width)]
        forms += wrapped if len(wrapped) > 1 else []
    for offset in range(3):
        padded = b"\0" * offset + part
        # what mixes with the neighbours at both ends is left out: it differs from text to text
        inner = base64.b64encode(padded)[4 if offset else 0 : len(padded) // 3 * 4]
        forms += [inner] if len(inner) >= LINE_BYTES else []
    yield from forms
    yield from (form.replace(b"+", b"-").replace(b"/", b"_") for form in forms)


def _escaped_forms(part: bytes) -> Iterator[bytes]:
    """Yield ``part`` as URLs, JSON (of Go and PHP too), Python, shells and pages write it."""
    for safe in ("/", ""):
        quoted = urllib.parse.quote(part, safe=safe)
        yield from (quoted.encode("ascii"), quoted.replace("%20", "+").encode("ascii"))
        yield re.sub(r"%[0-9A-F]{2}", lambda escape: escape[0].lower(), quoted).encode("ascii")
    text = part.decode("utf-8", "replace")
    for form in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        for each in (form, form.translate(_GO_JSON), form.translate(_PHP_JSON)):
            yield from (each.encode(), each.replace("/", "\\/").encode())
    for form in (repr(text)[1:-1], text.replace("'", "'\\''"), html.escape(text), html.escape(text, quote=False)):
        yield form.encode("utf-8", "replace")
    yield repr(part)[2:-1].encode("ascii")
