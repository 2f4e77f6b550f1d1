"""One audit trail per use-case, with the keys that join its records to Git and to other systems."""

from __future__ import annotations

from goldenpath.app.services import Services
from goldenpath.audit.trail import AuditTrail
from goldenpath.model.audit import Joins, Target
from goldenpath.model.correlation import correlation_id
from goldenpath.model.naming import store_path
from goldenpath.model.request import SecretRequest


def open_trail(services: Services) -> AuditTrail:
    """Return a trail for this actor and this run."""
    return AuditTrail(
        services.audit(),
        services.clock,
        services.entropy,
        actor=services.actor,
        source=services.source,
        joins=joins_of(services),
    )


def joins_of(services: Services, request: SecretRequest | None = None, *, commit: str = "", plan_digest: str = "") -> Joins:
    """Return the join keys of one operation; those of a request carry the id that every command derives for it."""
    return Joins(
        correlation_id=services.correlation_id if request is None else correlation_id(request),
        repository=services.root.name,
        commit=commit or services.settings_commit,
        plan_digest=plan_digest,
        pipeline_run_id=services.environment_variables.get("GITHUB_RUN_ID", ""),
    )


def target_of(request: SecretRequest, *, prefix: str) -> Target:
    """Return what an operation on a request is about."""
    return Target(
        intent_id=request.id,
        service=request.metadata.service,
        environment=request.environment,
        backend=request.spec.provider,
        backend_ref=store_path(request, prefix=prefix),
        namespace=request.spec.access.namespace,
        k8s_secret=request.spec.access.k8s_secret_name,
    )
