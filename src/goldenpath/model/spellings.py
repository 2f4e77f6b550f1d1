"""The ways in which programs print one and the same value: what redaction, masks and the leak check look for. Pure.

Encryption, compression and reversal are not among them: whoever looks for values in text finds what was printed, never what was hidden.
"""

from __future__ import annotations

import base64
import html
import json
import re
import urllib.parse
from collections.abc import Iterator

LINE_BYTES = 8
"""Shorter lines of a value with several lines are left alone: they are often braces and headings."""

_WRAPS = (64, 76)
_GO_JSON = {ord(character): f"\\u{ord(character):04x}" for character in "&<>"}
_PHP_JSON = _GO_JSON | {ord("'"): "\\u0027"}


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
