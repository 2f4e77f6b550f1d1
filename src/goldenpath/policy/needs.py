"""Which approvals a change needs (D11, R13): the union over its requests, each at the stricter tier, with both owners.

It says who must agree; whether they did is the business of :mod:`goldenpath.policy.approvals`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from goldenpath.model.change import Change, RequestChange
from goldenpath.model.finding import ApprovalNeed
from goldenpath.policy.context import GateContext

OWNER = "owner"

_Key = tuple[str, str]
"""Role and, for the role ``owner``, the owner."""


def approval_needs(change: Change, context: GateContext) -> tuple[ApprovalNeed, ...]:
    """Return the needs of a change, sorted; each names every request that asks for it.

    A need that one tier lists twice comes twice and takes two people; two requests with the same need share it.
    """
    counts: Counter[_Key] = Counter()
    reasons: dict[_Key, dict[str, None]] = {}
    for wanted, because in _all_wants(change, context):
        counts |= wanted
        for key in wanted:
            reasons.setdefault(key, {})[because] = None
    return tuple(
        ApprovalNeed(role=role, owner=owner, because=tuple(reasons[role, owner]))
        for (role, owner), count in sorted(counts.items())
        for _ in range(count)
    )


def _all_wants(change: Change, context: GateContext) -> Iterator[tuple[Counter[_Key], str]]:
    for each in change.requests:
        yield from _request_wants(each, context)
    if change.governance_paths:
        wanted: Counter[_Key] = Counter((role, "") for role in context.compiled.governance_roles)
        yield wanted, f"steering files: {', '.join(change.governance_paths)}"


def _request_wants(change: RequestChange, context: GateContext) -> Iterator[tuple[Counter[_Key], str]]:
    owners = sorted({side.metadata.owner for side in (change.before, change.after) if side is not None})
    tier = context.judged_tier(change)
    roles = context.compiled.roles[tier]
    wanted: Counter[_Key] = Counter((role, "") for role in roles if role != OWNER)
    wanted += Counter((OWNER, owner) for role in roles if role == OWNER for owner in owners)
    yield wanted, f"{change.id}: tier {tier}"
    both: Counter[_Key] = Counter((OWNER, owner) for owner in owners)
    if len(owners) > 1:
        yield both, f"{change.id}: the owner changes"
    if _is_prolonged(change):
        yield both, f"{change.id}: renewal or longer term"


def _is_prolonged(change: RequestChange) -> bool:
    """Say whether the request will hold for longer than before: that always takes a reviewer, whatever the tier (D15)."""
    if change.before is None or change.after is None:
        return False
    old, new = change.before.spec, change.after.spec
    return old.renewed_on != new.renewed_on or new.ttl_days > old.ttl_days
