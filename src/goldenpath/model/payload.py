"""How a set of named values becomes the one blob that a store keeps: a canonical JSON object of strings.

That is the shape ESO's ``dataFrom.extract`` reads. Values are UTF-8 text there; bytes that are not are refused before any write (R2).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

import msgspec

from goldenpath.errors import InvalidIntent, ProviderRefused
from goldenpath.model.base import Record, canonical_bytes
from goldenpath.model.secret import SecretValue


def encode_payload(values: Mapping[str, SecretValue]) -> SecretValue:
    """Return the blob for ``values``; the same values give the same bytes.

    Raises:
        InvalidIntent: ``value.not-text`` names the keys whose bytes are not UTF-8 (never the bytes).
    """
    texts: dict[str, str] = {}
    bad: list[str] = []
    for key in sorted(values):
        try:
            texts[key] = values[key].reveal().decode("utf-8")
        except UnicodeDecodeError:
            bad.append(key)
    if bad:
        raise InvalidIntent(
            "value.not-text",
            f"the value of {', '.join(bad)} is not UTF-8 text, and a record's keys hold text",
            subject=", ".join(bad),
            hint="encode binary material as base64 and declare the key with format: base64",
        ) from None
    return SecretValue(canonical_bytes(texts))


def decode_payload(blob: SecretValue) -> dict[str, SecretValue]:
    """Return the named values of a blob.

    Raises:
        ProviderRefused: ``value.not-an-object`` when the record holds something else than a JSON object of strings.
    """
    try:
        texts = msgspec.json.decode(blob.reveal(), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ProviderRefused(
            "value.not-an-object",
            "the record does not hold a JSON object of strings",
            hint="seed the secret again; it was written by something else",
        ) from None
    return {key: SecretValue(text.encode("utf-8")) for key, text in texts.items()}


class PayloadKey(Record, frozen=True, kw_only=True):
    """One key of a blob without its value: what a check may know. ``size_bytes`` counts the UTF-8 bytes of a string, 0 for other kinds."""

    name: str
    kind: Literal["string", "number", "boolean", "null", "array", "object"]
    size_bytes: int = 0


def outline_payload(blob: SecretValue) -> tuple[PayloadKey, ...]:
    """Return the keys of a blob in their order, repeated ones included.

    Raises:
        ProviderRefused: ``value.not-an-object`` when the record does not hold a JSON object.
    """
    try:
        pairs = _OUTLINE.decode(blob.reveal().decode("utf-8"))
    except (ValueError, RecursionError):
        pairs = None
    if not isinstance(pairs, _Pairs):
        raise ProviderRefused(
            "value.not-an-object",
            "the record does not hold a JSON object",
            hint="seed the secret again; it was written by something else",
        )
    return tuple(PayloadKey(name=name, kind=_kind(value), size_bytes=_size(value)) for name, value in pairs)


class _Pairs(list[tuple[str, object]]):
    """A JSON object that has not lost its repeated keys."""


def _number(_text: str) -> int:
    return 0


_OUTLINE = json.JSONDecoder(object_pairs_hook=_Pairs, parse_int=_number, parse_float=_number, parse_constant=_number)


def _kind(value: object) -> Literal["string", "number", "boolean", "null", "array", "object"]:
    if isinstance(value, str):
        return "string"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, _Pairs):
        return "object"
    return "array" if isinstance(value, list) else "number"


def _size(value: object) -> int:
    return len(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else 0
