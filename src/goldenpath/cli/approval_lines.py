"""Where a change's approvals stand, in words and as data: shared by ``policy check``, ``preview`` and ``approve``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goldenpath.app.check import CheckResult
from goldenpath.cli.output import printable
from goldenpath.model.finding import ApprovalNeed


def approval_rows(check: CheckResult) -> Iterator[str]:
    """Yield a line per need, met or missing, and one per approval that does not count."""
    if not check.verdict.needs:
        yield "none needed"
    for met in check.approvals.met:
        yield f"{need_name(met.need)}: {met.person}"
    for need in check.approvals.missing:
        yield f"{need_name(need)}: missing ({', '.join(need.because)})" if need.because else f"{need_name(need)}: missing"
    for rejected in check.approvals.rejected:
        who = rejected.approval.statement.approver or "unknown"
        yield printable(f"not counted: {who}, {rejected.reason} [{rejected.code}]")


def need_name(need: ApprovalNeed) -> str:
    """Return what a need asks for, e.g. ``owner side (app-team)``."""
    return f"owner side ({need.owner})" if need.owner else need.role


def approvals_payload(check: CheckResult) -> dict[str, Any]:
    """Return the same as data."""
    return {
        "is_satisfied": check.approvals.is_satisfied,
        "met": check.approvals.met,
        "missing": check.approvals.missing,
        "rejected": [
            {"approver": each.approval.statement.approver, "code": each.code, "reason": each.reason} for each in check.approvals.rejected
        ],
    }
