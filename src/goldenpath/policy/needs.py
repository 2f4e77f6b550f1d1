"""Which approvals a change needs (D11, R13): the union over its requests, each at the stricter tier, with both owners.

It says who must agree; whether they did is the business of :mod:`goldenpath.policy.approvals`.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldenpath.model.change import Change, RequestChange
from goldenpath.model.finding import ApprovalNeed
from goldenpath.policy.context import GateContext

OWNER = "owner"

_Need = tuple[str, str, str]
"""Role, owner (for the role ``owner``), because."""


def approval_needs(change: Change, context: GateContext) -> tuple[ApprovalNeed, ...]:
    """Return the needs of a change, sorted; each names every request that asks for it."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for role, owner, because in _all_needs(change, context):
        listed = reasons.setdefault((role, owner), [])
        if because not in listed:
            listed.append(because)
    return tuple(ApprovalNeed(role=role, owner=owner, because=tuple(because)) for (role, owner), because in sorted(reasons.items()))


def _all_needs(change: Change, context: GateContext) -> Iterator[_Need]:
    for each in change.requests:
        yield from _request_needs(each, context)
    if change.governance_paths:
        because = f"steering files: {', '.join(change.governance_paths)}"
        for role in context.compiled.governance_roles:
            yield role, "", because


def _request_needs(change: RequestChange, context: GateContext) -> Iterator[_Need]:
    owners = sorted({side.metadata.owner for side in (change.before, change.after) if side is not None})
    tier = context.judged_tier(change)
    for role in context.compiled.roles[tier]:
        for owner in owners if role == OWNER else [""]:
            yield role, owner, f"{change.id}: tier {tier}"
    if len(owners) > 1:
        for owner in owners:
            yield OWNER, owner, f"{change.id}: the owner changes"
    if _is_renewal(change):
        for owner in owners:
            yield OWNER, owner, f"{change.id}: renewal"


def _is_renewal(change: RequestChange) -> bool:
    if change.before is None or change.after is None:
        return False
    return change.before.spec.renewed_on != change.after.spec.renewed_on
