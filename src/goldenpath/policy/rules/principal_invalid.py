"""Principals that could mean more than one identity (R16)."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.principals import INVALID, entries_of, invalid
from goldenpath.policy.rule import RequestRule, file_of


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse every entry that is not the full ARN of one role or user."""
    request = change.current
    return invalid(entries_of(request), request, file_of(change, context))


RULE = RequestRule(
    code=INVALID,
    level="block",
    is_standing=True,
    is_waivable=False,
    check=check,
    checks="that every principal is the full ARN of one IAM role or user: no wildcard, no account root, no session, no shortened ARN.",
)
