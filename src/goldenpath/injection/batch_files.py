r"""Reads many named values from one dotenv or JSON file: what is written is what is taken, and what could be read two ways is refused.

Dotenv: ``KEY=value`` per line, ``export`` allowed, ``#`` comments on lines of their own. An unquoted value is the rest of the line; it may
not begin or end with a blank, begin with a quote, or hold `` #``. Single quotes keep everything; double quotes know ``\n``, ``\r``,
``\t``, ``\"``, ``\$`` and ``\\``. Both may span lines. Nothing is expanded.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from goldenpath.errors import InvalidIntent
from goldenpath.model.secret import SecretValue

_ASSIGNMENT: Final = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)=")
_SKIPPED: Final = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")
_UNQUOTED: Final = re.compile(r"([^\n]*?)(?:\r?\n|\Z)")
_SINGLE: Final = re.compile(r"'([^']*)'")
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "$": "$", "\\": "\\"}


def parse_dotenv(raw: bytes, *, subject: str) -> dict[str, SecretValue]:
    """Return the values of a dotenv file, byte for byte.

    Raises:
        InvalidIntent: ``value.file-syntax`` with file and line, never the text; ``value.key-repeated``.
    """
    text = raw.decode("latin-1")  # one character per byte: every byte comes out as it went in
    found: dict[str, SecretValue] = {}
    position = 0
    while position < len(text):
        skipped = _SKIPPED.match(text, position)
        if skipped is not None and skipped.end() > position:
            position = skipped.end()
            continue
        place = f"{subject}:{text.count(chr(10), 0, position) + 1}"
        assignment = _ASSIGNMENT.match(text, position)
        if assignment is None:
            raise _syntax(place, "the line is no KEY=value")
        name = assignment.group(1)
        value, position = _value(text, assignment.end(), place)
        if name in found:
            raise _repeated(place, name)
        found[name] = SecretValue(value.encode("latin-1"))
    return found


def parse_json(raw: bytes, *, subject: str) -> dict[str, SecretValue]:
    """Return the values of a JSON object of strings.

    Raises:
        InvalidIntent: ``value.file-syntax``, ``value.key-repeated``.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        for name in names:
            if names.count(name) > 1:
                raise _repeated(subject, name)
        return dict(pairs)

    try:
        tree = json.loads(raw.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError):
        raise _syntax(subject, "the file is not JSON in UTF-8") from None
    if not isinstance(tree, dict) or not all(isinstance(item, str) for item in tree.values()):
        raise _syntax(subject, "the file is not one JSON object whose values are all strings")
    return {name: SecretValue(_bytes_of(item, subject)) for name, item in tree.items()}


def _bytes_of(text: str, subject: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise _syntax(subject, "a string holds half of a surrogate pair") from None


def _value(text: str, start: int, place: str) -> tuple[str, int]:
    quote = text[start : start + 1]
    if quote in ("'", '"'):
        return _quoted(text, start, place, _SINGLE if quote == "'" else _DOUBLE)
    match = _UNQUOTED.match(text, start)
    assert match is not None  # noqa: S101 - the pattern matches everywhere
    value = match.group(1)
    if value != value.strip(" \t") or " #" in value or "\t#" in value or "\r" in value:
        raise _syntax(place, "an unquoted value has blanks at its ends, ' #' or a carriage return, which readers take in different ways")
    return value, match.end()


def _quoted(text: str, start: int, place: str, pattern: re.Pattern[str]) -> tuple[str, int]:
    match = pattern.match(text, start)
    if match is None:
        raise _syntax(place, "a quoted value does not end")
    rest = _SKIPPED.match(text, match.end())
    if rest is None:
        raise _syntax(place, "there is text behind a quoted value")
    value = match.group(1)
    return (_unescaped(value, place) if pattern is _DOUBLE else value), rest.end()


def _unescaped(value: str, place: str) -> str:
    if any(escape not in _ESCAPES for escape in _ESCAPE.findall(value)):
        raise _syntax(place, r"a double-quoted value has an escape other than \n, \r, \t, \", \$ and \\")
    return _ESCAPE.sub(lambda match: _ESCAPES[match.group(1)], value)


def _syntax(place: str, what: str) -> InvalidIntent:
    return InvalidIntent(
        "value.file-syntax",
        what,
        subject=place,
        hint="put the value into single quotes, or give it alone from a file of its own; nothing was written",
    )


def _repeated(place: str, name: str) -> InvalidIntent:
    return InvalidIntent("value.key-repeated", f"the key {name!a} is given twice", subject=place, hint="neither value was used")
