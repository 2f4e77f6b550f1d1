"""What doctor says about the Argo CD application that brings an environment's manifests to its cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goldenpath.app.doctor import Check
from goldenpath.model.cluster import ARGO_APPLICATION, ARGO_GROUP, ClusterObject
from goldenpath.model.settings import Settings
from goldenpath.ports.cluster import Cluster

_NAME = "argo cd"


def look_at_argo(cluster: Cluster, settings: Settings, environment: str) -> Iterator[Check]:
    """Look at the application that the settings name: there, healthy, synced, and taking away what Git no longer holds (R31)."""
    place = settings.environment(environment).kubernetes
    argo = None if place is None else place.argo_cd
    if argo is None:
        fix = f"set environments.{environment}.kubernetes.argoCd in goldenpath.yaml, if Argo CD brings the manifests"
        yield Check(name=_NAME, state="warn", message="not looked at: the settings name no application", fix=fix)
        return
    if argo.server is not None:
        message = f"not looked at: the settings say to ask the API at {argo.server}"
        yield Check(name=_NAME, state="warn", message=message, fix="goldenpath sync asks it; or look there")
        return
    name = argo.application.replace("{environment}", environment)
    if not cluster.served_versions(ARGO_GROUP):
        message = f"{ARGO_GROUP} is not served: Argo CD is not installed in this cluster"
        yield Check(name=_NAME, state="fail", message=message, fix="install it, or set argoCd.server to where it runs")
        return
    found = cluster.get(ARGO_APPLICATION, name, namespace=argo.namespace)
    if found is None:
        message = f"there is no Application {argo.namespace}/{name}"
        yield Check(name=_NAME, state="fail", message=message, fix="make it, or name another one in kubernetes.argoCd.application")
        return
    yield _judge_state(found)
    yield from _judge_policy(found)


def _judge_state(found: ClusterObject) -> Check:
    name = f"Application {found.meta.namespace}/{found.meta.name}"
    health, sync = _below(found.status, "health", "status"), _below(found.status, "sync", "status")
    revision = _below(found.status, "sync", "revision")[:12]
    message = f"{name} is {health or 'of unknown health'}, {sync or 'of unknown sync'}" + (f" at {revision}" if revision else "")
    if (health, sync) == ("Healthy", "Synced"):
        return Check(name=_NAME, state="ok", message=message)
    is_on_its_way = health in {"Healthy", "Progressing"} and sync in {"Synced", "OutOfSync"}
    fix = f"kubectl -n {found.meta.namespace} describe application {found.meta.name}; goldenpath sync waits for it"
    return Check(name=_NAME, state="warn" if is_on_its_way else "fail", message=message, fix=fix)


def _judge_policy(found: ClusterObject) -> Iterator[Check]:
    policy = found.spec.get("syncPolicy")
    automated = policy.get("automated") if isinstance(policy, dict) else None
    if not isinstance(automated, dict) or automated.get("enabled") is False:
        message = "nothing is synced by itself: a merge reaches the cluster when somebody syncs"
        yield Check(name=_NAME, state="warn", message=message, fix="set spec.syncPolicy.automated, with prune: true")
    elif automated.get("prune") is not True:
        message = "prune is off: a manifest that is removed from Git stays in the cluster, and its Secret too"
        yield Check(name=_NAME, state="warn", message=message, fix="set spec.syncPolicy.automated.prune: true")
    else:
        yield Check(name=_NAME, state="ok", message="synced and pruned by itself")


def _below(tree: dict[str, Any], part: str, name: str) -> str:
    found = tree.get(part)
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""
