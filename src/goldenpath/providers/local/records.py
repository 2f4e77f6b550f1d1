"""What each store operation means, as pure functions from one record's state to the next. No storage, no clock, no values.

Values are known here only by their keyed content digest. Every refusal is raised before a next state exists, so nothing is half done.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from goldenpath.model.base import Record, digest
from goldenpath.model.instant import from_text, to_text
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import DesiredSecret, Fence, Stage, StoreRecord, VersionInfo
from goldenpath.providers import refusals
from goldenpath.providers.limits import VERSION_MIN_AGE_HOURS, VERSIONS_MAX, exceeded


class VersionState(Record, frozen=True, kw_only=True):
    """One version: what may be shown, the digest of its content, and the stage it was put with."""

    info: VersionInfo
    content: str
    put_as: Stage


class RecordState(Record, frozen=True, kw_only=True):
    """One record as stored. ``record`` carries no versions; :attr:`view` puts them together."""

    record: StoreRecord
    created_with: str
    created_as: str
    versions: tuple[VersionState, ...] = ()

    @property
    def view(self) -> StoreRecord:
        """The record as the port shows it, versions oldest first."""
        return replace(self.record, versions=tuple(version.info for version in self.versions))

    def holder_of(self, stage: Stage) -> str:
        """Return the id of the version that carries ``stage``; empty for none."""
        found = self.view.version_at(stage)
        return found.id if found else ""

    def find(self, version_id: str) -> VersionState | None:
        """Return one version by id."""
        return next((version for version in self.versions if version.info.id == version_id), None)


class NewVersion(Record, frozen=True, kw_only=True):
    """A version to put: its id is the idempotency token."""

    token: str
    content: str
    fingerprint: str
    stage: Stage


def is_gone(state: RecordState, now: datetime) -> bool:
    """Say whether the recovery window of a scheduled deletion is over."""
    return bool(state.record.deletion_date) and from_text(state.record.deletion_date) <= now


def create(
    existing: RecordState | None,
    desired: DesiredSecret,
    bookkeeping: Mapping[str, str],
    *,
    token: str,
    fence: Fence,
    now: datetime,
) -> RecordState:
    """Return the new record, or the existing one when the same call made it."""
    if existing is None:
        blank = StoreRecord(ref=desired.ref, created_at=to_text(now))
        return RecordState(record=_contained(blank, desired, bookkeeping, fence), created_with=token, created_as=digest(desired))
    _require_not_scheduled(existing)
    if existing.created_with != token:
        raise refusals.record_exists(desired.ref, owner=existing.record.request_id)
    if existing.created_as != digest(desired):
        raise refusals.token_reused(desired.ref)
    return existing


def update(state: RecordState, desired: DesiredSecret, bookkeeping: Mapping[str, str], *, fence: Fence) -> RecordState:
    """Return the record with its container equal to ``desired``; only its own request may ask."""
    _require_not_scheduled(state)
    if not desired.request_id or state.record.request_id != desired.request_id:
        raise refusals.foreign(state.record)
    return replace(state, record=_contained(state.record, desired, bookkeeping, fence))


def adopt(state: RecordState, desired: DesiredSecret, bookkeeping: Mapping[str, str], *, fence: Fence) -> RecordState:
    """Return the record as ours; only one that carries no request id can be taken over."""
    _require_not_scheduled(state)
    if state.record.request_id or not desired.request_id:
        raise refusals.foreign(state.record)
    return replace(state, record=_contained(state.record, desired, bookkeeping, fence))


def put_version(
    state: RecordState,
    new: NewVersion,
    *,
    expected_current: str | None,
    fence: Fence,
    now: datetime,
) -> RecordState:
    """Return the record with the version added, or unchanged when the same call already added it."""
    ref = state.record.ref
    _require_not_scheduled(state)
    _require_ours(state)
    if new.stage == "previous":
        raise refusals.stage_not_writable(ref)
    known = state.find(new.token)
    if known is not None:
        if not hmac.compare_digest(known.content, new.content) or known.put_as != new.stage:
            raise refusals.token_reused(ref)
        return state
    current = state.holder_of("current")
    if expected_current is not None and current != expected_current:
        raise refusals.version_race(ref, expected=expected_current, found=current)
    kept = _with_room(state.versions, now, ref)
    info = VersionInfo(id=new.token, created_at=to_text(now), fingerprint=new.fingerprint)
    added = replace(state, versions=(*kept, VersionState(info=info, content=new.content, put_as=new.stage)))
    return _touched(_staged(added, new.stage, new.token), fence)


def move_stage(state: RecordState, stage: Stage, *, to_version: str, from_version: str, fence: Fence) -> RecordState:
    """Return the record with the stage moved, if it sits where the caller thinks. An empty ``to_version`` takes the stage away."""
    ref = state.record.ref
    _require_not_scheduled(state)
    _require_ours(state)
    if to_version and state.find(to_version) is None:
        raise refusals.version_missing(ref, to_version)
    if not to_version and stage == "current":
        raise refusals.stage_required(ref)
    found = state.holder_of(stage)
    if found != from_version:
        raise refusals.stage_moved(ref, stage, expected=from_version, found=found)
    return _touched(_staged(state, stage, to_version), fence)


def schedule_deletion(state: RecordState, *, recovery_window_days: int, fence: Fence, now: datetime) -> RecordState:
    """Return the record scheduled; reading and writing end now, the record itself at the end of the window."""
    _require_not_scheduled(state)
    _require_ours(state)
    if state.record.replica_regions:
        raise refusals.has_replicas(state.record)
    moment = to_text(now + timedelta(days=recovery_window_days))
    return replace(state, record=replace(state.record, deletion_date=moment, generation=fence.generation))


def restore(state: RecordState, *, fence: Fence) -> RecordState:
    """Return the record with its deletion cancelled."""
    _require_ours(state)
    if not state.record.deletion_date:
        raise refusals.not_scheduled(state.record.ref)
    return replace(state, record=replace(state.record, deletion_date="", generation=fence.generation))


def readable_version(state: RecordState, *, stage: Stage, version_id: str) -> VersionState:
    """Return the version to read, by id when given, else by stage."""
    _require_not_scheduled(state)
    wanted = version_id or state.holder_of(stage)
    found = state.find(wanted) if wanted else None
    if found is None:
        raise refusals.version_missing(state.record.ref, version_id or f"at stage {stage}")
    return found


def _contained(record: StoreRecord, desired: DesiredSecret, bookkeeping: Mapping[str, str], fence: Fence) -> StoreRecord:
    if desired.native_rotation:
        raise refusals.no_native_rotation(desired.ref)
    return replace(
        record,
        description=desired.description,
        kms_key=desired.kms_key,
        policy=desired.policy,
        replica_regions=desired.replica_regions,
        tags=tuple(sorted({**dict(desired.tags), **bookkeeping}.items())),
        generation=fence.generation,
    )


def _staged(state: RecordState, stage: Stage, to_version: str) -> RecordState:
    """Put ``stage`` on one version only; the version that ``current`` leaves becomes ``previous``."""
    moves: dict[Stage, str] = {stage: to_version}
    left = state.holder_of("current")
    if stage == "current" and left and left != to_version:
        moves["previous"] = left
    return replace(state, versions=tuple(_restaged(version, moves) for version in state.versions))


def _restaged(version: VersionState, moves: Mapping[Stage, str]) -> VersionState:
    kept = {stage for stage in version.info.stages if stage not in moves}
    gained = {stage for stage, version_id in moves.items() if version_id == version.info.id}
    return replace(version, info=replace(version.info, stages=tuple(sorted(kept | gained))))


def _with_room(versions: tuple[VersionState, ...], now: datetime, ref: SecretRef) -> tuple[VersionState, ...]:
    """Drop the oldest unstaged versions so that one more fits; none that is younger than a day goes (STANDARD section 2)."""
    surplus = len(versions) - VERSIONS_MAX + 1
    if surplus <= 0:
        return versions
    youngest = now - timedelta(hours=VERSION_MIN_AGE_HOURS)
    removable = [version.info.id for version in versions if not version.info.stages and from_text(version.info.created_at) <= youngest]
    if len(removable) < surplus:
        raise exceeded("versions", f"{len(versions)} kept and none old enough to go", f"{VERSIONS_MAX}", subject=str(ref))
    dropped = frozenset(removable[:surplus])
    return tuple(version for version in versions if version.info.id not in dropped)


def _touched(state: RecordState, fence: Fence) -> RecordState:
    return replace(state, record=replace(state.record, generation=fence.generation))


def _require_not_scheduled(state: RecordState) -> None:
    if state.record.deletion_date:
        raise refusals.scheduled(state.record)


def _require_ours(state: RecordState) -> None:
    if not state.record.request_id:
        raise refusals.foreign(state.record)
