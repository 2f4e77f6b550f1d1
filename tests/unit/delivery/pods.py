"""Pod specs and cluster objects in few words, for the tests of what runs in a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from goldenpath.model.cluster import (
    CRON_JOB,
    DEPLOYMENT,
    JOB,
    POD,
    REPLICA_SET,
    ClusterObject,
    Kind,
    ObjectMeta,
    Owner,
)

NAMESPACE = "payments"


def owned_by(owner: ClusterObject) -> tuple[Owner, ...]:
    return (Owner(api_version=owner.kind.api_version, kind=owner.kind.name, name=owner.meta.name, uid=owner.meta.uid, is_controller=True),)


def workload(kind: Kind, name: str, pod_spec: Mapping[str, Any], *, owner: ClusterObject | None = None, **spec: Any) -> ClusterObject:
    """A workload that makes pods of ``pod_spec``; its uid follows from kind and name."""
    template: dict[str, Any] = {"template": {"metadata": {}, "spec": dict(pod_spec)}}
    body = {"jobTemplate": {"spec": template}} if kind is CRON_JOB else template
    meta = ObjectMeta(
        name=name, namespace=NAMESPACE, uid=f"uid-{kind.name}-{name}", generation=1, owners=owned_by(owner) if owner is not None else ()
    )
    return ClusterObject(kind=kind, meta=meta, body={"spec": {**body, **spec}})


def pod(
    name: str,
    pod_spec: Mapping[str, Any],
    *,
    owner: ClusterObject | None = None,
    started_at: str = "2026-01-15T11:00:00Z",
    phase: str = "Running",
    deleted_at: str = "",
    **status: Any,
) -> ClusterObject:
    shown = {"phase": phase, **({"startTime": started_at} if started_at else {}), **status}
    meta = ObjectMeta(
        name=name,
        namespace=NAMESPACE,
        uid=f"uid-Pod-{name}",
        owners=owned_by(owner) if owner is not None else (),
        deleted_at=deleted_at,
    )
    return ClusterObject(kind=POD, meta=meta, body={"spec": dict(pod_spec), "status": shown})


def deployment_with_pods(
    name: str, pod_spec: Mapping[str, Any], *, starts: tuple[str, ...] = ("2026-01-15T11:00:00Z",)
) -> tuple[ClusterObject, ...]:
    """A Deployment, its ReplicaSet, and one pod for each start, in this order."""
    deployment = workload(DEPLOYMENT, name, pod_spec)
    replica_set = workload(REPLICA_SET, f"{name}-1", pod_spec, owner=deployment)
    pods = tuple(pod(f"{name}-1-{number}", pod_spec, owner=replica_set, started_at=at) for number, at in enumerate(starts))
    return (deployment, replica_set, *pods)


def cron_job_with_pods(name: str, pod_spec: Mapping[str, Any]) -> tuple[ClusterObject, ...]:
    cron_job = workload(CRON_JOB, name, pod_spec)
    job = workload(JOB, f"{name}-1", pod_spec, owner=cron_job)
    return (cron_job, job, pod(f"{name}-1-x", pod_spec, owner=job))


def env_spec(secret: str, key: str = "password") -> dict[str, Any]:
    """One container ``app`` with one variable from a Secret."""
    reference = {"secretKeyRef": {"name": secret, "key": key}}
    return {"containers": [{"name": "app", "env": [{"name": "PASSWORD", "valueFrom": reference}]}]}


def volume_spec(secret: str) -> dict[str, Any]:
    """One container ``app`` that mounts a whole Secret."""
    return {
        "containers": [{"name": "app", "volumeMounts": [{"name": "creds", "mountPath": "/creds"}]}],
        "volumes": [{"name": "creds", "secret": {"secretName": secret}}],
    }


@dataclass(frozen=True)
class Expected:
    way: str
    effect: str
    role: str
    container: str
    keys: tuple[str, ...]
    is_optional: bool = False


Planter = Callable[[dict[str, Any], str, int], Expected]
"""Puts a reference to a Secret into a spec, under names made unique by the number, and says what must be found."""

_ROLES = {"containers": "app", "initContainers": "init", "ephemeralContainers": "ephemeral"}


def _container(spec: dict[str, Any], field: str, number: int, **parts: Any) -> dict[str, Any]:
    container = {"name": f"c{number}", "image": "registry.example/app", **parts}
    spec.setdefault(field, []).append(container)
    return container


def _env(field: str, *, is_optional: bool = False, is_sidecar: bool = False) -> Planter:
    def plant(spec: dict[str, Any], secret: str, number: int) -> Expected:
        reference = {"name": secret, "key": f"k{number}", **({"optional": True} if is_optional else {})}
        extra = {"restartPolicy": "Always"} if is_sidecar else {}
        plain = {"name": "PLAIN", "value": secret}
        _container(spec, field, number, env=[plain, {"name": "V", "valueFrom": {"secretKeyRef": reference}}], **extra)
        return Expected("env", "at-restart", "sidecar" if is_sidecar else _ROLES[field], f"c{number}", (f"k{number}",), is_optional)

    return plant


def _env_from(field: str, prefix: str) -> Planter:
    def plant(spec: dict[str, Any], secret: str, number: int) -> Expected:
        other = {"configMapRef": {"name": secret}}
        _container(spec, field, number, envFrom=[other, {"prefix": prefix, "secretRef": {"name": secret}}])
        return Expected("env-from", "at-restart", _ROLES[field], f"c{number}", ())

    return plant


def _volume(
    field: str, *, is_projected: bool = False, sub_path: str = "", has_items: bool = False, is_sidecar: bool = False, expression: str = ""
) -> Planter:
    def plant(spec: dict[str, Any], secret: str, number: int) -> Expected:
        items = {"items": [{"key": f"k{number}", "path": "folder/file"}]} if has_items else {}
        source: dict[str, Any] = (
            {"projected": {"sources": [{"configMap": {"name": secret}}, {"secret": {"name": secret, **items}}]}}
            if is_projected
            else {"secret": {"secretName": secret, **items}}
        )
        spec.setdefault("volumes", []).append({"name": f"v{number}", **source})
        part = {"subPath": sub_path} if sub_path else {"subPathExpr": expression} if expression else {}
        mount = {"name": f"v{number}", "mountPath": f"/m{number}", **part}
        extra = {"restartPolicy": "Always"} if is_sidecar else {}
        _container(spec, field, number, volumeMounts=[mount], **extra)
        role = "sidecar" if is_sidecar else _ROLES[field]
        is_fixed = bool(part) or role == "init"
        keys = (f"k{number}",) if has_items else (sub_path.removeprefix("./"),) if sub_path else ()
        return Expected("projected" if is_projected else "volume", "at-restart" if is_fixed else "in-place", role, f"c{number}", keys)

    return plant


def _driver(kind: str, reference: Callable[[str], dict[str, Any]]) -> Planter:
    def plant(spec: dict[str, Any], secret: str, number: int) -> Expected:
        spec.setdefault("volumes", []).append({"name": f"v{number}", kind: reference(secret)})
        return Expected("driver", "at-restart", "pod", "", ())

    return plant


def _unmounted(spec: dict[str, Any], secret: str, number: int) -> Expected:
    spec.setdefault("volumes", []).append({"name": f"v{number}", "secret": {"secretName": secret, "optional": True}})
    return Expected("volume", "in-place", "pod", "", (), is_optional=True)


def _pull(spec: dict[str, Any], secret: str, number: int) -> Expected:
    spec.setdefault("imagePullSecrets", []).append({"name": secret})
    return Expected("image-pull", "at-next-pull", "pod", "", ())


PLANTERS: dict[str, Planter] = {
    **{f"env of {field}": _env(field) for field in _ROLES},
    "optional env": _env("containers", is_optional=True),
    "env of a sidecar": _env("initContainers", is_sidecar=True),
    **{f"envFrom of {field}": _env_from(field, "") for field in _ROLES},
    "envFrom with a prefix": _env_from("containers", "DB_"),
    **{f"volume in {field}": _volume(field) for field in _ROLES},
    "volume in a sidecar": _volume("initContainers", is_sidecar=True),
    "volume with items": _volume("containers", has_items=True),
    "volume by subPath": _volume("containers", sub_path="password"),
    "volume by a subPath with a dot": _volume("containers", sub_path="./password"),
    "volume by subPath of an item's folder": _volume("containers", sub_path="folder", has_items=True),
    "volume by subPathExpr": _volume("containers", expression="$(WHICH)"),
    "projected": _volume("containers", is_projected=True),
    "projected with items": _volume("containers", is_projected=True, has_items=True),
    "projected by subPath": _volume("containers", is_projected=True, sub_path="password"),
    "unmounted volume": _unmounted,
    "csi": _driver("csi", lambda secret: {"driver": "d.example", "nodePublishSecretRef": {"name": secret}}),
    "flexVolume": _driver("flexVolume", lambda secret: {"driver": "example/d", "secretRef": {"name": secret}}),
    "cephfs": _driver("cephfs", lambda secret: {"monitors": ["m"], "secretRef": {"name": secret}}),
    "cinder": _driver("cinder", lambda secret: {"volumeID": "v", "secretRef": {"name": secret}}),
    "rbd": _driver("rbd", lambda secret: {"monitors": ["m"], "image": "i", "secretRef": {"name": secret}}),
    "iscsi": _driver(
        "iscsi",
        lambda secret: {"targetPortal": "10.0.0.1:3260", "iqn": "iqn.2001-04.com.example:s", "lun": 0, "secretRef": {"name": secret}},
    ),
    "azureFile": _driver("azureFile", lambda secret: {"secretName": secret, "shareName": "s"}),
    "storageos": _driver("storageos", lambda secret: {"volumeName": "v", "secretRef": {"name": secret}}),
    "scaleIO": _driver("scaleIO", lambda secret: {"gateway": "g", "system": "s", "volumeName": "v", "secretRef": {"name": secret}}),
    "imagePullSecrets": _pull,
}
"""Every place of a PodSpec that can name a Secret."""
