"""Where a :class:`~goldenpath.providers.local.recordstore.RecordStore` keeps its states: the part that memory and SQLite do differently."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from goldenpath.model.secret import SecretRef
from goldenpath.providers.local.leases import Lease
from goldenpath.providers.local.records import RecordState


class Tray(Protocol):
    """What one transaction sees and changes."""

    def load(self, ref: SecretRef) -> RecordState | None:
        """Return the record; None when the name is free. Raises ``ProviderRefused`` ``store.sealed-record-corrupt``."""
        ...

    def load_all(self, environment: str) -> list[RecordState]:
        """Return every record of the environment, in path order."""
        ...

    def keep(self, state: RecordState) -> None:
        """Write or replace the record."""
        ...

    def drop(self, ref: SecretRef) -> None:
        """Remove the record and all its values."""
        ...

    def load_value(self, ref: SecretRef, version_id: str) -> bytes:
        """Return one value. Raises ``ProviderRefused`` ``store.sealed-record-corrupt``, also when it is missing."""
        ...

    def keep_value(self, ref: SecretRef, version_id: str, value: bytes) -> None:
        """Write one value."""
        ...

    def drop_value(self, ref: SecretRef, version_id: str) -> None:
        """Remove one value."""
        ...

    def load_lease(self, environment: str) -> Lease:
        """Return the environment's lease; a fresh one when nobody ever wrote there."""
        ...

    def keep_lease(self, lease: Lease) -> None:
        """Write or replace the lease."""
        ...


class Shelf(Protocol):
    """Storage with transactions, and the keyed digests that belong to it."""

    @property
    def store_id(self) -> str:
        """Identity of this store, made once."""
        ...

    def transaction(self, *, is_writing: bool) -> AbstractContextManager[Tray]:
        """All of the block's changes or none; writers exclude each other, across processes too."""
        ...

    def holds(self, environment: str) -> bool:
        """Say whether this shelf holds the environment's liveness lock."""
        ...

    def claim(self, environment: str) -> bool:
        """Take the lock that ends with the process, if nobody alive has it; say whether this shelf holds it now."""
        ...

    def give_up(self, environment: str) -> None:
        """Release the lock."""
        ...

    def content_digest(self, value: bytes) -> str:
        """Return the full keyed digest of a value."""
        ...

    def fingerprint(self, value: bytes) -> str:
        """Return the truncated keyed digest of a value."""
        ...
