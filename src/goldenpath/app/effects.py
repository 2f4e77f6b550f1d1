"""What a change would do, computed from Git alone: the part of the change digest that approvers cannot see in the diff (D11, R12)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from goldenpath.model.base import digest
from goldenpath.model.change import RequestChange
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.store import DesiredSecret
from goldenpath.plan.desired import desired_secret
from goldenpath.projection.iam import resource_policy
from goldenpath.projection.render import render_environment


def desired_of(request: SecretRequest, settings: Settings) -> DesiredSecret:
    """Return the container that a request wants, access policy included."""
    return desired_secret(request, settings=settings, policy_document=resource_policy(request, settings=settings))


def files_of(request: SecretRequest, settings: Settings) -> dict[str, bytes]:
    """Return the files that the request alone would project."""
    return render_environment([request], environment=request.environment, settings=settings)


def effects_digest(changes: Iterable[RequestChange], settings: Settings) -> str:
    """Return the digest of every planned effect of ``changes``: containers and files, before and after."""
    return digest([[change.id, _effect(change.before, settings), _effect(change.after, settings)] for change in changes])


def _effect(request: SecretRequest | None, settings: Settings) -> object:
    if request is None:
        return None
    files = {path: hashlib.sha256(data).hexdigest() for path, data in files_of(request, settings).items()}
    return [desired_of(request, settings), files]
