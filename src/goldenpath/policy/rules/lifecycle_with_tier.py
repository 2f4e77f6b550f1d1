"""A step and a new tier in one change (R54): the tier decides how long a step waits, so it is settled first."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.lifecycle-with-tier"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse both at once, whether the declared tier or the one that counts moves."""
    before, after = change.before, change.after
    if before is None or after is None or before.spec.lifecycle.status == after.spec.lifecycle.status:
        return ()
    old, new = context.tier(before), context.tier(after)
    if old == new and before.spec.risk.tier == after.spec.risk.tier:
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            "lifecycle status and risk tier change together",
            field="spec.risk.tier",
            got=after.spec.risk.tier,
            expected=before.spec.risk.tier,
            hint="make two changes: the tier first, then the lifecycle step",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_waivable=False,
    check=check,
    checks="that one change does not move both spec.lifecycle.status and the tier.",
)
