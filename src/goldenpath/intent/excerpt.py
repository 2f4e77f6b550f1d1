"""What of a reviewed file may be repeated in a message (R1): words of an enum's kind, field names, small numbers.

Somebody may have pasted a value into any field. Anything that is long, mixes letters with digits, or holds unusual characters
is described by its type only; the position already says where it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

Path = tuple[str | int, ...]

_WORD = re.compile(r" {0,3}[A-Za-z]{1,20}(?:[ ._-][A-Za-z]{1,20})? {0,3}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z]{0,23}(?:[_-][A-Za-z]{1,16}){0,2}")
_NUMBERED_FIELDS = frozenset({"k8sSecretName", "per10000Calls"})
"""Fields of the contracts whose names hold digits; any other name with digits could be a pasted value."""
_REQUEST_ID = re.compile(r"[A-Za-z]{3}-[0-9]{1,12}")
_SHOWN_INTEGER = 10**6
_LONGEST_WORD = 40


def excerpt(value: Any) -> str:
    """Return ``value`` in quotes when it is a harmless word or small number, otherwise only its type."""
    if isinstance(value, str):
        is_shown = len(value) <= _LONGEST_WORD and (_WORD.fullmatch(value) or _REQUEST_ID.fullmatch(value))
        return f"'{value}'" if is_shown else describe_type(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) < _SHOWN_INTEGER:
        return str(value)
    return describe_type(value)


def describe_type(value: Any) -> str:
    """Return the type of ``value`` in the words of YAML."""
    if isinstance(value, str):
        return "a string" if value else "an empty string"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a number with a fraction"
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def shown_key(key: str) -> str:
    """Return a field's name when it looks like one, otherwise a stand-in: a pasted value can also stand where a key belongs."""
    return key if key in _NUMBERED_FIELDS or _FIELD.fullmatch(key) else "(unreadable name)"


def dotted(path: Sequence[str | int]) -> str:
    """Return ``spec.access.readPrincipals[2]`` for a path of keys and indexes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + shown_key(part)
    return text
