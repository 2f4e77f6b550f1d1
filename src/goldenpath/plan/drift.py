"""Step → what is wrong with its record, field by field: wanted, found, and which of the two our last write left (R24).

Says the same as the plan that an apply would carry out, only finer: a plan knows tags as one field, this knows each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec.structs import replace

from goldenpath.model.base import Record
from goldenpath.model.drift import TAG_FIELD, DriftIgnore
from goldenpath.model.plan import Step
from goldenpath.model.store import DesiredSecret, StoreRecord
from goldenpath.plan.changes import NOT_LOOKED_AT
from goldenpath.plan.ignores import as_if_wanted, field_of, kept_fields
from goldenpath.plan.planner import AWAITING_RETIREMENT, DUPLICATE, FOREIGN, SCHEDULED, step_ref
from goldenpath.plan.tags_left import Left, tags_left

FieldState = Literal["drift", "pending", "ignored"]
RecordState = Literal[
    "as-wanted",
    "ignored",
    "pending",
    "to-create",
    "drift",
    "missing",
    "scheduled-for-deletion",
    "foreign",
    "duplicate",
    "orphan",
    "awaiting-retirement",
]

DRIFTED: frozenset[RecordState] = frozenset({"drift", "missing", "scheduled-for-deletion", "foreign", "duplicate", "orphan"})
"""States that need a decision; the others are as they should be, or an apply away from it."""

_BLOCKED: Mapping[str, RecordState] = {SCHEDULED: "scheduled-for-deletion", FOREIGN: "foreign", DUPLICATE: "duplicate"}
_PLAIN_FIELDS = ("description", "kms_key", "policy", "replicas", "rotation")


class FieldDrift(Record, frozen=True, kw_only=True):
    """One field that differs. ``wanted`` and ``found`` are None for a tag that is not there; container fields only, never a value.

    ``left`` says how our last write left it: as it is ``found`` now, as it is ``wanted`` now, ``neither``, or ``unknown``.
    ``drift``: somebody changed it. ``pending``: the catalog did, and no apply has been since. ``ignored``: see ``reason`` and ``owner``.
    """

    field: str
    state: FieldState
    wanted: str | None
    found: str | None
    left: Left
    reason: str = ""
    owner: str = ""
    expires_on: str = ""


class RecordDrift(Record, frozen=True, kw_only=True):
    """One record against its request. ``commit`` is the one that it was last written from, as its tag says."""

    request_id: str
    provider: str
    environment: str
    path: str
    service: str
    owner: str
    state: RecordState
    detail: str = ""
    deletion_date: str = ""
    commit: str = ""
    fields: tuple[FieldDrift, ...] = ()

    @property
    def is_drifted(self) -> bool:
        """True when somebody has to decide."""
        return self.state in DRIFTED


def record_drift(step: Step, wanted: DesiredSecret | None, ignored: Mapping[str, DriftIgnore], *, was_made: bool = False) -> RecordDrift:
    """Return what a step says about its record.

    Args:
        step: The plan's step.
        wanted: What the request alone asks for; None for a record that no request explains.
        ignored: The ignored fields of the request.
        was_made: An apply must have made the record before, so that a record that is not there is gone.
    """
    ref, record = step_ref(step), step.observed
    if wanted is not None and step.desired is not None:
        # what waits is no difference: the step aims at what can be had now
        wanted = replace(wanted, native_rotation=step.desired.native_rotation)
    fields = field_drifts(wanted, record, ignored) if wanted is not None and record is not None and step.action != "blocked" else ()
    tags = dict(record.tags if record is not None and wanted is None else wanted.tags if wanted is not None else ())
    return RecordDrift(
        request_id=step.request_id,
        provider=ref.provider,
        environment=ref.environment,
        path=ref.path,
        service=tags.get("goldenpath:service", ""),
        owner=tags.get("goldenpath:owner", ""),
        state=_state(step, fields, was_made=was_made),
        detail=step.detail,
        deletion_date=record.deletion_date if record is not None else "",
        commit=record.written_from if record is not None else "",
        fields=fields,
    )


def field_drifts(wanted: DesiredSecret, record: StoreRecord, ignored: Mapping[str, DriftIgnore]) -> tuple[FieldDrift, ...]:
    """Return every field that differs, ignored ones included, in stable order."""
    kept = kept_fields(wanted, record, ignored)
    seen = as_if_wanted(record, wanted, kept)
    found = [_plain_field(name, wanted, seen) for name in _PLAIN_FIELDS if wanted.field_digests[name] != seen.field_digests[name]]
    found += [_tag_field(key, left, wanted, seen) for key, left in sorted(tags_left(dict(wanted.tags), seen).items())]
    found += [_ignored_field(name, wanted, record, ignored[name]) for name in kept]
    return tuple(sorted(found, key=lambda each: each.field))


def _plain_field(name: str, wanted: DesiredSecret, record: StoreRecord) -> FieldDrift:
    remembered = record.applied_digests.get(name)
    sides: dict[str, Left] = {wanted.field_digests[name]: "wanted", record.field_digests[name]: "found"}
    left: Left = "unknown" if remembered is None else sides.get(remembered, "neither")
    found = NOT_LOOKED_AT if name in record.unobserved else field_of(record, name)
    return FieldDrift(field=name, state=_field_state(left), wanted=field_of(wanted, name), found=found, left=left)


def _tag_field(key: str, left: Left, wanted: DesiredSecret, record: StoreRecord) -> FieldDrift:
    name = TAG_FIELD + key
    return FieldDrift(field=name, state=_field_state(left), wanted=field_of(wanted, name), found=field_of(record, name), left=left)


def _ignored_field(name: str, wanted: DesiredSecret, record: StoreRecord, entry: DriftIgnore) -> FieldDrift:
    return FieldDrift(
        field=name,
        state="ignored",
        wanted=field_of(wanted, name),
        found=field_of(record, name),
        left="unknown",
        reason=entry.reason,
        owner=entry.owner,
        expires_on=entry.expires_on or "",
    )


def _field_state(left: Left) -> FieldState:
    return "pending" if left == "found" else "drift"


def _state(step: Step, fields: tuple[FieldDrift, ...], *, was_made: bool) -> RecordState:
    if step.action == "create":
        return "missing" if was_made else "to-create"
    if step.action == "blocked":
        return _BLOCKED[step.reason]
    if step.action == "unchanged":
        return "awaiting-retirement" if step.reason == AWAITING_RETIREMENT else "ignored" if fields else "as-wanted"
    return {"update": "pending", "drift": "drift", "orphan": "orphan"}[step.action]  # type: ignore[return-value]
