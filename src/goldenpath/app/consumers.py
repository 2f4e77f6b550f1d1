"""Who uses the Secrets of requests in their cluster, and what it takes until each pod sees what they hold now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goldenpath.app.cluster_selection import Selected, Selection, select
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail, target_of
from goldenpath.delivery.consumers import NamespaceView, Need, SecretConsumer, data_changed_at, find_consumers, need_of
from goldenpath.errors import NotFound
from goldenpath.model.cluster import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    EXTERNAL_SECRET,
    EXTERNAL_SECRETS_GROUP,
    JOB,
    POD,
    REPLICA_SET,
    SECRET,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    ClusterAccess,
    Kind,
    ObjectMeta,
    ObjectRef,
)
from goldenpath.model.naming import external_secret_name
from goldenpath.model.request import SecretRequest
from goldenpath.ports.cluster import Cluster, ClusterReader

WORKLOADS: tuple[Kind, ...] = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, JOB, CRON_JOB)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerRow:
    """One workload, and what it needs until its pods see the newest version."""

    consumer: SecretConsumer
    need: Need


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretConsumers:
    """The Secret of one request and everybody who uses it. ``is_there`` is false while the cluster has no such Secret."""

    request_id: str
    environment: str
    secret: ObjectRef
    is_there: bool
    changed_at: str
    is_immutable: bool
    rows: tuple[ConsumerRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumersReport:
    """All requests of one question."""

    commit: str
    secrets: tuple[SecretConsumers, ...]


def read_consumers(services: Services, selection: Selection, access: ClusterAccess) -> ConsumersReport:
    """Look for the consumers of what is selected. Nothing is changed and no value is read; that somebody looked is on record (R53).

    Raises:
        NotFound: ``request.unknown``.
        Misconfigured: ``cluster.not-configured``.
        AccessDenied: ``cluster.forbidden``: a kind that may not be listed could hide a consumer, so there is no answer.
        AuditUnavailable: the look could not be recorded, so there was none.
    """
    selected = select(services, selection)
    found = [each for environment in selected.environments for each in _environment(services, selected, environment, access)]
    return ConsumersReport(commit=selected.governance.commit, secrets=tuple(found))


def _environment(services: Services, selected: Selected, environment: str, access: ClusterAccess) -> list[SecretConsumers]:
    requests = selected.of(environment)
    if not requests:
        return []
    cluster = services.cluster(environment, access)
    views: dict[str, NamespaceView] = {}
    found = []
    for request in requests:
        namespace = request.spec.access.namespace
        target = target_of(request, prefix=selected.governance.settings.naming.prefix)
        joins = joins_of(services, request, commit=selected.governance.commit)
        with open_trail(services).operation("cluster.consumers", target=target, joins=joins) as operation:
            if namespace not in views:
                views[namespace] = view_of(cluster, namespace)
            found.append(_of(cluster, request, views[namespace]))
            operation.add_detail("consumers", str(len(found[-1].rows)))
    return found


def view_of(cluster: ClusterReader, namespace: str) -> NamespaceView:
    """Look at everything in a namespace that can use a Secret; pods first, so that whoever owns one that was seen is seen as well."""
    pods = cluster.list(POD, namespace=namespace).objects
    workloads = [found for kind in WORKLOADS for found in cluster.list(kind, namespace=namespace).objects]
    return NamespaceView(workloads=tuple(workloads), pods=pods, accounts=cluster.list(SERVICE_ACCOUNT, namespace=namespace).objects)


def secret_meta(cluster: ClusterReader, request: SecretRequest) -> ObjectMeta | None:
    """Return the metadata of a request's Secret; None when it is not there."""
    found = cluster.get(SECRET, request.spec.access.k8s_secret_name, namespace=request.spec.access.namespace)
    return None if found is None else found.meta


def is_immutable(cluster: Cluster, request: SecretRequest) -> bool:
    """Say whether the request's ExternalSecret makes a Secret that cannot change; its metadata alone does not tell."""
    versions = cluster.served_versions(EXTERNAL_SECRETS_GROUP)
    if not versions:
        return False
    kind = EXTERNAL_SECRET.at(versions[0])
    found = cluster.get(kind, external_secret_name(request), namespace=request.spec.access.namespace)
    target = found.spec.get("target") if found is not None else None
    return isinstance(target, dict) and target.get("immutable") is True


def require_chosen(requests: Sequence[SecretRequest], *, what: str) -> None:
    """Refuse a selection that chose nothing.

    Raises:
        NotFound: ``request.unknown``.
    """
    if not requests:
        raise NotFound("request.unknown", f"no request is {what}", hint="goldenpath status lists what there is")


def _of(cluster: Cluster, request: SecretRequest, view: NamespaceView) -> SecretConsumers:
    access = request.spec.access
    meta, fixed = secret_meta(cluster, request), is_immutable(cluster, request)
    changed_at = "" if meta is None else data_changed_at(meta)
    rows = [
        ConsumerRow(consumer=consumer, need=need_of(consumer, changed_at, is_immutable=fixed))
        for consumer in find_consumers(view, access.k8s_secret_name)
    ]
    return SecretConsumers(
        request_id=request.id,
        environment=request.environment,
        secret=ObjectRef(kind=SECRET.name, namespace=access.namespace, name=access.k8s_secret_name),
        is_there=meta is not None,
        changed_at=changed_at,
        is_immutable=fixed,
        rows=tuple(rows),
    )
