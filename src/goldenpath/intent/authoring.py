"""A request → the YAML that a person would have written: field order of the contract, no cleverness, reads back to the same object.

Quotes stand wherever some YAML reader could take a word for something else than text, dates included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from goldenpath.errors import InvalidIntent
from goldenpath.intent.contract import load
from goldenpath.intent.layout import SCHEMA_FILE
from goldenpath.intent.scalars import resolve_plain
from goldenpath.model.request import SecretRequest
from goldenpath.model.tombstones import Tombstones

PLAIN_PATTERN: Final = r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?:(?: |:+)[A-Za-z0-9_./@+-]+)*"
"""What may stand without quotes, unless it is a word that YAML readers disagree about."""
_PLAIN: Final = re.compile(PLAIN_PATTERN)
_HIGHEST_NUMBER: Final = 10**12 - 1
_INDENT: Final = "  "
_HEADER: Final = "# yaml-language-server: $schema="


def write_request(request: SecretRequest, *, schema_url: str = "") -> bytes:
    """Return the file of a request; ``schema_url`` puts a line for editors on top.

    Raises:
        InvalidIntent: ``intent.not-writable`` when the object holds something that the strict reader would refuse.
    """
    data = _bytes(request, schema_url)
    if data is None or load(data, SecretRequest, file=request.id).value != request:
        raise InvalidIntent(
            "intent.not-writable",
            "the request cannot be written so that it reads back the same",
            subject=request.id,
            hint="use printable text on one line in every field, and environments without aliases",
        )
    return data


def header_line(path: str) -> str:
    """Return the line on top of a request file at ``path`` that tells editors its schema."""
    return _HEADER + schema_link(path)


def schema_link(path: str) -> str:
    """Return how a request file at ``path`` names the schema that the platform repository keeps: relative, so editors need no network."""
    return "../" * path.count("/") + SCHEMA_FILE


def next_id(ids: Iterable[str], tombstones: Tombstones) -> str:
    """Return the id after the highest that is in use or was; gaps are not filled, for they may be somebody's history (D6).

    Raises:
        InvalidIntent: ``intent.ids-exhausted`` when there is no higher one.
    """
    used = (*ids, *(stone.id for stone in tombstones.tombstones))
    number = max((int(each.partition("-")[2]) for each in used), default=0) + 1
    if number > _HIGHEST_NUMBER:
        raise InvalidIntent("intent.ids-exhausted", "the highest possible id is in use", hint="pass a free one with --id")
    return f"SEC-{number:04d}"


def _bytes(request: SecretRequest, schema_url: str) -> bytes | None:
    lines = [f"{_HEADER}{schema_url}"] if schema_url else []
    try:
        lines += mapping_lines(msgspec.to_builtins(request), "")
        return ("\n".join(lines) + "\n").encode()
    except UnicodeEncodeError:
        return None


def mapping_lines(fields: dict[str, Any], indent: str) -> Iterator[str]:
    """Yield the lines of a mapping, without line ends."""
    for name, value in fields.items():
        if isinstance(value, dict) and value:
            yield f"{indent}{scalar_text(name)}:"
            yield from mapping_lines(value, indent + _INDENT)
        elif isinstance(value, list | tuple) and value:
            yield f"{indent}{scalar_text(name)}:"
            yield from item_lines(value, indent + _INDENT)
        else:
            yield f"{indent}{scalar_text(name)}: {scalar_text(value)}"


def item_lines(values: Iterable[Any], indent: str) -> Iterator[str]:
    """Yield the lines of a list, without line ends."""
    for value in values:
        if isinstance(value, dict) and value:
            first, *rest = mapping_lines(value, indent + _INDENT)
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {scalar_text(value)}"


def scalar_text(value: Any) -> str:
    """Return one word or number, in quotes where some YAML reader could take it for something else."""
    is_plain = isinstance(value, str) and _PLAIN.fullmatch(value) is not None and resolve_plain(value) == value
    return value if is_plain else msgspec.json.encode(value).decode("utf-8")
