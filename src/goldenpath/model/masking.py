"""What must never be stored as a value (R3): nothing at all, and the text that stands in for a value when one is hidden.

A record that was read redacted and is written back destroys the secret; every writer of values asks here first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

Unfit = Literal["", "empty", "mask"]

MASK_WORDS = frozenset(
    {
        "awaitingvalue",
        "changeme",
        "concealed",
        "hidden",
        "hiddenvalue",
        "masked",
        "obfuscated",
        "placeholder",
        "redacted",
        "replaceme",
        "secretvalue",
        "sensitive",
        "sensitivevalue",
        "todo",
        "valuehidden",
        "valuemasked",
        "valueredacted",
    },
)
"""Whole texts, compared by their letters and digits alone: ``<redacted>``, ``***REDACTED***`` and ``(sensitive value)`` are all here."""

VISIBLE_MAX = 8
"""A run of mask characters with at most this many others around it (``AKIA************``) hides a value; more is a value with stars."""

_FILLER = re.compile(r"[*\u2022\u25cf\u2588\u2026]+|[xX#._?-]{3,64}")
_HIDDEN_PART = re.compile(r"[*\u2022\u25cf\u2588]{4,}")
_LETTERS = re.compile(r"[^a-z0-9]+")


def unfit_reason(value: bytes) -> Unfit:
    """Say why one value must not be stored: ``empty`` (or blank), ``mask``, or nothing when it may."""
    if not value.strip():
        return "empty"
    try:
        text = value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return ""
    return "mask" if _is_mask(text) else ""


def unfit_payload_reason(value: bytes) -> tuple[Unfit, str]:
    """Judge a whole record: the text itself, and every text inside when it is a JSON object.

    Returns:
        The reason and the dotted name of the key at fault; both empty when the record may be stored.
    """
    reason = unfit_reason(value)
    if reason:
        return reason, ""
    try:
        tree = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", ""
    if tree == {}:
        return "empty", ""
    for name, text in _texts(tree) if isinstance(tree, dict) else ():
        reason = unfit_reason(text.encode("utf-8", "surrogatepass"))
        if reason:
            return reason, name
    return "", ""


def _texts(tree: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Yield (dotted name, text) for every text inside, without recursion: depth is the writer's choice."""
    waiting: list[tuple[str, object]] = [*tree.items()]
    while waiting:
        name, member = waiting.pop()
        if isinstance(member, str):
            yield name, member
        elif isinstance(member, dict):
            waiting += [(f"{name}.{key}", each) for key, each in member.items()]
        elif isinstance(member, list):
            waiting += [(f"{name}[{index}]", each) for index, each in enumerate(member)]


def _is_mask(text: str) -> bool:
    if _FILLER.fullmatch(text) or _LETTERS.sub("", text.lower()) in MASK_WORDS:
        return True
    hidden = _HIDDEN_PART.search(text)
    return hidden is not None and "\n" not in text and len(text) - len(hidden[0]) <= VISIBLE_MAX
