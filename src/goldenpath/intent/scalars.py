"""What a plain (unquoted) YAML word means here: text, ``true``/``false``, a plain decimal number, or nothing at all.

YAML 1.1 and 1.2 readers disagree about words such as ``no``, ``0007`` or ``12:30:45``, so two tools can read one reviewed file
differently (R5). Such a word is never guessed at: it is a type error that asks for quotes. Calendar dates stay text.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Final, Literal

Plain = str | bool | int | float


class Ambiguous:
    """The type of :data:`AMBIGUOUS`."""

    __slots__ = ()


AMBIGUOUS: Final = Ambiguous()
"""Stands for a word that YAML readers disagree about."""

_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
_NUMBER_LIKE = re.compile(
    r"""
      [-+]?[0-9][0-9_]*                                                   # 0007, +1, 1_000
    | [-+]?0[bB][01_]+ | [-+]?0[oO]?[0-7_]+ | [-+]?0[xX][0-9a-fA-F_]+     # other bases
    | [-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?       # 1e2, .5, 1.
    | [-+]?[0-9][0-9_]*(?::[0-9_]+)+(?:\.[0-9_]*)?                        # 12:30:45, base sixty in YAML 1.1
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:.*          # a moment; a bare date stays text
    """,
    re.VERBOSE | re.DOTALL,
)

_NUMBER_START = frozenset("0123456789+-.")
_BOOLEANS: Final[dict[str, bool]] = {"true": True, "false": False}


def _every_case(word: str) -> set[str]:
    return {"".join(letters) for letters in product(*((char, char.upper()) for char in word))}


AMBIGUOUS_WORDS = frozenset(
    {"", "~", "=", "<<"}.union(*(_every_case(word) for word in ("null", "true", "false", "yes", "no", "on", "off", "y", "n"))),
)
"""Words that some YAML reader takes for something else than text."""

Meaning = Literal["null", "boolean", "number or time", "merge key"]


def resolve_plain(text: str) -> Plain | Ambiguous:
    """Return what the plain word ``text`` means, or :data:`AMBIGUOUS` when readers disagree about it."""
    if text in AMBIGUOUS_WORDS:
        return _BOOLEANS.get(text, AMBIGUOUS)
    if text[0] not in _NUMBER_START:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return AMBIGUOUS if _NUMBER_LIKE.fullmatch(text) else text


def meaning_elsewhere(text: str) -> Meaning:
    """Say what some YAML reader takes the ambiguous word for; names the kind, never the word."""
    if text in {"<<", "="}:
        return "merge key"
    if text in {"", "~"} or text.lower() == "null":
        return "null"
    return "boolean" if text in AMBIGUOUS_WORDS else "number or time"
