"""Where a pod names Secrets, and when it would see a new version of one: complete for the PodSpec of Kubernetes 1.35.

What the kubelet does with each place was read in the documentation of Kubernetes (Secrets; Volumes, ``subPath``): variables are made when a
container starts, whole volumes are refreshed while it runs, a ``subPath`` mount never is. A volume driver gets its Secret when it mounts.
Must not know which workload a pod belongs to.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from goldenpath.model.base import Record

Way = Literal["env", "env-from", "volume", "projected", "driver", "image-pull"]
Role = Literal["app", "sidecar", "init", "ephemeral", "pod"]
"""Who uses it: a container by its kind, or the pod as a whole. A sidecar is an init container that keeps running."""

Effect = Literal["at-restart", "in-place", "at-next-pull"]
"""When a new version is seen: by a new pod (or container), by the files of a running one, or when the next image is pulled."""

_LISTS: Final[tuple[tuple[str, Role], ...]] = (("containers", "app"), ("initContainers", "init"), ("ephemeralContainers", "ephemeral"))

_DRIVERS: Final = {
    "azureFile": ("secretName",),
    "cephfs": ("secretRef", "name"),
    "cinder": ("secretRef", "name"),
    "csi": ("nodePublishSecretRef", "name"),
    "flexVolume": ("secretRef", "name"),
    "iscsi": ("secretRef", "name"),
    "rbd": ("secretRef", "name"),
    "scaleIO": ("secretRef", "name"),
    "storageos": ("secretRef", "name"),
}
"""Volume kinds that hand a Secret of the pod's namespace to a driver, and where its name stands."""


class SecretUse(Record, frozen=True, kw_only=True, order=True):
    """One place that names a Secret.

    ``field`` is where, e.g. ``containers.app.env.DB_PASSWORD``; names of list entries stand in the place of their numbers. ``keys`` are
    the keys it takes, empty for all of them. ``container`` is empty for a use of the whole pod.
    """

    secret: str
    field: str
    way: Way
    effect: Effect
    role: Role = "pod"
    container: str = ""
    keys: tuple[str, ...] = ()
    is_optional: bool = False


def secret_uses(pod_spec: Mapping[str, Any]) -> tuple[SecretUse, ...]:
    """Return every use of a Secret in a pod's spec, or in the ``template.spec`` of a workload, sorted."""
    found = [*_pull_uses(pod_spec, "imagePullSecrets"), *_volume_uses(pod_spec)]
    for container, role, path in _containers(pod_spec):
        found += _variable_uses(container, role, path)
    return tuple(sorted(set(found)))


def account_uses(account: Mapping[str, Any], name: str) -> tuple[SecretUse, ...]:
    """Return the Secrets that pods of a ServiceAccount pull images with, unless they name some themselves."""
    return tuple(sorted(set(_pull_uses(account, f"serviceAccount.{name}.imagePullSecrets"))))


def _pull_uses(tree: Mapping[str, Any], field: str) -> Iterator[SecretUse]:
    for reference in _trees(tree, "imagePullSecrets"):
        name = _text(reference, "name")
        if name:
            yield SecretUse(secret=name, field=f"{field}.{name}", way="image-pull", effect="at-next-pull")


def _containers(pod_spec: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Role, str]]:
    for field, role in _LISTS:
        for container in _trees(pod_spec, field):
            is_sidecar = role == "init" and container.get("restartPolicy") == "Always"
            yield container, "sidecar" if is_sidecar else role, f"{field}.{_text(container, 'name')}"


def _variable_uses(container: Mapping[str, Any], role: Role, path: str) -> Iterator[SecretUse]:
    name = _text(container, "name")
    for variable in _trees(container, "env"):
        reference = _tree(_tree(variable, "valueFrom"), "secretKeyRef")
        if _text(reference, "name"):
            yield SecretUse(
                secret=_text(reference, "name"),
                field=f"{path}.env.{_text(variable, 'name')}",
                way="env",
                effect="at-restart",
                role=role,
                container=name,
                keys=(_text(reference, "key"),),
                is_optional=reference.get("optional") is True,
            )
    for number, source in enumerate(_trees(container, "envFrom")):
        reference = _tree(source, "secretRef")
        if _text(reference, "name"):
            yield SecretUse(
                secret=_text(reference, "name"),
                field=f"{path}.envFrom.{_text(source, 'prefix') or number}",
                way="env-from",
                effect="at-restart",
                role=role,
                container=name,
                is_optional=reference.get("optional") is True,
            )


class _Source(Record, frozen=True, kw_only=True):
    """A Secret that a volume shows as files; ``files`` are {path: key}, empty where every key is a file of its own name."""

    secret: str
    way: Way
    files: dict[str, str]
    is_optional: bool

    def keys(self, sub_path: str) -> tuple[str, ...]:
        """Return the keys that a mount of ``sub_path`` shows; an empty one shows all that the volume has."""
        if not sub_path:
            return tuple(sorted(set(self.files.values())))
        shown = {key for path, key in self.files.items() if path == sub_path or path.startswith(f"{sub_path}/")}
        return tuple(sorted(shown)) if self.files else (sub_path.partition("/")[0],)

    def is_shown(self, sub_path: str) -> bool:
        """Say whether a mount of ``sub_path`` shows anything of it."""
        return not sub_path or not self.files or bool(self.keys(sub_path))


def _volume_uses(pod_spec: Mapping[str, Any]) -> Iterator[SecretUse]:
    for volume in _trees(pod_spec, "volumes"):
        name = _text(volume, "name")
        yield from _driver_uses(volume, name)
        sources = list(_file_sources(volume))
        if not sources:
            continue
        mounts = list(_mounts(pod_spec, name))
        for source in sources:
            yield from _file_uses(source, name, mounts)


def _driver_uses(volume: Mapping[str, Any], name: str) -> Iterator[SecretUse]:
    for kind, path in _DRIVERS.items():
        tree = _tree(volume, kind)
        for part in path[:-1]:
            tree = _tree(tree, part)
        secret = _text(tree, path[-1])
        if secret:
            yield SecretUse(secret=secret, field=f"volumes.{name}.{kind}", way="driver", effect="at-restart")


def _file_sources(volume: Mapping[str, Any]) -> Iterator[_Source]:
    source = _tree(volume, "secret")
    if _text(source, "secretName"):
        yield _source(source, _text(source, "secretName"), "volume")
    for part in _trees(_tree(volume, "projected"), "sources"):
        source = _tree(part, "secret")
        if _text(source, "name"):
            yield _source(source, _text(source, "name"), "projected")


def _source(tree: Mapping[str, Any], name: str, way: Way) -> _Source:
    files = {_text(item, "path"): _text(item, "key") for item in _trees(tree, "items")}
    return _Source(secret=name, way=way, files=files, is_optional=tree.get("optional") is True)


class _Mount(Record, frozen=True, kw_only=True):
    """Where a container shows a volume; ``is_part`` for a mount that is no whole volume, also when its path is not known before it runs."""

    container: str
    role: Role
    field: str
    sub_path: str
    is_part: bool


def _mounts(pod_spec: Mapping[str, Any], volume: str) -> Iterator[_Mount]:
    for container, role, path in _containers(pod_spec):
        for mount in _trees(container, "volumeMounts"):
            if _text(mount, "name") == volume:
                part, expression = _text(mount, "subPath"), _text(mount, "subPathExpr")
                yield _Mount(
                    container=_text(container, "name"),
                    role=role,
                    field=f"{path}.volumeMounts.{volume}:{_text(mount, 'mountPath')}",
                    sub_path=posixpath.normpath(part).removeprefix(".") if part else "",
                    is_part=bool(part or expression),
                )


def _file_uses(source: _Source, volume: str, mounts: list[_Mount]) -> Iterator[SecretUse]:
    shown = [mount for mount in mounts if source.is_shown(mount.sub_path)]
    for mount in shown:
        # what an init container made of a file stays as it is, and so does a mount of a part of the volume
        is_fixed = mount.is_part or mount.role == "init"
        yield SecretUse(
            secret=source.secret,
            field=mount.field,
            way=source.way,
            effect="at-restart" if is_fixed else "in-place",
            role=mount.role,
            container=mount.container,
            keys=source.keys(mount.sub_path),
            is_optional=source.is_optional,
        )
    if not shown:
        # nobody looks at it, and yet the pod does not start without the Secret
        yield SecretUse(
            secret=source.secret,
            field=f"volumes.{volume}",
            way=source.way,
            effect="in-place",
            keys=source.keys(""),
            is_optional=source.is_optional,
        )


def _tree(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tree.get(name)
    return found if isinstance(found, Mapping) else {}


def _trees(tree: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    found = tree.get(name)
    return (each for each in found if isinstance(each, Mapping)) if isinstance(found, list) else iter(())


def _text(tree: Mapping[str, Any], name: str) -> str:
    found = tree.get(name)
    return found if isinstance(found, str) else ""
