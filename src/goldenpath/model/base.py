"""The two struct bases and the canonical bytes that every digest is taken over."""

from __future__ import annotations

from typing import Any

import msgspec


class Contract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True, gc=False):
    """A type that people write in YAML: camelCase names, unknown fields refused.

    Frozen trees hold no cycles, so the collector need not walk them: a catalog of 100,000 stays linear (P2).
    """


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A type of our own output and state: snake_case names, every field always written."""


def canonical_bytes(value: Any) -> bytes:
    """Return the one JSON spelling of ``value``: keys sorted, no spaces, UTF-8. Same input, same bytes, on every machine."""
    return msgspec.json.encode(value, order="deterministic")


def digest(value: Any) -> str:
    """Return ``sha256:<hex>`` over the canonical bytes of ``value``. Never called with a secret value: digests there are keyed."""
    import hashlib  # noqa: PLC0415 - it loads OpenSSL, which a command that only validates never needs (P4)

    return "sha256:" + hashlib.sha256(canonical_bytes(value)).hexdigest()
