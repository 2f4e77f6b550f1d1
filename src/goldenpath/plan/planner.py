"""(desired, observed) → Plan. Pure: what the store holds is handed in, and so is the time.

Never plans a deletion, a restore or an overwrite of somebody else's work: those are reported and wait for a decision (R20, R21, R24).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from goldenpath.errors import InvalidIntent
from goldenpath.model.drift import NOTHING_IGNORED, DriftIgnores
from goldenpath.model.instant import to_text
from goldenpath.model.plan import Plan, Step
from goldenpath.model.reach import Hold, rotation_hold, within_reach
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import FIELDS, DesiredSecret, StoreRecord
from goldenpath.plan.changes import field_changes
from goldenpath.plan.ignores import IgnoreRules, as_if_wanted, keeping, kept_fields

SCHEDULED = "store.scheduled-for-deletion"
FOREIGN = "store.foreign-record"
DUPLICATE = "plan.duplicate-request"
DRIFT = "plan.drift"
ORPHAN = "plan.orphan"
AWAITING_RETIREMENT = "plan.awaiting-retirement"
ROTATION_WAITS = "plan.rotation-waits"
ROTATION_UNDER_WAY = "plan.rotation-under-way"

_HELD: dict[Hold, tuple[str, str]] = {
    "": ("", ""),
    "no-value": (ROTATION_WAITS, "native rotation is set by the first apply after the secret has a value"),
    "rotation-under-way": (ROTATION_UNDER_WAY, "a version is pending beside the current one; the rotation settings stay as they are"),
}


def make_plan(
    *,
    environment: str,
    commit: str,
    account: str,
    desired: Iterable[DesiredSecret],
    observed: Iterable[StoreRecord],
    now: datetime,
    ttl_seconds: float,
    retired: frozenset[str] = frozenset(),
    ignores: DriftIgnores = NOTHING_IGNORED,
) -> Plan:
    """Return every step for one environment, ordered by path.

    Args:
        environment: Canonical name; everything desired must belong to it.
        commit: The catalog's commit.
        account: Identity of the store that ``observed`` came from.
        desired: The containers of the whole catalog in this environment.
        observed: Records as listed, differences confirmed by describing (see ``provision.observe``).
        now: Time of planning.
        ttl_seconds: How long a saved plan may be applied.
        retired: Ids of decommissioned requests; their records await retirement and are no orphans.
        ignores: Drift that is left alone.

    Raises:
        InvalidIntent: ``plan.other-environment`` when a container belongs elsewhere.
    """
    wanted = tuple(desired)
    records = {record.ref: record for record in observed}
    _require_environment(wanted, environment)
    twice, rules = _duplicates(wanted), IgnoreRules(ignores, now.date())
    steps = [_duplicate_step(each, records) if each.ref in twice else _wanted_step(each, records.get(each.ref), rules) for each in wanted]
    known = {each.ref for each in wanted}
    steps += [_unwanted_step(record.container, retired) for ref, record in records.items() if ref not in known and record.request_id]
    return Plan(
        environment=environment,
        commit=commit,
        account=account,
        steps=tuple(sorted(steps, key=_order)),
        created_at=to_text(now),
        expires_at=to_text(now + timedelta(seconds=ttl_seconds)),
    )


def step_ref(step: Step) -> SecretRef:
    """Return the address that a step is about."""
    subject = step.desired or step.observed
    if subject is None:
        raise ValueError("a step is about a desired or an observed record")
    return subject.ref


def _wanted_step(desired: DesiredSecret, record: StoreRecord | None, rules: IgnoreRules) -> Step:
    hold = rotation_hold(desired, record)
    held_reason, held_detail = _HELD[hold]
    desired = within_reach(desired, record)
    if record is None:
        return Step(action="create", request_id=desired.request_id, desired=desired, reason=held_reason, detail=held_detail)
    record = record.container
    if record.deletion_date:
        return _blocked(desired, record, SCHEDULED, f"scheduled for deletion on {record.deletion_date}")
    if record.request_id != desired.request_id:
        return _blocked(desired, record, FOREIGN, f"the record belongs to {record.request_id or 'nobody known to the platform'}")
    kept = kept_fields(desired, record, rules.fields_of(desired))
    seen, target = as_if_wanted(record, desired, kept), keeping(desired, record, kept)
    changes = field_changes(desired, seen)
    if not changes:
        return Step(
            action="unchanged", request_id=desired.request_id, desired=target, observed=record, reason=held_reason, detail=held_detail
        )
    drifted = _drifted_fields(desired, seen)
    return Step(
        action="drift" if drifted else "update",
        request_id=desired.request_id,
        desired=target,
        observed=record,
        changes=changes,
        reason=DRIFT if drifted else held_reason,
        detail=f"changed outside the platform: {', '.join(drifted)}" if drifted else held_detail,
    )


def _drifted_fields(desired: DesiredSecret, record: StoreRecord) -> list[str]:
    """Return the fields that are neither as wanted nor as we left them; what nobody remembers counts as somebody else's work."""
    wanted, found, left = desired.field_digests, record.field_digests, record.applied_digests
    return [name for name in FIELDS if found[name] not in {wanted[name], left.get(name)}]


def _unwanted_step(record: StoreRecord, retired: frozenset[str]) -> Step:
    if record.request_id in retired:
        when = f"on {record.deletion_date}" if record.deletion_date else "not scheduled yet"
        detail = f"the request is decommissioned; deletion {when}"
        return Step(action="unchanged", request_id=record.request_id, observed=record, reason=AWAITING_RETIREMENT, detail=detail)
    detail = "carries our tag, but no request of the catalog explains it"
    return Step(action="orphan", request_id=record.request_id, observed=record, reason=ORPHAN, detail=detail)


def _duplicate_step(desired: DesiredSecret, records: dict[SecretRef, StoreRecord]) -> Step:
    record = records.get(desired.ref)
    observed = None if record is None else record.container
    return _blocked(desired, observed, DUPLICATE, "another request has the same id or the same path")


def _blocked(desired: DesiredSecret, record: StoreRecord | None, reason: str, detail: str) -> Step:
    return Step(action="blocked", request_id=desired.request_id, desired=desired, observed=record, reason=reason, detail=detail)


def _duplicates(wanted: tuple[DesiredSecret, ...]) -> frozenset[SecretRef]:
    refs = Counter(each.ref for each in wanted)
    ids = Counter(each.request_id for each in wanted)
    return frozenset(each.ref for each in wanted if refs[each.ref] > 1 or ids[each.request_id] > 1)


def _require_environment(wanted: tuple[DesiredSecret, ...], environment: str) -> None:
    strays = [each for each in wanted if each.ref.environment != environment]
    if strays:
        raise InvalidIntent(
            "plan.other-environment",
            f"a plan for {environment} got a request of {strays[0].ref.environment}",
            subject=strays[0].request_id,
        )


def _order(step: Step) -> tuple[str, str, str, str]:
    ref = step_ref(step)
    return (ref.environment, ref.path, ref.provider, step.request_id)
