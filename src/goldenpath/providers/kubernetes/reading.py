"""What is read from an API server: objects, Secrets with values, and what the server says of itself."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from goldenpath.model.cluster import SECRET, ClusterObject, ClusterVersion, Kind, KubernetesSecret, Listing, ObjectChange
from goldenpath.ports.clock import Clock
from goldenpath.providers.kubernetes.addresses import JSON, accepted, address, asking, segment, selector
from goldenpath.providers.kubernetes.calls import Answer, ApiCalls
from goldenpath.providers.kubernetes.failures import Errand, failure, status_of
from goldenpath.providers.kubernetes.objects import object_of, secret_of
from goldenpath.providers.kubernetes.transport import Request, unavailable
from goldenpath.providers.kubernetes.watching import changes

PAGE: Final = 500
LIST_TRIES: Final = 3
SILENCE_SLACK_SECONDS: Final = 10.0
_MISSING, _GONE = 404, 410
_REVIEW: Final = Kind(
    name="SelfSubjectAccessReview",
    plural="selfsubjectaccessreviews",
    version="v1",
    group="authorization.k8s.io",
    is_namespaced=False,
)
_VERSION: Final = Kind(name="version", plural="version", version="v1", is_namespaced=False)
_API_GROUP: Final = Kind(name="APIGroup", plural="apigroups", version="v1", is_namespaced=False)
_NUMBER: Final = re.compile(r"\d{1,6}")
_VERSION_TEXT: Final = re.compile(r"v[0-9A-Za-z.+-]{1,63}")
_API_VERSION: Final = re.compile(r"v[0-9]{1,3}(?:(?:alpha|beta)[0-9]{1,3})?")


def get(calls: ApiCalls, kind: Kind, name: str, namespace: str) -> ClusterObject | None:
    """Return one object; of a Secret its metadata."""
    answer = _get(calls, kind, name, namespace, accept=accepted(kind))
    return None if answer is None else object_of(answer.tree, kind)


def read_secret(calls: ApiCalls, namespace: str, name: str) -> KubernetesSecret | None:
    """Return a Secret with its values: the one place that asks for them."""
    answer = _get(calls, SECRET, name, namespace, accept=JSON)
    return None if answer is None else secret_of(answer.tree)


def _get(calls: ApiCalls, kind: Kind, name: str, namespace: str, *, accept: str) -> Answer | None:
    errand = Errand("get", kind, namespace, name)
    request = asking(address(kind, namespace=namespace, name=name), accept=accept)
    answer = calls.send(request, errand, expected=frozenset({_MISSING}))
    if answer.status != _MISSING:
        return answer
    if status_of(answer.tree).name:
        return None
    raise failure(answer.reply, errand)


def list_all(calls: ApiCalls, kind: Kind, namespace: str, labels: Mapping[str, str]) -> Listing:
    """Return every object, page by page, all of one moment; begin again when that moment is too long ago."""
    errand = Errand("list", kind, namespace)
    for _try in range(LIST_TRIES):
        found = _pages(calls, errand, labels)
        if found is not None:
            return found
    raise unavailable(f"{kind} changes faster than it can be listed", subject=errand.subject)


def _pages(calls: ApiCalls, errand: Errand, labels: Mapping[str, str]) -> Listing | None:
    found: list[ClusterObject] = []
    query = {"limit": str(PAGE), **selector(labels)}
    path, accept = address(errand.kind, namespace=errand.namespace), accepted(errand.kind, is_list=True)
    token = ""
    while True:
        request = asking(path, accept=accept, query={**query, "continue": token} if token else query)
        answer = calls.send(request, errand, expected=frozenset({_GONE}) if token else frozenset())
        if answer.status == _GONE:
            return None
        items, meta = answer.tree.get("items"), answer.tree.get("metadata")
        if not isinstance(meta, dict) or not isinstance(meta.get("resourceVersion"), str) or not isinstance(items or [], list):
            raise unavailable(f"what came back is no list of {errand.kind}", subject=errand.subject)
        found += [object_of(item, errand.kind) for item in items or []]
        token = str(meta.get("continue") or "")
        if not token:
            found.sort(key=lambda each: (each.meta.namespace, each.meta.name))
            return Listing(objects=tuple(found), resource_version=meta["resourceVersion"])


def watch(
    calls: ApiCalls, kind: Kind, namespace: str, labels: Mapping[str, str], *, since: str, seconds: float, clock: Clock
) -> Iterator[ObjectChange]:
    """Yield what changes after ``since``. The server ends the stream in time; a dead connection ends a little later."""
    errand = Errand("watch", kind, namespace)
    limit = max(1, math.ceil(seconds))
    query = {"watch": "1", "resourceVersion": since, "allowWatchBookmarks": "true", "timeoutSeconds": str(limit), **selector(labels)}
    until = clock.monotonic() + limit
    stream = calls.stream(
        asking(address(kind, namespace=namespace), accept=accepted(kind), query=query),
        errand,
        silence_seconds=limit + SILENCE_SLACK_SECONDS,
    )
    try:
        for change in changes(stream.pieces, errand):
            yield change
            if clock.monotonic() >= until:
                return
    finally:
        stream.close()


def version(calls: ApiCalls) -> ClusterVersion:
    """Return the API server's version."""
    tree = calls.send(asking("/version"), Errand("get", _VERSION)).tree
    major, minor = (_NUMBER.match(str(tree.get(part, ""))) for part in ("major", "minor"))
    text = str(tree.get("gitVersion", ""))
    if major is None or minor is None:
        raise unavailable("what came back for its version is no answer of an API server")
    shown = text if _VERSION_TEXT.fullmatch(text) else f"v{major[0]}.{minor[0]}"
    return ClusterVersion(major=int(major[0]), minor=int(minor[0]), text=shown)


def served_versions(calls: ApiCalls, group: str) -> tuple[str, ...]:
    """Return the versions of an API group, the preferred one first."""
    if not group:
        return _known(calls.send(asking("/api"), Errand("get", _API_GROUP)).tree.get("versions"))
    answer = calls.send(asking(f"/apis/{segment(group)}"), Errand("get", _API_GROUP, name=group), expected=frozenset({_MISSING}))
    if answer.status == _MISSING:
        return ()
    listed, preferred = answer.tree.get("versions"), answer.tree.get("preferredVersion")
    served = _known([each.get("version") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else [])
    first = preferred.get("version") if isinstance(preferred, dict) else None
    return tuple(sorted(served, key=lambda each: each != first))


def _known(versions: Any) -> tuple[str, ...]:
    listed = versions if isinstance(versions, list) else []
    return tuple(each for each in listed if isinstance(each, str) and _API_VERSION.fullmatch(each))


def may(calls: ApiCalls, verb: str, kind: Kind, namespace: str, subresource: str) -> bool:
    """Say whether the cluster allows something."""
    asked = {"verb": verb, "group": kind.group, "version": kind.version, "resource": kind.plural, "subresource": subresource}
    review = {
        "apiVersion": _REVIEW.api_version,
        "kind": _REVIEW.name,
        "spec": {"resourceAttributes": {**asked, "namespace": namespace}},
    }
    request = Request(
        method="POST",
        path=address(_REVIEW),
        headers=(("Accept", JSON), ("Content-Type", JSON)),
        body=json.dumps(review).encode(),
    )
    status = calls.send(request, Errand("create", _REVIEW)).tree.get("status")
    if not isinstance(status, dict) or not isinstance(status.get("allowed"), bool):
        raise unavailable("what came back for a review of access is no answer of an API server")
    return bool(status["allowed"])


def now(calls: ApiCalls) -> datetime:
    """Return the time by the API server's clock."""
    text = calls.send(asking("/version"), Errand("get", _VERSION)).reply.headers.get("Date", "")
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (TypeError, ValueError):
        raise unavailable("its answer says no time") from None
