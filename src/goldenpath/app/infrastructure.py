"""Containers made by an infrastructure tool instead of by the platform itself: same preconditions, same plan, same proof.

Which engine carries a plan out is decided here alone. Must not know what the tool is called or how it is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from goldenpath.app.audited import AuditedStore
from goldenpath.app.desired import StoreScope
from goldenpath.app.ready import Ready
from goldenpath.app.revision import Governance
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.errors import Misconfigured
from goldenpath.model.audit import Target
from goldenpath.model.infrastructure import InfrastructurePlan, InfrastructureRoot, ReaderRole
from goldenpath.model.plan import Plan, Step
from goldenpath.model.receipt import ApplyReceipt
from goldenpath.model.settings import Settings
from goldenpath.projection.roles import EXTERNAL_SECRETS, role_policy
from goldenpath.projection.stores import SECRETS_MANAGER
from goldenpath.projection.tfvars import render_tfvars
from goldenpath.projection.trust import eso_trust_policy
from goldenpath.provision.agreement import Objection, objections
from goldenpath.provision.effects import EffectRunner
from goldenpath.provision.fence import HeldFence
from goldenpath.provision.infrastructure import InfrastructureRun, Recorded, existing_records, lease_seconds
from goldenpath.provision.retry import Retrier

_SESSION_NAME_MAX = 64
_NOT_IN_SESSION_NAME = re.compile(r"[^A-Za-z0-9_=,.@-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedInfrastructure:
    """What the tool says that it would do in one environment, and what in it would be refused."""

    provider: str
    plan: InfrastructurePlan
    objections: tuple[Objection, ...] = ()


def is_by_infrastructure(settings: Settings, scope: StoreScope) -> bool:
    """Say whether the tool makes the containers of a store: Secrets Manager at AWS, when the platform says so."""
    backend = settings.environment(scope.environment).store(scope.provider).backend
    return settings.provision.engine == "terraform" and scope.provider == SECRETS_MANAGER and backend == SECRETS_MANAGER


def lease_of(settings: Settings, scope: StoreScope) -> float:
    """Return how long the right to write is taken for: with a tool, as long as its longest command may need."""
    configured = settings.apply.lease_seconds
    return lease_seconds(configured, settings.provision.terraform.timeout_seconds) if is_by_infrastructure(settings, scope) else configured


def propose_infrastructure(
    services: Services, governance: Governance, scope: StoreScope, plan: Plan, *, accept_drift: frozenset[str] = frozenset()
) -> ProposedInfrastructure | None:
    """Return what the tool would do, on a copy of its state; None for a store that is not its own.

    Raises:
        GoldenpathError: ``terraform.*`` when it cannot plan.
    """
    if not is_by_infrastructure(governance.settings, scope):
        return None
    services.progress(f"{scope.environment}/{scope.provider}: asking Terraform for its plan")
    with services.infrastructure().open(_root(services, governance, scope, plan), is_preview=True) as workspace:
        proposed = workspace.plan()
    return ProposedInfrastructure(provider=scope.provider, plan=proposed, objections=objections(plan, proposed, accept_drift=accept_drift))


def apply_infrastructure(
    services: Services,
    ready: Ready,
    scope: StoreScope,
    plan: Plan,
    *,
    store: AuditedStore,
    fence: HeldFence,
    accept_drift: frozenset[str] = frozenset(),
) -> ApplyReceipt:
    """Carry a plan out with the tool, under a fence that is held, and return the proof.

    Raises:
        AuditUnavailable: the run stopped there.
        GoldenpathError: ``terraform.*`` when it could not plan; nothing was done.
    """
    settings = ready.governance.settings
    retrier = Retrier(
        clock=services.clock,
        entropy=services.entropy,
        deadline_seconds=settings.apply.deadline_seconds + lease_of(settings, scope),
        retry_limit=services.retry_limit,
    )
    runner = EffectRunner(
        store=services.store(scope.environment, scope.provider),
        fence=fence,
        journal=services.journal(),
        clock=services.clock,
        retrier=retrier,
        commit=plan.commit,
        correlation_id=services.correlation_id,
    )
    run = InfrastructureRun(plan, runner=runner, fence=fence, recorded=_recorder(services, store), accept_drift=accept_drift)
    if run.held_up:
        return run.refuse(run.held_up).receipt
    services.progress(f"{scope.environment}/{scope.provider}: Terraform is at work")
    with open_trail(services).operation(
        "infrastructure.apply",
        target=Target(environment=scope.environment, backend=scope.provider, backend_ref=scope.environment),
        joins=joins_of(services, commit=plan.commit, plan_digest=plan.digest),
    ) as operation:
        with services.infrastructure().open(_root(services, ready.governance, scope, plan), is_preview=False) as workspace:
            result = run.carry_out(workspace)
        if result.proposed is not None and result.proposed.forgotten:
            operation.add_detail("forgotten", ",".join(result.proposed.forgotten[:50]))
        if not result.receipt.is_complete:
            operation.failed(result.receipt.unfinished[0].code)
    return result.receipt


def _root(services: Services, governance: Governance, scope: StoreScope, plan: Plan) -> InfrastructureRoot:
    settings = governance.settings
    place = settings.environment(scope.environment)
    configured = place.store(scope.provider)
    if place.account is None:
        raise Misconfigured(
            "store.account-missing",
            f"the environment {scope.environment} has a store at AWS and states no account",
            subject=scope.environment,
            hint=f"state environments.{scope.environment}.account in goldenpath.yaml",
        )
    return InfrastructureRoot(
        environment=scope.environment,
        variables=render_tfvars(
            scope.requests,
            settings=settings,
            rotation=governance.policy.rotation,
            aims={step.request_id: step.desired for step in plan.steps if step.desired is not None},
        ),
        account=place.account,
        region=configured.region or place.region,
        role_arn=configured.role_arn or "",
        profile=configured.profile,
        session_name=("goldenpath-" + _NOT_IN_SESSION_NAME.sub("-", services.correlation_id))[:_SESSION_NAME_MAX],
        existing=existing_records(plan),
        reader_role=_reader_role(scope.environment, settings),
    )


def _reader_role(environment: str, settings: Settings) -> ReaderRole | None:
    """Return the role of External Secrets; none while the cluster's OIDC provider is not set."""
    trust = eso_trust_policy(environment, settings=settings)
    if not trust:
        return None
    name = f"{settings.naming.prefix}-{environment}-external-secrets"
    return ReaderRole(name=name, trust_policy=trust, policy=role_policy(EXTERNAL_SECRETS, environment, settings=settings))


def _recorder(services: Services, store: AuditedStore) -> Recorded:
    """Return what opens the records of the steps: all intents are durable before the tool starts (R50)."""
    trail = open_trail(services)

    @contextmanager
    def recorded(steps: Sequence[Step]) -> Iterator[Callable[[str, str], None]]:
        with ExitStack() as stack:
            operations = {}
            for step in steps:
                subject = store.subject(step.desired.ref) if step.desired is not None else None
                if subject is not None:
                    action = "secret.create" if step.action == "create" else "secret.update"
                    operation = trail.operation(action, target=subject.target, decision=subject.decision, joins=subject.joins)
                    operations[step.request_id] = stack.enter_context(operation)
            yield lambda request_id, code: operations[request_id].failed(code)

    return recorded
