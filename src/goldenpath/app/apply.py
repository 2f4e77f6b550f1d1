"""Make the stores and the manifests match the catalog at one commit of the protected branch (R17 to R24).

The order is the point: whole catalog read and judged, approvals checked again, the writer's fence taken, then store, then manifests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldenpath.app.audited import AuditedStore, Subject
from goldenpath.app.continuity import delivered_from, require_continuous
from goldenpath.app.deliver import deliver_environments
from goldenpath.app.desired import StoreScope, remember_store, remember_stores, require_same_store, scopes_of, stores_used
from goldenpath.app.planning import ScopePlan, plan_scope
from goldenpath.app.ready import APPLIED, Ready, prepare
from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail, target_of
from goldenpath.model.audit import ApprovalRef, AuditDecision, Target
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.finding import Finding
from goldenpath.model.naming import store_ref
from goldenpath.model.plan import Plan
from goldenpath.model.receipt import ApplyReceipt, DeliveryReceipt
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretRef
from goldenpath.provision.executor import ExecutionLimits, execute
from goldenpath.provision.fence import hold_fence


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """What one apply planned and did. ``awaiting`` are the requests whose manifests wait for a first value."""

    commit: str
    plans: tuple[ScopePlan, ...]
    warnings: tuple[Finding, ...] = ()
    receipts: tuple[ApplyReceipt, ...] = ()
    delivery: DeliveryReceipt | None = None
    awaiting: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """True when no step failed, was refused, or needs a decision."""
        return all(receipt.is_complete for receipt in self.receipts)


def plan_apply(
    services: Services,
    *,
    environments: Sequence[str] = (),
    commit: str | None = None,
    expected: Mapping[tuple[str, str], Plan] | None = None,
) -> ApplyResult:
    """Return what an apply would do; nothing is changed.

    Raises:
        Conflict: ``plan.*`` when it would do anything but the ``expected`` plans, so that a stale one is refused before the first step.
    """
    ready = prepare(services, commit=commit)
    plans = [
        plan_scope(services, ready.governance, ready.commit, scope, _audited(services, ready, scope), expected=expected)
        for scope in _scopes(services, ready, environments)
    ]
    with refusals_recorded(services, "platform.apply"):
        require_continuous(services, ready.commit, frozenset[str]().union(*(planned.sources for planned in plans)))
    return ApplyResult(commit=ready.commit, plans=tuple(plans), warnings=ready.warnings)


def apply(
    services: Services,
    *,
    environments: Sequence[str] = (),
    commit: str | None = None,
    accept_drift: frozenset[str] = frozenset(),
    accept_manifest_drift: bool = False,
    expected: Mapping[tuple[str, str], Plan] | None = None,
) -> ApplyResult:
    """Do it.

    Args:
        services: The platform.
        environments: Canonical names; all when empty.
        commit: A commit of the protected branch; its tip by default.
        accept_drift: Request ids whose drift a person decided to overwrite.
        accept_manifest_drift: Overwrite generated files that were changed by hand in the GitOps repository.
        expected: Plans that a person saw, by environment and provider; anything else is refused as stale (R19).

    Raises:
        PolicyBlocked: rules or approvals say no.
        Conflict: another writer, a stale plan.
        AuditUnavailable: nothing was done, or the run stopped there.
    """
    ready = prepare(services, commit=commit)
    scopes = _scopes(services, ready, environments)
    plans, receipts = [], []
    decision = AuditDecision(rules=tuple(sorted({finding.rule for finding in ready.warnings})))
    with open_trail(services).operation(
        "platform.apply",
        target=Target(environment=",".join(sorted({scope.environment for scope in scopes}))),
        decision=decision,
        joins=joins_of(services, commit=ready.commit),
        details=_decided(accept_drift, is_manifest_drift_accepted=accept_manifest_drift),
    ) as operation:
        require_continuous(services, ready.commit, delivered_from(services, sorted({scope.environment for scope in scopes})))
        remember_stores(services.journal(), scopes)
        for scope in scopes:
            plan, receipt = _apply_scope(services, ready, scope, accept_drift=accept_drift, expected=expected)
            plans.append(plan)
            receipts.append(receipt)
        delivery, awaiting = deliver_environments(
            services,
            ready.governance,
            ready.catalog,
            sorted({scope.environment for scope in scopes}),
            accept_drift=accept_manifest_drift,
        )
        result = ApplyResult(
            commit=ready.commit,
            plans=tuple(plans),
            warnings=ready.warnings,
            receipts=tuple(receipts),
            delivery=delivery,
            awaiting=awaiting,
        )
        if not result.is_complete:
            operation.add_detail("incomplete", ",".join(_unfinished(result)))
    if result.is_complete and not environments:
        services.journal().remember(APPLIED, ready.commit)
    return result


def _decided(accept_drift: frozenset[str], *, is_manifest_drift_accepted: bool) -> dict[str, str]:
    """Return what a person decided to overwrite, for the record (R24)."""
    decided = {"accept_drift": ",".join(sorted(accept_drift)[:50]), "accept_manifest_drift": "yes" if is_manifest_drift_accepted else ""}
    return {name: text for name, text in decided.items() if text}


def _apply_scope(
    services: Services,
    ready: Ready,
    scope: StoreScope,
    *,
    accept_drift: frozenset[str],
    expected: Mapping[tuple[str, str], Plan] | None,
) -> tuple[ScopePlan, ApplyReceipt]:
    limits = ready.governance.settings.apply
    store = _audited(services, ready, scope)
    services.progress(f"{scope.environment}/{scope.provider}: looking")
    with hold_fence(
        store,
        scope.environment,
        holder=f"{services.correlation_id}:{services.entropy.sortable_id()}",
        lease_seconds=limits.lease_seconds,
        clock=services.clock,
        wait_seconds=limits.lease_seconds,
    ) as held:
        planned = plan_scope(services, ready.governance, ready.commit, scope, store, expected=expected)
        _require_own_store(services, scope, planned)
        require_continuous(services, ready.commit, planned.sources)
        remember_store(services.journal(), scope, planned.plan.account)
        receipt = execute(
            planned.plan,
            store=store,
            fence=held,
            journal=services.journal(),
            clock=services.clock,
            entropy=services.entropy,
            correlation_id=services.correlation_id,
            accept_drift=accept_drift,
            progress=lambda step: (
                services.progress(f"{step.request_id} {step.action}: {step.outcome}") if step.action != "unchanged" else None
            ),
            limits=ExecutionLimits(deadline_seconds=limits.deadline_seconds),
        )
    return planned, receipt


def _require_own_store(services: Services, scope: StoreScope, planned: ScopePlan) -> None:
    """Refuse an exchanged store; one that lives in memory is a new one in every run, and keeps nothing that could be lost."""
    configured = services.settings.environment(scope.environment).stores.get(scope.provider)
    if configured is None or configured.backend != "memory":
        require_same_store(services.journal(), scope, planned.plan.account)


def _audited(services: Services, ready: Ready, scope: StoreScope) -> AuditedStore:
    prefix = ready.governance.settings.naming.prefix
    subjects: dict[SecretRef, Subject] = {
        store_ref(request, prefix=prefix): Subject(
            target=target_of(request, prefix=prefix),
            joins=joins_of(services, request, commit=ready.commit),
            decision=_decision(ready, request),
        )
        for request in scope.requests
    }
    return AuditedStore(services.store(scope.environment, scope.provider), open_trail(services), subjects)


def _decision(ready: Ready, request: SecretRequest) -> AuditDecision:
    statements = [approval.statement for approval in ready.approvals.get(request.id, ())]
    return AuditDecision(
        approvals=tuple(ApprovalRef(actor=each.approver, time=each.time, plan_digest=each.change_digest) for each in statements),
        waivers=tuple(sorted({finding.waived_by for finding in ready.warnings if finding.subject == request.id and finding.waived_by})),
    )


def _scopes(services: Services, ready: Ready, environments: Sequence[str]) -> tuple[StoreScope, ...]:
    requests = [entry.request for entry in ready.catalog.entries]
    wanted = tuple(environments) or ENVIRONMENTS
    return scopes_of(requests, wanted, ready.governance.settings, used_before=stores_used(services.journal(), wanted))


def _unfinished(result: ApplyResult) -> list[str]:
    steps = [step for receipt in result.receipts for step in receipt.steps]
    return [f"{step.request_id}:{step.code}" for step in steps if step.outcome in {"failed", "refused", "partial"}][:50]
