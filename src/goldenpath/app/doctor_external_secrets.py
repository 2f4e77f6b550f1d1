"""What doctor says about External Secrets: which versions are served, whether a controller runs, and the stores that manifests name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from goldenpath.app.doctor import Check
from goldenpath.model.cluster import CLUSTER_SECRET_STORE, DEPLOYMENT, EXTERNAL_SECRETS_GROUP, ClusterObject
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.ports.cluster import Cluster
from goldenpath.projection.stores import is_projectable, store_name

_SETTING = "externalSecrets.apiVersion"
_WRITABLE = ("v1", "v1beta1")
"""The versions that manifests can be written in, the better one first."""
_IMAGE = "external-secrets"
_OTHER_ROLES = frozenset({"webhook", "certcontroller"})
"""The chart runs these from the same image; they reconcile nothing."""


def look_at_served_versions(cluster: Cluster, settings: Settings, environment: str) -> Iterator[Check]:
    """Compare the served versions of External Secrets with the one that manifests are written in."""
    name = "external secrets api"
    served = cluster.served_versions(EXTERNAL_SECRETS_GROUP)
    wanted = settings.external_secrets.api_version.rpartition("/")[2]
    better = next((version for version in _WRITABLE if version in served), "")
    if not served and settings.may_materialize(environment):
        fix = f"goldenpath materialize --environment {environment} makes the Secrets; or install External Secrets"
        yield Check(name=name, state="warn", message=f"{EXTERNAL_SECRETS_GROUP} is not served: External Secrets is not installed", fix=fix)
    elif not served:
        message = f"{EXTERNAL_SECRETS_GROUP} is not served: External Secrets is not installed, so no manifest becomes a Secret"
        yield Check(name=name, state="fail", message=message, fix="install External Secrets 0.16 or newer")
    elif wanted not in served:
        message = f"{', '.join(served)} is served, and manifests are written in {wanted}"
        fix = f"set {_SETTING}: {EXTERNAL_SECRETS_GROUP}/{better} in goldenpath.yaml" if better else "install a newer External Secrets"
        yield Check(name=name, state="fail", message=message, fix=fix)
    elif wanted != better:
        message = f"{wanted} is served, and {better} as well"
        yield Check(name=name, state="warn", message=message, fix=f"set {_SETTING}: {EXTERNAL_SECRETS_GROUP}/{better}; {wanted} goes away")
    else:
        yield Check(name=name, state="ok", message=f"{', '.join(served)} is served, and manifests are written in {wanted}")


def look_at_controller(cluster: Cluster) -> Iterator[Check]:
    """Look for the controller in any namespace, its version and whether it is ready."""
    name = "external secrets"
    found = [each for each in cluster.list(DEPLOYMENT).objects if _is_controller(each)]
    for each in found:
        yield _judge_controller(name, each)
    if not found and cluster.served_versions(EXTERNAL_SECRETS_GROUP):
        message = "its kinds are served, and no controller was found: ExternalSecrets are taken, and nothing happens"
        yield Check(name=name, state="fail", message=message, fix="install the controller, or find out who stopped it")
    elif len(found) > 1:
        places = ", ".join(f"{each.meta.namespace}/{each.meta.name}" for each in found)
        fix = "let one controller, or one per controllerClass, do the work"
        yield Check(name=name, state="warn", message=f"there are {len(found)} controllers: {places}", fix=fix)


def look_at_stores(cluster: Cluster, settings: Settings, environment: str, requests: Iterable[SecretRequest]) -> Iterator[Check]:
    """Look at each ClusterSecretStore that manifests of the environment name: there, ready, and open to exactly their namespaces (R26)."""
    served = cluster.served_versions(EXTERNAL_SECRETS_GROUP)
    wanted: dict[str, set[str]] = {}
    for request in requests:
        if is_projectable(request):
            store = store_name(request.spec.provider, environment, settings=settings)
            wanted.setdefault(store, set()).add(request.spec.access.namespace)
    if not wanted or not served:
        yield Check(
            name="stores", state="ok", message="no request needs one" if served else "not looked at: External Secrets is not installed"
        )
        return
    for store, namespaces in sorted(wanted.items()):
        found = cluster.get(CLUSTER_SECRET_STORE.at(served[0]), store)
        if found is None:
            message = f"ClusterSecretStore {store} is not there; {', '.join(sorted(namespaces))} wait for it"
            yield Check(name="stores", state="fail", message=message, fix="let Argo CD sync the environment's folder, then look again")
        else:
            yield from _judge_store(found, namespaces)


def _judge_controller(name: str, found: ClusterObject) -> Check:
    place = f"{found.meta.namespace}/{found.meta.name}"
    wanted, ready = found.spec.get("replicas", 1), found.status.get("readyReplicas", 0)
    version = next((tag for tag in map(_tag, _images(found)) if tag), "of a version that its image does not tell")
    if wanted == 0:
        fix = f"kubectl -n {found.meta.namespace} scale deployment {found.meta.name} --replicas 1, once you know why"
        return Check(name=name, state="fail", message=f"{place} {version} is scaled to 0: nothing is synced", fix=fix)
    if not ready:
        fix = f"kubectl -n {found.meta.namespace} describe deployment {found.meta.name}"
        return Check(name=name, state="fail", message=f"{place} {version}: 0 of {wanted} pods are ready", fix=fix)
    return Check(name=name, state="ok", message=f"{place} {version}: {ready} of {wanted} pods are ready")


def _judge_store(found: ClusterObject, namespaces: set[str]) -> Iterator[Check]:
    store = found.meta.name
    ready = next((each for each in _dicts(found.status.get("conditions")) if each.get("type") == "Ready"), None)
    if ready is None or ready.get("status") != "True":
        why = "no controller has looked at it yet" if ready is None else f"it says {_word(ready.get('reason'))}"
        fix = f"kubectl describe clustersecretstore {store}: role, service account and region of the store"
        yield Check(name="stores", state="fail", message=f"ClusterSecretStore {store} is not ready: {why}", fix=fix)
    conditions = _dicts(found.spec.get("conditions"))
    named = {name for each in conditions for name in _list(each.get("namespaces"))}
    is_open = not conditions or any(set(each) - {"namespaces"} for each in conditions)
    fix = f"let Argo CD sync the environment's folder; its manifest names {', '.join(sorted(namespaces))}"
    if is_open or named - namespaces:
        who = "namespaces that nobody names" if is_open else ", ".join(sorted(named - namespaces))
        yield Check(name="stores", state="fail", message=f"ClusterSecretStore {store} also serves {who}", fix=fix)
    if not is_open and namespaces - named:
        yield Check(
            name="stores",
            state="fail",
            message=f"ClusterSecretStore {store} does not serve {', '.join(sorted(namespaces - named))}",
            fix=fix,
        )
    if ready is not None and ready.get("status") == "True" and not is_open and named == namespaces:
        yield Check(
            name="stores", state="ok", message=f"ClusterSecretStore {store} is ready and serves {', '.join(sorted(namespaces))} only"
        )


def _is_controller(deployment: ClusterObject) -> bool:
    return any(
        _repository(str(each.get("image", ""))) == _IMAGE and not _OTHER_ROLES & set(_list(each.get("args"))[:1])
        for each in _containers(deployment)
    )


def _images(deployment: ClusterObject) -> list[str]:
    return [str(each.get("image", "")) for each in _containers(deployment) if _repository(str(each.get("image", ""))) == _IMAGE]


def _containers(deployment: ClusterObject) -> Sequence[dict[str, Any]]:
    template = deployment.spec.get("template")
    spec = template.get("spec") if isinstance(template, dict) else None
    return _dicts(spec.get("containers")) if isinstance(spec, dict) else ()


def _repository(image: str) -> str:
    """Return the last part of an image's name, without tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _tag(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _dicts(value: object) -> tuple[dict[str, Any], ...]:
    return tuple(each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()


def _list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _word(value: object) -> str:
    return value if isinstance(value, str) and value else "no reason"
