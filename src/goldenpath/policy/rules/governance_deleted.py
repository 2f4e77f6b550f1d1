"""A gate without its data cannot judge (R10, R15), so the data cannot be deleted."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import Change
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import ChangeRule

CODE = "policy.governance-deleted"


def check(_change: Change, context: GateContext) -> Iterable[Finding]:
    """Refuse the deletion of each steering file that the gate needs."""
    governance = context.settings.governance
    needed = {governance.policy, governance.enums, governance.approvers, governance.tombstones, "goldenpath.yaml"}
    return [
        Finding(
            rule=CODE,
            level="block",
            message="the gate cannot judge without this file",
            file=path,
            got="deleted",
            expected="the file, changed where it must be",
            hint="bring the file back; to move it, name its new place in goldenpath.yaml in the same change",
        )
        for path in sorted(needed & context.deleted_governance_paths)
    ]


RULE = ChangeRule(
    code=CODE,
    level="block",
    is_waivable=False,
    check=check,
    checks="that a change does not delete policy, enums, approvers, tombstones or settings.",
)
