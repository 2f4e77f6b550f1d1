"""A term that is about to run out (D15) is announced ahead."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.days import days_text
from goldenpath.policy.rule import RequestRule, finding_on
from goldenpath.policy.ttl import term_of

CODE = "policy.ttl-expiring"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Warn within the lead that the policy file sets."""
    request = change.current
    if request.spec.lifecycle.status != "active":
        return ()
    term = term_of(request, context)
    if term is None or term.is_expired or term.days_left > context.policy.ttl_warn_days:
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "warn",
            f"the term runs out on {term.ends}, in {days_text(term.days_left)}",
            field="spec.ttlDays",
            got=f"{term.started} plus {request.spec.ttl_days} days",
            expected="a renewal, or lifecycle status deprecated, before that day",
            hint=f"set spec.renewedOn to {context.today} and have it reviewed",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="warn",
    is_standing=True,
    check=check,
    checks="whether the term ends within ttlWarnDays of the policy file.",
)
