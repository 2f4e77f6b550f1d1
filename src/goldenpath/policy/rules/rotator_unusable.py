"""A rotator that would rotate nothing is refused, so that nobody believes in a rotation that never comes (D13)."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.model.rotators import rotator_faults
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.rotator-unusable"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Compare the rotator with what the environment declares and with the request's own type, class and store."""
    request = change.current
    if request.spec.lifecycle.status in {"decommission_requested", "decommissioned"}:
        return ()
    return tuple(
        finding_on(
            change,
            context,
            CODE,
            "block",
            fault.message,
            field=fault.field,
            got=fault.got,
            expected=fault.expected,
            hint=f"choose a rotator of environments.{request.environment}.rotators in goldenpath.yaml, or leave spec.rotation.rotator out",
        )
        for fault in rotator_faults(request, context.settings, context.policy.rotation)
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    is_waivable=False,
    check=check,
    checks="that spec.rotation.rotator, where it is set, names a rotator of the environment that can rotate this secret: its type, its "
    "class, its store and its options.",
)
