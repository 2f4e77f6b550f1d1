"""The one id that joins a secret's records from pull request to pod.

It is derived from the reviewed content, so every command on every machine computes the same id without passing it along.
"""

from __future__ import annotations

from goldenpath.model.base import digest
from goldenpath.model.request import SecretRequest


def correlation_id(request: SecretRequest) -> str:
    """Return the id of this revision of the request, e.g. ``gp-sec-0007-5d2c9a41f07b``."""
    return f"gp-{request.id.lower()}-{digest(request).removeprefix('sha256:')[:12]}"
