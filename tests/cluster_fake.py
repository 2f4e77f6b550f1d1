"""An in-memory cluster behind the ``Cluster`` port. The contract suite holds it to what a real API server does.

Controllers are what a test adds to ``controllers``: each is called whenever somebody waits in a watch, and changes objects as it likes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from tests.builders import FakeClock

from goldenpath.errors import AccessDenied, Conflict, GoldenpathError, NotFound
from goldenpath.model.cluster import (
    EXTERNAL_SECRETS_GROUP,
    NAMESPACE,
    SECRET,
    ClusterObject,
    ClusterVersion,
    Kind,
    KubernetesSecret,
    Listing,
    ObjectChange,
    ObjectMeta,
    ObjectRef,
)
from goldenpath.model.instant import to_text
from goldenpath.model.secret import SecretValue

MANAGER = "goldenpath"


@dataclass
class FakeCluster:
    """Objects by reference. ``faults`` are raised by the next calls, in order; ``forbidden`` holds (verb, kind name) pairs."""

    clock: FakeClock = field(default_factory=FakeClock)
    uid: str = "5f1d2c3b-0000-4000-8000-000000000001"
    served: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "": ("v1",),
            EXTERNAL_SECRETS_GROUP: ("v1",),
            "apps": ("v1",),
            "batch": ("v1",),
            "argoproj.io": ("v1alpha1",),
        }
    )
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    faults: list[GoldenpathError | None] = field(default_factory=list)
    controllers: list[Callable[[FakeCluster], None]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._objects: dict[ObjectRef, ClusterObject] = {}
        self._data: dict[ObjectRef, KubernetesSecret] = {}
        self._owners: dict[ObjectRef, dict[tuple[str, ...], str]] = {}
        self._history: list[tuple[int, ObjectChange]] = []
        self._counter = 100
        self._oldest = 0
        for name in ("kube-system", "default"):
            self.put(ClusterObject(kind=NAMESPACE, meta=ObjectMeta(name=name, uid=self.uid if name == "kube-system" else "")))

    # --- the port

    def get(self, kind: Kind, name: str, *, namespace: str = "") -> ClusterObject | None:
        self._enter("get", kind)
        return self._objects.get(ObjectRef(kind=kind.name, namespace=namespace, name=name))

    def list(self, kind: Kind, *, namespace: str = "", labels: Mapping[str, str] = {}) -> Listing:
        self._enter("list", kind)
        found = tuple(each for _ref, each in sorted(self._objects.items()) if _matches(each, kind, namespace, labels))
        return Listing(objects=found, resource_version=str(self._counter))

    def watch(
        self, kind: Kind, *, namespace: str = "", labels: Mapping[str, str] = {}, since: str, seconds: float
    ) -> Iterator[ObjectChange]:
        self._enter("watch", kind)
        if int(since) < self._oldest:
            raise Conflict("cluster.watch-expired", "the version to watch from is gone", subject=since)
        seen, until = int(since), self.clock.monotonic() + seconds
        while True:
            for number, change in tuple(self._history):
                if number > seen:
                    seen = number
                    if _matches(change.object, kind, namespace, labels):
                        yield change
            if self.clock.monotonic() >= until:
                return
            self.clock.advance(1.0)
            for controller in self.controllers:
                controller(self)

    def read_secret(self, namespace: str, name: str) -> KubernetesSecret | None:
        self._enter("get", SECRET)
        return self._data.get(ObjectRef(kind=SECRET.name, namespace=namespace, name=name))

    def patch(self, kind: Kind, name: str, merge: Mapping[str, Any], *, namespace: str = "", resource_version: str = "") -> ClusterObject:
        self._enter("patch", kind)
        ref = ObjectRef(kind=kind.name, namespace=namespace, name=name)
        before = self._require(ref)
        if resource_version and before.meta.resource_version != resource_version:
            raise Conflict("cluster.object-changed", "the object changed meanwhile", subject=str(ref))
        tree = copy.deepcopy({**before.body, "metadata": {"labels": before.meta.labels, "annotations": before.meta.annotations}})
        merged = _merge(tree, merge)
        meta = merged.pop("metadata")
        return self.put(
            ClusterObject(
                kind=kind,
                meta=msgspec.structs.replace(before.meta, labels=meta.get("labels") or {}, annotations=meta.get("annotations") or {}),
                body=merged,
            )
        )

    def apply(self, manifest: Mapping[str, Any], kind: Kind, *, is_forced: bool = False, is_dry_run: bool = False) -> ClusterObject:
        self._enter("patch", kind)
        meta = manifest["metadata"]
        ref = ObjectRef(kind=kind.name, namespace=meta.get("namespace", ""), name=meta["name"])
        body = {name: value for name, value in manifest.items() if name not in {"apiVersion", "kind", "metadata"}}
        self._claim(ref, body, meta, is_forced=is_forced)
        before = self._objects.get(ref)
        old = before.meta if before else ObjectMeta(name=ref.name, namespace=ref.namespace)
        wanted = ClusterObject(
            kind=kind,
            meta=msgspec.structs.replace(
                old,
                labels={**old.labels, **meta.get("labels", {})},
                annotations={**old.annotations, **meta.get("annotations", {})},
                managers=tuple(sorted({*old.managers, MANAGER})),
            ),
            body=_merge(copy.deepcopy(before.body) if before else {}, body),
        )
        return wanted if is_dry_run else self.put(wanted)

    def apply_secret(self, secret: KubernetesSecret, *, is_forced: bool = False, is_dry_run: bool = False) -> ClusterObject:
        before = self._data.get(secret.ref)
        if before is not None and (before.type != secret.type or (before.is_immutable and not _same(before, secret))):
            raise Conflict("cluster.immutable", "the Secret may not change", subject=str(secret.ref))
        meta = {"name": secret.meta.name, "namespace": secret.meta.namespace}
        manifest = {"metadata": {**meta, "labels": secret.meta.labels, "annotations": secret.meta.annotations}}
        if before is None and secret.ref not in self._objects:
            self._require_namespace(secret.ref)
        shown = self.apply(manifest, SECRET, is_forced=is_forced, is_dry_run=is_dry_run)
        if not is_dry_run:
            self.put_secret(KubernetesSecret(meta=shown.meta, data=secret.data, type=secret.type, is_immutable=secret.is_immutable))
        return self._objects.get(secret.ref, shown)

    def delete(self, kind: Kind, name: str, *, namespace: str = "", uid: str) -> None:
        self._enter("delete", kind)
        ref = ObjectRef(kind=kind.name, namespace=namespace, name=name)
        before = self._objects.get(ref)
        if before is None:
            return
        if before.meta.uid != uid:
            raise Conflict("cluster.object-changed", "another object has the name now", subject=str(ref))
        if before.meta.finalizers:
            self.put(msgspec.structs.replace(before, meta=msgspec.structs.replace(before.meta, deleted_at=to_text(self.clock.now()))))
        else:
            self.remove(ref)

    def identity(self) -> str:
        return self._require(ObjectRef(kind=NAMESPACE.name, name="kube-system")).meta.uid

    def version(self) -> ClusterVersion:
        return ClusterVersion(major=1, minor=35, text="v1.35.4")

    def served_versions(self, group: str) -> tuple[str, ...]:
        return self.served.get(group, ())

    def may(self, verb: str, kind: Kind, *, namespace: str = "", subresource: str = "") -> bool:
        return (verb, kind.name) not in self.forbidden

    def now(self) -> datetime:
        return self.clock.now().replace(microsecond=0)

    # --- what tests and stand-in controllers do behind our back

    def namespace(self, name: str, labels: Mapping[str, str] = {}) -> None:
        self.put(ClusterObject(kind=NAMESPACE, meta=ObjectMeta(name=name, labels=dict(labels))))

    def put(self, wanted: ClusterObject) -> ClusterObject:
        """Store an object as given, with the marks that a server sets. A finalizer that is gone ends an object that was deleted."""
        before = self._objects.get(wanted.ref)
        if before is None and wanted.kind.is_namespaced:
            self._require_namespace(wanted.ref)
        if before is not None and (before.body, _own(before.meta)) == (wanted.body, _own(wanted.meta)):
            return before
        self._counter += 1
        spec_changed = before is None or before.spec != wanted.spec
        meta = msgspec.structs.replace(
            wanted.meta,
            uid=before.meta.uid if before else wanted.meta.uid or f"5f1d2c3b-0000-4000-9000-{self._counter:012d}",
            resource_version=str(self._counter),
            generation=(before.meta.generation if before else 0) + spec_changed,
            created_at=before.meta.created_at if before else to_text(self.clock.now()),
        )
        stored = msgspec.structs.replace(wanted, meta=meta)
        if meta.deleted_at and not meta.finalizers:
            self.remove(stored.ref)
            return stored
        self._objects[stored.ref] = stored
        self._record(ObjectChange(kind="modified" if before else "added", object=stored))
        return stored

    def put_secret(self, secret: KubernetesSecret) -> None:
        shown = self.put(ClusterObject(kind=SECRET, meta=secret.meta))
        before = self._data.get(secret.ref)
        if before is not None and not _same(before, secret) and shown.meta.resource_version == before.meta.resource_version:
            self._counter += 1
            shown = msgspec.structs.replace(shown, meta=msgspec.structs.replace(shown.meta, resource_version=str(self._counter)))
            self._objects[shown.ref] = shown
            self._record(ObjectChange(kind="modified", object=shown))
        self._data[secret.ref] = KubernetesSecret(
            meta=shown.meta,
            data={key: SecretValue(value.reveal()) for key, value in secret.data.items()},
            type=secret.type,
            is_immutable=secret.is_immutable,
        )

    def set_status(self, ref: ObjectRef, status: Mapping[str, Any]) -> ClusterObject:
        before = self._require(ref)
        return self.put(msgspec.structs.replace(before, body={**before.body, "status": dict(status)}))

    def remove(self, ref: ObjectRef) -> None:
        gone = self._objects.pop(ref, None)
        self._data.pop(ref, None)
        self._owners.pop(ref, None)
        if gone is not None:
            self._counter += 1
            self._record(ObjectChange(kind="deleted", object=gone))

    def forget_history(self) -> None:
        """The server compacted its history: older watches expire."""
        self._oldest = self._counter
        self._history.clear()

    def set_manager(self, ref: ObjectRef, manager: str) -> None:
        """Say that somebody else set every field of an object."""
        before = self._require(ref)
        self._owners[ref] = dict.fromkeys(_leaves({**before.body, "metadata": {"labels": before.meta.labels}}), manager)
        secret = self._data.get(ref)
        if secret is not None:
            self._owners[ref] |= {("data", key): manager for key in secret.data}
        self.put(msgspec.structs.replace(before, meta=msgspec.structs.replace(before.meta, managers=(manager,))))

    def _claim(self, ref: ObjectRef, body: Mapping[str, Any], meta: Mapping[str, Any], *, is_forced: bool) -> None:
        owners = self._owners.setdefault(ref, {})
        mine = _leaves({**body, "metadata": {"labels": meta.get("labels", {})}})
        foreign = sorted({owners[leaf] for leaf in mine if owners.get(leaf, MANAGER) != MANAGER})
        if foreign and not is_forced:
            raise Conflict("cluster.field-conflict", f"{', '.join(foreign)} owns fields of it", subject=str(ref))
        owners |= dict.fromkeys(mine, MANAGER)

    def _enter(self, verb: str, kind: Kind) -> None:
        self.calls.append((verb, kind.name))
        if self.faults:
            fault = self.faults.pop(0)
            if fault is not None:
                raise fault
        if (verb, kind.name) in self.forbidden:
            raise AccessDenied("cluster.forbidden", f"these credentials may not {verb} {kind.plural}", subject=kind.name)
        if kind.version not in self.served.get(kind.group, ()):
            raise NotFound("cluster.kind-missing", f"the cluster does not serve {kind.name} at {kind.api_version}", subject=kind.name)

    def _require(self, ref: ObjectRef) -> ClusterObject:
        found = self._objects.get(ref)
        if found is None:
            raise NotFound("cluster.object-missing", "the object is not in the cluster", subject=str(ref))
        return found

    def _require_namespace(self, ref: ObjectRef) -> None:
        if ObjectRef(kind=NAMESPACE.name, name=ref.namespace) not in self._objects:
            raise NotFound("cluster.object-missing", f"the namespace {ref.namespace} is not in the cluster", subject=str(ref))

    def _record(self, change: ObjectChange) -> None:
        self._history.append((self._counter, change))


def _matches(found: ClusterObject, kind: Kind, namespace: str, labels: Mapping[str, str]) -> bool:
    is_here = found.kind.name == kind.name and found.kind.group == kind.group and namespace in {"", found.meta.namespace}
    return is_here and labels.items() <= found.meta.labels.items()


def _merge(tree: dict[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7386."""
    for name, value in change.items():
        if value is None:
            tree.pop(name, None)
        elif isinstance(value, Mapping):
            old = tree.get(name)
            tree[name] = _merge(old if isinstance(old, dict) else {}, value)
        else:
            tree[name] = value
    return tree


def _leaves(tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, value in tree.items():
        found += _leaves(value, (*path, name)) if isinstance(value, Mapping) else [(*path, name)]
    return found


def _own(meta: ObjectMeta) -> ObjectMeta:
    return msgspec.structs.replace(meta, uid="", resource_version="", generation=0, created_at="")


def _same(one: KubernetesSecret, other: KubernetesSecret) -> bool:
    return {key: value.reveal() for key, value in one.data.items()} == {key: value.reveal() for key, value in other.data.items()}
