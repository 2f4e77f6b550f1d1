"""Renewals (D15): a renewal is dated on or before today and never earlier than the one before it."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.days import parse_day
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.renewal-invalid"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse impossible, future and backward dates, and taking a renewal away."""
    after = change.current.spec.renewed_on
    before = change.before.spec.renewed_on if change.before else None
    fault = _fault(before, after, context)
    if not fault:
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            fault,
            field="spec.renewedOn",
            got=after or "",
            expected=f"a day from {before or 'the first apply'} to {context.today}",
            hint=f"to renew today, write renewedOn: {context.today}",
        ),
    )


def _fault(before: str | None, after: str | None, context: GateContext) -> str:
    if after is None:
        return "a renewal cannot be taken back" if before else ""
    day = parse_day(after)
    if day is None:
        return f"there is no day {after}"
    if day > context.today:
        return "a renewal cannot lie in the future"
    earlier = parse_day(before) if before else None
    return "a renewal cannot go back behind the last one" if earlier is not None and day < earlier else ""


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    is_waivable=False,
    check=check,
    checks="that spec.renewedOn is a real day, not in the future, and not before the last renewal.",
)
