"""Recovery windows (D14): the days between deletion and destruction are a minimum by tier."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.days import days_text
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.recovery-window"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse a window shorter than the tier's, at the stricter tier of both sides."""
    asked = change.current.spec.lifecycle.recovery_window_in_days
    if asked is None:
        return ()
    tier = context.judged_tier(change)
    shortest = context.compiled.recovery_window_days[tier]
    if asked >= shortest:
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            f"risk tier {tier} keeps a deleted secret recoverable for at least {days_text(shortest)}",
            field="spec.lifecycle.recoveryWindowInDays",
            got=str(asked),
            expected=f"{shortest} to 30",
            hint="leave the field out to get the tier's window",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    check=check,
    checks="that spec.lifecycle.recoveryWindowInDays is not shorter than the tier's window (low 7, medium 14, high 30 days).",
)
