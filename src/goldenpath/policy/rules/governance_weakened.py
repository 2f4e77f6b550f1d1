"""A milder policy (R10): allowed to those who own it, never unnoticed."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import Change
from goldenpath.model.finding import Finding
from goldenpath.policy.compiled import CompiledPolicy
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import ChangeRule
from goldenpath.policy.weakening import weakenings

CODE = "policy.governance-weakened"


def check(_change: Change, context: GateContext) -> Iterable[Finding]:
    """Name each point at which the proposed policy asks for less."""
    if context.proposed_policy is None:
        return ()
    proposed = CompiledPolicy(context.proposed_policy, context.settings)
    return [
        Finding(
            rule=CODE,
            level="warn",
            message=f"the new policy is milder: {what}",
            file=context.settings.governance.policy,
            field=field,
            hint="say in the change why the platform can do with less",
        )
        for field, what in weakenings(context.compiled, proposed)
    ]


RULE = ChangeRule(
    code=CODE,
    level="warn",
    is_waivable=False,
    check=check,
    checks="whether a proposed policy file asks for less than the one that judges it, point by point.",
)
