"""The last look before a manifest is written: the Secret that it would make must not be somebody else's already (R27, CASES 60).

Looks at the cluster of each environment whose settings name one, and at metadata alone. A cluster that does not answer blocks (R15): what
is there would otherwise be taken over by External Secrets as soon as the manifest arrives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from goldenpath.app.cluster_selection import list_visible, served_external_secret
from goldenpath.app.revision import Governance
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.delivery.secret_owner import ownership
from goldenpath.errors import Conflict, NotFound
from goldenpath.model.audit import Target
from goldenpath.model.cluster import EXTERNAL_SECRET, SECRET, ClusterAccess, ClusterObject, Kind, ObjectRef
from goldenpath.model.naming import external_secret_name
from goldenpath.model.request import SecretRequest
from goldenpath.plan.kubernetes_secrets import is_materialized
from goldenpath.ports.cluster import Cluster
from goldenpath.projection.overlays import stands

Objects = Mapping[ObjectRef, ClusterObject]
_FEW = 10


def require_own_targets(services: Services, governance: Governance, requests: Sequence[SecretRequest]) -> None:
    """Refuse manifests of ``requests`` whose Secret is there and not theirs.

    Raises:
        Conflict: ``delivery.target-foreign``, naming every such Secret; nothing was written.
        GoldenpathError: a cluster that the settings name did not answer.
        AuditUnavailable: the listing could not be recorded, so there was none.
    """
    faults: list[tuple[str, str]] = []
    for environment in sorted({request.environment for request in requests}):
        mine = [request for request in requests if request.environment == environment and stands(request)]
        if mine and governance.settings.environment(environment).kubernetes is not None:
            faults += _faults(services, governance, mine, environment)
    if faults:
        request_id, first = faults[0]
        more = f", and {len(faults) - 1} more: {', '.join(sorted(each for each, _ in faults[1:]))}" if faults[1:] else ""
        raise Conflict(
            "delivery.target-foreign",
            f"{request_id}: {first}{more}",
            subject=request_id,
            hint="ask for another k8sSecretName, or have its owner let go of it; no manifest was written",
        )


def _faults(services: Services, governance: Governance, requests: Sequence[SecretRequest], environment: str) -> list[tuple[str, str]]:
    namespaces = sorted({request.spec.access.namespace for request in requests})
    services.progress(f"{environment}: looking whether its Secrets are free")
    with open_trail(services).operation(
        "cluster.list", target=Target(environment=environment), joins=joins_of(services, commit=governance.commit)
    ) as operation:
        cluster = services.cluster(environment, ClusterAccess())
        secrets = _objects(cluster, SECRET, namespaces)
        externals = _externals(cluster, governance, namespaces)
        operation.add_detail("objects", str(len(secrets) + len(externals)))
    return [(request.id, words) for request in requests for words in _faults_of(request, secrets, externals)]


def _externals(cluster: Cluster, governance: Governance, namespaces: Sequence[str]) -> Objects:
    """Return the ExternalSecrets; none where the cluster does not know them yet."""
    try:
        kind = served_external_secret(cluster, governance.settings.external_secrets.api_version)
    except NotFound:
        return {}
    return _objects(cluster, kind, namespaces)


def _faults_of(request: SecretRequest, secrets: Objects, externals: Objects) -> Iterator[str]:
    access = request.spec.access
    own = ObjectRef(kind=EXTERNAL_SECRET.name, namespace=access.namespace, name=external_secret_name(request))
    target = ObjectRef(kind=SECRET.name, namespace=access.namespace, name=access.k8s_secret_name)
    external, secret = externals.get(own), secrets.get(target)
    if secret is not None and not is_materialized(secret.meta):
        owned = ownership(secret.meta, own, uid="" if external is None else external.meta.uid)
        if owned.state != "own":
            yield f"the Secret {target.namespace}/{target.name} is there and {owned.words}"
            return
    others = sorted(ref.name for ref, each in externals.items() if ref != own and _makes(each, target))
    if others:
        yield f"the Secret {target.namespace}/{target.name} is that of the ExternalSecret {others[0]}"


def _makes(external: ClusterObject, target: ObjectRef) -> bool:
    """Say whether an ExternalSecret makes a Secret; without a stated target it has the ExternalSecret's own name."""
    stated = external.spec.get("target")
    name = stated.get("name") if isinstance(stated, dict) else None
    return external.meta.namespace == target.namespace and (name or external.meta.name) == target.name


def _objects(cluster: Cluster, kind: Kind, namespaces: Sequence[str]) -> Objects:
    """Return what lies in the namespaces: asked one by one while they are few, since a cluster holds much that is none of ours."""
    if len(namespaces) > _FEW:
        return {each.ref: each for each in list_visible(cluster, kind, namespaces)[0]}
    return {each.ref: each for namespace in namespaces for each in cluster.list(kind, namespace=namespace).objects}
