"""Longest terms: the policy file may cap ttlDays by tier."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.ttl-too-long"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse a term beyond the cap of the stricter tier."""
    tier = context.judged_tier(change)
    longest = context.compiled.ttl_max_days.get(tier)
    asked = change.current.spec.ttl_days
    if longest is None or asked <= longest:
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            f"risk tier {tier} allows a term of at most {longest} days",
            field="spec.ttlDays",
            got=str(asked),
            expected=f"1 to {longest}",
            hint="shorten ttlDays and renew with spec.renewedOn when it runs out",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    check=check,
    checks="that spec.ttlDays is within the longest term which ttlMaxDays of the policy file allows for the tier.",
)
