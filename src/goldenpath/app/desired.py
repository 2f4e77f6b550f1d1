"""What each store should hold: requests grouped by the store they belong to, and their containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldenpath.app.effects import desired_of
from goldenpath.errors import Conflict
from goldenpath.model.policy import ClassCadence
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.store import DesiredSecret
from goldenpath.plan.desired import RECORDED_STATES
from goldenpath.ports.journal import Journal

_USED = "stores.used."
_IDENTITY = "stores.identity."


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreScope:
    """One store instance and the requests that belong in it, sorted by id."""

    environment: str
    provider: str
    requests: tuple[SecretRequest, ...]

    def desired(self, settings: Settings, cadences: Mapping[str, ClassCadence]) -> tuple[DesiredSecret, ...]:
        """Return the containers that the store should hold. ``cadences``: how often each rotation class rotates."""
        standing = (request for request in self.requests if request.spec.lifecycle.status in RECORDED_STATES)
        return tuple(desired_of(request, settings, cadences) for request in standing)


def scopes_of(
    requests: Sequence[SecretRequest],
    environments: Sequence[str],
    settings: Settings,
    *,
    used_before: Mapping[str, frozenset[str]] | None = None,
) -> tuple[StoreScope, ...]:
    """Return one scope per environment and provider: those that requests name, that settings configure, and that were used before.

    Without the last two, the records of a provider would go unseen once the last request that names it is gone.
    """
    scopes = []
    for environment in environments:
        mine = [request for request in requests if request.environment == environment]
        providers = {request.spec.provider for request in mine} | set(settings.environment(environment).stores)
        providers |= (used_before or {}).get(environment, frozenset())
        for provider in sorted(providers):
            belonging = sorted((request for request in mine if request.spec.provider == provider), key=lambda request: request.id)
            scopes.append(StoreScope(environment=environment, provider=provider, requests=tuple(belonging)))
    return tuple(scopes)


def require_same_store(journal: Journal, scope: StoreScope, identity: str) -> None:
    """Refuse a store that is not the one earlier applies from here wrote to: lost, emptied or exchanged, it would be filled anew.

    Raises:
        Conflict: ``apply.store-replaced``.
    """
    known = journal.recall(_identity_key(scope))
    if known and known != identity:
        raise Conflict(
            "apply.store-replaced",
            f"the store of {scope.environment}/{scope.provider} is another one than before; its records and values are not here",
            subject=scope.environment,
            hint="put the store back, from its backup if need be",
        )


def remember_store(journal: Journal, scope: StoreScope, identity: str) -> None:
    """Keep which store belongs to an environment, when it is first written to."""
    if not journal.recall(_identity_key(scope)):
        journal.remember(_identity_key(scope), identity)


def _identity_key(scope: StoreScope) -> str:
    return f"{_IDENTITY}{scope.environment}.{scope.provider}"


def stores_used(journal: Journal, environments: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return, by environment, the providers that earlier applies from here wrote to."""
    return {name: frozenset(journal.recall(_USED + name).split()) for name in environments}


def remember_stores(journal: Journal, scopes: Sequence[StoreScope]) -> None:
    """Keep which providers an environment uses, so that their records stay in sight."""
    for environment in sorted({scope.environment for scope in scopes}):
        providers = sorted(scope.provider for scope in scopes if scope.environment == environment)
        if journal.recall(_USED + environment) != " ".join(providers):
            journal.remember(_USED + environment, " ".join(providers))
