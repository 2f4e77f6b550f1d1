"""How requests stand in the cluster of an environment: found with a few lists, judged without reading a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldenpath.app.cluster_selection import is_wanted_in_cluster, served_external_secret
from goldenpath.app.services import Services
from goldenpath.delivery.arrival import Remembered, remembered, standing
from goldenpath.delivery.external_secret_state import read_state
from goldenpath.errors import AccessDenied, GoldenpathError
from goldenpath.model.cluster import SECRET, ClusterAccess, ClusterObject, Kind, ObjectRef
from goldenpath.model.naming import external_secret_name
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.store import StoreRecord
from goldenpath.ports.cluster import Cluster
from goldenpath.ports.journal import Journal

MANAGED = {"app.kubernetes.io/managed-by": "goldenpath"}
"""The label of every Secret that comes from a generated ExternalSecret."""

_RECEIPT = "sync.proven."


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStanding:
    """``state`` is one of ``synced stale missing foreign unproven``, ``unknown`` when nobody could look, empty when nothing is expected."""

    state: str = ""
    message: str = ""


NONE_EXPECTED = ClusterStanding()


def looks_into_cluster(services: Services, settings: Settings, environment: str) -> bool:
    """Say whether reports about an environment include its cluster: it is stated how to reach it, and stores and clusters may be asked."""
    return settings.environment(environment).kubernetes is not None and not services.is_offline


def standings(
    services: Services,
    settings: Settings,
    environment: str,
    records: Mapping[str, StoreRecord],
    requests: Sequence[SecretRequest],
    *,
    access: ClusterAccess,
) -> dict[str, ClusterStanding]:
    """Return how each request of one environment stands, by id; a cluster that cannot be looked at makes all of them ``unknown``.

    Args:
        services: The platform.
        settings: Those of the commit that the requests are of.
        environment: Canonical name.
        records: The store's record of each request that has one of its own, by id.
        requests: The environment's requests.
        access: Which cluster, where the command line says so.
    """
    try:
        look = _Look(services.cluster(environment, access), settings, requests)
    except GoldenpathError as error:
        unknown = ClusterStanding(state="unknown", message=f"the cluster cannot be looked at: {error.code}")
        return {request.id: unknown for request in requests if is_wanted_in_cluster(request)}
    return {request.id: _standing(services, look, request, records.get(request.id)) for request in requests}


def prove(journal: Journal, request: SecretRequest, proof: Remembered) -> None:
    """Remember what a receipt proved."""
    journal.remember(f"{_RECEIPT}{request.environment}.{request.id}", proof.text)


def proven(journal: Journal, request: SecretRequest) -> Remembered | None:
    """Return what the newest receipt of a request proved; None where there is none on this machine."""
    return remembered(journal.recall(f"{_RECEIPT}{request.environment}.{request.id}"))


class _Look:
    """Every ExternalSecret and every Secret of ours, listed once."""

    def __init__(self, cluster: Cluster, settings: Settings, requests: Sequence[SecretRequest]) -> None:
        self.cluster = cluster
        kind = served_external_secret(cluster, settings.external_secrets.api_version)
        namespaces = sorted({request.spec.access.namespace for request in requests})
        self.external = _by_ref(cluster, kind, namespaces, {})
        self.secrets = _by_ref(cluster, SECRET, namespaces, MANAGED)

    def secret(self, namespace: str, name: str) -> ClusterObject | None:
        """Return a Secret's metadata; one that lost our label, or never had it, is asked for by name."""
        ref = ObjectRef(kind=SECRET.name, namespace=namespace, name=name)
        return self.secrets.get(ref) or self.cluster.get(SECRET, name, namespace=namespace)


def _standing(services: Services, look: _Look, request: SecretRequest, record: StoreRecord | None) -> ClusterStanding:
    version = None if record is None else record.version_at("current")
    access = request.spec.access
    external = look.external.get(ObjectRef(kind="ExternalSecret", namespace=access.namespace, name=external_secret_name(request)))
    if not is_wanted_in_cluster(request) or version is None:
        return (
            NONE_EXPECTED if external is None else ClusterStanding(state="foreign", message="an ExternalSecret is there that should not be")
        )
    secret = look.secret(access.namespace, access.k8s_secret_name)
    found = standing(
        None if external is None else read_state(external),
        None if secret is None else secret.meta,
        version=version,
        proven=proven(services.journal(), request),
    )
    return ClusterStanding(state=found.state, message=found.message)


def _by_ref(cluster: Cluster, kind: Kind, namespaces: Sequence[str], labels: Mapping[str, str]) -> dict[ObjectRef, ClusterObject]:
    try:
        return {found.ref: found for found in cluster.list(kind, labels=labels).objects}
    except AccessDenied:
        if not namespaces:
            raise
    return {found.ref: found for namespace in namespaces for found in cluster.list(kind, namespace=namespace, labels=labels).objects}
