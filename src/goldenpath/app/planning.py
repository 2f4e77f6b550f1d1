"""Desired against observed, for one store: shared by preview, apply, status and drift, so that all of them see the same world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goldenpath.app.desired import StoreScope
from goldenpath.app.revision import Governance
from goldenpath.app.services import Services
from goldenpath.errors import AccessDenied, Conflict
from goldenpath.model.plan import Plan
from goldenpath.model.store import StoreRecord
from goldenpath.plan.desired import retired_ids
from goldenpath.plan.freshness import check_fresh
from goldenpath.plan.ignores import IgnoreRules
from goldenpath.plan.planner import make_plan
from goldenpath.ports.store import SecretObserver
from goldenpath.provision.observe import Observation, observe
from goldenpath.provision.retry import Retrier


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopePlan:
    """The plan for one store. ``records`` are all that it holds, others' too; ``sources`` the commits from which ours were written."""

    provider: str
    plan: Plan
    sources: frozenset[str] = frozenset()
    records: tuple[StoreRecord, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Environment and provider."""
        return (self.plan.environment, self.provider)


def plan_scope(
    services: Services,
    governance: Governance,
    commit: str,
    scope: StoreScope,
    store: SecretObserver,
    *,
    expected: Mapping[tuple[str, str], Plan] | None = None,
    is_thorough: bool = False,
) -> ScopePlan:
    """Plan one store from what it really holds.

    Args:
        services: The platform.
        governance: Settings of the commit.
        commit: The catalog's commit, as the plan states it.
        scope: The store and its requests.
        store: Where to look.
        expected: Plans that a person saw; anything else is refused as stale (R19).
        is_thorough: Look at each record in full, where the store's list leaves something out.

    Raises:
        AccessDenied: ``apply.wrong-account`` (R33).
        Conflict: ``plan.*`` for a stale plan.
    """
    settings = governance.settings
    desired = scope.desired(settings, governance.policy.rotation)
    retrier = Retrier(
        clock=services.clock,
        entropy=services.entropy,
        deadline_seconds=settings.apply.deadline_seconds,
        retry_limit=services.retry_limit,
    )
    now = services.clock.now()
    observation = observe(
        store,
        scope.environment,
        desired,
        retrier=retrier,
        now=now,
        is_thorough=is_thorough,
        as_compared=IgnoreRules(governance.drift_ignores, now.date()).as_compared,
    )
    require_account(governance, scope, observation.account)
    plan = make_plan(
        environment=scope.environment,
        commit=commit,
        account=observation.account,
        desired=desired,
        observed=observation.records,
        now=now,
        ttl_seconds=settings.apply.plan_ttl_seconds,
        retired=retired_ids(scope.requests, environment=scope.environment),
        ignores=governance.drift_ignores,
    )
    sources = frozenset(record.written_from for record in observation.records if record.request_id)
    planned = ScopePlan(provider=scope.provider, plan=plan, sources=sources, records=observation.records)
    if expected is not None:
        _require_expected(services, planned, observation, expected.get(planned.key))
    return planned


def _require_expected(services: Services, planned: ScopePlan, observation: Observation, seen: Plan | None) -> None:
    if seen is None:
        if all(step.action == "unchanged" for step in planned.plan.steps):
            return
        raise Conflict(
            "plan.not-seen",
            f"{planned.plan.environment}/{planned.provider} has changes that are in none of the plans given",
            subject=planned.plan.environment,
            hint="make a new plan",
        )
    check_fresh(
        seen,
        now=services.clock.now(),
        commit=planned.plan.commit,
        account=planned.plan.account,
        observed=observation.records,
    )


def require_account(governance: Governance, scope: StoreScope, account: str) -> None:
    """Refuse a store that answers from another account than the settings name (R33).

    Raises:
        AccessDenied: ``apply.wrong-account``.
    """
    configured = governance.settings.environment(scope.environment)
    backend = configured.stores[scope.provider].backend if scope.provider in configured.stores else "local"
    if backend != "local" and configured.account and account != configured.account:
        raise AccessDenied(
            "apply.wrong-account",
            f"{scope.environment} belongs to account {configured.account}; these credentials belong to another one",
            subject=scope.environment,
            hint="use the credentials of the environment's own account",
        )
