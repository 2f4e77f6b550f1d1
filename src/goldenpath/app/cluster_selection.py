"""What a verb that looks into a cluster is for: requests of the reviewed part of the protected branch, by environment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from goldenpath.app.protected import protected_tip
from goldenpath.app.reviewed import require_reviewed_settings, review, unreviewed
from goldenpath.app.revision import Governance, read_governance, read_requests, require_clean
from goldenpath.app.services import Services
from goldenpath.errors import AccessDenied, GoldenpathError, InvalidIntent, NotFound
from goldenpath.model.cluster import EXTERNAL_SECRET, EXTERNAL_SECRETS_GROUP, ClusterObject, Kind
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.request import SecretRequest
from goldenpath.ports.cluster import ClusterProbe, ClusterReader
from goldenpath.projection.stores import is_projectable


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What somebody asked for; empty parts choose everything. ``labels`` are those of ExternalSecrets in the cluster."""

    ids: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    service: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The selection in words."""
        parts = [", ".join(self.ids), self.service and f"service {self.service}", self.namespace and f"namespace {self.namespace}"]
        parts += [f"label {name}={value}" for name, value in self.labels.items()]
        return " and ".join(part for part in parts if part) or "the whole environment"

    @property
    def is_by_request(self) -> bool:
        """True when requests are chosen, so that each of them must be found."""
        return bool(self.ids or self.service)

    def includes(self, request: SecretRequest) -> bool:
        """Say whether a request is chosen, as far as it can tell itself."""
        return (
            (not self.ids or request.id in self.ids)
            and (not self.service or request.metadata.service == self.service)
            and (not self.namespace or request.spec.access.namespace == self.namespace)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The chosen requests, and all requests of the catalog to explain what else is found.

    ``unreviewed`` says why later commits of the branch do not count; None when all do.
    """

    governance: Governance
    environments: tuple[str, ...]
    chosen: tuple[SecretRequest, ...]
    every: tuple[SecretRequest, ...]
    unreviewed: GoldenpathError | None = None

    def of(self, environment: str) -> tuple[SecretRequest, ...]:
        """Return the chosen requests of one environment, by id."""
        return tuple(sorted((each for each in self.chosen if each.environment == environment), key=lambda request: request.id))


def select(services: Services, selection: Selection) -> Selected:
    """Find what was asked for on the reviewed part of the protected branch.

    Raises:
        InvalidIntent: ``cluster.environment-unnamed`` when nothing says which cluster is meant; ``intent.catalog-invalid``.
        NotFound: ``request.unknown``.
        PolicyBlocked: ``approval.missing`` and its like.
    """
    reader = services.repository()
    history = review(services, protected_tip(reader, services.settings))
    require_reviewed_settings(services, history.verified_to)
    governance = read_governance(reader, history.verified_to)
    catalog = read_requests(reader, governance)
    require_clean(catalog.findings, what=f"the catalog at {governance.commit[:12]}")
    every = tuple(entry.request for entry in catalog.entries)
    environments = selection.environments or tuple(name for name in ENVIRONMENTS if any(_named(selection, each, name) for each in every))
    chosen = tuple(each for each in every if each.environment in environments and selection.includes(each))
    missing = sorted(set(selection.ids) - {request.id for request in chosen})
    pending = None if history.failed is None else unreviewed(history)
    if missing and pending is not None:
        raise pending
    if missing:
        raise NotFound(
            "request.unknown",
            f"no request {', '.join(missing)} that fits",
            subject=missing[0],
            hint="goldenpath status lists what there is; a request on a branch counts once it is merged",
        )
    if not environments:
        raise InvalidIntent(
            "cluster.environment-unnamed",
            "neither a request nor an environment is named, so it is open which cluster is meant",
            hint="name one: --environment dev",
        )
    return Selected(governance=governance, environments=environments, chosen=chosen, every=every, unreviewed=pending)


def is_wanted_in_cluster(request: SecretRequest) -> bool:
    """Say whether a request should have an ExternalSecret, once it has a value."""
    return request.spec.lifecycle.status in PROJECTED_STATES and is_projectable(request)


def served_external_secret(cluster: ClusterProbe, preferred: str) -> Kind:
    """Return ExternalSecret at the version to speak: the settings' ``preferred`` API version when the cluster serves it.

    Raises:
        NotFound: ``cluster.kind-missing``.
    """
    versions = cluster.served_versions(EXTERNAL_SECRETS_GROUP)
    if not versions:
        raise NotFound(
            "cluster.kind-missing",
            "the cluster does not serve ExternalSecrets: External Secrets is not installed there",
            subject=EXTERNAL_SECRETS_GROUP,
            hint="install it, or choose another context; goldenpath doctor --cluster",
        )
    wanted = preferred.rpartition("/")[2]
    known = [version for version in versions if version in {"v1", "v1beta1"}]
    return EXTERNAL_SECRET.at(wanted if wanted in versions else (known or list(versions))[0])


def list_visible(cluster: ClusterReader, kind: Kind, namespaces: Collection[str]) -> tuple[tuple[ClusterObject, ...], bool]:
    """Return the objects of the cluster, or of these namespaces alone where these credentials may not see more; and whether that was so."""
    try:
        return cluster.list(kind).objects, False
    except AccessDenied:
        parts = [cluster.list(kind, namespace=namespace).objects for namespace in namespaces]
        return tuple(found for part in parts for found in part), True


def _named(selection: Selection, request: SecretRequest, environment: str) -> bool:
    return bool(selection.ids) and request.environment == environment and request.id in selection.ids
