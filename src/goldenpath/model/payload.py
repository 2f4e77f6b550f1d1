"""How a set of named values becomes the one blob that a store keeps: a canonical JSON object of strings.

That is the shape ESO's ``dataFrom.extract`` reads. Values are UTF-8 text there; bytes that are not are refused before any write (R2).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from goldenpath.errors import InvalidIntent, ProviderRefused
from goldenpath.model.base import canonical_bytes
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
