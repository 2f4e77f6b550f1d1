"""A new owner (R13): the team that gives up the secret and the team that takes it both approve."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.owner-changed"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Tell who must approve."""
    if change.before is None or change.after is None:
        return ()
    old, new = change.before.metadata.owner, change.after.metadata.owner
    if old == new:
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "info",
            f"the owner changes from {old} to {new}; both sides approve",
            field="metadata.owner",
            got=new,
            expected=f"approval by {old} and by {new}",
            hint="ask somebody of each team, other than the author, to approve",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="info",
    check=check,
    checks="whether the owner changes; the old owner and the new one must both approve, whatever the tier.",
)
