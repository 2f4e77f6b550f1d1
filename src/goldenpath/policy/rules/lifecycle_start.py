"""A request's life begins with ``active`` (D14)."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.lifecycle-start"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse a new request in any other status."""
    if change.before is not None or change.after is None or change.after.spec.lifecycle.status == "active":
        return ()
    status = change.after.spec.lifecycle.status
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            "a new request starts as active",
            field="spec.lifecycle.status",
            got=status,
            expected="active",
            hint="write status: active; later steps are changes of their own",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_waivable=False,
    check=check,
    checks="that a new request has spec.lifecycle.status active.",
)
