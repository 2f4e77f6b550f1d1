"""Principals that could mean more than one identity (R16)."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.principals import entries_of
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.principal-invalid"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse every entry that is not the full ARN of one role or user."""
    return [
        finding_on(
            change,
            context,
            CODE,
            "block",
            f"principal {entry.principal.fault}",
            field=entry.field,
            got=entry.principal.text,
            expected="arn:aws:iam::<12 digits>:role/<name> or :user/<name>",
            hint="name each role or user by its full ARN",
        )
        for entry in entries_of(change.current)
        if entry.principal.fault
    ]


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    is_waivable=False,
    check=check,
    checks="that every principal is the full ARN of one IAM role or user: no wildcard, no account root, no session, no shortened ARN.",
)
