"""Principals of foreign accounts (R16): the accounts of an environment are the platform's decision."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.principals import entries_of
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.principal-account"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse principals of accounts that are not allowed in the request's environment; none is allowed by default."""
    entries = entries_of(change.current)
    if not entries:
        return ()
    environment = change.current.environment
    allowed = context.compiled.accounts(environment)
    return [
        finding_on(
            change,
            context,
            CODE,
            "block",
            f"account {entry.principal.account} is not allowed in {environment}",
            field=entry.field,
            got=entry.principal.text,
            expected=f"an account of {environment}: {', '.join(sorted(allowed)) or 'none is configured'}",
            hint=f"use a principal of that environment, or have the platform add the account to environments.{environment} in its settings",
        )
        for entry in entries
        if entry.principal.account and entry.principal.account not in allowed
    ]


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    check=check,
    checks="that every principal belongs to an account which the settings allow for the request's environment.",
)
