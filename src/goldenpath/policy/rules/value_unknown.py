"""Words that the gate has no meaning for (R15): whatever the enums file allows, an unknown word is never read as the mild one."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.finding import Finding
from goldenpath.model.lifecycle import STATES
from goldenpath.model.risk import TIERS
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.value-unknown"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse tiers, rotation classes, statuses and environments that no rule knows."""
    request = change.current
    spec = request.spec
    known_classes = context.compiled.cadence_days
    if (
        spec.risk.tier in TIERS
        and spec.lifecycle.status in STATES
        and request.metadata.environment in ENVIRONMENTS
        and (spec.rotation.rotation_class == "none" or spec.rotation.rotation_class in known_classes)
    ):
        return ()
    words = (
        ("spec.risk.tier", spec.risk.tier, TIERS),
        ("spec.rotation.rotationClass", spec.rotation.rotation_class, ("none", *sorted(known_classes))),
        ("spec.lifecycle.status", spec.lifecycle.status, STATES),
        ("metadata.environment", request.metadata.environment, ENVIRONMENTS),
    )
    return [_unknown(change, context, *word) for word in words if word[1] not in word[2]]


def _unknown(change: RequestChange, context: GateContext, field: str, got: str, known: tuple[str, ...]) -> Finding:
    return finding_on(
        change,
        context,
        CODE,
        "block",
        f"the gate has no rule for {field} {got!r}",
        field=field,
        got=got,
        expected=", ".join(known),
        hint="use a known word; a new rotation class needs a cadence under rotation in the policy file",
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    is_waivable=False,
    check=check,
    checks="that tier, rotation class, lifecycle status and environment are words which the gate has rules for.",
)
