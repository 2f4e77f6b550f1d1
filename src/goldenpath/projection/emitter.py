"""Writes YAML that no reader can misread, the same bytes for the same tree.

Why not a library: the manifests are a good part of the pipeline's time, and emitters leave scalars bare that one of the two YAML
versions reads as a boolean, number or date. Here a string stays bare only when it starts with a letter, holds nothing but letters,
digits and ``. _ / -``, and is no reserved word of YAML 1.1 or 1.2; all else is quoted like JSON, with escapes both versions know.
This module must not know what it writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from goldenpath.errors import InvalidIntent

Tree: TypeAlias = "str | int | bool | Mapping[str, Tree] | Sequence[Tree] | None"
Layout: TypeAlias = "Slot | str | int | bool | Mapping[str, Layout] | Sequence[Layout] | None"
"""A tree in which some strings are still open."""

KEY_MAX = 160
"""Longest key in characters: six bytes of escape each stay below the 1,024 that YAML allows before the colon."""

_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?")
_SIMPLE = re.compile(r"[ !#-\[\]-~]*")
_RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_MARK = re.compile("\0([a-z0-9_]+)\0")
"""A slot while the rest is laid out: no text can be taken for it, a zero byte is always escaped."""
_SURROGATES = range(0xD800, 0xE000)
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands in a layout for a string that :meth:`Form.fill` is given under this name."""

    name: str


class Form:
    """A document of which only some strings differ from one time to the next: laid out once, then filled, in the bytes of :func:`emit`."""

    def __init__(self, layout: Mapping[str, Layout]) -> None:
        """Lay out the document. Raises as :func:`emit`."""
        text = _body(layout).replace("{", "{{").replace("}", "}}")
        self._filled = _MARK.sub(r"{\1}", text).format

    def fill(self, strings: Mapping[str, str], *, comment: str = "") -> bytes:
        """Return the document with ``strings`` in the slots of their names; ``comment`` becomes its first line. Raises as :func:`emit`."""
        return _document(self._filled(**{name: _text(text) for name, text in strings.items()}), comment)


def emit(tree: Mapping[str, Tree], *, comment: str = "") -> bytes:
    """Return ``tree`` as one YAML document in block style, keys in the order given; ``comment`` becomes its first line.

    Raises:
        InvalidIntent: ``projection.text-not-encodable`` for a lone surrogate, ``projection.key-too-long`` for a key above ``KEY_MAX``.
    """
    return _document(_body(tree), comment)


def emit_list(items: Sequence[Tree], *, comment: str = "") -> bytes:
    """Return ``items`` as one YAML document that is a list. Raises as :func:`emit`."""
    lines: list[str] = []
    _sequence(items, "", lines)
    return _document("\n".join([*(lines or ["[]"]), ""]), comment)


def fill(layout: Mapping[str, Layout], strings: Mapping[str, str]) -> dict[str, Tree]:
    """Return ``layout`` as a tree, with ``strings`` in its slots; a slot without one raises ``KeyError``."""
    return {key: _filled(value, strings) for key, value in layout.items()}


def _filled(value: Layout, strings: Mapping[str, str]) -> Tree:
    if isinstance(value, Slot):
        return strings[value.name]
    if isinstance(value, Mapping):
        return fill(value, strings)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_filled(item, strings) for item in value]
    return value


def _document(body: str, comment: str) -> bytes:
    return (f"# {comment}\n{body}" if comment else body).encode("ascii")


def _body(tree: Mapping[str, Layout]) -> str:
    lines: list[str] = []
    if tree:
        _mapping(tree, "", lines)
    else:
        lines.append("{}")
    lines.append("")
    return "\n".join(lines)


def _mapping(tree: Mapping[str, Layout], indent: str, lines: list[str]) -> None:
    for key, value in tree.items():
        head = f"{indent}{_key(key)}:"
        if isinstance(value, str):
            lines.append(f"{head} {_text(value)}")
        else:
            _entry(head, value, indent, lines)


def _entry(head: str, value: Layout, indent: str, lines: list[str]) -> None:
    if isinstance(value, Mapping):
        if not value:
            lines.append(head + " {}")
            return
        lines.append(head)
        _mapping(value, indent + "  ", lines)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if not value:
            lines.append(head + " []")
            return
        lines.append(head)
        _sequence(value, indent + "  ", lines)
    else:
        lines.append(f"{head} {_scalar(value)}")


def _sequence(items: Sequence[Layout], indent: str, lines: list[str]) -> None:
    for item in items:
        if isinstance(item, Mapping) and item:
            start = len(lines)
            _mapping(item, indent + "  ", lines)
            # the first entry shares the line of its dash
            lines[start] = f"{indent}- {lines[start][len(indent) + 2 :]}"
        else:
            _entry(indent + "-", item, indent, lines)


def _scalar(value: str | int | Slot | None) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Slot):
        return f"\0{value.name}\0"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@lru_cache(maxsize=256)
def _key(key: str) -> str:
    if len(key) > KEY_MAX:
        raise InvalidIntent("projection.key-too-long", f"a key of {len(key)} characters cannot be written; at most {KEY_MAX} can")
    return _text(key)


@lru_cache(maxsize=4096)
def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    if _SIMPLE.fullmatch(text):
        return f'"{text}"'
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(char: str) -> str:
    if " " <= char <= "~":
        return _SHORT.get(char, char)
    code = ord(char)
    if code in _SURROGATES:
        raise InvalidIntent(
            "projection.text-not-encodable",
            f"the text holds the lone surrogate U+{code:04X}, which no file can hold",
            hint="write the name in UTF-8",
        )
    return _SHORT.get(char) or (f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")  # noqa: PLR2004 - end of the basic plane
