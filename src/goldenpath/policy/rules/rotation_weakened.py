"""Slower or no rotation (R13): seen, and judged at the stricter tier."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.rotation-weakened"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Tell when the class rotates less often than before, or the rotator is taken away."""
    if change.before is None or change.after is None:
        return ()
    old, new = change.before.spec.rotation, change.after.spec.rotation
    strength = context.compiled.rotation_strength
    secret_type = change.after.spec.secret_type
    is_slower = strength(new.rotation_class, secret_type) < strength(old.rotation_class, secret_type)
    if not is_slower and not (old.rotator and new.rotator is None):
        return ()
    what = f"rotation goes from {old.rotation_class} to {new.rotation_class}" if is_slower else f"rotator {old.rotator} is taken away"
    return (
        finding_on(
            change,
            context,
            CODE,
            "warn",
            f"{what}; this change is judged and approved as tier {context.judged_tier(change)}",
            field="spec.rotation.rotationClass" if is_slower else "spec.rotation.rotator",
            got=new.rotation_class if is_slower else "",
            expected=f"{old.rotation_class} or stronger" if is_slower else str(old.rotator),
            hint="keep the rotation, or say in the description why the value may now live longer",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="warn",
    check=check,
    checks="whether the secret rotates less often than before, or no longer by a rotator.",
)
