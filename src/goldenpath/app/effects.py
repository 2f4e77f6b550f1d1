"""What a change would do, computed from Git alone: the part of the change digest that approvers cannot see in the diff (D11, R12)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from goldenpath.model.base import digest
from goldenpath.model.change import RequestChange
from goldenpath.model.policy import ClassCadence
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.store import DesiredSecret
from goldenpath.plan.desired import desired_secret
from goldenpath.projection.iam import resource_policy
from goldenpath.projection.overlays import render_overlays
from goldenpath.projection.render import render_environment


def desired_of(request: SecretRequest, settings: Settings, cadences: Mapping[str, ClassCadence]) -> DesiredSecret:
    """Return the container that a request wants, access policy included. ``cadences``: how often each rotation class rotates."""
    policy = resource_policy(request, settings=settings)
    return desired_secret(request, settings=settings, policy_document=policy, cadences=cadences)


def files_of(request: SecretRequest, settings: Settings) -> dict[str, bytes]:
    """Return the files that the request alone would project."""
    files = render_environment([request], environment=request.environment, settings=settings)
    if settings.projection.is_overlays:
        rendered = render_overlays([request], environments=[request.environment], settings=settings)
        files |= {f"{folder}/{path}": data for folder, mine in rendered.items() for path, data in mine.items()}
    return files


def effects_digest(changes: Iterable[RequestChange], settings: Settings, cadences: Mapping[str, ClassCadence]) -> str:
    """Return the digest of every planned effect of ``changes``: containers and files, before and after."""
    return digest([[change.id, *(_effect(side, settings, cadences) for side in (change.before, change.after))] for change in changes])


def _effect(request: SecretRequest | None, settings: Settings, cadences: Mapping[str, ClassCadence]) -> object:
    if request is None:
        return None
    files = {path: hashlib.sha256(data).hexdigest() for path, data in files_of(request, settings).items()}
    return [desired_of(request, settings, cadences), files]
