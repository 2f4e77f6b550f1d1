"""A term that ran out (D15, R56) blocks every other change of the request; it never deletes."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on
from goldenpath.policy.ttl import is_renewed, term_of

CODE = "policy.ttl-expired"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Judge the term of the base, so that a longer ttlDays in the change is no way around a renewal."""
    before, after = change.before, change.after
    if before is None or after is None or before.spec.lifecycle.status != "active":
        return ()
    term = term_of(before, context)
    if term is None or not term.is_expired:
        return ()
    if after.spec.lifecycle.status == "deprecated" or is_renewed(before, after, context):
        return ()
    level, consequence = ("warn", "nothing is deleted") if before == after else ("block", "other changes wait until then")
    return (
        finding_on(
            change,
            context,
            CODE,
            "block" if level == "block" else "warn",
            f"the term of {before.spec.ttl_days} days ran out on {term.ends}; renew or deprecate the request; {consequence}",
            field="spec.ttlDays",
            got=f"{term.started} plus {before.spec.ttl_days} days",
            expected="a renewal or lifecycle status deprecated",
            hint=f"set spec.renewedOn to {context.today} and have it reviewed, or set spec.lifecycle.status to deprecated",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    check=check,
    checks="that the term (ttlDays from first apply or last renewal) has not run out: blocks other changes, warns at apply, never deletes.",
)
