"""Several environments in one change (R13): nothing gets a discount for travelling with a milder companion."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import Change
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import ChangeRule

CODE = "policy.mixed-environments"


def check(change: Change, _context: GateContext) -> Iterable[Finding]:
    """Tell which environments are touched."""
    sides = (side for each in change.requests for side in (each.before, each.after) if side is not None)
    touched = {side.environment for side in sides}
    if len(touched) < 2:  # noqa: PLR2004 - "mixed" begins with two
        return ()
    order = [name for name in ENVIRONMENTS if name in touched] + sorted(touched - set(ENVIRONMENTS))
    return (
        Finding(
            rule=CODE,
            level="info",
            message=f"one change touches {', '.join(order)}; it needs the approvals of all of them",
            got=", ".join(order),
            expected="the union of all approvals",
            hint="split the change by environment where one part should not wait for the other",
        ),
    )


RULE = ChangeRule(
    code=CODE,
    level="info",
    check=check,
    checks="whether a change touches more than one environment; it then needs the union of all their approvals.",
)
