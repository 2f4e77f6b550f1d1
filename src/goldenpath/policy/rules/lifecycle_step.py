"""The lifecycle table (D14, R54): every step that is not in it is refused."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.model.lifecycle import TRANSITIONS, is_allowed
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.lifecycle-step"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse steps that skip, go back, or leave the end."""
    if change.before is None or change.after is None:
        return ()
    old, new = change.before.spec.lifecycle.status, change.after.spec.lifecycle.status
    if is_allowed(old, new):
        return ()
    following = sorted(after for before, after in TRANSITIONS if before == old)
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            f"lifecycle goes from {old} to {new}, which is not a step",
            field="spec.lifecycle.status",
            got=new,
            expected=" or ".join([old, *following]),
            hint="take one step at a time" if following else "nothing leaves this state; make a new request with a new id",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_waivable=False,
    check=check,
    checks="that spec.lifecycle.status moves only one step forward, or back to deprecated before deletion starts.",
)
