"""API objects as JSON to our own types, and back. A Secret becomes metadata here unless it was asked for with its values."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from goldenpath.model.cluster import SECRET, ClusterObject, FieldWriter, Kind, KubernetesSecret, ObjectMeta, Owner
from goldenpath.model.instant import from_text, to_text
from goldenpath.model.secret import SecretValue
from goldenpath.providers.kubernetes.transport import unavailable

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""``kubectl apply`` keeps the whole object in this annotation, of a Secret its values too."""
_ENVELOPE: Final = frozenset({"apiVersion", "kind", "metadata"})


def is_secret(kind: Kind) -> bool:
    """Say whether objects of a kind hold values."""
    return kind.name == SECRET.name and kind.group == SECRET.group


def object_of(tree: Any, kind: Kind) -> ClusterObject:
    """Return an object. Raises ``ProviderUnavailable`` ``cluster.unavailable`` for what no API server answers."""
    if not isinstance(tree, dict):
        raise _no_object(kind)
    body = {} if is_secret(kind) else {name: value for name, value in tree.items() if name not in _ENVELOPE}
    return ClusterObject(kind=kind, meta=meta_of(tree.get("metadata"), kind), body=body)


def meta_of(tree: Any, kind: Kind) -> ObjectMeta:
    """Return an object's metadata; of a Secret without the annotation that repeats its values."""
    if not isinstance(tree, dict) or not isinstance(tree.get("name"), str):
        raise _no_object(kind)
    annotations = _texts(tree.get("annotations"))
    if is_secret(kind):
        annotations.pop(LAST_APPLIED, None)
    writers = tuple(_writer(entry) for entry in _dicts(tree.get("managedFields")))
    generation = tree.get("generation")
    return ObjectMeta(
        name=tree["name"],
        namespace=_text(tree, "namespace"),
        uid=_text(tree, "uid"),
        resource_version=_text(tree, "resourceVersion"),
        generation=generation if isinstance(generation, int) else 0,
        labels=_texts(tree.get("labels")),
        annotations=annotations,
        owners=tuple(_owner(entry) for entry in _dicts(tree.get("ownerReferences"))),
        finalizers=tuple(each for each in tree.get("finalizers") or [] if isinstance(each, str)),
        managers=tuple(sorted({writer.manager for writer in writers} - {""})),
        writers=tuple(sorted(writers)),
        created_at=_moment(tree, "creationTimestamp"),
        deleted_at=_moment(tree, "deletionTimestamp"),
    )


def secret_of(tree: Any) -> KubernetesSecret:
    """Return a Secret with its values. Errors as for :func:`object_of`."""
    if not isinstance(tree, dict) or tree.get("kind") != SECRET.name:
        raise _no_object(SECRET)
    data = tree.get("data") or {}
    try:
        values = {key: SecretValue(base64.b64decode(text, validate=True)) for key, text in data.items()}
    except (AttributeError, TypeError, ValueError, binascii.Error):
        raise _no_object(SECRET) from None
    return KubernetesSecret(
        meta=meta_of(tree.get("metadata"), SECRET), data=values, type=_text(tree, "type"), is_immutable=tree.get("immutable") is True
    )


def manifest_of(secret: KubernetesSecret) -> dict[str, Any]:
    """Return the manifest of a Secret, values included: it goes into a request and nowhere else.

    A version alone would not keep the API server from making an object that is gone anew; the uid beside it does.
    """
    meta = secret.meta
    exactly = {"resourceVersion": meta.resource_version, "uid": meta.uid} if meta.resource_version else {}
    named = {"name": meta.name, "namespace": meta.namespace, **{name: text for name, text in exactly.items() if text}}
    manifest: dict[str, Any] = {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.name,
        "metadata": {**named, "labels": meta.labels, "annotations": meta.annotations},
        "type": secret.type,
        "data": {key: base64.b64encode(value.reveal()).decode("ascii") for key, value in secret.data.items()},
    }
    return {**manifest, "immutable": True} if secret.is_immutable else manifest


def is_merged(tree: Any, merge: Mapping[str, Any]) -> bool:
    """Say whether an object already is what merging ``merge`` into it gives (RFC 7386)."""
    if not isinstance(tree, dict):
        return False
    for name, wanted in merge.items():
        found = tree.get(name)
        is_there = is_merged(found or {}, wanted) if isinstance(wanted, Mapping) else found == wanted
        if not is_there:
            return False
    return True


def _owner(tree: Mapping[str, Any]) -> Owner:
    return Owner(
        api_version=_text(tree, "apiVersion"),
        kind=_text(tree, "kind"),
        name=_text(tree, "name"),
        uid=_text(tree, "uid"),
        is_controller=tree.get("controller") is True,
    )


def _writer(entry: Mapping[str, Any]) -> FieldWriter:
    """Return who set which fields. They come as ``f:<name>`` below each other, the marks of list entries (``k:``, ``v:``) among them."""
    fields: set[str] = set()
    for part, below in _named(entry.get("fieldsV1")):
        inner = [f"{part}.{name}" for name, _more in _named(below)]
        fields |= set(inner) or {part}
    return FieldWriter(manager=_text(entry, "manager"), at=_moment(entry, "time"), fields=tuple(sorted(fields)))


def _named(tree: Any) -> list[tuple[str, Any]]:
    return [(name[2:], below) for name, below in tree.items() if name.startswith("f:")] if isinstance(tree, dict) else []


def _text(tree: Mapping[str, Any], name: str) -> str:
    found = tree.get(name)
    return found if isinstance(found, str) else ""


def _texts(tree: Any) -> dict[str, str]:
    return {name: text for name, text in tree.items() if isinstance(text, str)} if isinstance(tree, dict) else {}


def _dicts(listed: Any) -> list[dict[str, Any]]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _moment(tree: Mapping[str, Any], name: str) -> str:
    try:
        return to_text(from_text(_text(tree, name)))
    except ValueError:
        return ""


def _no_object(kind: Kind) -> Exception:
    return unavailable(f"what came back is no {kind} of an API server")
