"""Which records of a store no request explains, and why not. Pure: says what is there, never what to delete (R13, R20)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

from goldenpath.model.base import Record
from goldenpath.model.instant import from_text
from goldenpath.model.plan import Plan, Step
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import TAG_OWNER, TAG_SERVICE, StoreRecord
from goldenpath.plan.planner import AWAITING_RETIREMENT

Kind = Literal["orphan", "moved", "unmanaged", "awaiting-retirement"]


class Unexplained(Record, frozen=True, kw_only=True):
    """One record without a request at its path.

    ``orphan``: carries the id of no request. ``moved``: its request asks for another path or store now. ``unmanaged``: lies below our
    prefix and carries no id; ``wanted_by`` is the request that asks for its path, if one does. ``awaiting-retirement``: its request is
    decommissioned. ``commit`` is the one that wrote it last; ``age_days`` is None where the store does not tell.
    """

    kind: Kind
    request_id: str
    provider: str
    environment: str
    path: str
    service: str
    owner: str
    commit: str
    created_at: str
    age_days: int | None
    deletion_date: str
    wanted_by: str = ""


def unexplained(
    plan: Plan, records: Iterable[StoreRecord], *, known_ids: frozenset[str], prefix: str, now: datetime
) -> tuple[Unexplained, ...]:
    """Return the records of one store that no request explains, by path.

    Args:
        plan: The plan for the store; its steps say what is wanted, orphaned and retired.
        records: All that the store holds, others' too.
        known_ids: Ids of every request of the catalog, in whatever environment.
        prefix: Prefix of the platform's paths; an untagged record elsewhere is none of our business.
        now: The age is counted to this moment.
    """
    wanted = {step.desired.ref: step.request_id for step in plan.steps if step.desired is not None}
    found = [*_ours(plan.steps, known_ids, now), *_unmanaged(records, wanted, prefix, now)]
    return tuple(sorted(found, key=lambda each: (each.environment, each.path, each.provider)))


def _ours(steps: Iterable[Step], known_ids: frozenset[str], now: datetime) -> Iterator[Unexplained]:
    for step in steps:
        if step.observed is None:
            continue
        if step.action == "orphan":
            yield _row("moved" if step.request_id in known_ids else "orphan", step.observed, now)
        elif step.reason == AWAITING_RETIREMENT:
            yield _row("awaiting-retirement", step.observed, now)


def _unmanaged(records: Iterable[StoreRecord], wanted: Mapping[SecretRef, str], prefix: str, now: datetime) -> Iterator[Unexplained]:
    for record in records:
        is_below = record.ref.path.startswith(f"{prefix}/") and not record.ref.path.startswith(f"{prefix}/_platform/")
        if not record.request_id and is_below:
            yield _row("unmanaged", record, now, wanted_by=wanted.get(record.ref, ""))


def _row(kind: Kind, record: StoreRecord, now: datetime, *, wanted_by: str = "") -> Unexplained:
    tags = dict(record.tags)
    return Unexplained(
        kind=kind,
        request_id=record.request_id,
        provider=record.ref.provider,
        environment=record.ref.environment,
        path=record.ref.path,
        service=tags.get(TAG_SERVICE, ""),
        owner=tags.get(TAG_OWNER, ""),
        commit=record.written_from,
        created_at=record.created_at,
        age_days=(now - from_text(record.created_at)).days if record.created_at else None,
        deletion_date=record.deletion_date,
        wanted_by=wanted_by,
    )
