"""Paths and media types of the API. A Secret is only ever asked for as metadata, except by ``read_secret``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from goldenpath.errors import ProviderRefused
from goldenpath.model.cluster import Kind
from goldenpath.providers.kubernetes.objects import is_secret
from goldenpath.providers.kubernetes.transport import Request

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"
_METADATA: Final = "application/json;as={};g=meta.k8s.io;v=v1"
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_./-]*[A-Za-z0-9])?")


def address(kind: Kind, *, namespace: str = "", name: str = "") -> str:
    """Return the path of a collection, or of one object in it.

    Raises:
        ProviderRefused: ``cluster.refused`` for a name that would lead elsewhere.
    """
    if name and kind.is_namespaced and not namespace:
        raise ValueError(f"one {kind} needs a namespace")
    root = f"/apis/{segment(kind.group)}/{segment(kind.version)}" if kind.group else f"/api/{segment(kind.version)}"
    within = f"/namespaces/{segment(namespace)}" if namespace and kind.is_namespaced else ""
    return f"{root}{within}/{segment(kind.plural)}{f'/{segment(name)}' if name else ''}"


def accepted(kind: Kind, *, is_list: bool = False) -> str:
    """Return what to accept as an answer about objects of a kind."""
    if not is_secret(kind):
        return JSON
    return _METADATA.format("PartialObjectMetadataList" if is_list else "PartialObjectMetadata")


def asking(path: str, *, accept: str = JSON, query: Mapping[str, str] | None = None) -> Request:
    """Return a GET."""
    return Request(method="GET", path=path, query=urlencode(query or {}), headers=(("Accept", accept),))


def selector(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the query of a selection by labels.

    Raises:
        ProviderRefused: ``cluster.refused`` for what is no label: a comma in one would select something else.
    """
    for name, value in labels.items():
        if not _LABEL.fullmatch(name) or (value and not _LABEL.fullmatch(value)):
            raise ProviderRefused("cluster.refused", f"{f'{name}={value}'!a} is no label", hint="correct the selection")
    return {"labelSelector": ",".join(f"{name}={value}" for name, value in sorted(labels.items()))} if labels else {}


def segment(text: str) -> str:
    """Return one step of a path. Raises ``ProviderRefused`` ``cluster.refused`` for what leads elsewhere: no object has such a name."""
    if text in {"", ".", ".."} or "/" in text or "%" in text:
        raise ProviderRefused("cluster.refused", f"no object can be called {text!a}", hint="correct the name")
    return quote(text, safe="")
