"""One look at everything: the catalog at the protected branch's tip, and each store against it. Shared by the verbs that report on stores.

Nothing is changed and no value is read. That somebody listed a store's records is on record, with their number and no names (R53).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from goldenpath.app.desired import StoreScope, scopes_of, stores_used
from goldenpath.app.planning import ScopePlan, plan_scope
from goldenpath.app.protected import protected_tip
from goldenpath.app.revision import Governance, find_entry, read_governance, read_requests, require_clean
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.errors import NotFound
from goldenpath.intent.catalog import Catalog
from goldenpath.model.audit import Target
from goldenpath.model.environment import ENVIRONMENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedStore:
    """One store, the requests that belong in it, and how the two compare."""

    scope: StoreScope
    planned: ScopePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The catalog at one commit and every store that was looked at."""

    governance: Governance
    catalog: Catalog
    stores: tuple[SurveyedStore, ...]

    @property
    def commit(self) -> str:
        """The protected branch's tip."""
        return self.governance.commit


def survey(services: Services, *, environments: Sequence[str] = (), request_ids: Sequence[str] = (), is_thorough: bool = False) -> Survey:
    """Look at the catalog and the stores.

    Args:
        services: The platform.
        environments: Canonical names; all when empty.
        request_ids: Leave out stores that none of these requests belongs in; none are left out when empty.
        is_thorough: Look at each record in full, where a store's list leaves something out.

    Raises:
        InvalidIntent: ``intent.catalog-invalid``: what cannot be read would look as if nobody wanted it.
        NotFound: ``request.unknown``.
        AuditUnavailable: the listing could not be recorded, so there was none.
    """
    reader = services.repository()
    governance = read_governance(reader, protected_tip(reader, services.settings))
    catalog = read_requests(reader, governance)
    require_clean(catalog.findings, what=f"the catalog at {governance.commit[:12]}")
    wanted = tuple(environments) or ENVIRONMENTS
    scopes = _chosen(services, governance, catalog, wanted, request_ids)
    listing = Target(environment=",".join(sorted({scope.environment for scope in scopes}) if request_ids else wanted))
    with open_trail(services).operation("secret.list", target=listing, joins=joins_of(services, commit=governance.commit)) as operation:
        stores = tuple(_look(services, governance, scope, is_thorough=is_thorough) for scope in scopes)
        operation.add_detail("records", str(sum(len(each.planned.records) for each in stores)))
    return Survey(governance=governance, catalog=catalog, stores=stores)


def _look(services: Services, governance: Governance, scope: StoreScope, *, is_thorough: bool) -> SurveyedStore:
    services.progress(f"{scope.environment}/{scope.provider}: looking")
    store = services.store(scope.environment, scope.provider)
    planned = plan_scope(services, governance, governance.commit, scope, store, is_thorough=is_thorough)
    return SurveyedStore(scope=scope, planned=planned)


def _chosen(
    services: Services, governance: Governance, catalog: Catalog, environments: Sequence[str], request_ids: Iterable[str]
) -> tuple[StoreScope, ...]:
    requests = [entry.request for entry in catalog.entries if entry.request.environment in environments]
    used = stores_used(services.journal(), environments)
    scopes = scopes_of(requests, environments, governance.settings, used_before=used)
    ids = frozenset(request_ids)
    for request_id in sorted(ids):
        _require_known(catalog, request_id, environments)
    return tuple(scope for scope in scopes if not ids or any(request.id in ids for request in scope.requests))


def _require_known(catalog: Catalog, request_id: str, environments: Sequence[str]) -> None:
    entry = find_entry(catalog, request_id)
    if entry is None or entry.request.environment not in environments:
        raise NotFound(
            "request.unknown",
            f"no request {request_id} in {', '.join(environments)}",
            subject=request_id,
            hint="goldenpath status lists what there is; a record without a request: goldenpath orphans",
        )
