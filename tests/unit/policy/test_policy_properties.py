"""What holds for every pair of requests, policy and panel, not only for those a table names."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.policy.policy_desk import TODAY, change_of, context, deleted, edit, new, request

from goldenpath.model.finding import ApprovalNeed
from goldenpath.model.lifecycle import STATES, is_allowed
from goldenpath.model.policy import Floor
from goldenpath.model.risk import TIERS
from goldenpath.policy.compiled import RANK
from goldenpath.policy.gate import judge, judge_catalog
from goldenpath.policy.matching import assign

ENVIRONMENTS = ("dev", "staging", "prod", "qa")
TYPES = ("database-credentials", "api-key", "generic")
ARNS = ("arn:aws:iam::593517239005:role/a", "arn:aws:iam::593517239006:role/b", "*", "arn:aws:iam::593517239005:root", "junk")

DAYS = st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31))
FIELDS = st.fixed_dictionaries(
    {
        "tier": st.sampled_from((*TIERS, "critical")),
        "rotation": st.sampled_from(("none", "standard", "high", "odd")),
        "status": st.sampled_from((*STATES, "paused")),
        "environment": st.sampled_from(ENVIRONMENTS),
        "type": st.sampled_from(TYPES),
        "owner": st.sampled_from(("app-team", "sre-team")),
        "namespace": st.sampled_from(("payments", "search", "kube-system")),
        "ttl": st.integers(1, 3650),
        "renewed": st.none() | DAYS.map(date.isoformat) | st.just("2026-02-31"),
        "read": st.lists(st.sampled_from(ARNS), max_size=3),
        "write": st.lists(st.sampled_from(ARNS), max_size=2),
        "window": st.none() | st.integers(7, 30),
        "provider": st.sampled_from(("aws-secrets-manager", "local", "nowhere")),
    }
)
FACTS = st.fixed_dictionaries({"state_since": DAYS, "first_applied": DAYS, "is_buried": st.booleans()})


def context_with(facts: dict[str, Any]) -> Any:
    return context(
        state_since={"SEC-0007": facts["state_since"]},
        first_applied={"SEC-0007": facts["first_applied"]},
        tombstoned_ids=frozenset({"SEC-0007"} if facts["is_buried"] else ()),
    )


@settings(max_examples=150, deadline=None)
@given(before=st.none() | FIELDS, after=st.none() | FIELDS, facts=FACTS)
def test_judge_never_raises_and_its_verdict_is_stable(
    before: dict[str, Any] | None, after: dict[str, Any] | None, facts: dict[str, Any]
) -> None:
    if before is None and after is None:
        return
    change = (
        new(**after) if before is None and after else deleted(**before) if before and after is None else edit(before or {}, after or {})
    )
    using = context_with(facts)
    verdict = judge(change_of(change), using)
    assert verdict == judge(change_of(change), using)
    assert list(verdict.findings) == sorted(verdict.findings, key=lambda finding: finding.sort_key)
    assert all(finding.rule.startswith("policy.") and finding.message for finding in verdict.findings)
    if change.after is not None:
        judge_catalog([change.after], using)


@settings(max_examples=150, deadline=None)
@given(before=FIELDS, after=FIELDS, facts=FACTS)
def test_bad_steps_are_blocked_whatever_else_the_change_does(before: dict[str, Any], after: dict[str, Any], facts: dict[str, Any]) -> None:
    verdict = judge(change_of(edit(before, after)), context_with(facts))
    rules = {finding.rule for finding in verdict.findings if finding.is_blocking}
    assert ("policy.lifecycle-step" in rules) == (not is_allowed(before["status"], after["status"]))
    assert ("policy.identity-changed" in rules) == (
        before["environment"] != after["environment"] or before["provider"] != after["provider"]
    )


@settings(max_examples=100, deadline=None)
@given(before=FIELDS, after=FIELDS)
def test_change_is_never_judged_milder_than_either_side(before: dict[str, Any], after: dict[str, Any]) -> None:
    using = context()
    change = edit(before, after)
    judged = RANK[using.judged_tier(change)]
    assert judged == max(RANK[using.tier(request(**before))], RANK[using.tier(request(**after))])
    assert judged >= RANK.get(before["tier"], RANK["high"])
    assert judged >= RANK.get(after["tier"], RANK["high"])


@settings(max_examples=100, deadline=None)
@given(before=FIELDS, after=FIELDS, tier=st.sampled_from(TIERS))
def test_raising_the_old_tier_never_removes_a_block(before: dict[str, Any], after: dict[str, Any], tier: str) -> None:
    """The verdict grows with the stricter side; lifecycle-with-tier is about the tier moving at all, so it stands apart."""
    raised = before | {"tier": max(before["tier"], tier, key=lambda word: RANK.get(word, RANK["high"]))}
    using = context(state_since={"SEC-0007": TODAY - timedelta(days=10)})
    low, high = (judge(change_of(edit(each, after)), using) for each in (before, raised))

    def blocks(verdict: Any) -> set[tuple[str, str]]:
        return {(finding.rule, finding.field) for finding in verdict.findings if finding.is_blocking} - {
            ("policy.lifecycle-with-tier", "spec.risk.tier")
        }

    assert blocks(low) <= blocks(high)


FLOORS = st.builds(
    Floor,
    tier=st.sampled_from(TIERS),
    environments=st.lists(st.sampled_from(ENVIRONMENTS[:3]), max_size=2, unique=True).map(tuple),
    secret_types=st.lists(st.sampled_from(TYPES), max_size=2, unique=True).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(fields=FIELDS, floors=st.lists(FLOORS, max_size=4), extra=FLOORS)
def test_another_floor_never_lowers_a_tier(fields: dict[str, Any], floors: list[Floor], extra: Floor) -> None:
    using = context()
    some = replace(using, policy=msgspec.structs.replace(using.policy, floors=tuple(floors)))
    more = replace(using, policy=msgspec.structs.replace(using.policy, floors=(*floors, extra)))
    asked = request(**fields)
    assert RANK[more.tier(asked)] >= RANK[some.tier(asked)] >= RANK.get(fields["tier"], RANK["high"])


@settings(max_examples=200, deadline=None)
@given(candidates=st.lists(st.lists(st.sampled_from("abcd"), max_size=4, unique=True), max_size=4))
def test_assignment_is_valid_and_as_large_as_can_be(candidates: list[list[str]]) -> None:
    chosen = assign(candidates)
    taken = [who for who in chosen if who is not None]
    assert len(set(taken)) == len(taken)
    assert all(who is None or who in allowed for who, allowed in zip(chosen, candidates, strict=True))
    people: tuple[str | None, ...] = ("a", "b", "c", "d", None, None, None, None)
    best = max(
        sum(who in allowed for who, allowed in zip(order, candidates, strict=True)) for order in set(permutations(people, len(candidates)))
    )
    assert len(taken) == best


@settings(max_examples=100, deadline=None)
@given(left=FIELDS, right=FIELDS)
def test_needs_of_a_change_hold_the_needs_of_each_part(left: dict[str, Any], right: dict[str, Any]) -> None:
    using = context()
    first, second = new(**left), new(**{**right, "id": "SEC-0008"})
    both = judge(change_of(first, second), using).needs

    def keys(needs: tuple[ApprovalNeed, ...]) -> set[tuple[str, str]]:
        return {(need.role, need.owner) for need in needs}

    assert keys(both) == keys(judge(change_of(first), using).needs) | keys(judge(change_of(second), using).needs)
