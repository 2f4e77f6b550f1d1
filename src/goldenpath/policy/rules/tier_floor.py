"""Platform floors (R14): a declared tier below the floor is raised, and everybody sees that it was."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.compiled import RANK, rank_of
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.tier-floor"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Tell when the floor, not the author, decides the tier."""
    request = change.current
    environment, secret_type = request.metadata.environment, request.spec.secret_type
    floor = context.compiled.floor(environment, secret_type)
    if rank_of(request.spec.risk.tier) >= RANK[floor]:
        return ()
    reasons = "; ".join(context.compiled.floor_reasons(environment, secret_type))
    return (
        finding_on(
            change,
            context,
            CODE,
            "warn",
            f"declared tier is below the platform's floor for {secret_type} in {environment}; the request is treated as {floor}"
            + (f" ({reasons})" if reasons else ""),
            field="spec.risk.tier",
            got=request.spec.risk.tier,
            expected=f"{floor} or stricter",
            hint=f"write tier: {floor}",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="warn",
    is_standing=True,
    is_waivable=False,
    check=check,
    checks="that spec.risk.tier is not below the platform's floor for the environment and type; the floor counts wherever a tier is used.",
)
