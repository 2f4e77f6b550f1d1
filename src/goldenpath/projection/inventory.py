"""``inventory.json``: what an environment holds, for people and catalogs that must not need our tools. Names and places, never a value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson

from goldenpath.model.naming import store_path
from goldenpath.model.policy import ClassCadence
from goldenpath.model.request import SecretRequest
from goldenpath.model.rotators import wanted_rotation
from goldenpath.model.settings import Settings
from goldenpath.projection.external_secret import external_secret_path
from goldenpath.projection.overlays import patch_path
from goldenpath.projection.tfvars import JSON_OPTIONS

INVENTORY_PATH = "inventory.json"
SCHEMA_VERSION = 1


def render_inventory(
    requests: Iterable[SecretRequest],
    *,
    environment: str,
    settings: Settings,
    projected: Collection[str],
    awaiting: Collection[str],
    rotation: Mapping[str, ClassCadence] | None = None,
) -> bytes:
    """Return the file's bytes. ``projected`` holds the ids that have a manifest, ``awaiting`` those that have no value yet.

    Where the environment declares rotators, each entry says whether one rotates it, and how often; ``rotation`` is the cadence by class.
    """
    has_rotators = bool(settings.environment(environment).rotators)
    entries = [
        _entry(request, settings, projected, awaiting)
        | ({"native_rotation": _rotation(request, settings, rotation or {})} if has_rotators else {})
        for request in requests
    ]
    return orjson.dumps({"schema_version": SCHEMA_VERSION, "environment": environment, "secrets": entries}, option=JSON_OPTIONS)


def _entry(request: SecretRequest, settings: Settings, projected: Collection[str], awaiting: Collection[str]) -> dict[str, Any]:
    meta, spec = request.metadata, request.spec
    return {
        "id": meta.id,
        "name": meta.name,
        "service": meta.service,
        "owner": meta.owner,
        "tier": spec.risk.tier,
        "secret_type": spec.secret_type,
        "rotation_class": spec.rotation.rotation_class,
        "lifecycle": spec.lifecycle.status,
        "is_awaiting_value": meta.id in awaiting,
        "provider": spec.provider,
        "store_path": store_path(request, prefix=settings.naming.prefix),
        "namespace": spec.access.namespace,
        "k8s_secret": spec.access.k8s_secret_name,
        "manifest": _manifest(request, settings) if meta.id in projected else None,
    }


def _rotation(request: SecretRequest, settings: Settings, cadences: Mapping[str, ClassCadence]) -> dict[str, Any] | None:
    native = wanted_rotation(request, settings, cadences)
    return None if native is None else {"rotator": request.spec.rotation.rotator, "function": native.function, "cadence": native.cadence}


def _manifest(request: SecretRequest, settings: Settings) -> str:
    """Return the request's own file: inside the environment's folder, or of the repository where services have base and overlays."""
    return patch_path(request, settings=settings) if settings.projection.is_overlays else external_secret_path(request)
