"""Changes to the gate's own files (R10): judged by the old ones, approved by those who own them."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import Change
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import ChangeRule

CODE = "policy.governance-change"


def check(change: Change, context: GateContext) -> Iterable[Finding]:
    """Tell which steering files change, and that the old ones judge."""
    roles = " and ".join(context.compiled.governance_roles)
    return [
        Finding(
            rule=CODE,
            level="info",
            message="this file steers the gate; the version of the base judges the change that replaces it",
            file=path,
            expected=f"approval by {roles}",
            hint="nothing in the new version counts before it is merged",
        )
        for path in change.governance_paths
        if path not in context.deleted_governance_paths
    ]


RULE = ChangeRule(
    code=CODE,
    level="info",
    check=check,
    checks="whether a change touches policy, enums, approvers, tombstones, settings or workflows; it then needs the governance approvals.",
)
