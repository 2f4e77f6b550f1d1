"""Words of the policy file that mean nothing (R15): a floor with a typing error would protect nobody."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import Change
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.policy_words import unknown_words
from goldenpath.policy.rule import ChangeRule

CODE = "policy.policy-word-unknown"


def check(change: Change, context: GateContext) -> Iterable[Finding]:
    """Refuse a proposed policy with such words; where they stand in the base, let only the repair through."""
    proposed = () if context.proposed_policy is None else unknown_words(context.proposed_policy, context.enums)
    found = [_fault(context, field, got, expected, "the proposed policy") for field, got, expected in proposed]
    is_repair = context.proposed_policy is not None and not found and not change.requests
    if not is_repair:
        base = unknown_words(context.policy, context.enums)
        found += [_fault(context, field, got, expected, "the policy of the base") for field, got, expected in base]
    return found


def _fault(context: GateContext, field: str, got: str, expected: str, where: str) -> Finding:
    return Finding(
        rule=CODE,
        level="block",
        message=f"{where} names {got!r}, which means nothing there",
        file=context.settings.governance.policy,
        field=field,
        got=got,
        expected=expected,
        hint="mend the word in a change of its own that touches the policy file only",
    )


RULE = ChangeRule(
    code=CODE,
    level="block",
    is_waivable=False,
    check=check,
    checks="that tiers, secret types, rotation classes and rule codes in the policy file are known words.",
)
