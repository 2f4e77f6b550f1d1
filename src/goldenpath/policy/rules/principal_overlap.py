"""Principals with two jobs (R16): who reads every day does not also write or break glass."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.principals import entries_of
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.principal-overlap"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse the second mention of a principal, in whichever list."""
    first: dict[str, str] = {}
    found: list[Finding] = []
    for entry in entries_of(change.current):
        earlier = first.setdefault(entry.principal.key, entry.field)
        if earlier != entry.field:
            found.append(_overlap(change, context, entry.field, entry.principal.text, earlier))
    return found


def _overlap(change: RequestChange, context: GateContext, field: str, got: str, earlier: str) -> Finding:
    return finding_on(
        change,
        context,
        CODE,
        "block",
        f"the same principal is already in {earlier}",
        field=field,
        got=got,
        expected="each principal once, in one of the three lists",
        hint="use a role of its own for each kind of access",
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    check=check,
    checks="that read, write and break-glass principals are disjoint and no list names a principal twice.",
)
