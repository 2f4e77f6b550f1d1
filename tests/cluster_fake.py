"""An in-memory cluster behind the ``Cluster`` port. The contract suite holds it to what a real API server does.

Controllers are what a test adds to ``controllers``: each is called whenever somebody waits in a watch, and changes objects as it likes.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from tests.builders import FakeClock

from goldenpath.errors import AccessDenied, Conflict, GoldenpathError, NotFound, ProviderRefused
from goldenpath.model.cluster import (
    EXTERNAL_SECRETS_GROUP,
    FIELD_MANAGER,
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

MANAGER = FIELD_MANAGER
PATCH_MANAGER = f"{FIELD_MANAGER}-patch"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
SECRET_MAX_BYTES = 1024 * 1024
FIELDS = {
    "ConfigMap": {"data", "binaryData", "immutable"},
    "Secret": {"data", "stringData", "type", "immutable"},
    "ServiceAccount": {"secrets", "imagePullSecrets", "automountServiceAccountToken"},
}
"""What a kind has besides metadata; the others have ``spec``, and a ``status`` that only controllers set."""
TYPE_KEYS = {"kubernetes.io/tls": {"tls.crt", "tls.key"}, "kubernetes.io/dockerconfigjson": {".dockerconfigjson"}}
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")

Path = tuple[str, ...]


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
        self._owners: dict[ObjectRef, dict[Path, set[str]]] = {}
        self._history: list[tuple[int, ClusterObject | None, ClusterObject | None]] = []
        self._counter = 100
        self._oldest = 0
        for name in ("kube-system", "default"):
            self.put(ClusterObject(kind=NAMESPACE, meta=ObjectMeta(name=name, uid=self.uid if name == "kube-system" else "")))

    # --- the port

    def get(self, kind: Kind, name: str, *, namespace: str = "") -> ClusterObject | None:
        self._enter("get", kind)
        found = self._objects.get(ObjectRef(kind=kind.name, namespace=namespace, name=name))
        return None if found is None else _shown(found, kind)

    def list(self, kind: Kind, *, namespace: str = "", labels: Mapping[str, str] = {}) -> Listing:
        self._enter("list", kind)
        found = tuple(_shown(each, kind) for _ref, each in sorted(self._objects.items()) if _matches(each, kind, namespace, labels))
        return Listing(objects=found, resource_version=str(self._counter))

    def watch(
        self, kind: Kind, *, namespace: str = "", labels: Mapping[str, str] = {}, since: str, seconds: float
    ) -> Iterator[ObjectChange]:
        self._enter("watch", kind)
        if int(since) < self._oldest:
            raise Conflict("cluster.watch-expired", "the version to watch from is gone", subject=since)
        seen, until = int(since), self.clock.monotonic() + seconds
        while True:
            for number, before, after in tuple(self._history):
                if number > seen:
                    seen = number
                    yield from _change(
                        kind,
                        before if before is not None and _matches(before, kind, namespace, labels) else None,
                        after if after is not None and _matches(after, kind, namespace, labels) else None,
                    )
            if self.clock.monotonic() >= until:
                return
            self.clock.advance(1.0)
            self.work()

    def read_secret(self, namespace: str, name: str) -> KubernetesSecret | None:
        self._enter("get", SECRET)
        ref = ObjectRef(kind=SECRET.name, namespace=namespace, name=name)
        found = self._data.get(ref)
        if found is None:
            return None
        meta = _shown(self._objects[ref], SECRET).meta
        return KubernetesSecret(meta=meta, data=found.data, type=found.type, is_immutable=found.is_immutable)

    def patch(self, kind: Kind, name: str, merge: Mapping[str, Any], *, namespace: str = "", resource_version: str = "") -> ClusterObject:
        self._enter("patch", kind)
        ref = ObjectRef(kind=kind.name, namespace=namespace, name=name)
        before = self._require(ref)
        if resource_version and before.meta.resource_version != resource_version:
            raise Conflict("cluster.object-changed", "the object changed meanwhile", subject=str(ref))
        _require_fields(ref, merge)
        if kind == SECRET and "data" in merge:
            self._drop_keys(ref, merge["data"])
            before = self._require(ref)
        tree = _tree(before)
        wanted = {name: value for name, value in merge.items() if name != "status" and not (kind == SECRET and name == "data")}
        after = _merge(copy.deepcopy(tree), wanted)
        changed = {path for path, value in _leaves(wanted).items() if value is not None and _at(tree, path) != value}
        owners = self._owners.setdefault(ref, {})
        for path in [path for path in owners if path[0] != "data" and _at(after, path) is None]:
            del owners[path]
        owners |= {path: {PATCH_MANAGER} for path in changed}
        managers = {*before.meta.managers, PATCH_MANAGER} if changed else set(before.meta.managers)
        return _shown(self.put(_object(before, after, managers)), kind)

    def apply(self, manifest: Mapping[str, Any], kind: Kind, *, is_forced: bool = False, is_dry_run: bool = False) -> ClusterObject:
        self._enter("patch", kind)
        return self.apply_as(MANAGER, manifest, kind, is_forced=is_forced, is_dry_run=is_dry_run)

    def apply_secret(self, secret: KubernetesSecret, *, is_forced: bool = False, is_dry_run: bool = False) -> ClusterObject:
        self._enter("patch", SECRET)
        ref, before, version = secret.ref, self._data.get(secret.ref), secret.meta.resource_version
        if version and (before is None or self._objects[ref].meta.resource_version != version):
            raise Conflict("cluster.object-changed", "the Secret changed meanwhile", subject=str(ref))
        if before is not None and before.type != secret.type:
            raise Conflict("cluster.immutable", "the Secret has another type", subject=str(ref))
        after = self._secret_after(secret)
        if before is not None and before.is_immutable and not (_same(before, after) and secret.is_immutable):
            raise Conflict("cluster.immutable", "the Secret is immutable", subject=str(ref))
        _require_valid(ref, after)
        mine: dict[Path, Any] = {("data", key): value.reveal() for key, value in secret.data.items()}
        theirs: dict[Path, Any] = {} if before is None else {("data", key): value.reveal() for key, value in before.data.items()}
        meta = {"name": secret.meta.name, "namespace": secret.meta.namespace}
        manifest = {"metadata": {**meta, "labels": secret.meta.labels, "annotations": secret.meta.annotations}}
        shown = self.apply_as(MANAGER, manifest, SECRET, is_forced=is_forced, is_dry_run=is_dry_run, values=(theirs, mine))
        if is_dry_run:
            return shown
        self.put_secret(KubernetesSecret(meta=self._objects[ref].meta, data=after.data, type=after.type, is_immutable=after.is_immutable))
        return _shown(self._objects[ref], SECRET)

    def delete(self, kind: Kind, name: str, *, namespace: str = "", uid: str) -> None:
        self._enter("delete", kind)
        ref = ObjectRef(kind=kind.name, namespace=namespace, name=name)
        before = self._objects.get(ref)
        if before is None:
            return
        if before.meta.uid != uid:
            raise Conflict("cluster.object-changed", "another object has the name now", subject=str(ref))
        if not before.meta.finalizers:
            self.remove(ref)
        elif not before.meta.deleted_at:
            self.put(msgspec.structs.replace(before, meta=msgspec.structs.replace(before.meta, deleted_at=to_text(self.clock.now()))))

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

    def work(self) -> None:
        """Let the controllers work, with rights of their own."""
        held, self.forbidden = self.forbidden, set()
        try:
            for controller in self.controllers:
                controller(self)
        finally:
            self.forbidden = held

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
        self._record(before, stored)
        return stored

    def put_secret(self, secret: KubernetesSecret) -> None:
        shown = self.put(ClusterObject(kind=SECRET, meta=secret.meta))
        before = self._data.get(secret.ref)
        if before is not None and not _same(before, secret) and shown.meta.resource_version == before.meta.resource_version:
            self._counter += 1
            older = shown
            shown = msgspec.structs.replace(shown, meta=msgspec.structs.replace(shown.meta, resource_version=str(self._counter)))
            self._objects[shown.ref] = shown
            self._record(older, shown)
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
            last = msgspec.structs.replace(gone.meta, resource_version=str(self._counter))
            self._record(msgspec.structs.replace(gone, meta=last), None)

    def forget_history(self) -> None:
        """The server compacted its history: older watches expire."""
        self._oldest = self._counter
        self._history.clear()

    def set_manager(self, ref: ObjectRef, manager: str) -> None:
        """Say that somebody else set every field of an object."""
        before = self._require(ref)
        paths = list(_leaves(_tree(before)))
        secret = self._data.get(ref)
        if secret is not None:
            paths += [("data", key) for key in secret.data]
        self._owners[ref] = {path: {manager} for path in paths}
        self.put(msgspec.structs.replace(before, meta=msgspec.structs.replace(before.meta, managers=(manager,))))

    def edit_secret(self, namespace: str, name: str, data: Mapping[str, bytes | None], *, manager: str = "kubectl-edit") -> None:
        """Somebody changes keys by hand (None takes one away), and owns them from then on."""
        ref = ObjectRef(kind=SECRET.name, namespace=namespace, name=name)
        before = self._data[ref]
        kept = {key: value for key, value in before.data.items() if key not in data}
        added = {key: SecretValue(raw) for key, raw in data.items() if raw is not None}
        self._owners.setdefault(ref, {}).update({("data", key): {manager} for key in added})
        meta = msgspec.structs.replace(self._objects[ref].meta, managers=tuple(sorted({*self._objects[ref].meta.managers, manager})))
        self.put_secret(KubernetesSecret(meta=meta, data={**kept, **added}, type=before.type, is_immutable=before.is_immutable))

    def data_of(self, namespace: str, name: str) -> dict[str, bytes]:
        """What a pod would see."""
        found = self._data[ObjectRef(kind=SECRET.name, namespace=namespace, name=name)]
        return {key: value.reveal() for key, value in found.data.items()}

    def apply_as(
        self,
        manager: str,
        manifest: Mapping[str, Any],
        kind: Kind,
        *,
        is_forced: bool = False,
        is_dry_run: bool = False,
        values: tuple[Mapping[Path, Any], Mapping[Path, Any]] = ({}, {}),
    ) -> ClusterObject:
        """Server-side apply in anybody's name. ``values`` are a Secret's, as they are and as wanted."""
        named = manifest["metadata"]
        ref = ObjectRef(kind=kind.name, namespace=named.get("namespace", ""), name=named["name"])
        _require_fields(ref, manifest)
        before = self._objects.get(ref) or ClusterObject(kind=kind, meta=ObjectMeta(name=ref.name, namespace=ref.namespace))
        if ref not in self._objects and kind.is_namespaced:
            self._require_namespace(ref)
        tree = _tree(before)
        wanted = {name: value for name, value in manifest.items() if name not in {"apiVersion", "kind", "metadata", "status"}}
        meta = {name: value for name, value in named.items() if name in {"labels", "annotations", "finalizers"} and value}
        mine = {**_leaves({**wanted, **({"metadata": meta} if meta else {})}), **values[1]}
        there = {**_leaves(tree), **values[0]}
        owners = self._claimed(ref, manager, mine, there, is_forced=is_forced)
        after = copy.deepcopy(tree)
        for path in self._owners.get(ref, {}).keys() - owners.keys() - values[0].keys():
            _take_away(after, path)
        for path in mine.keys() - values[1].keys():
            _set(after, path, mine[path])
        still = {each for holders in owners.values() for each in holders}
        once = {each for holders in self._owners.get(ref, {}).values() for each in holders}
        made = _object(before, after, (set(before.meta.managers) - (once - still)) | {manager})
        if is_dry_run:
            return _shown(made, kind)
        self._owners[ref] = owners
        return _shown(self.put(made), kind)

    def _claimed(
        self, ref: ObjectRef, manager: str, mine: Mapping[Path, Any], there: Mapping[Path, Any], *, is_forced: bool
    ) -> dict[Path, set[str]]:
        """Who owns what after an apply. A field that somebody else set to the same value is owned together."""
        owners = {path: set(holders) for path, holders in self._owners.get(ref, {}).items()}
        foreign: dict[str, list[str]] = {}
        for path, value in mine.items():
            others = owners.get(path, set()) - {manager}
            if there.get(path) == value or (value == {} and any(other[: len(path)] == path for other in there)):
                owners[path] = {*others, manager}
                continue
            for other in others:
                foreign.setdefault(other, []).append("." + ".".join(path))
            owners[path] = {manager}
        if foreign and not is_forced:
            said = "; ".join(f"{other} owns {', '.join(sorted(fields))}" for other, fields in sorted(foreign.items()))
            raise Conflict("cluster.field-conflict", said, subject=str(ref))
        for path in owners.keys() - mine.keys():
            owners[path].discard(manager)
        return {path: holders for path, holders in owners.items() if holders}

    def _secret_after(self, secret: KubernetesSecret) -> KubernetesSecret:
        """What an apply of ours makes of a Secret: the keys that somebody else set stay."""
        before, owners = self._data.get(secret.ref), self._owners.get(secret.ref, {})
        data = {} if before is None else before.data
        kept = {key: value for key, value in data.items() if owners.get(("data", key), {"?"}) != {MANAGER}}
        return KubernetesSecret(meta=secret.meta, data={**kept, **secret.data}, type=secret.type, is_immutable=secret.is_immutable)

    def _drop_keys(self, ref: ObjectRef, keys: Mapping[str, Any]) -> None:
        before = self._data[ref]
        assert set(keys.values()) <= {None}, "the fake only takes keys away by patch"
        data = {key: value for key, value in before.data.items() if key not in keys}
        for key in keys:
            self._owners.get(ref, {}).pop(("data", key), None)
        self.put_secret(KubernetesSecret(meta=self._objects[ref].meta, data=data, type=before.type, is_immutable=before.is_immutable))

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

    def _record(self, before: ClusterObject | None, after: ClusterObject | None) -> None:
        self._history.append((self._counter, before, after))


def _matches(found: ClusterObject, kind: Kind, namespace: str, labels: Mapping[str, str]) -> bool:
    is_here = found.kind.name == kind.name and found.kind.group == kind.group and namespace in {"", found.meta.namespace}
    return is_here and labels.items() <= found.meta.labels.items()


def _change(kind: Kind, before: ClusterObject | None, after: ClusterObject | None) -> Iterator[ObjectChange]:
    """What a selection sees: an object that leaves it is deleted there, with the last state that it had in it."""
    if after is not None:
        yield ObjectChange(kind="added" if before is None else "modified", object=_shown(after, kind))
    elif before is not None:
        yield ObjectChange(kind="deleted", object=_shown(before, kind))


def _shown(found: ClusterObject, kind: Kind) -> ClusterObject:
    """An object as the port shows it, at the version that was asked for; what kubectl notes down about a Secret would repeat its values."""
    if found.kind != kind:
        return msgspec.structs.replace(found, kind=kind)
    if found.kind != SECRET or LAST_APPLIED not in found.meta.annotations:
        return found
    annotations = {name: text for name, text in found.meta.annotations.items() if name != LAST_APPLIED}
    return msgspec.structs.replace(found, meta=msgspec.structs.replace(found.meta, annotations=annotations))


def _tree(found: ClusterObject) -> dict[str, Any]:
    """An object as patches see it: empty parts are not there."""
    meta = {"labels": found.meta.labels, "annotations": found.meta.annotations, "finalizers": list(found.meta.finalizers)}
    return copy.deepcopy({**found.body, "metadata": {name: value for name, value in meta.items() if value}})


def _object(before: ClusterObject, tree: dict[str, Any], managers: set[str]) -> ClusterObject:
    meta = tree.pop("metadata", {}) or {}
    return msgspec.structs.replace(
        before,
        meta=msgspec.structs.replace(
            before.meta,
            labels=meta.get("labels") or {},
            annotations=meta.get("annotations") or {},
            finalizers=tuple(meta.get("finalizers") or ()),
            managers=tuple(sorted(managers)),
        ),
        body={} if before.kind == SECRET else tree,
    )


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


def _leaves(tree: Mapping[str, Any], path: Path = ()) -> dict[Path, Any]:
    found: dict[Path, Any] = {}
    for name, value in tree.items():
        found |= _leaves(value, (*path, name)) if isinstance(value, Mapping) and value else {(*path, name): value}
    return found


def _at(tree: Any, path: Path) -> Any:
    for name in path:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree


def _set(tree: dict[str, Any], path: Path, value: Any) -> None:
    *steps, last = path
    for name in steps:
        inner = tree.get(name)
        tree[name] = inner if isinstance(inner, dict) else {}
        tree = tree[name]
    if value != {} or not isinstance(tree.get(last), dict):
        tree[last] = copy.deepcopy(value)


def _take_away(tree: dict[str, Any], path: Path) -> None:
    """Remove a field, and the parts around it that are empty then."""
    parts = [tree]
    for name in path[:-1]:
        inner = parts[-1].get(name)
        if not isinstance(inner, dict):
            return
        parts.append(inner)
    for part, name in zip(reversed(parts), reversed(path), strict=True):
        if name == path[-1] or not part.get(name):
            part.pop(name, None)


def _require_fields(ref: ObjectRef, manifest: Mapping[str, Any]) -> None:
    known = FIELDS.get(ref.kind, {"spec", "status", "operation"}) | {"apiVersion", "kind", "metadata"}
    if manifest.keys() - known or not _NAME.fullmatch(ref.name):
        raise ProviderRefused("cluster.refused", "a field that the kind does not have, or a name that is none", subject=str(ref))


def _require_valid(ref: ObjectRef, secret: KubernetesSecret) -> None:
    is_valid = (
        all(_KEY.fullmatch(key) for key in secret.data)
        and sum(len(value.reveal()) for value in secret.data.values()) <= SECRET_MAX_BYTES
        and TYPE_KEYS.get(secret.type, set()) <= secret.data.keys()
    )
    if not is_valid:
        raise ProviderRefused("cluster.refused", "keys, size or type of the Secret are not valid", subject=str(ref))


def _own(meta: ObjectMeta) -> ObjectMeta:
    return msgspec.structs.replace(meta, uid="", resource_version="", generation=0, created_at="")


def _same(one: KubernetesSecret, other: KubernetesSecret) -> bool:
    return {key: value.reveal() for key, value in one.data.items()} == {key: value.reveal() for key, value in other.data.items()}
