"""What a service asks for in one environment, on the reviewed part of the protected branch. Cost follows the service, not the catalog."""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.app.protected import protected_tip
from goldenpath.app.reviewed import require_reviewed_settings, review, unreviewed
from goldenpath.app.revision import Governance, read_governance, require_clean
from goldenpath.app.services import Services
from goldenpath.errors import NotFound
from goldenpath.intent.catalog import read_entries
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.request import SecretRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRequests:
    """The requests of one service, environment and provider, by id, as the reviewed ``commit`` states them."""

    commit: str
    governance: Governance
    service: str
    environment: str
    requests: tuple[SecretRequest, ...]

    @property
    def in_use(self) -> tuple[SecretRequest, ...]:
        """The requests that take values: not those on their way out (R55)."""
        return tuple(request for request in self.requests if request.spec.lifecycle.status in PROJECTED_STATES)

    @property
    def subject(self) -> str:
        """What messages are about."""
        return f"{self.service}/{self.environment}"


def locate_service(services: Services, service: str, environment: str, *, provider: str) -> ServiceRequests:
    """Find the requests of a service for ``provider``; ``environment`` is canonical.

    Raises:
        NotFound: ``parameter.service-unknown`` when there is none.
        PolicyBlocked: ``approval.missing`` and its like when they may stand behind a change that nobody reviewed.
        InvalidIntent: a file of the service has faults.
    """
    reader = services.repository()
    history = review(services, protected_tip(reader, services.settings))
    require_reviewed_settings(services, history.verified_to)
    governance = read_governance(reader, history.verified_to)
    files = reader.list_tree(history.verified_to, f"{governance.settings.catalog.root}/{service}")
    catalog = read_entries(reader, files, settings=governance.settings, enums=governance.enums)
    require_clean(catalog.findings, what=f"the requests of {service}")
    mine = [entry.request for entry in catalog.entries if entry.request.environment == environment]
    found = tuple(request for request in mine if request.spec.provider == provider)
    if found:
        return ServiceRequests(commit=history.verified_to, governance=governance, service=service, environment=environment, requests=found)
    if history.failed is not None:
        raise unreviewed(history)
    raise NotFound(
        "parameter.service-unknown",
        f"no request of service {service!a} in {environment} has provider {provider}",
        subject=f"{service}/{environment}",
        hint="goldenpath status lists what there is; a request on a branch counts once it is merged",
    )
