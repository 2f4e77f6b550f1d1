"""Decision records: the policy file may ask for one by tier."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.adr-required"
_EMPTY_WORDS = frozenset({"", "-", "adr", "n/a", "na", "none", "tbd", "todo", "unknown"})


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Ask for ``metadata.adr`` at the level that the policy file gives for the tier; a filler word is no link."""
    tier = context.judged_tier(change)
    level = context.compiled.require_adr[tier]
    adr = change.current.metadata.adr.strip()
    if level == "off" or adr.casefold() not in _EMPTY_WORDS:
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            level,
            f"risk tier {tier} {'needs' if level == 'block' else 'should name'} the decision record that the request rests on",
            field="metadata.adr",
            got=adr,
            expected="an id or link such as ADR-0143",
            hint="add metadata.adr",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    check=check,
    checks="that metadata.adr names a decision record where require_adr of the policy file asks for one at the request's tier.",
)
