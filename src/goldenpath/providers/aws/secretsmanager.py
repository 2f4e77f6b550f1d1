"""The store port over AWS Secrets Manager.

What AWS cannot give, and what stands in for it: a creation is two calls (the policy is the second), so a run that was killed between
them is found by its generation (``secretledger``); a write is not conditional on the lease (``secretlease``); versions without a stage
are not listed, though they can be read by id while AWS keeps them; fingerprints live in a tag, and only that of the current version.
Must not overwrite, adopt or delete what does not carry our tags (R20), and has no forced deletion (R21).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from goldenpath.errors import GoldenpathError, ProviderRefused
from goldenpath.model.naming import PLATFORM_FOLDER
from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.store import TAG_APPLIED, TAG_GENERATION, DesiredSecret, Fence, Stage, StoreRecord, VersionInfo
from goldenpath.ports.clock import Clock
from goldenpath.providers import limits, refusals
from goldenpath.providers.aws import secretchanges, secretvalues
from goldenpath.providers.aws.calls import AwsCalls
from goldenpath.providers.aws.failures import unreachable
from goldenpath.providers.aws.secretcalls import EXISTS, SecretCalls
from goldenpath.providers.aws.secretlease import SecretLease
from goldenpath.providers.aws.secretledger import SecretLedger
from goldenpath.providers.aws.secretrecords import (
    PROVIDER,
    TAG_FINGERPRINT,
    TAG_OPERATION,
    environment_of,
    fingerprint_tag,
    generation_of,
    is_ours,
    lacks_policy,
    moment,
    operation_tag,
    record_of,
    tags_of,
    unlisted_of,
)

Fingerprint = Callable[[str, bytes], str]


class SecretsManagerStore:
    """Implements :class:`goldenpath.ports.store.Store`; see there for meaning and errors. Safe for threads.

    Args:
        calls: The door to one account and region.
        clock: Time.
        fingerprint: Keyed digest of (path, value).
        prefix: First part of every path; nothing outside is listed.
    """

    def __init__(self, calls: AwsCalls, *, clock: Clock, fingerprint: Fingerprint, prefix: str) -> None:
        self._calls = calls
        self._secrets = SecretCalls(calls)
        self._clock = clock
        self._fingerprint = fingerprint
        self._prefix = prefix
        self._lock = threading.Lock()
        self._leases: dict[str, SecretLease] = {}
        self._ledgers: dict[str, SecretLedger] = {}
        self._settled: dict[str, int] = {}

    def identity(self) -> str:
        """Return the account of the credentials."""
        return self._calls.account()

    def describe(self, ref: SecretRef) -> StoreRecord | None:
        """Return the record, its policy included."""
        body = self._secrets.describe(ref)
        return None if body is None else self._seen(ref, body)

    def list_records(self, environment: str) -> Iterator[StoreRecord]:
        """Yield the records of the environment below the prefix; what this process wrote lately is shown as written."""
        ledger = self._ledger(environment)
        found = ledger.listing()
        if found is None:
            found = self._listed(environment)
            ledger.keep_listing(found)
        for path, written in ledger.written().items():
            if written is not None and path in found and found[path].generation >= written.generation:
                continue
            record = written or self.describe(SecretRef(provider=PROVIDER, environment=environment, path=path))
            found.pop(path, None)
            if record is not None:
                found[path] = record
        yield from (found[path] for path in sorted(found))

    def read(self, ref: SecretRef, *, stage: Stage = "current", version_id: str = "") -> tuple[SecretValue, VersionInfo]:
        """Return a value."""
        body = secretvalues.get_value(self._secrets, ref, stage=stage, version_id=version_id)
        if body is None:
            self._usable(ref)
            raise refusals.version_missing(ref, version_id or f"at stage {stage}")
        value = secretvalues.value_of(body)
        return value, secretvalues.info_of(body, created_at=moment(body.get("CreatedDate")), fingerprint=self.fingerprint(ref, value))

    def create(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], token: str, fence: Fence) -> StoreRecord:
        """Create an empty record, then give it its policy. The name being taken is decided by what has it, never by AWS's words."""
        ref = desired.ref
        limits.check_container(desired, bookkeeping)
        limits.check_token(token, subject=str(ref))
        if desired.native_rotation:
            raise refusals.rotation_needs_value(ref)
        self._require_lease(ref, fence)
        ledger = self._ledger(ref.environment)
        ledger.begin(ref.path)
        tags = {**dict(desired.tags), **bookkeeping, TAG_GENERATION: str(fence.generation), TAG_OPERATION: operation_tag(token, desired)}
        answer = self._secrets.create(desired, tags=tags, token=token)
        if answer.code:
            return self._created_before(desired, token, said=answer.code)
        if desired.policy:
            self._secrets.put_policy(ref, desired.policy)
        made = StoreRecord(
            ref=ref,
            description=desired.description,
            kms_key=desired.kms_key,
            policy=desired.policy,
            tags=tuple(sorted({**dict(desired.tags), **bookkeeping}.items())),
            generation=fence.generation,
            replica_regions=desired.replica_regions,
        )
        ledger.finish(ref.path, made)
        return made

    def update(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        """Make the container's fields equal to ``desired``; only its own request may ask."""
        limits.check_container(desired, bookkeeping)
        found = self._writable(desired.ref, fence)
        if not desired.request_id or found.request_id != desired.request_id:
            raise refusals.foreign(found)
        return self._change(found, desired, bookkeeping, fence)

    def adopt(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        """Take over a record that carries no request id."""
        limits.check_container(desired, bookkeeping)
        found = self._writable(desired.ref, fence)
        if found.request_id or not desired.request_id:
            raise refusals.foreign(found)
        return self._change(found, desired, bookkeeping, fence)

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
        """Add a version; ``current`` moves by compare-and-swap."""
        limits.check_token(token, subject=str(ref))
        limits.check_value(value.reveal(), subject=str(ref))
        if stage == "previous":
            raise refusals.stage_not_writable(ref)
        body = self._own_body(ref, fence)
        has_stage = secretvalues.put_value(self._secrets, ref, value, body, token=token, stage=stage, expected=expected_current)
        fingerprint = self.fingerprint(ref, value)
        if has_stage:
            self._mark(ref, body, fence, {TAG_FINGERPRINT: fingerprint_tag(token, fingerprint)} if stage == "current" else {})
        return VersionInfo(id=token, stages=(stage,) if has_stage else (), fingerprint=fingerprint)

    def move_stage(self, ref: SecretRef, stage: Stage, *, to_version: str, from_version: str, fence: Fence) -> StoreRecord:
        """Compare-and-swap of a stage."""
        body = self._own_body(ref, fence)
        secretvalues.move_label(self._secrets, ref, stage, body, to_version=to_version, from_version=from_version)
        self._mark(ref, body, fence)
        return self._shown(ref)

    def schedule_deletion(self, ref: SecretRef, *, recovery_window_days: int, fence: Fence) -> StoreRecord:
        """Schedule the end of a record."""
        limits.check_recovery_window(recovery_window_days, subject=str(ref))
        body = self._own_body(ref, fence)
        seen = record_of(body, environment=ref.environment, unlisted=unlisted_of(body, ""), settled=0)
        if seen.replica_regions:
            raise refusals.has_replicas(seen)
        self._mark(ref, body, fence)
        self._secrets.send("DeleteSecret", ref, RecoveryWindowInDays=recovery_window_days)
        return self._shown(ref)

    def restore(self, ref: SecretRef, *, fence: Fence) -> StoreRecord:
        """Cancel a scheduled deletion."""
        self._require_lease(ref, fence)
        body = self._present(ref)
        self._require_newest(ref, fence, body)
        record = self._seen(ref, body)
        if not record.request_id:
            raise refusals.foreign(record)
        if not record.deletion_date:
            raise refusals.not_scheduled(ref)
        self._secrets.send("RestoreSecret", ref)
        self._mark(ref, body, fence)
        return self._shown(ref)

    def fingerprint(self, ref: SecretRef, value: SecretValue) -> str:
        """Return the keyed, truncated digest of a value; it means something on this machine only."""
        return self._fingerprint(ref.path, value.reveal())

    def acquire(self, environment: str, *, holder: str, lease_seconds: float) -> Fence:
        """Take the right to write in an environment."""
        fence = self._lease(environment).acquire(
            holder=holder, lease_seconds=lease_seconds, lowest=lambda: self._highest_generation(environment)
        )
        self._ledger(environment).take(fence)
        return fence

    def release(self, fence: Fence) -> None:
        """Give the right to write back, and note whether anything is half done."""
        ledger = self._ledger(fence.environment)
        self._lease(fence.environment).release(fence, settles=ledger.settles)
        ledger.give_back()

    def break_lease(self, environment: str) -> None:
        """End another holder's lease."""
        self._lease(environment).break_lease()

    # looking

    def _listed(self, environment: str) -> dict[str, StoreRecord]:
        seen = self._lease(environment).look()
        settled = self._settled[environment] = seen.settled if seen else 0
        found: dict[str, StoreRecord] = {}
        ledger = self._ledger(environment)
        for row in self._rows():
            if environment_of(row) != environment:
                continue
            unlisted = None if row.get("DeletedDate") else ledger.unlisted(str(row["Name"]))
            record = record_of(row, environment=environment, unlisted=unlisted, settled=settled)
            if is_ours(row) and record.unobserved and (record.generation > settled or TAG_APPLIED not in tags_of(row)):
                described = self.describe(record.ref)
                if described is None:
                    continue
                record = described
            found[record.ref.path] = record
        return found

    def _rows(self) -> Iterator[dict[str, Any]]:
        own = f"{self._prefix}/{PLATFORM_FOLDER}/"
        return (row for row in self._secrets.pages(f"{self._prefix}/") if not str(row["Name"]).startswith(own))

    def _highest_generation(self, environment: str) -> int:
        return max((generation_of(tags_of(row)) for row in self._rows() if environment_of(row) == environment), default=0)

    def _seen(self, ref: SecretRef, body: dict[str, Any]) -> StoreRecord:
        unlisted = unlisted_of(body, None if body.get("DeletedDate") else self._secrets.policy(ref))
        raw = record_of(body, environment=ref.environment, unlisted=unlisted, settled=generation_of(tags_of(body)))
        if raw.request_id and unlisted is not None:
            self._ledger(ref.environment).looked_at(ref.path, unlisted, is_complete=not lacks_policy(raw))
        if not lacks_policy(raw):
            return raw
        return record_of(body, environment=ref.environment, unlisted=unlisted, settled=self._settled_of(ref.environment))

    def _settled_of(self, environment: str) -> int:
        if environment not in self._settled:
            seen = self._lease(environment).look()
            self._settled[environment] = seen.settled if seen else 0
        return self._settled[environment]

    def _shown(self, ref: SecretRef) -> StoreRecord:
        """Return the record after a write. Raises ``NotFound`` ``store.record-missing``."""
        return self._seen(ref, self._present(ref))

    def _present(self, ref: SecretRef) -> dict[str, Any]:
        body = self._secrets.describe(ref)
        if body is None:
            raise refusals.record_missing(ref)
        return body

    def _usable(self, ref: SecretRef) -> dict[str, Any]:
        """Return the record's body. Raises ``store.record-missing``, ``store.scheduled-for-deletion``."""
        body = self._present(ref)
        if body.get("DeletedDate"):
            raise refusals.scheduled(record_of(body, environment=ref.environment, unlisted=None, settled=0))
        return body

    # writing

    def _own_body(self, ref: SecretRef, fence: Fence) -> dict[str, Any]:
        """Return the body of a record of ours that may be written now."""
        self._require_lease(ref, fence)
        body = self._usable(ref)
        self._require_newest(ref, fence, body)
        if not is_ours(body):
            raise refusals.foreign(record_of(body, environment=ref.environment, unlisted=None, settled=0))
        return body

    def _writable(self, ref: SecretRef, fence: Fence) -> StoreRecord:
        """Return the record as it is right before its container is changed."""
        self._require_lease(ref, fence)
        body = self._usable(ref)
        self._require_newest(ref, fence, body)
        return self._seen(ref, body)

    def _require_lease(self, ref: SecretRef, fence: Fence) -> None:
        self._lease(ref.environment).require_current(fence, subject=str(ref))

    def _require_newest(self, ref: SecretRef, fence: Fence, body: dict[str, Any]) -> None:
        at = generation_of(tags_of(body))
        if at > fence.generation:
            raise refusals.fenced_out(str(ref), f"generation {fence.generation} may not write; the record is at {at}")

    def _created_before(self, desired: DesiredSecret, token: str, *, said: str) -> StoreRecord:
        """Return the record that has the name if this very creation made it, complete now."""
        ref = desired.ref
        body = self._secrets.describe(ref)
        if body is None:
            raise self._neither_free_nor_there(ref, said)
        found = self._seen(ref, body)
        if found.deletion_date:
            raise refusals.scheduled(found)
        made_by = tags_of(body).get(TAG_OPERATION, "")
        if made_by != operation_tag(token, desired):
            raise refusals.token_reused(ref) if made_by.startswith(f"{token}/") else refusals.record_exists(ref, owner=found.request_id)
        promised = tags_of(body).get(TAG_APPLIED, desired.applied_tag) == desired.applied_tag
        if desired.policy and not found.policy and promised:
            self._secrets.put_policy(ref, desired.policy)
            found = self._shown(ref)
        self._ledger(ref.environment).finish(ref.path, found)
        return found

    @staticmethod
    def _neither_free_nor_there(ref: SecretRef, said: str) -> GoldenpathError:
        if said == EXISTS:
            return unreachable("AWS says that the name is taken, and does not show the record yet", subject=str(ref))
        return ProviderRefused("store.refused", f"AWS answered CreateSecret with {said}", subject=str(ref), hint="nothing was written")

    def _change(self, found: StoreRecord, desired: DesiredSecret, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        _require_rotation_settable(found, desired)
        ledger = self._ledger(found.ref.environment)
        ledger.touch(found.ref.path)
        secretchanges.change(self._secrets, found, desired, {**bookkeeping, TAG_GENERATION: str(fence.generation)})
        after = self._shown(found.ref)
        if after.generation != fence.generation:
            raise refusals.fenced_out(str(found.ref), f"generation {after.generation} wrote at the same time as {fence.generation}")
        ledger.finish(found.ref.path, after)
        return after

    def _mark(self, ref: SecretRef, body: dict[str, Any], fence: Fence, more: dict[str, str] | None = None) -> None:
        """Note on the record who wrote last, unless that is what it says."""
        self._ledger(ref.environment).touch(ref.path)
        before, tags = tags_of(body), dict(more or {})
        if not tags or any(before.get(key) != text for key, text in tags.items()):
            self._secrets.tag(ref, {**tags, TAG_GENERATION: str(fence.generation)})

    def _lease(self, environment: str) -> SecretLease:
        with self._lock:
            if environment not in self._leases:
                self._leases[environment] = SecretLease(self._calls, clock=self._clock, environment=environment, prefix=self._prefix)
            return self._leases[environment]

    def _ledger(self, environment: str) -> SecretLedger:
        with self._lock:
            return self._ledgers.setdefault(environment, SecretLedger(self._clock))


def _require_rotation_settable(found: StoreRecord, desired: DesiredSecret) -> None:
    """Refuse rotation settings that AWS would refuse only after the other fields were changed."""
    if found.rotation == desired.rotation:
        return
    if desired.native_rotation and found.version_at("current") is None:
        raise refusals.rotation_needs_value(found.ref)
    if found.is_rotating:
        raise refusals.rotation_under_way(found.ref)
