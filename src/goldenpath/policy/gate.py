"""The gate: a change and what the base says about it, to a verdict. Pure; the same input gives the same verdict everywhere.

It never reads the head's own policy to judge by, never decides whether approvals were given, and never raises for what a file says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from goldenpath.model.change import Change, RequestChange
from goldenpath.model.finding import Finding, Verdict
from goldenpath.model.request import SecretRequest
from goldenpath.policy.context import GateContext
from goldenpath.policy.needs import approval_needs
from goldenpath.policy.rules import CHANGE_RULES, STANDING_RULES, STEP_RULES
from goldenpath.policy.waivers import apply_waivers

EMPTY_CHANGE = "policy.change-unreadable"


def judge(change: Change, context: GateContext) -> Verdict:
    """Return every finding about a change, waivers applied, and the approvals that it needs.

    Args:
        change: Base against head.
        context: What the base and history say.
    """
    findings = [*_change_findings(change, context)]
    for each in change.requests:
        findings += _request_findings(each, context)
    return _verdict(findings, context, change)


def judge_request(change: RequestChange, context: GateContext) -> tuple[Finding, ...]:
    """Return what the rules say about the change of one request, waivers applied; for authors, before anything is proposed."""
    return _sorted(apply_waivers(list(_request_findings(change, context)), context, {change.id}))


def judge_catalog(requests: Iterable[SecretRequest], context: GateContext) -> Verdict:
    """Return what the standing rules say about a whole catalog, as ``apply`` sees it; rules that need a before are left out.

    The verdict has no needs: a state asks for no approval, a change does.
    """
    findings: list[Finding] = []
    judged: list[str] = []
    for request in requests:
        judged.append(request.metadata.id)
        if request.spec.lifecycle.status != "decommissioned":
            unchanged = RequestChange(id=request.metadata.id, before=request, after=request)
            for rule in STANDING_RULES:
                findings += rule.check(unchanged, context)
    return Verdict(findings=_sorted(apply_waivers(findings, context, judged)))


def _change_findings(change: Change, context: GateContext) -> Iterator[Finding]:
    for rule in CHANGE_RULES:
        yield from rule.check(change, context)


def _request_findings(change: RequestChange, context: GateContext) -> Iterator[Finding]:
    if change.before is None and change.after is None:
        yield _unreadable(change)
        return
    for rule in STEP_RULES:
        yield from rule.check(change, context)
    if change.after is not None and change.after.spec.lifecycle.status != "decommissioned":
        for standing in STANDING_RULES:
            yield from standing.check(change, context)


def _unreadable(change: RequestChange) -> Finding:
    return Finding(
        rule=EMPTY_CHANGE,
        level="block",
        message="neither side of this change could be read",
        subject=change.id,
        file=change.path_after or change.path_before,
        hint="run: goldenpath validate",
    )


def _verdict(findings: list[Finding], context: GateContext, change: Change) -> Verdict:
    judged = {each.id for each in change.requests}
    return Verdict(findings=_sorted(apply_waivers(findings, context, judged)), needs=approval_needs(change, context))


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: finding.sort_key))
