"""ExternalSecrets and Secrets in a cluster that no request explains. Pure: says what is there, and never what to delete (R13, R20)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from goldenpath.delivery.cluster_drift import owner_of
from goldenpath.model.base import Record
from goldenpath.model.cluster import ClusterObject, ObjectMeta, ObjectRef
from goldenpath.model.instant import from_text

ID_LABEL: Final = "goldenpath.io/id"
MANAGED_BY: Final = ("app.kubernetes.io/managed-by", "goldenpath")

OrphanKind = Literal["orphan", "moved", "unmanaged", "leaving"]

_ARN = re.compile(r"arn:[^:]*:(?:secretsmanager:[^:]*:[^:]*:secret:|ssm:[^:]*:[^:]*:parameter)(?P<path>.*)")


class UnexplainedObject(Record, frozen=True, kw_only=True):
    """One object without a request at its place.

    ``orphan``: carries the id of no request. ``moved``: its request asks for another place. ``unmanaged``: reads what lies below our prefix
    and carries no id of ours. ``leaving``: its request is on its way out, and the manifest goes with the next apply. ``reads`` are the
    paths of ours that it reads; ``*`` stands for a search through a whole store. ``age_days`` is None where the cluster does not tell.
    """

    kind: OrphanKind
    environment: str
    object: ObjectRef
    request_id: str = ""
    service: str = ""
    owner: str = ""
    owned_by: str = ""
    reads: tuple[str, ...] = ()
    created_at: str = ""
    age_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What the whole catalog explains in one cluster: the places of ExternalSecrets and Secrets, and every id by whether it is leaving.

    ``prefixes`` are the first parts of the paths of ours, ``stores`` the names of the stores that read them.
    """

    places: frozenset[ObjectRef]
    leaving: frozenset[ObjectRef]
    ids: frozenset[str]
    prefixes: frozenset[str]
    stores: frozenset[str]


def unexplained_objects(
    objects: Iterable[ClusterObject], explained: Explained, *, environment: str, now: datetime
) -> tuple[UnexplainedObject, ...]:
    """Return the ExternalSecrets and Secrets that no request explains, by place; what has nothing to do with us is left out."""
    found = [row for each in objects for row in _judge(each, explained, environment, now)]
    return tuple(sorted(found, key=lambda row: row.object))


def paths_of_ours(spec: Mapping[str, Any], explained: Explained) -> tuple[str, ...]:
    """Return what an ExternalSecret reads below our prefixes, in whatever spelling; ``*`` for a search that could find all of it."""
    default = _store(spec.get("secretStoreRef"))
    found = {path for key, store in _keys(spec, default) for path in _ours(key, store, explained)}
    return tuple(sorted(found))


def _judge(found: ClusterObject, explained: Explained, environment: str, now: datetime) -> Iterator[UnexplainedObject]:
    if found.ref in explained.places:
        return
    labels = {**found.meta.labels, **_template_labels(found.spec)}
    reads = paths_of_ours(found.spec, explained)
    is_marked = ID_LABEL in labels or labels.get(MANAGED_BY[0]) == MANAGED_BY[1]
    if not is_marked and not reads:
        return
    yield UnexplainedObject(
        kind=_kind(found.ref, labels, explained),
        environment=environment,
        object=found.ref,
        request_id=labels.get(ID_LABEL, ""),
        service=labels.get("goldenpath.io/service", ""),
        owner=labels.get("goldenpath.io/owner", ""),
        owned_by=owner_of(found.meta),
        reads=reads,
        created_at=found.meta.created_at,
        age_days=_age(found.meta, now),
    )


def _kind(ref: ObjectRef, labels: Mapping[str, str], explained: Explained) -> OrphanKind:
    if ref in explained.leaving:
        return "leaving"
    if ID_LABEL not in labels:
        return "unmanaged"
    return "moved" if labels[ID_LABEL] in explained.ids else "orphan"


def _age(meta: ObjectMeta, now: datetime) -> int | None:
    return (now - from_text(meta.created_at)).days if meta.created_at else None


def _template_labels(spec: Mapping[str, Any]) -> dict[str, str]:
    tree: Any = spec
    for name in ("target", "template", "metadata", "labels"):
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return {name: text for name, text in tree.items() if isinstance(text, str)} if isinstance(tree, Mapping) else {}


def _keys(spec: Mapping[str, Any], default: str) -> Iterator[tuple[str, str]]:
    """Yield (key or ``*``, name of the store) of everything that an ExternalSecret reads."""
    for entry in _trees(spec.get("data")):
        yield _text(_tree(entry, "remoteRef"), "key"), _store(_tree(entry, "sourceRef").get("storeRef")) or default
    for entry in _trees(spec.get("dataFrom")):
        store = _store(_tree(entry, "sourceRef").get("storeRef")) or default
        yield _text(_tree(entry, "extract"), "key"), store
        if "find" in entry:
            yield _text(_tree(entry, "find"), "path").strip("/") or "*", store


def _ours(key: str, store: str, explained: Explained) -> Iterator[str]:
    if key == "*":
        yield from ("*",) if store in explained.stores else ()
    elif key:
        path = normalised(key)
        parts = path.split("/")
        # a KV store may be asked by its mount (and ``data``) before the path
        starts = (parts[0], *parts[1:2], *(parts[2:3] if parts[1:2] == ["data"] else ()))
        if explained.prefixes & set(starts if store in explained.stores else starts[:1]):
            yield path


def normalised(key: str) -> str:
    """Return the path in a remote key: without the ARN around it and without outer slashes."""
    matched = _ARN.fullmatch(key)
    return (matched["path"] if matched else key).strip("/")


def _store(reference: Any) -> str:
    return _text(reference, "name") if isinstance(reference, Mapping) else ""


def _tree(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tree.get(name)
    return found if isinstance(found, Mapping) else {}


def _trees(found: Any) -> Iterator[Mapping[str, Any]]:
    return (each for each in found if isinstance(each, Mapping)) if isinstance(found, list) else iter(())


def _text(tree: Mapping[str, Any], name: str) -> str:
    found = tree.get(name)
    return found if isinstance(found, str) else ""
