"""Make the stores and the manifests match the catalog at one commit of the protected branch (R17 to R24).

The order is the point: whole catalog read and judged, approvals checked again, the writer's fence taken, then store, then manifests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from goldenpath.app.audited import AuditedStore
from goldenpath.app.audited_scope import audited_scope
from goldenpath.app.continuity import delivered_from, require_continuous
from goldenpath.app.decisions import UNDECIDED, ApplyResult, Decisions
from goldenpath.app.deliver import deliver_environments, plan_delivery
from goldenpath.app.desired import StoreScope, remember_store, remember_stores, require_same_store, scopes_of, stores_used
from goldenpath.app.infrastructure import (
    ProposedInfrastructure,
    apply_infrastructure,
    is_by_infrastructure,
    lease_of,
    propose_infrastructure,
)
from goldenpath.app.pending import PendingDelivery
from goldenpath.app.planning import ScopePlan, plan_scope
from goldenpath.app.ready import APPLIED, Ready, prepare
from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.delivery.publish import require_seen
from goldenpath.model.audit import AuditDecision, Target
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.plan import Plan
from goldenpath.model.receipt import ApplyReceipt
from goldenpath.provision.executor import ExecutionLimits, execute
from goldenpath.provision.fence import HeldFence, hold_fence
from goldenpath.provision.retry import Retrier

WORKERS = 8
"""Calls in flight to a store behind a network; its pace is kept by the store."""


def plan_apply(
    services: Services,
    *,
    environments: Sequence[str] = (),
    commit: str | None = None,
    decisions: Decisions = UNDECIDED,
) -> ApplyResult:
    """Return what an apply would do to stores and manifests; nothing is changed, and what an apply refuses at once is refused here.

    Raises:
        Conflict: ``plan.*`` and ``delivery.not-seen`` when it would do anything but what the decisions were made about, so that a stale
            plan is refused before the first step; ``apply.store-replaced``.
        PolicyBlocked: ``apply.manifest-refused``, and whatever :func:`prepare` says.
    """
    ready = prepare(services, commit=commit)
    scopes = _scopes(services, ready, environments)
    with refusals_recorded(services, "platform.apply"):
        plans = tuple(
            _plan_scope(services, ready, scope, audited_scope(services, ready, scope), expected=decisions.plans) for scope in scopes
        )
        _require_delivered_before(services, ready, scopes)
        pending = _plan_manifests(services, ready, scopes, decisions)
        found = _infrastructure(services, ready, scopes, plans, decisions)
    return ApplyResult(
        commit=ready.commit,
        plans=plans,
        warnings=ready.warnings,
        pending=pending,
        awaiting=pending.awaiting,
        infrastructure=found,
    )


def apply(
    services: Services,
    *,
    environments: Sequence[str] = (),
    commit: str | None = None,
    decisions: Decisions = UNDECIDED,
) -> ApplyResult:
    """Do it.

    Args:
        services: The platform.
        environments: Canonical names; all when empty.
        commit: A commit of the protected branch; its tip by default.
        decisions: What a person saw and decided.

    Raises:
        PolicyBlocked: rules or approvals say no.
        Conflict: another writer, a stale plan, ``delivery.not-seen``.
        AuditUnavailable: nothing was done, or the run stopped there.
    """
    ready = prepare(services, commit=commit)
    scopes = _scopes(services, ready, environments)
    with open_trail(services).operation(
        "platform.apply",
        target=Target(environment=",".join(environments_of(scopes))),
        decision=AuditDecision(rules=tuple(sorted({finding.rule for finding in ready.warnings}))),
        joins=joins_of(services, commit=ready.commit),
        details=decisions.details(),
    ) as operation:
        _require_delivered_before(services, ready, scopes)
        result = _carry_out(services, ready, scopes, decisions)
        if not result.is_complete:
            operation.add_detail("incomplete", ",".join(_unfinished(result)))
    if result.is_complete and not environments:
        services.journal().remember(APPLIED, ready.commit)
    return result


def _infrastructure(
    services: Services, ready: Ready, scopes: Sequence[StoreScope], plans: Sequence[ScopePlan], decisions: Decisions
) -> tuple[ProposedInfrastructure, ...]:
    proposed = (
        propose_infrastructure(services, ready.governance, scope, each.plan, accept_drift=decisions.accept_drift)
        for scope, each in zip(scopes, plans, strict=True)
    )
    return tuple(each for each in proposed if each is not None)


def _plan_manifests(services: Services, ready: Ready, scopes: Sequence[StoreScope], decisions: Decisions) -> PendingDelivery:
    """Refuse manifests beyond those that were shown; what cannot be committed at all is left to the delivery to refuse."""
    pending = plan_delivery(services, ready.governance, ready.catalog, environments_of(scopes))
    if pending.can_be_committed(accept_drift=decisions.accept_manifest_drift):
        require_seen(pending.difference, decisions.manifests)
    return pending


def _carry_out(services: Services, ready: Ready, scopes: Sequence[StoreScope], decisions: Decisions) -> ApplyResult:
    """Store, then manifests. Every store is held and planned before the first is written to: what is refused is refused whole."""
    with ExitStack() as fences:
        held = [_hold(services, ready, scope, decisions, fences) for scope in scopes]
        _plan_manifests(services, ready, scopes, decisions)
        remember_stores(services.journal(), scopes)
        receipts = tuple(_execute(services, ready, each, decisions) for each in held)
    delivery, awaiting = deliver_environments(
        services,
        ready.governance,
        ready.catalog,
        environments_of(scopes),
        accept_drift=decisions.accept_manifest_drift,
        seen=decisions.manifests,
    )
    return ApplyResult(
        commit=ready.commit,
        plans=tuple(each.planned for each in held),
        warnings=ready.warnings,
        receipts=receipts,
        delivery=delivery,
        awaiting=awaiting,
    )


def environments_of(scopes: Sequence[StoreScope]) -> list[str]:
    """Return the environments of ``scopes``, sorted."""
    return sorted({scope.environment for scope in scopes})


def _require_delivered_before(services: Services, ready: Ready, scopes: Sequence[StoreScope]) -> None:
    require_continuous(services, ready.commit, delivered_from(services, environments_of(scopes)))


def _plan_scope(
    services: Services, ready: Ready, scope: StoreScope, store: AuditedStore, *, expected: Mapping[tuple[str, str], Plan] | None
) -> ScopePlan:
    """Plan one store, and refuse one that is not the store, or not behind the commit, that earlier applies wrote."""
    planned = plan_scope(services, ready.governance, ready.commit, scope, store, expected=expected)
    _require_own_store(services, scope, planned)
    require_continuous(services, ready.commit, planned.sources)
    return planned


@dataclass(frozen=True, slots=True)
class _Held:
    """One store, ours to write to, and its plan."""

    scope: StoreScope
    store: AuditedStore
    fence: HeldFence
    planned: ScopePlan


def _hold(services: Services, ready: Ready, scope: StoreScope, decisions: Decisions, fences: ExitStack) -> _Held:
    settings = ready.governance.settings
    store = audited_scope(services, ready, scope)
    services.progress(f"{scope.environment}/{scope.provider}: looking")
    fence = fences.enter_context(
        hold_fence(
            store,
            scope.environment,
            holder=f"{services.correlation_id}:{services.entropy.sortable_id()}",
            lease_seconds=lease_of(settings, scope),
            clock=services.clock,
            wait_seconds=settings.apply.lease_seconds,
            retrier=Retrier(
                clock=services.clock,
                entropy=services.entropy,
                deadline_seconds=settings.apply.deadline_seconds,
                retry_limit=services.retry_limit,
            ),
        )
    )
    planned = _plan_scope(services, ready, scope, store, expected=decisions.plans)
    return _Held(scope, store, fence, planned)


def _execute(services: Services, ready: Ready, held: _Held, decisions: Decisions) -> ApplyReceipt:
    remember_store(services.journal(), held.scope, held.planned.plan.account)
    carry_out = apply_infrastructure if is_by_infrastructure(ready.governance.settings, held.scope) else _apply_directly
    return carry_out(
        services, ready, held.scope, held.planned.plan, store=held.store, fence=held.fence, accept_drift=decisions.accept_drift
    )


def _apply_directly(
    services: Services,
    ready: Ready,
    scope: StoreScope,
    plan: Plan,
    *,
    store: AuditedStore,
    fence: HeldFence,
    accept_drift: frozenset[str],
) -> ApplyReceipt:
    limits = ready.governance.settings.apply
    return execute(
        plan,
        store=store,
        fence=fence,
        journal=services.journal(),
        clock=services.clock,
        entropy=services.entropy,
        correlation_id=services.correlation_id,
        accept_drift=accept_drift,
        progress=lambda step: services.progress(f"{step.request_id} {step.action}: {step.outcome}") if step.action != "unchanged" else None,
        limits=ExecutionLimits(
            workers=_workers(services, scope), deadline_seconds=limits.deadline_seconds, retry_limit=services.retry_limit
        ),
    )


def _workers(services: Services, scope: StoreScope) -> int:
    """Return how many records are written at a time; the embedded store takes one writer anyway."""
    return 1 if services.settings.environment(scope.environment).store(scope.provider).is_embedded else WORKERS


def _require_own_store(services: Services, scope: StoreScope, planned: ScopePlan) -> None:
    """Refuse an exchanged store; one that lives in memory is a new one in every run, and keeps nothing that could be lost."""
    if services.settings.environment(scope.environment).store(scope.provider).backend != "memory":
        require_same_store(services.journal(), scope, planned.plan.account)


def _scopes(services: Services, ready: Ready, environments: Sequence[str]) -> tuple[StoreScope, ...]:
    requests = [entry.request for entry in ready.catalog.entries]
    wanted = tuple(environments) or ENVIRONMENTS
    return scopes_of(requests, wanted, ready.governance.settings, used_before=stores_used(services.journal(), wanted))


def _unfinished(result: ApplyResult) -> list[str]:
    steps = [step for receipt in result.receipts for step in receipt.steps]
    return [f"{step.request_id}:{step.code}" for step in steps if step.outcome in {"failed", "refused", "partial"}][:50]
