"""A verdict on its way out: findings, who must still approve, exceptions used, and the exit code. Shared by the verbs that judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.findings import render_findings
from goldenpath.cli.formats import Section
from goldenpath.cli.output import Output
from goldenpath.model.finding import ApprovalNeed, Finding

if TYPE_CHECKING:
    from goldenpath.app.check import CheckResult

_UNREADABLE = ("intent.", "policy.policy-word-unknown")
"""Blocking findings that mean "this cannot be read", which the exit codes tell apart from "this is not allowed"."""


def render_verdict(output: Output, result: CheckResult) -> None:
    """Write what the gate says about a change."""
    render_findings(
        output,
        (*result.verdict.findings, *result.approvals.problems),
        summary=_summary(result),
        kind="Verdict",
        details=_details(result),
        sections=[section for section in (_needs(result), _rejected(result), _waived(result)) if section.rows],
    )


def exit_code_of(result: CheckResult, *, fails_on_warning: bool, needs_approval: bool) -> Exit:
    """Return the exit code of a verdict (CONVENTIONS 1.3)."""
    blocking = [finding for finding in result.verdict.findings if finding.is_blocking]
    if any(finding.rule.startswith(_UNREADABLE) for finding in blocking):
        return Exit.USAGE
    warnings = [finding for finding in (*result.verdict.findings, *result.approvals.problems) if _is_open_warning(finding)]
    if blocking or (fails_on_warning and warnings):
        return Exit.FINDINGS
    if needs_approval and not result.approvals.is_satisfied:
        return Exit.WAITING
    return Exit.DONE


def _is_open_warning(finding: Finding) -> bool:
    return finding.level == "warn" and not finding.waived_by


def _summary(result: CheckResult) -> str:
    head = result.change.head[:12]
    missing = ", ".join(_need_name(need) for need in result.approvals.missing)
    if result.verdict.is_blocked:
        return f"change {head} is blocked"
    if not result.change.requests and not result.change.governance_paths:
        return f"change {head} touches no request and no steering file"
    if missing:
        return f"change {head} passes and waits for approval by {missing}"
    return f"change {head} passes and has every approval that it needs"


def _details(result: CheckResult) -> dict[str, Any]:
    approvals = result.approvals
    return {
        "base": result.base,
        "head": result.change.head,
        "merge_base": result.change.merge_base,
        "change_digest": result.change.digest,
        "policy_revision": result.change.policy_revision,
        "requests": [change.id for change in result.change.requests],
        "is_blocked": result.verdict.is_blocked,
        "approvals": {
            "is_satisfied": approvals.is_satisfied,
            "needs": result.verdict.needs,
            "met": approvals.met,
            "missing": approvals.missing,
            "counted": [approval.statement.approver for approval in approvals.counted],
            "rejected": [
                {"approver": each.approval.statement.approver, "code": each.code, "reason": each.reason} for each in approvals.rejected
            ],
        },
    }


def _needs(result: CheckResult) -> Section:
    met = [(_need_name(met.need), f"given by {met.person}", "; ".join(met.need.because)) for met in result.approvals.met]
    missing = [(_need_name(need), "missing", "; ".join(need.because)) for need in result.approvals.missing]
    return Section(title="Approvals", columns=("NEEDED", "STATE", "BECAUSE"), rows=tuple(met + missing))


def _rejected(result: CheckResult) -> Section:
    rows = tuple((each.approval.statement.approver or "-", each.code, each.reason) for each in result.approvals.rejected)
    return Section(title="Approvals that do not count", columns=("BY", "CODE", "WHY"), rows=rows)


def _waived(result: CheckResult) -> Section:
    rows = tuple((finding.rule, finding.subject, finding.waived_by) for finding in result.verdict.findings if finding.waived_by)
    return Section(title="Exceptions used", columns=("RULE", "REQUEST", "WAIVER"), rows=rows)


def _need_name(need: ApprovalNeed) -> str:
    return f"owner {need.owner}" if need.owner else need.role
