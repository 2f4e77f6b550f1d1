"""What is changed through an API server, under our own field manager. Every change can be sent twice without doing more."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from goldenpath.errors import Conflict, GoldenpathError
from goldenpath.model.cluster import FIELD_MANAGER, SECRET, ClusterObject, Kind, KubernetesSecret
from goldenpath.providers.kubernetes import reading
from goldenpath.providers.kubernetes.addresses import APPLY_PATCH, JSON, MERGE_PATCH, accepted, address, asking
from goldenpath.providers.kubernetes.calls import Answer, ApiCalls
from goldenpath.providers.kubernetes.failures import Errand, failure, object_changed, refused, status_of
from goldenpath.providers.kubernetes.objects import is_merged, is_secret, manifest_of, object_of
from goldenpath.providers.kubernetes.transport import Request

PATCH_MANAGER: Final = f"{FIELD_MANAGER}-patch"
"""Who sets the fields of a merge patch. Not :data:`FIELD_MANAGER`: an object that was only annotated is not ours."""
_FORBIDDEN, _MISSING, _CONFLICT, _INVALID, _FAULT = 403, 404, 409, 422, 500
_VALUE_FIELDS: Final = frozenset({"data", "stringData"})
_MEDIA: Final = {PATCH_MANAGER: MERGE_PATCH, FIELD_MANAGER: APPLY_PATCH}
_FIXED: Final = frozenset({("FieldValueForbidden", "data"), ("FieldValueForbidden", "immutable"), ("FieldValueInvalid", "type")})
"""How the API server's validation says that a Secret may not change: (reason, field)."""


def patch(calls: ApiCalls, kind: Kind, name: str, merge: Mapping[str, Any], *, namespace: str, resource_version: str) -> ClusterObject:
    """Merge into an object. A second try that finds another version looks whether the first one made it."""
    _without_values(kind, merge)
    errand = Errand("patch", kind, namespace, name)
    body: dict[str, Any] = dict(merge)
    if resource_version:
        body["metadata"] = {**body.get("metadata", {}), "resourceVersion": resource_version}
    request = _patching(errand, PATCH_MANAGER, body, {})
    answer = calls.send(request, errand, expected=frozenset({_CONFLICT}))
    if answer.status != _CONFLICT:
        return object_of(answer.tree, kind)
    if answer.is_repeated and resource_version:
        # whether keys are gone from a Secret shows in nothing but the Secret
        accept = JSON if _VALUE_FIELDS & merge.keys() else accepted(kind)
        found = calls.send(asking(request.path, accept=accept), errand)
        if is_merged(found.tree, merge):
            return object_of(found.tree, kind)
    raise object_changed(errand)


def apply(calls: ApiCalls, manifest: Mapping[str, Any], kind: Kind, *, is_forced: bool, is_dry_run: bool) -> ClusterObject:
    """Make or change an object by server-side apply."""
    _without_values(kind, manifest)
    errand, answer = _apply(calls, manifest, kind, is_forced=is_forced, is_dry_run=is_dry_run)
    return _applied(answer, errand)


def apply_secret(calls: ApiCalls, secret: KubernetesSecret, *, is_forced: bool, is_dry_run: bool) -> ClusterObject:
    """The same for a Secret with its values; the answer is asked for without them."""
    errand, answer = _apply(calls, manifest_of(secret), SECRET, is_forced=is_forced, is_dry_run=is_dry_run)
    if answer.status == _INVALID and any((cause.reason, cause.field) in _FIXED for cause in status_of(answer.tree).causes):
        raise _immutable(errand)
    if answer.status == _CONFLICT and answer.is_repeated and secret.meta.resource_version:
        found = reading.read_secret(calls, secret.meta.namespace, secret.meta.name)
        if found is not None and _holds(found, secret):
            return ClusterObject(kind=SECRET, meta=found.meta)
    return _applied(answer, errand)


def delete(calls: ApiCalls, kind: Kind, name: str, *, namespace: str, uid: str) -> None:
    """Delete the object with ``uid``."""
    if not uid:
        raise ValueError("a delete needs the uid of the object that it is for")
    errand = Errand("delete", kind, namespace, name)
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
    request = Request(
        method="DELETE",
        path=address(kind, namespace=namespace, name=name),
        headers=(("Accept", accepted(kind)), ("Content-Type", JSON)),
        body=json.dumps(options).encode(),
    )
    answer = calls.send(request, errand, expected=frozenset({_MISSING, _CONFLICT}))
    if answer.status == _CONFLICT:
        raise object_changed(errand, "another object has the name now")
    if answer.status == _MISSING and not status_of(answer.tree).name:
        raise failure(answer.reply, errand)


def _apply(calls: ApiCalls, manifest: Mapping[str, Any], kind: Kind, *, is_forced: bool, is_dry_run: bool) -> tuple[Errand, Answer]:
    meta = manifest["metadata"]
    errand = Errand("patch", kind, meta.get("namespace", ""), meta["name"])
    query = {"force": str(is_forced).lower(), **({"dryRun": "All"} if is_dry_run else {})}
    request = _patching(errand, FIELD_MANAGER, {"apiVersion": kind.api_version, "kind": kind.name, **manifest}, query)
    expected = frozenset({_CONFLICT, _INVALID})
    answer = calls.send(request, errand, expected=expected | {_FAULT})
    if answer.status == _FAULT and _has_no_reason(answer) and _can_be_read(calls, errand):
        answer = calls.send(request, errand, expected=expected | {_FAULT})
        if answer.status == _FAULT and _has_no_reason(answer):
            raise refused(answer.reply, errand)
    if answer.status == _FAULT:
        answer = calls.send(request, errand, expected=expected)
    if answer.status == _CONFLICT and status_of(answer.tree).reason == "AlreadyExists":
        # somebody else made it in the same moment: now there is something to apply to
        answer = calls.send(request, errand, expected=expected)
    return errand, answer


def _has_no_reason(answer: Answer) -> bool:
    """Say whether a fault may be the manifest's: an apply with a field that the kind does not have ends in HTTP 500 without a reason."""
    status = status_of(answer.tree)
    return status.is_status and not status.reason


def _can_be_read(calls: ApiCalls, errand: Errand) -> bool:
    """Say whether the cluster's storage answers: trouble with it ends in HTTP 500 without a reason as well."""
    path = address(errand.kind, namespace=errand.namespace, name=errand.name)
    looked = calls.send(asking(path, accept=accepted(errand.kind)), errand, expected=frozenset({_FORBIDDEN, _MISSING}))
    return looked.status != _FORBIDDEN


def _applied(answer: Answer, errand: Errand) -> ClusterObject:
    if answer.status in {_CONFLICT, _INVALID}:
        raise failure(answer.reply, errand)
    return object_of(answer.tree, errand.kind)


def _patching(errand: Errand, manager: str, body: Mapping[str, Any], query: Mapping[str, str]) -> Request:
    return Request(
        method="PATCH",
        path=address(errand.kind, namespace=errand.namespace, name=errand.name),
        query=urlencode({"fieldManager": manager, "fieldValidation": "Strict", **query}),
        headers=(("Accept", accepted(errand.kind)), ("Content-Type", _MEDIA[manager])),
        body=json.dumps(body, ensure_ascii=False).encode(),
    )


def _without_values(kind: Kind, tree: Mapping[str, Any]) -> None:
    values = [each for field in _VALUE_FIELDS & tree.keys() for each in (tree[field] or {}).values()]
    if is_secret(kind) and any(each is not None for each in values):
        raise ValueError("values go through apply_secret, whose types do not print")


def _holds(found: KubernetesSecret, wanted: KubernetesSecret) -> bool:
    """Say whether a Secret is what applying ``wanted`` gives: an earlier try did it, and only its answer was lost."""
    is_same_data = all(
        key in found.data and hmac.compare_digest(found.data[key].reveal(), value.reveal()) for key, value in wanted.data.items()
    )
    meta = wanted.meta
    is_same_meta = meta.labels.items() <= found.meta.labels.items() and meta.annotations.items() <= found.meta.annotations.items()
    return is_same_data and is_same_meta and (found.type, found.is_immutable) == (wanted.type, wanted.is_immutable)


def _immutable(errand: Errand) -> GoldenpathError:
    return Conflict(
        "cluster.immutable",
        "the Secret may not change: it is immutable, or it has another type",
        subject=errand.subject,
        hint="delete it when no pod needs it any more, and run the command again",
    )
