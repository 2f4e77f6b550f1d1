"""Is a plan still about the world as it is (R19)? And plans as files, so that what was reviewed is what is applied."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from goldenpath.errors import Conflict, InvalidIntent
from goldenpath.model.base import Record, canonical_bytes
from goldenpath.model.counting import counted
from goldenpath.model.instant import from_text
from goldenpath.model.plan import Plan
from goldenpath.model.store import StoreRecord
from goldenpath.plan.planner import step_ref

SCHEMA_VERSION = 1
_HINT = "make a new plan, and have it approved again where it changed"


class SavedPlan(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan as a file; ``digest`` is checked when it is read."""

    schema_version: int
    kind: str
    digest: str
    plan: Plan


def dump_plan(plan: Plan) -> bytes:
    """Return the plan as canonical JSON; the same plan gives the same bytes."""
    return canonical_bytes(SavedPlan(schema_version=SCHEMA_VERSION, kind="Plan", digest=plan.digest, plan=plan)) + b"\n"


def load_plan(data: bytes, *, file: str) -> Plan:
    """Return the plan of a file.

    Raises:
        InvalidIntent: ``plan.unreadable`` for anything that :func:`dump_plan` did not write, ``plan.altered`` when it was edited.
    """
    try:
        saved = msgspec.json.decode(data, type=SavedPlan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidIntent("plan.unreadable", "the file is not a saved plan", subject=file, hint=_HINT) from None
    if saved.schema_version != SCHEMA_VERSION or saved.kind != "Plan":
        raise InvalidIntent("plan.unreadable", f"expected a plan of format {SCHEMA_VERSION}", subject=file, hint=_HINT)
    if saved.digest != saved.plan.digest:
        raise InvalidIntent("plan.altered", "the plan was edited after it was made", subject=file, hint=_HINT)
    return saved.plan


def check_fresh(plan: Plan, *, now: datetime, commit: str, account: str, observed: Iterable[StoreRecord]) -> None:
    """Refuse a plan that is expired, or was made for another commit, another account or another state of the store.

    Raises:
        Conflict: ``plan.expired``, ``plan.other-commit``, ``plan.other-account``, ``plan.provider-changed``.
    """
    subject = f"{plan.environment}@{plan.commit[:12]}"
    if now >= from_text(plan.expires_at):
        raise Conflict("plan.expired", f"the plan was good until {plan.expires_at}", subject=subject, hint=_HINT)
    if commit != plan.commit:
        raise Conflict(
            "plan.other-commit", f"expected a plan for {commit[:12]}, got one for {plan.commit[:12]}", subject=subject, hint=_HINT
        )
    if account != plan.account:
        raise Conflict("plan.other-account", f"the plan was made on {plan.account}, this store is {account}", subject=subject, hint=_HINT)
    changed = _changed_paths(plan, observed)
    if changed:
        raise Conflict(
            "plan.provider-changed",
            f"{counted(len(changed), 'record')} changed since the plan was made, first {changed[0]}",
            subject=subject,
            hint=_HINT,
        )


def _changed_paths(plan: Plan, observed: Iterable[StoreRecord]) -> list[str]:
    """Compare what the plan saw with what is there; records of nobody we know do not count, as in the plan."""
    planned = {step_ref(step): step.observed for step in plan.steps}
    found = {record.ref: record for record in observed}
    refs = planned.keys() | {ref for ref, record in found.items() if record.request_id}
    return sorted(str(ref) for ref in refs if not _is_same(planned.get(ref), found.get(ref)))


def _is_same(planned: StoreRecord | None, found: StoreRecord | None) -> bool:
    if planned is None or found is None:
        return planned is found
    return found.has_container_of(planned)
