"""Principals with two jobs (R16): who reads every day does not also write or break glass."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.principals import OVERLAP, entries_of, repeated
from goldenpath.policy.rule import RequestRule, file_of


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse the second mention of a principal, in whichever list."""
    request = change.current
    return repeated(entries_of(request), request, file_of(change, context))


RULE = RequestRule(
    code=OVERLAP,
    level="block",
    is_standing=True,
    is_waivable=False,
    check=check,
    checks="that read, write and break-glass principals are disjoint and no list names a principal twice.",
)
