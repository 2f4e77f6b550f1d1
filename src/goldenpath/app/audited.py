"""A store whose every change is recorded before it happens and again when it ended (R50). Use-cases hand this to the stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from goldenpath.audit.trail import AuditTrail, Operation
from goldenpath.model.audit import AuditDecision, Joins, Target
from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.store import DesiredSecret, Fence, Stage, StoreRecord, VersionInfo
from goldenpath.ports.store import Store

ALLOWED = AuditDecision()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the records of one store path say: the request behind it, its join keys (None: the run's), and why it is allowed."""

    target: Target
    joins: Joins | None
    decision: AuditDecision = ALLOWED


class AuditedStore:
    """Wraps a store; looks at records pass through, writes and reads of values leave an intent and an outcome.

    Args:
        store: The real store.
        trail: Where records go; when it cannot take the intent, the store is not called.
        subjects: What is known about each path; a path that is not listed is recorded by its address alone.
    """

    def __init__(self, store: Store, trail: AuditTrail, subjects: Mapping[SecretRef, Subject]) -> None:
        self._store = store
        self._trail = trail
        self._subjects = subjects

    def identity(self) -> str:
        """Return the account of the wrapped store."""
        return self._store.identity()

    def describe(self, ref: SecretRef) -> StoreRecord | None:
        """Return the record at ``ref``."""
        return self._store.describe(ref)

    def list_records(self, environment: str) -> Iterator[StoreRecord]:
        """Yield the records of an environment."""
        return self._store.list_records(environment)

    def fingerprint(self, ref: SecretRef, value: SecretValue) -> str:
        """Return the wrapped store's keyed digest of a value."""
        return self._store.fingerprint(ref, value)

    def acquire(self, environment: str, *, holder: str, lease_seconds: float) -> Fence:
        """Take the right to write; the record of the use-case that wants to write comes before it."""
        return self._store.acquire(environment, holder=holder, lease_seconds=lease_seconds)

    def release(self, fence: Fence) -> None:
        """Give the right to write back."""
        self._store.release(fence)

    def break_lease(self, environment: str) -> None:
        """End another holder's lease."""
        with self._trail.operation("lease.break", target=Target(environment=environment, backend_ref=environment)):
            self._store.break_lease(environment)

    def read(self, ref: SecretRef, *, stage: Stage = "current", version_id: str = "") -> tuple[SecretValue, VersionInfo]:
        """Return a value; nobody reads one without a record."""
        with self._operation("secret.read", ref) as operation:
            value, version = self._store.read(ref, stage=stage, version_id=version_id)
            operation.set_version(version.id)
            return value, version

    def create(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], token: str, fence: Fence) -> StoreRecord:
        """Create a record."""
        with self._operation("secret.create", desired.ref):
            return self._store.create(desired, bookkeeping=bookkeeping, token=token, fence=fence)

    def update(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        """Change a record's container."""
        with self._operation("secret.update", desired.ref):
            return self._store.update(desired, bookkeeping=bookkeeping, fence=fence)

    def adopt(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        """Take over a record."""
        with self._operation("secret.adopt", desired.ref):
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
        with self._operation("secret.put-version", ref) as operation:
            version = self._store.put_version(ref, value, token=token, stage=stage, fence=fence, expected_current=expected_current)
            operation.set_version(version.id)
            return version

    def move_stage(self, ref: SecretRef, stage: Stage, *, to_version: str, from_version: str, fence: Fence) -> StoreRecord:
        """Move a stage."""
        with self._operation("secret.move-stage", ref) as operation:
            operation.set_version(to_version)
            return self._store.move_stage(ref, stage, to_version=to_version, from_version=from_version, fence=fence)

    def schedule_deletion(self, ref: SecretRef, *, recovery_window_days: int, fence: Fence) -> StoreRecord:
        """Schedule a deletion."""
        with self._operation("secret.schedule-deletion", ref):
            return self._store.schedule_deletion(ref, recovery_window_days=recovery_window_days, fence=fence)

    def restore(self, ref: SecretRef, *, fence: Fence) -> StoreRecord:
        """Cancel a scheduled deletion."""
        with self._operation("secret.restore", ref):
            return self._store.restore(ref, fence=fence)

    def subject(self, ref: SecretRef) -> Subject:
        """Return what the records of ``ref`` say."""
        address = Target(environment=ref.environment, backend=ref.provider, backend_ref=ref.path)
        return self._subjects.get(ref) or Subject(target=address, joins=None)

    def _operation(self, action: str, ref: SecretRef) -> Operation:
        subject = self.subject(ref)
        return self._trail.operation(action, target=subject.target, decision=subject.decision, joins=subject.joins)
