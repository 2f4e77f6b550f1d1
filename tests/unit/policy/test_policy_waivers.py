"""Waivers: owner, ticket, expiry; read from the base; some rules have none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.policy.policy_desk import TODAY, context, levels, new, request, shipped_policy, verdict_on

from goldenpath.policy.gate import judge_catalog
from goldenpath.policy.rules import RULES, UNWAIVABLE
from goldenpath.policy.waivers import list_waivers

UNROTATED = {"tier": "high", "rotation": "none"}


def waiver(**over: Any) -> dict[str, Any]:
    base = {
        "rule": "policy.rotation-required",
        "request": "SEC-0007",
        "owner": "app-team",
        "ticket": "PLAT-118",
        "reason": "vendor cannot rotate",
        "expiresOn": (TODAY + timedelta(days=9)).isoformat(),
    }
    return base | over


def policy_with(*waivers: dict[str, Any], **over: Any) -> dict[str, Any]:
    return {"waivers": list(waivers), **over}


CASES = [
    ("it covers rule and request", waiver(), {"rotation-required": "waived"}),
    ("short rule name", waiver(rule="rotation-required"), {"rotation-required": "waived"}),
    ("last day", waiver(expiresOn=TODAY.isoformat()), {"rotation-required": "waived"}),
    ("day after", waiver(expiresOn=(TODAY - timedelta(days=1)).isoformat()), {"rotation-required": "block", "waiver-expired": "warn"}),
    ("another request", waiver(request="SEC-0008"), {"rotation-required": "block"}),
    ("another rule", waiver(rule="namespace-unmapped"), {"rotation-required": "block"}),
    ("blank ticket", waiver(ticket=" "), {"rotation-required": "block", "waiver-refused": "warn"}),
    ("blank reason", waiver(reason=" "), {"rotation-required": "block", "waiver-refused": "warn"}),
]


@pytest.mark.parametrize(("given", "found"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_waiver(given: dict[str, Any], found: dict[str, Any]) -> None:
    verdict = verdict_on(new(**UNROTATED), using=context(policy_with(given)))
    assert levels(verdict) == found
    assert verdict.is_blocked == ("block" in found.values())


def test_finding_keeps_the_reason_and_the_days_left() -> None:
    (finding,) = verdict_on(new(**UNROTATED), using=context(policy_with(waiver()))).findings
    assert finding.level == "block"
    assert finding.waived_by == "PLAT-118, owner app-team, until 2026-06-24 (10 days left): vendor cannot rotate"


def test_waiver_of_the_proposed_policy_does_not_count() -> None:
    using = context(proposed_policy=shipped_policy(policy_with(waiver())))
    assert levels(verdict_on(new(**UNROTATED), using=using))["rotation-required"] == "block"


def test_platform_can_make_a_rule_unwaivable() -> None:
    using = context(policy_with(waiver(), unwaivable=["rotation-required"]))
    assert levels(verdict_on(new(**UNROTATED), using=using)) == {"rotation-required": "block", "waiver-refused": "warn"}


@pytest.mark.parametrize("code", sorted(UNWAIVABLE))
def test_unwaivable_rules(code: str) -> None:
    (listed,) = list_waivers(shipped_policy(policy_with(waiver(rule=code))), TODAY)
    assert listed.state == "refused"


def test_rules_that_guard_the_gate_are_unwaivable() -> None:
    expected = {
        "policy.tier-floor", "policy.file-deletion", "policy.principal-invalid", "policy.lifecycle-step", "policy.lifecycle-dwell",
        "policy.governance-deleted", "policy.tombstone-removed", "policy.id-reuse", "policy.identity-changed",
        "policy.namespace-reserved", "policy.target-reserved", "policy.value-unknown",
    }  # fmt: skip
    assert expected <= UNWAIVABLE
    assert {"policy.rotation-required", "policy.namespace-unmapped", "policy.ttl-expired"}.isdisjoint(UNWAIVABLE)
    assert len(UNWAIVABLE) < len(RULES)


def test_listing_is_by_expiry_with_days_left() -> None:
    policy = shipped_policy(
        policy_with(
            waiver(expiresOn="2027-01-01"),
            waiver(request="SEC-0008", expiresOn=TODAY.isoformat()),
            waiver(request="SEC-0009", expiresOn=(TODAY - timedelta(days=3)).isoformat()),
        )
    )
    listed = list_waivers(policy, TODAY)
    assert [(each.request, each.days_left, each.state) for each in listed] == [
        ("SEC-0009", -2, "expired"),
        ("SEC-0008", 1, "active"),
        ("SEC-0007", 201, "active"),
    ]


def test_apply_honours_waivers_and_reports_dead_ones() -> None:
    policy = policy_with(waiver(), waiver(request="SEC-0008", expiresOn="2020-01-01"), waiver(request="SEC-0404", expiresOn="2020-01-01"))
    verdict = judge_catalog([request(**UNROTATED), request(id="SEC-0008")], context(policy))
    assert levels(verdict) == {"rotation-required": "waived", "waiver-expired": "warn"}
    assert [finding.subject for finding in verdict.findings if finding.rule == "policy.waiver-expired"] == ["SEC-0008"]
