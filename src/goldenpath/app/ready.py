"""Everything that must hold before a store is touched: a clean catalog that passes the rules, and approvals for all of it."""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.app.context import standing_context
from goldenpath.app.protected import protected_commit
from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.reviewed import blocked, require_reviewed, require_reviewed_settings
from goldenpath.app.revision import Governance, read_governance, read_requests, require_clean
from goldenpath.app.services import Services
from goldenpath.errors import Conflict
from goldenpath.intent.catalog import Catalog
from goldenpath.model.approval import Approval
from goldenpath.model.finding import Finding
from goldenpath.policy.gate import judge_catalog
from goldenpath.ports.repository import RepositoryReader

APPLIED = "apply.commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A commit that may be applied. ``approvals`` are by request id, for requests changed since the last verified commit."""

    commit: str
    governance: Governance
    catalog: Catalog
    warnings: tuple[Finding, ...]
    approvals: dict[str, tuple[Approval, ...]]


def prepare(services: Services, *, commit: str | None = None, action: str = "platform.apply") -> Ready:
    """Check that the commit may be applied; a refusal is recorded as ``action`` (R53).

    Raises:
        InvalidIntent: the catalog has faults.
        PolicyBlocked: ``apply.policy-blocked``, ``approval.missing`` or ``platform.settings-unreviewed``.
        Conflict: ``apply.older-commit`` when a newer commit was already applied here (R19), ``history.rewritten``.
    """
    with refusals_recorded(services, action):
        return _prepare(services, commit)


def _prepare(services: Services, commit: str | None) -> Ready:
    reader = services.repository()
    wanted = protected_commit(reader, services.settings, commit)
    _refuse_older(services, reader, wanted)
    governance = read_governance(reader, wanted)
    catalog = read_requests(reader, governance)
    require_clean(catalog.findings, what=f"the catalog at {wanted[:12]}")
    warnings = _judge_standing(services, governance, catalog)
    history = require_reviewed(services, wanted)
    require_reviewed_settings(services, wanted)
    return Ready(commit=wanted, governance=governance, catalog=catalog, warnings=warnings, approvals=history.approvals())


def _refuse_older(services: Services, reader: RepositoryReader, wanted: str) -> None:
    applied = services.journal().recall(APPLIED)
    if applied and applied != wanted and reader.is_ancestor(wanted, applied):
        raise Conflict(
            "apply.older-commit",
            f"commit {wanted[:12]} is older than {applied[:12]}, which was already applied",
            subject=wanted,
            hint="to go back, revert on the protected branch and apply the revert",
        )


def _judge_standing(services: Services, governance: Governance, catalog: Catalog) -> tuple[Finding, ...]:
    context = standing_context(governance, today=services.clock.now().date())
    verdict = judge_catalog([entry.request for entry in catalog.entries], context)
    blocking = [finding for finding in verdict.findings if finding.is_blocking]
    if blocking:
        raise blocked("apply.policy-blocked", "the catalog does not pass the rules", blocking, hint="goldenpath policy explain RULE")
    return verdict.findings
