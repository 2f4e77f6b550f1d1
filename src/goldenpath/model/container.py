"""What a request says about its container in a store, in the words that stores use: shared by the plan and the projection (R8)."""

from __future__ import annotations

from goldenpath.model.request import SecretRequest
from goldenpath.model.rotators import option_tags
from goldenpath.model.settings import Settings
from goldenpath.model.store import TAG_ENVIRONMENT, TAG_ID, TAG_OWNER, TAG_SERVICE, TAG_TIER, Replicas

REPLICATED_PROVIDER = "aws-secrets-manager"
"""The provider whose records can have copies in other regions."""


def container_tags(request: SecretRequest) -> dict[str, str]:
    """Return the tags that make the record ours and say whose it is; bookkeeping tags are the writer's."""
    meta = request.metadata
    return {
        TAG_ID: meta.id,
        TAG_OWNER: meta.owner,
        TAG_SERVICE: meta.service,
        TAG_ENVIRONMENT: meta.environment,
        TAG_TIER: request.spec.risk.tier,
    }


def record_tags(request: SecretRequest, settings: Settings) -> dict[str, str]:
    """Return every tag that the record itself carries: those that say whose it is, and what its rotator is asked for."""
    return {**container_tags(request), **option_tags(request, settings)}


def container_description(request: SecretRequest) -> str:
    """Return the record's description: the author's, or one made from the names."""
    meta = request.metadata
    return meta.description or f"{meta.name} of {meta.service} in {meta.environment}"


def container_replicas(request: SecretRequest, settings: Settings) -> Replicas:
    """Return the regions that hold a copy of the record, each with its KMS key; none for a provider that has no copies."""
    place = settings.environment(request.environment)
    if request.spec.provider != REPLICATED_PROVIDER:
        return ()
    return tuple((region, place.replica_keys.get(region, "")) for region in sorted(place.replica_regions))
