"""Rotation posture by tier (D11): none is refused at high, warned about at medium, allowed at low."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.rotation-required"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Judge the new rotation class at the stricter tier of both sides; a request that is being retired is left alone."""
    request = change.current
    if request.spec.rotation.rotation_class != "none" or request.spec.lifecycle.status == "decommission_requested":
        return ()
    tier = context.judged_tier(change)
    level = context.compiled.rotation_none[tier]
    if level == "off":
        return ()
    message = f"risk tier {tier} {'needs' if level == 'block' else 'should have'} a rotation class other than none"
    return (
        finding_on(
            change,
            context,
            CODE,
            level,
            message,
            field="spec.rotation.rotationClass",
            got="none",
            expected=", ".join(sorted(context.compiled.cadence_days)),
            hint="choose a rotation class; where the type cannot rotate, ask for a waiver with an expiry",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    check=check,
    checks="that spec.rotation.rotationClass is not none: blocks at tier high, warns at medium, allows at low.",
)
