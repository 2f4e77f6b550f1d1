"""One aggregate tfvars file per environment (D10).

Terraform replaces a map variable between files instead of merging it, so one file per request would lose all but one. Containers,
tags, policies, keys, replicas and rotation settings; never a value (R1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson

from goldenpath.model.container import container_description, container_replicas, record_tags
from goldenpath.model.lifecycle import RECOVERY_WINDOW_DAYS
from goldenpath.model.naming import store_path
from goldenpath.model.policy import ClassCadence
from goldenpath.model.request import SecretRequest
from goldenpath.model.rotation import NativeRotation
from goldenpath.model.rotators import cadence_of, wanted_rotation
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
    rotation: Mapping[str, ClassCadence] | None = None,
    awaiting: Collection[str] = (),
    aims: Mapping[str, DesiredSecret] | None = None,
) -> bytes:
    """Return the file's bytes: one map keyed by request id, of the requests that want a container in Secrets Manager.

    ``rotation`` maps rotation classes to the platform's cadence; a class that is not in it leaves ``rotation_days`` null. ``awaiting``
    holds the ids of requests without a first value, whose rotation cannot be set yet. ``aims`` are the containers that a plan aims at: they
    differ from what the request says where drift is ignored, which Terraform would take back, and where rotation has to wait.
    """
    cadences = rotation or {}
    secrets = {request.id: _container(request, settings, cadences, awaiting) for request in requests if _wants_container(request)}
    for request_id, desired in (aims or {}).items():
        secrets[request_id] = _aimed_at(secrets[request_id], desired)
    return orjson.dumps({VARIABLE: secrets}, option=JSON_OPTIONS)


def _wants_container(request: SecretRequest) -> bool:
    return request.spec.provider == SECRETS_MANAGER and request.spec.lifecycle.status != "decommissioned"


def _container(
    request: SecretRequest, settings: Settings, cadences: Mapping[str, ClassCadence], awaiting: Collection[str]
) -> dict[str, Any]:
    spec = request.spec
    cadence = cadence_of(request, cadences)
    native = None if request.id in awaiting else wanted_rotation(request, settings, cadences)
    replicas = container_replicas(request, settings)
    return {
        # only where there are some: files of a platform without replicas or rotators stay as they are
        **({"replica_regions": dict(replicas)} if replicas else {}),
        **({"rotation": _rotation(native)} if native else {}),
        "description": container_description(request),
        "kms_key": settings.environment(request.environment).kms_key or None,
        "name": store_path(request, prefix=settings.naming.prefix),
        "policy": resource_policy(request, settings=settings),
        "recovery_window_in_days": spec.lifecycle.recovery_window_in_days or RECOVERY_WINDOW_DAYS[spec.risk.tier],
        "rotation_class": spec.rotation.rotation_class,
        "rotation_days": cadence.every_days if cadence else None,
        "tags": record_tags(request, settings),
    }


def _aimed_at(container: dict[str, Any], desired: DesiredSecret) -> dict[str, Any]:
    others = {name: value for name, value in container.items() if name != "rotation"}
    rotation = {"rotation": _rotation(desired.native_rotation)} if desired.native_rotation else {}
    return {**others, **rotation, "description": desired.description, "kms_key": desired.kms_key or None, "tags": dict(desired.tags)}


def _rotation(native: NativeRotation) -> dict[str, Any]:
    return {
        "days": native.every_days or None,
        "duration": f"{native.hours}h" if native.hours else None,
        "lambda_arn": native.function,
        "schedule": native.schedule or None,
    }
