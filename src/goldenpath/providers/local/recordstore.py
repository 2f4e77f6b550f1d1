"""The store port over any shelf: check limits, open one transaction, check the fence, take one pure step, keep it.

Decides nothing itself: what an operation means is in ``records``, who may write in ``leases``, what fits in ``limits``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from goldenpath.errors import GoldenpathError
from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.store import DesiredSecret, Fence, Stage, StoreRecord, VersionInfo
from goldenpath.ports.clock import Clock
from goldenpath.providers import limits, refusals
from goldenpath.providers.local import leases, records
from goldenpath.providers.local.records import RecordState
from goldenpath.providers.local.shelf import Shelf, Tray


class RecordStore:
    """Implements :class:`goldenpath.ports.store.Store`; see there for meaning and errors."""

    def __init__(self, shelf: Shelf, *, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock

    def identity(self) -> str:
        """Return the store's own id."""
        return self._shelf.store_id

    def describe(self, ref: SecretRef) -> StoreRecord | None:
        """Return the record; a record whose recovery window is over is destroyed and reads as None."""
        with self._shelf.transaction(is_writing=False) as tray:
            state = tray.load(ref)
        if state is not None and records.is_gone(state, self._clock.now()):
            self._purge([ref])
            return None
        return state.view if state else None

    def list_records(self, environment: str) -> Iterator[StoreRecord]:
        """Yield every record of the environment; those whose recovery window is over are destroyed instead."""
        now = self._clock.now()
        with self._shelf.transaction(is_writing=False) as tray:
            states = tray.load_all(environment)
        gone = [state.record.ref for state in states if records.is_gone(state, now)]
        if gone:
            self._purge(gone)
        yield from (state.view for state in states if not records.is_gone(state, now))

    def read(self, ref: SecretRef, *, stage: Stage = "current", version_id: str = "") -> tuple[SecretValue, VersionInfo]:
        """Return a value and its version."""
        with self._shelf.transaction(is_writing=False) as tray:
            version = records.readable_version(self._present(tray, ref), stage=stage, version_id=version_id)
            return SecretValue(tray.load_value(ref, version.info.id)), version.info

    def create(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], token: str, fence: Fence) -> StoreRecord:
        """Create an empty record in one effect."""
        limits.check_container(desired, bookkeeping)
        limits.check_token(token, subject=str(desired.ref))
        with self._shelf.transaction(is_writing=True) as tray:
            existing = self._living(tray, desired.ref)
            self._check_fence(tray, desired.ref, fence, existing)
            state = records.create(existing, desired, bookkeeping, token=token, fence=fence, now=self._clock.now())
            if state is not existing:
                tray.keep(state)
        return state.view

    def update(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        """Make the container's fields equal to ``desired``."""
        limits.check_container(desired, bookkeeping)
        return self._step(desired.ref, fence, lambda state: records.update(state, desired, bookkeeping, fence=fence))

    def adopt(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        """Take over a record that carries no request id."""
        limits.check_container(desired, bookkeeping)
        return self._step(desired.ref, fence, lambda state: records.adopt(state, desired, bookkeeping, fence=fence))

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
        raw = value.reveal()
        limits.check_token(token, subject=str(ref))
        limits.check_value(raw, subject=str(ref))
        new = records.NewVersion(
            token=token, content=self._shelf.content_digest(raw), fingerprint=self._shelf.fingerprint(raw), stage=stage
        )
        with self._shelf.transaction(is_writing=True) as tray:
            before = self._present(tray, ref)
            self._check_fence(tray, ref, fence, before)
            after = records.put_version(before, new, expected_current=expected_current, fence=fence, now=self._clock.now())
            if after is not before:
                tray.keep(after)
                tray.keep_value(ref, token, raw)
                for version in before.versions:
                    if after.find(version.info.id) is None:
                        tray.drop_value(ref, version.info.id)
        return records.readable_version(after, stage=stage, version_id=token).info

    def move_stage(self, ref: SecretRef, stage: Stage, *, to_version: str, from_version: str, fence: Fence) -> StoreRecord:
        """Compare-and-swap of a stage."""
        return self._step(
            ref,
            fence,
            lambda state: records.move_stage(state, stage, to_version=to_version, from_version=from_version, fence=fence),
        )

    def schedule_deletion(self, ref: SecretRef, *, recovery_window_days: int, fence: Fence) -> StoreRecord:
        """Schedule the end of a record."""
        limits.check_recovery_window(recovery_window_days, subject=str(ref))
        now = self._clock.now()
        return self._step(
            ref,
            fence,
            lambda state: records.schedule_deletion(state, recovery_window_days=recovery_window_days, fence=fence, now=now),
        )

    def restore(self, ref: SecretRef, *, fence: Fence) -> StoreRecord:
        """Cancel a scheduled deletion."""
        return self._step(ref, fence, lambda state: records.restore(state, fence=fence))

    def fingerprint(self, ref: SecretRef, value: SecretValue) -> str:  # noqa: ARG002 - other stores key by record
        """Return the keyed, truncated digest of a value."""
        return self._shelf.fingerprint(value.reveal())

    def acquire(self, environment: str, *, holder: str, lease_seconds: float) -> Fence:
        """Take the right to write in an environment; a holder that is known to be dead does not keep it."""
        with self._shelf.transaction(is_writing=True) as tray:
            before = tray.load_lease(environment)
            held_before = self._shelf.holds(environment)
            is_guarded = self._shelf.claim(environment)
            try:
                after = leases.acquire(
                    before,
                    holder=holder,
                    lease_seconds=lease_seconds,
                    now=self._clock.now(),
                    is_guarded=is_guarded,
                    is_holder_dead=before.is_guarded and is_guarded and not held_before,
                )
                tray.keep_lease(after)
            except GoldenpathError:
                if not held_before:
                    self._shelf.give_up(environment)
                raise
        return after.fence

    def release(self, fence: Fence) -> None:
        """Give the right to write back."""
        with self._shelf.transaction(is_writing=True) as tray:
            lease = leases.release(tray.load_lease(fence.environment), fence)
            tray.keep_lease(lease)
            if not lease.holder:
                self._shelf.give_up(fence.environment)

    def break_lease(self, environment: str) -> None:
        """End another holder's lease."""
        with self._shelf.transaction(is_writing=True) as tray:
            tray.keep_lease(leases.end(tray.load_lease(environment)))

    def _step(self, ref: SecretRef, fence: Fence, step: Callable[[RecordState], RecordState]) -> StoreRecord:
        with self._shelf.transaction(is_writing=True) as tray:
            before = self._present(tray, ref)
            self._check_fence(tray, ref, fence, before)
            after = step(before)
            tray.keep(after)
        return after.view

    def _present(self, tray: Tray, ref: SecretRef) -> RecordState:
        state = tray.load(ref)
        if state is None or records.is_gone(state, self._clock.now()):
            raise refusals.record_missing(ref)
        return state

    def _living(self, tray: Tray, ref: SecretRef) -> RecordState | None:
        state = tray.load(ref)
        if state is not None and records.is_gone(state, self._clock.now()):
            tray.drop(ref)
            return None
        return state

    def _purge(self, refs: list[SecretRef]) -> None:
        with self._shelf.transaction(is_writing=True) as tray:
            for ref in refs:
                self._living(tray, ref)

    @staticmethod
    def _check_fence(tray: Tray, ref: SecretRef, fence: Fence, state: RecordState | None) -> None:
        generation = state.record.generation if state else 0
        leases.require_current(tray.load_lease(ref.environment), fence, ref, record_generation=generation)
