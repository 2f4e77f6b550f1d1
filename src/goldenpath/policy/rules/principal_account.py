"""Principals of foreign accounts (R16): the accounts of an environment are the platform's decision."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.principals import ACCOUNT, entries_of, foreign
from goldenpath.policy.rule import RequestRule, file_of


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse principals of accounts that are not allowed in the request's environment; none is allowed by default."""
    request = change.current
    return foreign(entries_of(request), request, file_of(change, context), context.compiled.accounts(request.environment))


RULE = RequestRule(
    code=ACCOUNT,
    level="block",
    is_standing=True,
    is_waivable=False,
    check=check,
    checks="that every principal belongs to an account which the settings allow for the request's environment.",
)
