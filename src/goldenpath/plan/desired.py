"""Request → the container that it wants in a store. Tags and description are those that the projection states too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import UNSET

from goldenpath.model.container import container_description, container_replicas, record_tags
from goldenpath.model.lifecycle import STATES
from goldenpath.model.naming import store_ref
from goldenpath.model.policy import ClassCadence
from goldenpath.model.request import SecretRequest
from goldenpath.model.rotators import wanted_rotation
from goldenpath.model.settings import Settings
from goldenpath.model.store import DesiredSecret, replicas_of

RECORDED_STATES = frozenset(STATES) - {"decommissioned"}
"""States in which a record must exist; taking it away is the work of retirement, never of a plan."""


def desired_secret(
    request: SecretRequest, *, settings: Settings, policy_document: str, cadences: Mapping[str, ClassCadence]
) -> DesiredSecret:
    """Return the container for one request.

    Args:
        request: The reviewed intent; its environment is canonical.
        settings: Gives the path prefix, the environment's key, its replicas and its rotators.
        policy_document: The resource policy as canonical JSON, empty for none.
        cadences: How often each rotation class rotates.
    """
    return DesiredSecret(
        ref=store_ref(request, prefix=settings.naming.prefix),
        request_id=request.id,
        description=container_description(request),
        kms_key=settings.environment(request.environment).kms_key,
        policy=policy_document,
        tags=tuple(sorted(record_tags(request, settings).items())),
        replica_regions=replicas_of(container_replicas(request, settings)),
        native_rotation=wanted_rotation(request, settings, cadences) or UNSET,
    )


def desired_secrets(
    requests: Iterable[SecretRequest],
    *,
    environment: str,
    settings: Settings,
    policies: Mapping[str, str],
    cadences: Mapping[str, ClassCadence],
) -> tuple[DesiredSecret, ...]:
    """Return the containers that the whole catalog wants in one environment (R17), by path. ``policies`` is by request id."""
    wanted = (
        desired_secret(request, settings=settings, policy_document=policies.get(request.id, ""), cadences=cadences)
        for request in requests
        if request.environment == environment and request.spec.lifecycle.status in RECORDED_STATES
    )
    return tuple(sorted(wanted, key=lambda desired: (desired.ref.path, desired.ref.provider)))


def retired_ids(requests: Iterable[SecretRequest], *, environment: str) -> frozenset[str]:
    """Return the ids of decommissioned requests: their records, where they still exist, await retirement."""
    return frozenset(
        request.id for request in requests if request.environment == environment and request.spec.lifecycle.status not in RECORDED_STATES
    )
