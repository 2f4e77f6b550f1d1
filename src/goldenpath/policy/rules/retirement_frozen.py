"""Requests on their way out (R54, R55): while retirement runs, what it acts on stays still; afterwards nothing moves at all."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.model.request import Lifecycle, SecretRequest
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.retirement-frozen"
_ANY_LIFECYCLE = Lifecycle(status="active")


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse changes of spec, but for lifecycle, while decommissioning is requested; refuse every change once it is done."""
    before, after = change.before, change.after
    if before is None or after is None:
        return ()
    status = before.spec.lifecycle.status
    is_touched = {"decommissioned": before != after, "decommission_requested": _frozen_part(before) != _frozen_part(after)}
    if not is_touched.get(status, False):
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            f"a request that is {status} does not change",
            field="spec",
            got="changed",
            expected="as it was" if status == "decommissioned" else "as it was, but for spec.lifecycle",
            hint="make a new request" if status == "decommissioned" else "withdraw to deprecated first, in a change of its own",
        ),
    )


def _frozen_part(request: SecretRequest) -> object:
    return msgspec.structs.replace(request.spec, lifecycle=_ANY_LIFECYCLE)


RULE = RequestRule(
    code=CODE,
    level="block",
    is_waivable=False,
    check=check,
    checks="that nothing but spec.lifecycle changes in a request with decommission_requested, and nothing at all in a decommissioned one.",
)
