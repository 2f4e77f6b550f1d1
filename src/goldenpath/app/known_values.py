"""The fingerprints that this machine has, opened for searching. Apart from learning them, so that a commit hook starts fast (P4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from goldenpath.app.services import Services
from goldenpath.errors import Misconfigured
from goldenpath.leaks.fingerprints import Fingerprint, Index
from goldenpath.model.base import Record

SCHEMA_VERSION: Final = 1


class KeptIndex(Record, frozen=True, kw_only=True):
    """What is sealed. ``made_at`` is RFC 3339 UTC."""

    schema_version: int
    made_at: str
    secrets: int
    fingerprints: tuple[Fingerprint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The fingerprints that this machine has; ``made_at`` is empty where it has none."""

    index: Index
    secrets: int = 0
    made_at: str = ""

    @property
    def is_there(self) -> bool:
        """True when values were learned here, however few."""
        return bool(self.made_at)


def known_values(services: Services) -> Known:
    """Return the fingerprints of this machine; an empty index where it has none.

    Raises:
        Misconfigured: ``scan.index-unreadable``.
    """
    kept = services.leak_index().load()
    if kept is None:
        return Known(index=Index((), b""))
    content, key = kept
    try:
        found = msgspec.msgpack.decode(content, type=KeptIndex)
    except msgspec.DecodeError:
        raise Misconfigured(
            "scan.index-unreadable", "the index of fingerprints is of another version", hint="make it anew: goldenpath scan --update-index"
        ) from None
    return Known(index=Index(found.fingerprints, key), secrets=found.secrets, made_at=found.made_at)
