"""What an environment asks for, on the reviewed part of the protected branch. Cost follows the catalog: leftovers are found only so."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from goldenpath.app.locate import require_readable
from goldenpath.app.protected import protected_tip
from goldenpath.app.reviewed import require_reviewed_settings, review, unreviewed
from goldenpath.app.revision import Governance, find_entry, read_governance, read_requests, require_clean
from goldenpath.app.services import Services
from goldenpath.errors import GoldenpathError, NotFound
from goldenpath.intent.catalog import Catalog
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.request import SecretRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRequests:
    """The requests of one environment that take values, by id, as the reviewed commit states them; ``chosen`` are those asked for."""

    environment: str
    governance: Governance
    chosen: tuple[SecretRequest, ...]
    projected: tuple[SecretRequest, ...]
    known_ids: frozenset[str]
    unreviewed: GoldenpathError | None = None

    @property
    def commit(self) -> str:
        """The reviewed commit."""
        return self.governance.commit


def locate_environment(
    services: Services, environment: str, *, service: str = "", request_ids: Collection[str] = ()
) -> EnvironmentRequests:
    """Find the requests of a canonical environment: all of them, those of a service, or those named.

    ``known_ids`` holds every id of the catalog and of its tombstones. ``unreviewed`` says why later commits do not count, if there are any.

    Raises:
        NotFound: ``request.unknown`` for an id that is not there, or not in this environment or service.
        Conflict: ``request.retiring`` for an id whose request takes no value any more.
        PolicyBlocked: ``approval.missing`` and its like when it may stand behind a change that nobody reviewed.
        InvalidIntent: the catalog has faults.
    """
    reader = services.repository()
    history = review(services, protected_tip(reader, services.settings))
    require_reviewed_settings(services, history.verified_to)
    governance = read_governance(reader, history.verified_to)
    catalog = read_requests(reader, governance)
    require_clean(catalog.findings, what=f"the catalog at {governance.commit[:12]}")
    pending = None if history.failed is None else unreviewed(history)
    mine = [entry.request for entry in catalog.entries if entry.request.environment == environment]
    projected = tuple(request for request in mine if request.spec.lifecycle.status in PROJECTED_STATES)
    named = [_named(catalog, request_id, environment, service, pending) for request_id in sorted(set(request_ids))]
    tombstoned = (entry.id for entry in governance.tombstones.tombstones)
    return EnvironmentRequests(
        environment=environment,
        governance=governance,
        chosen=tuple(named) or tuple(request for request in projected if service in {"", request.metadata.service}),
        projected=projected,
        known_ids=frozenset({*tombstoned, *(entry.request.id for entry in catalog.entries)}),
        unreviewed=pending,
    )


def _named(catalog: Catalog, request_id: str, environment: str, service: str, pending: GoldenpathError | None) -> SecretRequest:
    entry = find_entry(catalog, request_id)
    if entry is not None and entry.request.environment == environment and service in {"", entry.request.metadata.service}:
        require_readable(entry.request)
        return entry.request
    if pending is not None:
        raise pending
    raise NotFound(
        "request.unknown",
        f"no request {request_id} in {environment}" + (f" of service {service!a}" if service else ""),
        subject=request_id,
        hint="goldenpath status lists what there is; a request on a branch counts once it is merged",
    )
