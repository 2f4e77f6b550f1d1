"""How stores say no, in one wording for all of them: codes and hints are part of the port's contract."""

from __future__ import annotations

from goldenpath.errors import Conflict, NotFound, ProviderRefused
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import StoreRecord


def record_missing(ref: SecretRef) -> NotFound:
    """Return the error for a free name."""
    return NotFound("store.record-missing", "no record has this name", subject=str(ref), hint="goldenpath apply creates it")


def version_missing(ref: SecretRef, version: str) -> NotFound:
    """Return the error for a version that is not there, which includes a record that never got a value."""
    return NotFound(
        "store.version-missing", f"the record has no version {version}", subject=str(ref), hint="goldenpath seed gives it a value"
    )


def record_exists(ref: SecretRef, *, owner: str) -> Conflict:
    """Return the error for a name that somebody's record already has (R20)."""
    return Conflict(
        "store.record-exists",
        f"a record of {owner or 'nobody known to the platform'} has the name",
        subject=str(ref),
        hint="goldenpath adopt takes over a record that the platform did not create, after review",
    )


def foreign(record: StoreRecord) -> Conflict:
    """Return the error for a record that another request, or nobody we know, owns (R20)."""
    return Conflict(
        "store.foreign-record",
        f"the record belongs to {record.request_id or 'nobody known to the platform'}",
        subject=str(record.ref),
        hint="goldenpath adopt takes over an untagged record, after review; another request's record is never touched",
    )


def scheduled(record: StoreRecord) -> Conflict:
    """Return the error for a record that is being deleted (R21)."""
    return Conflict(
        "store.scheduled-for-deletion",
        f"the record is scheduled for deletion on {record.deletion_date}",
        subject=str(record.ref),
        hint="goldenpath restore cancels the deletion, after review; nothing else does",
    )


def has_replicas(record: StoreRecord) -> Conflict:
    """Return the error for the deletion of a record that still has copies in other regions (R21)."""
    return Conflict(
        "store.has-replicas",
        f"the record has copies in {', '.join(region for region, _ in record.replica_regions or ())}",
        subject=str(record.ref),
        hint="take the regions out of environments.<name>.replicaRegions and run goldenpath apply; then the record can be deleted",
    )


def rotation_needs_value(ref: SecretRef) -> Conflict:
    """Return the error for rotation settings of a record that never got a value (D12)."""
    return Conflict(
        "store.rotation-needs-value",
        "rotation settings cannot be made for a record without a value",
        subject=str(ref),
        hint="goldenpath seed gives it a value; the apply after that makes the settings",
    )


def rotation_under_way(ref: SecretRef) -> Conflict:
    """Return the error for rotation settings that change while a version is pending."""
    return Conflict(
        "store.rotation-under-way",
        "a rotation is under way, or was left half done: a version is pending beside the current one",
        subject=str(ref),
        hint="wait until it ends; where it never does, see goldenpath explain plan.rotation-under-way",
    )


def no_native_rotation(ref: SecretRef) -> ProviderRefused:
    """Return the error for rotation settings in a store that calls no function."""
    return ProviderRefused(
        "store.no-native-rotation",
        "this store calls no function, so nothing would rotate the value",
        subject=str(ref),
        hint="take spec.rotation.rotator out of the request, or keep the secret in AWS Secrets Manager",
    )


def not_scheduled(ref: SecretRef) -> Conflict:
    """Return the error for a restore of what is not being deleted."""
    return Conflict("store.not-scheduled", "the record is not scheduled for deletion", subject=str(ref))


def token_reused(ref: SecretRef) -> Conflict:
    """Return the error for an idempotency token that came with other content before (R18)."""
    return Conflict(
        "store.token-reused",
        "the same idempotency token came with other content",
        subject=str(ref),
        hint="what is in the store was not overwritten; look at the record and decide",
    )


def version_race(ref: SecretRef, *, expected: str, found: str) -> Conflict:
    """Return the error for a value that became current meanwhile."""
    return Conflict(
        "store.version-race",
        f"expected the current version {expected or '(none)'}, found {found or '(none)'}",
        subject=str(ref),
        hint="somebody else wrote a value; look at the record and decide again",
    )


def stage_moved(ref: SecretRef, stage: str, *, expected: str, found: str) -> Conflict:
    """Return the error for a stage that does not sit where the caller thinks."""
    return Conflict(
        "store.stage-moved",
        f"expected {stage} on {expected or '(none)'}, found it on {found or '(none)'}",
        subject=str(ref),
        hint="somebody else moved it; look at the record and decide again",
    )


def stage_required(ref: SecretRef) -> ProviderRefused:
    """Return the error for taking the stage current away."""
    return ProviderRefused("store.stage-required", "the stage current moves, it is never taken away", subject=str(ref))


def stage_not_writable(ref: SecretRef) -> ProviderRefused:
    """Return the error for a value put as previous."""
    return ProviderRefused("store.stage-not-writable", "a value is put as current or pending, never as previous", subject=str(ref))


def writer_active(environment: str, *, holder: str, seconds_left: float) -> Conflict:
    """Return the error for an environment that another run holds (R19)."""
    return Conflict(
        "store.writer-active",
        f"{holder} is writing in {environment}, for at most {seconds_left:.0f} s more",
        subject=environment,
        hint="wait and run again; if that run is dead, its lease ends by itself",
    )


def fenced_out(subject: str, said: str) -> Conflict:
    """Return the error for a write under any fence but the newest (R19)."""
    return Conflict("store.fenced-out", said, subject=subject, hint="another run took over; run again, it continues from what is there")
