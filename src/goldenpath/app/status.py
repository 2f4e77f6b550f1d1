"""Every request and where it stands: lifecycle, value, version, drift, and what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from goldenpath.app.cluster_state import ClusterStanding, looks_into_cluster, standings
from goldenpath.app.dates import first_dates
from goldenpath.app.desired import scopes_of, stores_used
from goldenpath.app.native_rotation import NativeRotationState, native_rotation_state
from goldenpath.app.planning import plan_scope
from goldenpath.app.protected import protected_tip
from goldenpath.app.revision import Governance, read_governance, read_requests
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.intent.catalog import Catalog
from goldenpath.model.audit import Target
from goldenpath.model.cluster import NO_ACCESS, ClusterAccess
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.finding import Finding
from goldenpath.model.instant import from_text
from goldenpath.model.naming import store_ref
from goldenpath.model.plan import Plan, Step
from goldenpath.model.request import SecretRequest
from goldenpath.model.rotators import cadence_of
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import StoreRecord, VersionInfo
from goldenpath.policy.context import GateContext


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """One request. ``value`` is ``present``, ``awaiting-value``, ``no-record``, ``scheduled-for-deletion`` or ``foreign``.

    ``drift`` is the plan's word for its record; days are counted to today, negative when over; None where nothing is due. ``cluster`` is
    how it stands in the environment's cluster (see ``ClusterStanding``), empty where none is expected or nobody said how to look.
    """

    id: str
    name: str
    service: str
    environment: str
    owner: str
    tier: str
    lifecycle: str
    value: str
    version_id: str
    value_age_days: int | None
    drift: str
    rotation_due_days: int | None
    is_rotation_overdue: bool
    native_rotation: NativeRotationState
    ttl_left_days: int | None
    cluster: str = ""
    cluster_message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All requests at the protected branch's tip, and records that no request explains."""

    commit: str
    rows: tuple[StatusRow, ...]
    orphans: tuple[Step, ...]
    plans: tuple[Plan, ...]
    findings: tuple[Finding, ...]


def read_status(
    services: Services, *, environments: Sequence[str] = (), is_thorough: bool = False, access: ClusterAccess = NO_ACCESS
) -> Status:
    """Look at the catalog, the stores and, where it is stated how to reach them, the clusters; nothing is changed and no value is read.

    ``is_thorough`` looks at each record in full, where a store's list leaves something out.

    Who lists a store's records is on record, with their number and no names (R53).

    Raises:
        AuditUnavailable: the listing could not be recorded, so there was none.
    """
    reader = services.repository()
    governance = read_governance(reader, protected_tip(reader, services.settings))
    catalog = read_requests(reader, governance)
    wanted = tuple(environments) or ENVIRONMENTS
    requests = [entry.request for entry in catalog.entries if entry.request.environment in wanted]
    scopes = scopes_of(requests, wanted, governance.settings, used_before=stores_used(services.journal(), wanted))
    plans: list[Plan] = []
    records: dict[SecretRef, StoreRecord] = {}
    listing = Target(environment=",".join(wanted))
    with open_trail(services).operation("secret.list", target=listing, joins=joins_of(services, commit=governance.commit)) as operation:
        for scope in scopes:
            store = services.store(scope.environment, scope.provider)
            plans.append(plan_scope(services, governance, governance.commit, scope, store, is_thorough=is_thorough).plan)
            records |= {record.ref: record for record in store.list_records(scope.environment)}
        operation.add_detail("records", str(len(records)))
    steps = {step.request_id: step for plan in plans for step in plan.steps if step.action != "orphan"}
    return Status(
        commit=governance.commit,
        rows=_with_clusters(
            services,
            governance,
            requests,
            records,
            access,
            rows=_rows(services, governance, catalog, requests, steps=steps, records=records),
        ),
        orphans=tuple(step for plan in plans for step in plan.steps if step.action == "orphan"),
        plans=tuple(plans),
        findings=catalog.findings,
    )


def _rows(
    services: Services,
    governance: Governance,
    catalog: Catalog,
    requests: Sequence[SecretRequest],
    *,
    steps: Mapping[str, Step],
    records: Mapping[SecretRef, StoreRecord],
) -> tuple[StatusRow, ...]:
    context = GateContext(policy=governance.policy, settings=governance.settings, today=services.clock.now().date())
    paths = {entry.request.id: entry.path for entry in catalog.entries}
    wanted = {request.id: paths[request.id] for request in requests if not request.spec.renewed_on}
    first = first_dates(services.repository(), until=governance.commit, paths=wanted)
    prefix = governance.settings.naming.prefix
    return tuple(
        _row(request, context, steps.get(request.id), records.get(store_ref(request, prefix=prefix)), first.get(request.id))
        for request in requests
    )


def _with_clusters(
    services: Services,
    governance: Governance,
    requests: Sequence[SecretRequest],
    records: Mapping[SecretRef, StoreRecord],
    access: ClusterAccess,
    *,
    rows: tuple[StatusRow, ...],
) -> tuple[StatusRow, ...]:
    prefix = governance.settings.naming.prefix
    found: dict[str, ClusterStanding] = {}
    for environment in sorted({request.environment for request in requests}):
        if not (access.is_stated or looks_into_cluster(services, governance.settings, environment)):
            continue
        services.progress(f"{environment}: looking into the cluster")
        mine = [request for request in requests if request.environment == environment]
        own = {request.id: records.get(store_ref(request, prefix=prefix)) for request in mine}
        kept = {name: record for name, record in own.items() if record is not None and record.request_id == name}
        found |= standings(services, governance.settings, environment, kept, mine, access=access)
    return tuple(
        replace(row, cluster=found[row.id].state, cluster_message=found[row.id].message) if row.id in found else row for row in rows
    )


def _row(request: SecretRequest, context: GateContext, step: Step | None, record: StoreRecord | None, first: date | None) -> StatusRow:
    current = None if record is None else record.version_at("current")
    age = _age_days(current, record, context.today)
    cadence = cadence_of(request, context.policy.rotation)
    since = date.fromisoformat(request.spec.renewed_on) if request.spec.renewed_on else first
    meta = request.metadata
    return StatusRow(
        id=request.id,
        name=meta.name,
        service=meta.service,
        environment=meta.environment,
        owner=meta.owner,
        tier=context.tier(request),
        lifecycle=request.spec.lifecycle.status,
        value=value_state(request, record),
        version_id=current.id if current else "",
        value_age_days=age,
        drift=step.action if step is not None else "unchanged",
        rotation_due_days=None if cadence is None or age is None else cadence.every_days - age,
        is_rotation_overdue=cadence is not None and age is not None and age > cadence.max_age_days,
        native_rotation=native_rotation_state(request, context.settings, context.policy.rotation, record),
        ttl_left_days=None if since is None else request.spec.ttl_days - (context.today - since).days,
    )


def _age_days(current: VersionInfo | None, record: StoreRecord | None, today: date) -> int | None:
    """Return the age of the value; where the store does not date its versions, since its own rotation ran last."""
    if current is None or record is None:
        return None
    made_at = current.created_at or (record.rotated.last if record.rotated else "")
    return (today - from_text(made_at).date()).days if made_at else None


def value_state(request: SecretRequest, record: StoreRecord | None) -> str:
    """Return ``present``, ``awaiting-value``, ``no-record``, ``scheduled-for-deletion`` or ``foreign``."""
    if record is None:
        return "no-record"
    if record.deletion_date:
        return "scheduled-for-deletion"
    if record.request_id != request.id:
        return "foreign"
    return "present" if record.version_at("current") else "awaiting-value"
