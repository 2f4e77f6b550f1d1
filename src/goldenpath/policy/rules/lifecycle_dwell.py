"""Minimum dwell (D14, R54): each forward step waits until the state before it has lasted long enough."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.model.lifecycle import TRANSITIONS, is_forward
from goldenpath.policy.context import GateContext
from goldenpath.policy.days import add_days, days_text
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.lifecycle-dwell"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse a forward step before its day, at the stricter tier; without a known start the step waits (R15)."""
    if change.before is None or change.after is None:
        return ()
    old, new = change.before.spec.lifecycle.status, change.after.spec.lifecycle.status
    if (old, new) not in TRANSITIONS or not is_forward(old, new):
        return ()
    tier = context.judged_tier(change)
    dwell = context.compiled.dwell_days[tier]
    since = context.state_since.get(change.before.id, date.max)
    if since > context.today:
        when, hint = "history does not tell since when", "judge with the full history of the protected branch (no shallow clone)"
    elif add_days(since, dwell) > context.today:
        earliest = add_days(since, dwell)
        when, hint = f"since {since}; earliest allowed date {earliest}", f"propose this step again on {earliest}"
    else:
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            f"risk tier {tier} stays {old} for at least {days_text(dwell)} before {new} ({when})",
            field="spec.lifecycle.status",
            got=new,
            expected=old,
            hint=hint,
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_waivable=False,
    check=check,
    checks="that a request stays in each state for the tier's minimum (low 1, medium 7, high 14 days; the policy file can only raise it).",
)
