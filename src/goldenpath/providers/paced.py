"""A store that takes a turn for each call, for backends whose own calls are not paced one by one (the embedded ones)."""

from __future__ import annotations

from collections.abc import Iterator

from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.store import DesiredSecret, Fence, Stage, StoreRecord, VersionInfo
from goldenpath.ports.pace import Pace
from goldenpath.ports.store import Store


class PacedStore:
    """Wraps a store. Leases, identity and fingerprints pass through: they cost the account nothing."""

    def __init__(self, store: Store, pace: Pace) -> None:
        self._store = store
        self._pace = pace

    def identity(self) -> str:
        """Return the account of the wrapped store."""
        return self._store.identity()

    def describe(self, ref: SecretRef) -> StoreRecord | None:
        """Return the record at ``ref``."""
        with self._pace.turn("read"):
            return self._store.describe(ref)

    def list_records(self, environment: str) -> Iterator[StoreRecord]:
        """Yield the records of an environment, for one turn."""
        with self._pace.turn("list"):
            found = tuple(self._store.list_records(environment))
        yield from found

    def read(self, ref: SecretRef, *, stage: Stage = "current", version_id: str = "") -> tuple[SecretValue, VersionInfo]:
        """Return a value."""
        with self._pace.turn("read"):
            return self._store.read(ref, stage=stage, version_id=version_id)

    def create(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], token: str, fence: Fence) -> StoreRecord:
        """Create a record."""
        with self._pace.turn("write"):
            return self._store.create(desired, bookkeeping=bookkeeping, token=token, fence=fence)

    def update(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        """Change a record's container."""
        with self._pace.turn("write"):
            return self._store.update(desired, bookkeeping=bookkeeping, fence=fence)

    def adopt(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        """Take over a record."""
        with self._pace.turn("write"):
            return self._store.adopt(desired, bookkeeping=bookkeeping, fence=fence)

    def put_version(
        self,
        ref: SecretRef,
        value: SecretValue,
        *,
        token: str,
        stage: Stage,
        fence: Fence,
        expected_current: str | None,
    ) -> VersionInfo:
        """Add a version."""
        with self._pace.turn("write"):
            return self._store.put_version(ref, value, token=token, stage=stage, fence=fence, expected_current=expected_current)

    def move_stage(self, ref: SecretRef, stage: Stage, *, to_version: str, from_version: str, fence: Fence) -> StoreRecord:
        """Move a stage."""
        with self._pace.turn("write"):
            return self._store.move_stage(ref, stage, to_version=to_version, from_version=from_version, fence=fence)

    def schedule_deletion(self, ref: SecretRef, *, recovery_window_days: int, fence: Fence) -> StoreRecord:
        """Schedule a deletion."""
        with self._pace.turn("write"):
            return self._store.schedule_deletion(ref, recovery_window_days=recovery_window_days, fence=fence)

    def restore(self, ref: SecretRef, *, fence: Fence) -> StoreRecord:
        """Cancel a scheduled deletion."""
        with self._pace.turn("write"):
            return self._store.restore(ref, fence=fence)

    def fingerprint(self, ref: SecretRef, value: SecretValue) -> str:
        """Return the wrapped store's keyed digest of a value."""
        return self._store.fingerprint(ref, value)

    def acquire(self, environment: str, *, holder: str, lease_seconds: float) -> Fence:
        """Take the right to write."""
        return self._store.acquire(environment, holder=holder, lease_seconds=lease_seconds)

    def release(self, fence: Fence) -> None:
        """Give the right to write back."""
        self._store.release(fence)

    def break_lease(self, environment: str) -> None:
        """End another holder's lease."""
        self._store.break_lease(environment)
