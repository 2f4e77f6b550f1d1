"""Tombstones are for ever (R54)."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import Change
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import ChangeRule

CODE = "policy.tombstone-removed"


def check(_change: Change, context: GateContext) -> Iterable[Finding]:
    """Refuse to strike an id from the tombstones."""
    return [
        Finding(
            rule=CODE,
            level="block",
            message=f"the tombstone of {request_id} cannot be taken away",
            subject=request_id,
            file=context.settings.governance.tombstones,
            got="removed",
            expected="every tombstone of the base",
            hint="bring the entry back; a new secret takes a new id and a new name",
        )
        for request_id in sorted(context.removed_tombstones)
    ]


RULE = ChangeRule(
    code=CODE,
    level="block",
    is_waivable=False,
    check=check,
    checks="that no entry of the tombstones file is taken away.",
)
