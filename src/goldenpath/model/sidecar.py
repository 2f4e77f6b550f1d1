"""``<id>.metadata.yaml`` beside a request: ownership and risk, stated a second time where a catalog wants it so (seed 001, D5).

A sidecar adds nothing to a request; whatever it states must agree with it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from goldenpath.model.base import Contract
from goldenpath.model.request import EnumWord, Label, RequestId, Risk


class SidecarMetadata(Contract, frozen=True, kw_only=True):
    """Who answers for the request."""

    id: RequestId
    owner: Annotated[EnumWord, Meta(description="Accountable team (enum: owners)")] | None = None
    service: Annotated[Label, Meta(description="Service that the secret belongs to")] | None = None
    environment: Annotated[EnumWord, Meta(description="Deployment target (enum: environments; aliases allowed)")] | None = None


class SidecarSpec(Contract, frozen=True, kw_only=True):
    """Governance class."""

    risk: Risk | None = None


class Sidecar(Contract, frozen=True, kw_only=True):
    """The whole file."""

    api_version: Literal["goldenpath.io/v1"]
    kind: Literal["SecretRequestMetadata"]
    metadata: SidecarMetadata
    spec: SidecarSpec = SidecarSpec()
