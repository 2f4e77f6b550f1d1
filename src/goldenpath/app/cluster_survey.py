"""One look at an environment's cluster, and what the catalog wants of it. Shared by the verbs that report on clusters.

Nothing is changed and no value is read: of Secrets only metadata is asked for. That somebody listed a cluster's objects is on record, with
their number and no names (R53).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldenpath.app.cluster_selection import list_visible, served_external_secret
from goldenpath.app.committed_manifests import CommittedManifests
from goldenpath.app.deliver import rendered
from goldenpath.app.protected import protected_tip
from goldenpath.app.revision import Governance, find_entry, read_governance, read_requests, require_clean
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.delivery.cluster_drift import WantedObject
from goldenpath.delivery.cluster_orphans import Explained
from goldenpath.errors import InvalidIntent, NotFound
from goldenpath.intent.catalog import Catalog
from goldenpath.intent.reader import GOVERNANCE_LIMITS, read_plain
from goldenpath.model.audit import Target
from goldenpath.model.cluster import (
    CLUSTER_SECRET_STORE,
    EXTERNAL_SECRET,
    SECRET,
    ClusterAccess,
    ClusterObject,
    ObjectRef,
)
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.naming import external_secret_name
from goldenpath.model.request import SecretRequest
from goldenpath.ports.cluster import Cluster
from goldenpath.projection.cluster_secret_store import STORES_FOLDER
from goldenpath.projection.external_secret import ExternalSecrets
from goldenpath.projection.overlays import stands
from goldenpath.projection.stores import store_names


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedCluster:
    """One cluster as it was found. ``is_partial``: these credentials see only the namespaces of its requests."""

    environment: str
    wanted: tuple[WantedObject, ...]
    objects: Mapping[ObjectRef, ClusterObject]
    explained: Explained
    is_partial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSurvey:
    """The catalog at one commit and every cluster that was looked at."""

    governance: Governance
    catalog: Catalog
    clusters: tuple[SurveyedCluster, ...]

    @property
    def commit(self) -> str:
        """The protected branch's tip."""
        return self.governance.commit


def survey_clusters(
    services: Services, access: ClusterAccess, *, environments: Sequence[str] = (), request_ids: Sequence[str] = ()
) -> ClusterSurvey:
    """Look at the catalog and the clusters.

    Args:
        services: The platform.
        access: The cluster, as the command line names it; then exactly one environment is meant.
        environments: Canonical names; those whose cluster the settings name when empty.
        request_ids: Leave out environments that none of these is in; none are left out when empty.

    Raises:
        InvalidIntent: ``cluster.environment-unnamed``, ``intent.catalog-invalid``.
        Misconfigured: ``cluster.not-configured``.
        NotFound: ``request.unknown``, ``cluster.kind-missing``.
        AuditUnavailable: the listing could not be recorded, so there was none.
    """
    reader = services.repository()
    governance = read_governance(reader, protected_tip(reader, services.settings))
    catalog = read_requests(reader, governance)
    require_clean(catalog.findings, what=f"the catalog at {governance.commit[:12]}")
    chosen = _chosen(governance, catalog, access, environments, request_ids)
    bench = _Bench(services=services, governance=governance, catalog=catalog, committed=CommittedManifests(services, governance.settings))
    with open_trail(services).operation(
        "cluster.list", target=Target(environment=",".join(chosen)), joins=joins_of(services, commit=governance.commit)
    ) as operation:
        clusters = tuple(_look(bench, services.cluster(environment, access), environment) for environment in chosen)
        operation.add_detail("objects", str(sum(len(each.objects) for each in clusters)))
    return ClusterSurvey(governance=governance, catalog=catalog, clusters=clusters)


def _chosen(
    governance: Governance, catalog: Catalog, access: ClusterAccess, environments: Sequence[str], request_ids: Sequence[str]
) -> tuple[str, ...]:
    settings = governance.settings
    entries = [_require_entry(catalog, request_id, environments) for request_id in sorted(set(request_ids))]
    configured = [name for name in settings.known_environments() if settings.environment(name).kubernetes is not None]
    chosen = tuple(environments) or tuple(sorted({request.environment for request in entries})) or tuple(configured)
    if not chosen or (access.is_stated and len(chosen) != 1):
        raise InvalidIntent(
            "cluster.environment-unnamed",
            "one cluster is named, and it is open which environment it belongs to"
            if access.is_stated
            else "no environment's cluster is configured",
            hint="name one: --environment dev"
            if access.is_stated
            else "set environments.<name>.kubernetes in goldenpath.yaml, or name a context",
        )
    return chosen


def _require_entry(catalog: Catalog, request_id: str, environments: Sequence[str]) -> SecretRequest:
    entry = find_entry(catalog, request_id)
    if entry is None or (environments and entry.request.environment not in environments):
        raise NotFound(
            "request.unknown",
            f"no request {request_id} in {', '.join(environments) or 'the catalog'}",
            subject=request_id,
            hint="goldenpath status lists what there is; an object without a request: goldenpath orphans --cluster",
        )
    return entry.request


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """What each look needs: the platform, the catalog at one commit, and what is committed for the clusters."""

    services: Services
    governance: Governance
    catalog: Catalog
    committed: CommittedManifests


def _look(bench: _Bench, cluster: Cluster, environment: str) -> SurveyedCluster:
    bench.services.progress(f"{environment}: looking at its cluster")
    governance = bench.governance
    requests = [entry.request for entry in bench.catalog.entries if _shares(governance, entry.request, environment)]
    kind = served_external_secret(cluster, governance.settings.external_secrets.api_version)
    store_kind = CLUSTER_SECRET_STORE.at(kind.version)
    namespaces = sorted({request.spec.access.namespace for request in requests})
    externals, is_partial = list_visible(cluster, kind, namespaces)
    secrets, sees_fewer = list_visible(cluster, SECRET, namespaces)
    wanted = tuple(_wanted(governance, requests, bench.committed, environment))
    stores = [cluster.get(store_kind, each.ref.name) for each in wanted if each.ref.kind == store_kind.name]
    found = (*externals, *secrets, *(store for store in stores if store is not None))
    return SurveyedCluster(
        environment=environment,
        wanted=wanted,
        objects={each.ref: each for each in found},
        explained=_explained(governance, bench.catalog, requests, environment),
        is_partial=is_partial or sees_fewer,
    )


def _shares(governance: Governance, request: SecretRequest, environment: str) -> bool:
    """Say whether a request's objects lie in the cluster of ``environment``, which other environments may share."""
    return governance.settings.cluster(request.environment) == governance.settings.cluster(environment)


def _wanted(
    governance: Governance, requests: Sequence[SecretRequest], committed: CommittedManifests, environment: str
) -> Iterator[WantedObject]:
    """Yield every manifest of the environment; that of a request without a value as well, which is not committed yet."""
    mine = [request for request in requests if request.environment == environment]
    manifests = ExternalSecrets(environment, settings=governance.settings)
    for request in mine:
        if stands(request):
            tree = read_plain(manifests.render(request), GOVERNANCE_LIMITS)
            yield WantedObject(
                ref=_ref(tree),
                spec=tree["spec"],
                committed=committed.external_secret(request),
                request_id=request.id,
                service=request.metadata.service,
                owner=request.metadata.owner,
                secret=request.spec.access.k8s_secret_name,
            )
    for path, content in rendered(governance, mine, [environment], frozenset())[environment].items():
        if path.startswith(STORES_FOLDER):
            tree = read_plain(content, GOVERNANCE_LIMITS)
            yield WantedObject(ref=_ref(tree), spec=tree["spec"], committed=committed.store(environment, path))


def _ref(tree: Mapping[str, Any]) -> ObjectRef:
    meta = tree["metadata"]
    return ObjectRef(kind=tree["kind"], namespace=meta.get("namespace", ""), name=meta["name"])


def _explained(governance: Governance, catalog: Catalog, requests: Sequence[SecretRequest], environment: str) -> Explained:
    settings = governance.settings
    staying = [request for request in requests if request.spec.lifecycle.status in PROJECTED_STATES]
    leaving = [request for request in requests if request.spec.lifecycle.status not in PROJECTED_STATES]
    return Explained(
        places=frozenset(place for request in staying for place in _places(request)),
        leaving=frozenset(place for request in leaving for place in _places(request)),
        ids=frozenset(entry.request.id for entry in catalog.entries),
        prefixes=frozenset({settings.naming.prefix, settings.naming.parameter_prefix}),
        stores=store_names(environment, settings=settings),
    )


def _places(request: SecretRequest) -> tuple[ObjectRef, ObjectRef]:
    access = request.spec.access
    return (
        ObjectRef(kind=EXTERNAL_SECRET.name, namespace=access.namespace, name=external_secret_name(request)),
        ObjectRef(kind=SECRET.name, namespace=access.namespace, name=access.k8s_secret_name),
    )
