"""Brings a revision of the GitOps repository into the cluster, as far as Argo CD does that by itself (R31)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.app.services import Services
from goldenpath.delivery.argo_wait import wait_until_applied
from goldenpath.errors import GoldenpathError

if TYPE_CHECKING:
    from goldenpath.app.sync import SyncOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedRevision:
    """What Argo CD compared the cluster with, and found no difference. ``wanted`` is in ``revision``."""

    application: str
    wanted: str
    revision: str
    is_pruning: bool


def apply_revision(services: Services, order: SyncOrder, environment: str) -> AppliedRevision | None:
    """Refresh the environment's application and wait until the wanted revision is applied; None where no Argo CD is configured.

    Raises:
        NotFound: ``argo.application-missing``.
        Conflict: ``argo.not-automated``, ``argo.comparison-failed``, ``argo.sync-failed``.
        SyncTimeout: ``argo.timeout``.
    """
    configured = services.settings.environment(environment).kubernetes
    if configured is None or configured.argo_cd is None:
        return None
    name = configured.argo_cd.application.replace("{environment}", environment)
    wanted = order.revision or services.manifests().head()
    if not wanted:
        return None
    services.progress(f"{environment}: asking Argo CD to apply {wanted[:12]}")
    state, applied = wait_until_applied(
        services.deployer(environment, order.access),
        name,
        wanted=wanted,
        is_within=lambda revision: contains(services, wanted, revision),
        clock=services.clock,
        timeout_seconds=order.limits.timeout_seconds,
        is_hard=order.is_hard,
        progress=services.progress,
    )
    return AppliedRevision(application=name, wanted=wanted, revision=applied.revision, is_pruning=state.is_pruning)


def contains(services: Services, wanted: str, revision: str) -> bool:
    """Say whether ``revision`` contains ``wanted``; one that this clone does not know yet does not count."""
    try:
        return services.manifest_reader().is_ancestor(wanted, revision)
    except GoldenpathError:
        return False
