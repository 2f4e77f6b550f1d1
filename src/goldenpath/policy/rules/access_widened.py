"""More principals (R13): who gains access stands in the verdict, and the stricter side's approvers decide."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.principals import LISTS
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.access-widened"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Name every principal that a list gains."""
    before, after = change.before, change.after
    if before is None or after is None or before.spec.access == after.spec.access:
        return ()
    gains = ((field, _gained(getattr(before.spec.access, name), getattr(after.spec.access, name))) for field, name in LISTS)
    return [_widened(change, context, field, names) for field, names in gains if names]


def _gained(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in after if name not in before)


def _widened(change: RequestChange, context: GateContext, field: str, names: tuple[str, ...]) -> Finding:
    return finding_on(
        change,
        context,
        CODE,
        "info",
        f"{len(names)} more {'principal gains' if len(names) == 1 else 'principals gain'} access",
        field=field,
        got=", ".join(names),
        expected=f"approvals of tier {context.judged_tier(change)}",
        hint="check that each of them needs this secret",
    )


RULE = RequestRule(
    code=CODE,
    level="info",
    check=check,
    checks="whether read, write or break-glass principals are added; the change is approved at the stricter tier of both sides.",
)
