"""One aggregate tfvars file per environment (D10).

Terraform replaces a map variable between files instead of merging it, so one file per request would lose all but one. Containers,
tags, policies, keys, replicas and rotation settings; never a value (R1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from goldenpath.model.container import container_description, container_replicas, container_tags
from goldenpath.model.lifecycle import RECOVERY_WINDOW_DAYS
from goldenpath.model.naming import store_path
from goldenpath.model.policy import Cadence
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.store import DesiredSecret
from goldenpath.projection.iam import resource_policy
from goldenpath.projection.stores import SECRETS_MANAGER

TFVARS_PATH = "terraform/secrets.auto.tfvars.json"
VARIABLE = "goldenpath_secrets"
JSON_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def render_tfvars(
    requests: Iterable[SecretRequest],
    *,
    settings: Settings,
    rotation: Mapping[str, Cadence] | None = None,
    kept: Mapping[str, DesiredSecret] | None = None,
) -> bytes:
    """Return the file's bytes: one map keyed by request id, of the requests that want a container in Secrets Manager.

    ``rotation`` maps rotation classes to the platform's cadence; a class that is not in it leaves ``rotation_days`` null. ``kept`` are
    containers with fields that stay as they were found, because their drift is ignored; Terraform would take them back.
    """
    cadences = rotation or {}
    secrets = {request.id: _container(request, settings, cadences) for request in requests if _wants_container(request)}
    for request_id, desired in (kept or {}).items():
        secrets[request_id] |= {"description": desired.description, "kms_key": desired.kms_key or None, "tags": dict(desired.tags)}
    return orjson.dumps({VARIABLE: secrets}, option=JSON_OPTIONS)


def _wants_container(request: SecretRequest) -> bool:
    return request.spec.provider == SECRETS_MANAGER and request.spec.lifecycle.status != "decommissioned"


def _container(request: SecretRequest, settings: Settings, cadences: Mapping[str, Cadence]) -> dict[str, Any]:
    spec = request.spec
    cadence = cadences.get(spec.rotation.rotation_class)
    replicas = container_replicas(request, settings)
    return {
        # only where there are some: files of a platform without replicas stay as they are
        **({"replica_regions": dict(replicas)} if replicas else {}),
        "description": container_description(request),
        "kms_key": settings.environment(request.environment).kms_key or None,
        "name": store_path(request, prefix=settings.naming.prefix),
        "policy": resource_policy(request, settings=settings),
        "recovery_window_in_days": spec.lifecycle.recovery_window_in_days or RECOVERY_WINDOW_DAYS[spec.risk.tier],
        "rotation_class": spec.rotation.rotation_class,
        "rotation_days": cadence.every_days if cadence else None,
        "tags": container_tags(request),
    }
