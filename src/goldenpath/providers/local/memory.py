"""The store port in process memory: for tests and for trying things out. Keeps the same promises as every other store, but for lasting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from goldenpath.model.secret import SecretRef
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.providers.local.keys import RootKeys
from goldenpath.providers.local.leases import Lease
from goldenpath.providers.local.records import RecordState
from goldenpath.providers.local.recordstore import RecordStore
from goldenpath.providers.local.sealing import Sealed, Sealer, corrupt


class MemoryTray:
    """Plain dictionaries; values are sealed even here, so that a dump of the process's objects shows none."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self.records: dict[SecretRef, RecordState] = {}
        self.values: dict[tuple[SecretRef, str], Sealed] = {}
        self.leases: dict[str, Lease] = {}

    def copy(self) -> MemoryTray:
        """Return a tray with the same content, to go back to."""
        twin = MemoryTray(self._sealer)
        twin.records, twin.values, twin.leases = dict(self.records), dict(self.values), dict(self.leases)
        return twin

    def load(self, ref: SecretRef) -> RecordState | None:
        """Return the record."""
        return self.records.get(ref)

    def load_all(self, environment: str) -> list[RecordState]:
        """Return every record of the environment, in path order."""
        found = (state for ref, state in self.records.items() if ref.environment == environment)
        return sorted(found, key=lambda state: (state.record.ref.path, state.record.ref.provider))

    def keep(self, state: RecordState) -> None:
        """Write or replace the record."""
        self.records[state.record.ref] = state

    def drop(self, ref: SecretRef) -> None:
        """Remove the record and its values."""
        del self.records[ref]
        self.values = {key: sealed for key, sealed in self.values.items() if key[0] != ref}

    def load_value(self, ref: SecretRef, version_id: str) -> bytes:
        """Return one value."""
        sealed = self.values.get((ref, version_id))
        if sealed is None:
            raise corrupt(_place(ref, version_id))
        return self._sealer.open(_place(ref, version_id), sealed)

    def keep_value(self, ref: SecretRef, version_id: str, value: bytes) -> None:
        """Write one value."""
        self.values[ref, version_id] = self._sealer.seal(_place(ref, version_id), value)

    def drop_value(self, ref: SecretRef, version_id: str) -> None:
        """Remove one value."""
        del self.values[ref, version_id]

    def load_lease(self, environment: str) -> Lease:
        """Return the environment's lease."""
        return self.leases.get(environment, Lease(environment=environment))

    def keep_lease(self, lease: Lease) -> None:
        """Write or replace the lease."""
        self.leases[lease.environment] = lease


class MemoryShelf:
    """One tray behind a lock; a block that raises leaves the tray as it was."""

    def __init__(self, *, entropy: Entropy) -> None:
        keys = RootKeys([entropy.token_bytes(32)])
        self.store_id = f"memory-{entropy.sortable_id()}"
        self._sealer = Sealer(keys, store_id=self.store_id, digest_key_id=keys.active_id, entropy=entropy)
        self._tray = MemoryTray(self._sealer)
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self, *, is_writing: bool) -> Iterator[MemoryTray]:
        """All of the block's changes or none."""
        with self._lock:
            draft = self._tray.copy() if is_writing else self._tray
            yield draft
            self._tray = draft

    def holds(self, environment: str) -> bool:  # noqa: ARG002 - holder and store die together
        """Say no: there is no lock."""
        return False

    def claim(self, environment: str) -> bool:  # noqa: ARG002 - same
        """Say no: there is no lock."""
        return False

    def give_up(self, environment: str) -> None:
        """Do nothing: there is no lock."""

    def content_digest(self, value: bytes) -> str:
        """Return the full keyed digest of a value."""
        return self._sealer.content_digest(value)

    def fingerprint(self, value: bytes) -> str:
        """Return the truncated keyed digest of a value."""
        return self._sealer.fingerprint(value)


class MemoryStore(RecordStore):
    """A store that ends with the process."""

    def __init__(self, *, clock: Clock, entropy: Entropy) -> None:
        super().__init__(MemoryShelf(entropy=entropy), clock=clock)


def _place(ref: SecretRef, version_id: str) -> tuple[str, ...]:
    return ("value", ref.provider, ref.environment, ref.path, version_id)
