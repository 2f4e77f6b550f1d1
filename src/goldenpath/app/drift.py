"""Records that are not as their requests want them, field by field, and whether somebody changed them or an apply is due (R24)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goldenpath.app.ready import APPLIED
from goldenpath.app.reviewed import holds
from goldenpath.app.revision import Governance
from goldenpath.app.services import Services
from goldenpath.app.survey import Survey, SurveyedStore, survey
from goldenpath.model.drift import DriftIgnore
from goldenpath.model.finding import Finding
from goldenpath.plan.drift import RecordDrift, record_drift
from goldenpath.plan.ignores import IgnoreRules
from goldenpath.plan.planner import ROTATION_UNDER_WAY

IGNORE_EXPIRED = "plan.ignore-expired"
REPLICA_LATE = "plan.replica-not-in-sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """Every record that was looked at.

    ``findings``: entries of the ignore list past their last day, copies that are not in sync, rotations that did not end yet.
    """

    commit: str
    records: tuple[RecordDrift, ...]
    findings: tuple[Finding, ...]

    @property
    def drifted(self) -> tuple[RecordDrift, ...]:
        """The records that need a decision."""
        return tuple(record for record in self.records if record.is_drifted)


def read_drift(services: Services, *, environments: Sequence[str] = (), request_ids: Sequence[str] = ()) -> DriftReport:
    """Compare each record with its request, in full.

    Args:
        services: The platform.
        environments: Canonical names; all when empty.
        request_ids: Only these requests; all, and records of none, when empty.

    Raises:
        NotFound: ``request.unknown``.
        AuditUnavailable: the listing could not be recorded, so there was none.
    """
    found = survey(services, environments=environments, request_ids=request_ids, is_thorough=True)
    rules = IgnoreRules(found.governance.drift_ignores, services.clock.now().date())
    records = [record for store in found.stores for record in _records(services, found, store, rules)]
    chosen = [record for record in records if not request_ids or record.request_id in request_ids]
    return DriftReport(
        commit=found.commit,
        records=tuple(sorted(chosen, key=lambda each: (each.environment, each.request_id, each.provider, each.path))),
        findings=(
            *expired_ignores(found.governance, rules),
            *_late_replicas(found, request_ids),
            *_rotations_under_way(found, request_ids),
        ),
    )


def _records(services: Services, found: Survey, store: SurveyedStore, rules: IgnoreRules) -> Iterator[RecordDrift]:
    wanted = {each.ref: each for each in store.scope.desired(found.governance.settings, found.governance.policy.rotation)}
    paths = {entry.request.id: entry.path for entry in found.catalog.entries}
    applied = _applied_commits(services, found, store)
    reader = services.repository()
    for step in store.planned.plan.steps:
        original = wanted.get(step.desired.ref) if step.desired is not None else None
        ignored = rules.fields_of(original) if original is not None else {}
        was_made = step.action == "create" and any(reader.tree_oid(commit, paths[step.request_id]) for commit in applied)
        yield record_drift(step, original, ignored, was_made=was_made)


def _applied_commits(services: Services, found: Survey, store: SurveyedStore) -> tuple[str, ...]:
    """Return commits that an apply of this store went through: what they asked for and is not there was there before.

    The newest one that the store's own records name, because a machine may have no memory of its own, and the journal's.
    """
    reader, sources = services.repository(), store.planned.sources - {""}
    line = [info.oid for info in reader.first_parents("", found.commit)] if sources else []
    newest = [oid for oid in line if oid in sources][-1:]
    remembered = services.journal().recall(APPLIED)
    return tuple(commit for commit in {*newest, remembered} if commit and holds(reader, found.commit, commit))


def _late_replicas(found: Survey, request_ids: Sequence[str]) -> Iterator[Finding]:
    steps = [step for store in found.stores for step in store.planned.plan.steps if not request_ids or step.request_id in request_ids]
    for step in steps:
        for region, status in (step.observed.replication if step.observed is not None else ()) or ():
            yield Finding(
                rule=REPLICA_LATE,
                level="warn",
                message=f"the copy of {step.request_id} in {region} is not in sync",
                subject=step.request_id,
                field="replicas",
                got=status,
                expected="InSync",
                hint="InProgress ends by itself; Failed: see why in that region, and replicate again once the cause is gone",
            )


def _rotations_under_way(found: Survey, request_ids: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding for each natively rotated record with a version pending: that ends by itself, or somebody has to look."""
    for record in (record for store in found.stores for record in store.planned.records):
        if not record.native_rotation or not record.is_rotating or (request_ids and record.request_id not in request_ids):
            continue
        pending = record.version_at("pending")
        yield Finding(
            rule=ROTATION_UNDER_WAY,
            level="warn",
            message=f"{record.request_id or record.ref} is in the middle of a rotation, or was left there",
            subject=record.request_id,
            field="rotation",
            got=f"version {pending.id} is pending" if pending is not None else "",
            expected="no version pending, or the current one",
            hint=f"goldenpath explain {ROTATION_UNDER_WAY} says what to do when it does not end",
        )


def expired_ignores(governance: Governance, rules: IgnoreRules) -> tuple[Finding, ...]:
    """Return a finding for each entry of the ignore list that no longer counts."""
    return tuple(_expired(entry, governance) for entry in rules.expired)


def _expired(entry: DriftIgnore, governance: Governance) -> Finding:
    scope = entry.request or " in ".join(part for part in (entry.service, entry.environment) if part)
    return Finding(
        rule=IGNORE_EXPIRED,
        level="warn",
        message=f"drift of {entry.field} was ignored for {scope} until {entry.expires_on}; it counts again",
        subject=entry.request or "",
        file=governance.settings.governance.drift_ignores,
        field="ignores",
        got=f"owner {entry.owner}: {entry.reason}",
        hint="take the entry out, or have a new expiry reviewed in a change of its own",
    )
