"""Everything that must hold before a store is touched: a clean catalog that passes the rules, and approvals for all of it."""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.app.change import EMPTY_TREE, governed_paths
from goldenpath.app.check import CheckResult, judge_range
from goldenpath.app.context import standing_context
from goldenpath.app.dates import day_of
from goldenpath.app.history import HistoryResult, verify_history
from goldenpath.app.protected import protected_commit
from goldenpath.app.revision import Governance, is_founded, read_governance, read_requests, read_settings, require_clean
from goldenpath.app.services import Services
from goldenpath.errors import Conflict, Misconfigured, PolicyBlocked
from goldenpath.intent.catalog import Catalog
from goldenpath.model.approval import Approval
from goldenpath.model.change import CommitInfo
from goldenpath.model.finding import Finding
from goldenpath.policy.gate import judge_catalog
from goldenpath.ports.repository import PathChange, RepositoryReader

VERIFIED = "history.verified"
APPLIED = "apply.commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A commit that may be applied. ``approvals`` are by request id, for requests changed since the last verified commit."""

    commit: str
    governance: Governance
    catalog: Catalog
    warnings: tuple[Finding, ...]
    approvals: dict[str, tuple[Approval, ...]]


def prepare(services: Services, *, commit: str | None = None) -> Ready:
    """Check that the commit may be applied.

    Raises:
        InvalidIntent: the catalog has faults.
        PolicyBlocked: ``apply.policy-blocked`` or ``approval.missing``.
        Conflict: ``apply.older-commit`` when a newer commit was already applied here (R19).
    """
    reader = services.repository()
    wanted = protected_commit(reader, services.settings, commit)
    _refuse_older(services, reader, wanted)
    governance = read_governance(reader, wanted)
    catalog = read_requests(reader, governance)
    require_clean(catalog.findings, what=f"the catalog at {wanted[:12]}")
    warnings = _judge_standing(services, governance, catalog)
    history = _require_approved(services, reader, wanted)
    services.journal().remember(VERIFIED, history.verified_to)
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


def _require_approved(services: Services, reader: RepositoryReader, commit: str) -> HistoryResult:
    since = _trusted_start(services, reader, commit)
    notes = services.notes()

    def judge(base: str, head: str, end: CommitInfo) -> CheckResult:
        return judge_range(reader, notes, base=base, head=head, today=day_of(end), is_merged=True)

    def governed(old: str, new: str) -> tuple[PathChange, ...]:
        return reader.diff(old or EMPTY_TREE, new, governed_paths(read_settings(reader, old or new)))

    history = verify_history(reader, since=since, until=commit, judge=judge, governed=governed)
    if history.failed is not None:
        raise _unapproved(history)
    return history


def _trusted_start(services: Services, reader: RepositoryReader, commit: str) -> str:
    """Return the commit up to which approvals were already checked, or the commit that founded the platform: the root of trust."""
    verified = services.journal().recall(VERIFIED)
    if verified and reader.is_ancestor(verified, commit):
        return verified
    founding = next((info for info in reader.first_parents("", commit) if is_founded(reader, info.oid)), None)
    if founding is None:
        raise Misconfigured(
            "platform.not-founded",
            "no commit of the protected branch holds settings, enums, policy and approvers together",
            hint="goldenpath doctor says what is missing",
        )
    return founding.oid


def _unapproved(history: HistoryResult) -> PolicyBlocked:
    failed = history.failed
    assert failed is not None  # noqa: S101 - the caller checked
    assert failed.result is not None  # noqa: S101 - only judged segments fail
    where = f"{failed.base[:12]}..{failed.end[:12]}"
    blocking = [finding for finding in failed.result.verdict.findings if finding.is_blocking]
    if blocking:
        return blocked("apply.policy-blocked", f"{where} reached the protected branch although the gate blocks it", blocking, hint=_HEAL)
    missing = ", ".join(sorted({need.owner or need.role for need in failed.result.approvals.missing}))
    return PolicyBlocked(
        "approval.missing",
        f"{where} reached the protected branch without approval by: {missing}",
        subject=where,
        hint=f"goldenpath approve {_range(failed.base, failed.result.change.head)}, by eligible people, or revert the change",
    )


def _range(base: str, head: str) -> str:
    return f"--base {base[:12]} --head {head[:12]}"


_HEAL = "revert the change on the protected branch, then apply again"


def blocked(code: str, what: str, findings: list[Finding], *, hint: str) -> PolicyBlocked:
    """Return the error that names the first blocking findings."""
    shown = "; ".join(f"{finding.subject or finding.file}: {finding.message} [{finding.rule}]" for finding in findings[:5])
    return PolicyBlocked(code, f"{what}: {shown}", subject=findings[0].subject, hint=hint)
