"""Deleting a request's file is never a decommission (R13)."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.file-deletion"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse the deletion unless the request is decommissioned at the base and its id is in the tombstones there."""
    before = change.before
    if before is None or change.after is not None:
        return ()
    status = before.spec.lifecycle.status
    is_buried = before.id in context.tombstoned_ids
    if status == "decommissioned" and is_buried:
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            "deleting the file would leave the secret in the store without an owner"
            if status != "decommissioned"
            else "the id is not in the tombstones yet, so it could be used again",
            field="spec.lifecycle.status",
            got=status,
            expected="decommissioned, with a tombstone" if not is_buried else "decommissioned",
            hint="bring the file back and walk spec.lifecycle.status to decommissioned, one step at a time",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_waivable=False,
    check=check,
    checks="that a deleted request file belongs to a decommissioned request with a tombstone.",
)
