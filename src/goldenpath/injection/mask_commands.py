"""Writes the workflow commands that make a runner hide values in its log, in every form in which a log could show them (R1; seed 004).

A runner masks literal text, line by line, and nothing else: so each line of a value, and each spelling of each, gets a mask of its own.
The commands hold the values: they belong into the runner's pipe and nowhere else. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from goldenpath.model.secret import SecretValue
from goldenpath.model.spellings import spellings

SHORTEST_BYTES: Final = 4
"""A shorter mask would hide half of every line, and what is hidden would tell the value."""
_COMMAND: Final = b"::add-mask::"
_ESCAPES: Final = ((b"%", b"%25"), (b"\r", b"%0D"), (b"\n", b"%0A"))
_DEPTH_MAX: Final = 16


def mask_commands(values: Iterable[SecretValue]) -> Iterator[bytes]:
    """Yield one command line for each form of each value, the longest first, none twice."""
    forms = {form for value in values for part in _parts(value.reveal()) for form in _one_line_forms(part)}
    for form in sorted(forms, key=lambda each: (-len(each), each)):
        yield _COMMAND + _escaped(form) + b"\n"


def is_maskable(value: SecretValue) -> bool:
    """Say whether a value is long enough to be masked."""
    return len(value.reveal().strip()) >= SHORTEST_BYTES


def _one_line_forms(part: bytes) -> Iterator[bytes]:
    lines = part.splitlines() or [part]
    for piece in (part, *lines):
        for form in spellings(piece):
            if len(form.strip()) >= SHORTEST_BYTES and b"\n" not in form and b"\r" not in form:
                yield form


def _parts(value: bytes) -> Iterator[bytes]:
    """Yield the value, and every text inside when it is a JSON document: a program prints its fields one by one."""
    yield value
    try:
        tree = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if isinstance(tree, dict | list):
        yield from _texts(tree, _DEPTH_MAX)


def _texts(tree: Any, depth: int) -> Iterator[bytes]:
    if isinstance(tree, str):
        yield tree.encode("utf-8", "surrogatepass")
    elif depth and isinstance(tree, dict | list):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from _texts(item, depth - 1)


def _escaped(form: bytes) -> bytes:
    for character, escape in _ESCAPES:
        form = form.replace(character, escape)
    return form
