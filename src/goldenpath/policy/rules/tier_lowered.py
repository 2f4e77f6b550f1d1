"""Lowering a tier (R13): allowed, seen, and judged and approved at the old tier."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.compiled import rank_of
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.tier-lowered"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Tell when the tier that counts goes down, by the declared tier or by a type or environment with a lower floor."""
    if change.before is None or change.after is None:
        return ()
    old, new = context.tier(change.before), context.tier(change.after)
    if rank_of(new) >= rank_of(old):
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "warn",
            f"the tier goes down from {old} to {new}; this change is judged and approved as {old}",
            field="spec.risk.tier",
            got=change.after.spec.risk.tier,
            expected=f"approvals of tier {old}",
            hint=f"lower the tier only when the secret really guards less; the approvers of {old} decide",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="warn",
    check=check,
    checks="whether the tier goes down; the whole change is then judged and approved at the old tier.",
)
