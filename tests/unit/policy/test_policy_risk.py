"""Tiers, floors and rotation (D11, R13, R14, R15; CASES 19, 20, 22, 39)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.unit.policy.policy_desk import context, edit, levels, needs_of, new, request, shipped_policy, verdict_on

from goldenpath.policy.gate import judge_catalog

HIGH_NEEDS = ["owner app-team", "security"]

NEW_REQUESTS = [
    # what is asked for                                                    findings                                       approvals
    ("high without rotation", {"tier": "high", "rotation": "none"}, {"rotation-required": "block"}, HIGH_NEEDS),
    ("high with rotation", {"tier": "high", "rotation": "high"}, {}, HIGH_NEEDS),
    ("medium without rotation", {"tier": "medium", "rotation": "none"}, {"rotation-required": "warn"}, ["platform"]),
    ("medium with rotation", {"tier": "medium"}, {}, ["platform"]),
    ("low without rotation", {"tier": "low", "rotation": "none"}, {}, []),
    ("low api key in prod", {"tier": "low", "rotation": "none", "environment": "prod", "type": "api-key"}, {}, []),
    ("low database in prod", {"tier": "low", "environment": "prod"}, {"tier-floor": "warn"}, HIGH_NEEDS),
    (
        "low database in prod, no rotation",
        {"tier": "low", "environment": "prod", "rotation": "none"},
        {"tier-floor": "warn", "rotation-required": "block"},
        HIGH_NEEDS,
    ),
    ("medium signing key in prod", {"tier": "medium", "environment": "prod", "type": "signing-key"}, {"tier-floor": "warn"}, HIGH_NEEDS),
    ("high database in prod", {"tier": "high", "environment": "prod"}, {}, HIGH_NEEDS),
    ("low database in staging", {"tier": "low", "environment": "staging"}, {"tier-floor": "warn"}, ["platform"]),
    ("tier that only an enums file knows", {"tier": "critical"}, {"value-unknown": "block"}, HIGH_NEEDS),
    (
        "the same without rotation",
        {"tier": "harmless", "rotation": "none"},
        {"value-unknown": "block", "rotation-required": "block"},
        HIGH_NEEDS,
    ),
    ("class without a cadence", {"rotation": "sometimes"}, {"value-unknown": "block"}, ["platform"]),
    ("environment nobody knows", {"environment": "qa"}, {"value-unknown": "block"}, ["platform"]),
    ("alias that no reader replaced", {"environment": "production"}, {"value-unknown": "block"}, ["platform"]),
    ("provider that does not exist", {"provider": "vault-of-mine"}, {"provider-unknown": "block"}, ["platform"]),
    ("recovery window below the tier's", {"window": 7}, {"recovery-window": "block"}, ["platform"]),
    ("recovery window of the tier", {"window": 14}, {}, ["platform"]),
    ("recovery window below high's", {"tier": "high", "window": 14}, {"recovery-window": "block"}, HIGH_NEEDS),
]


@pytest.mark.parametrize(("asked", "findings", "approvals"), [row[1:] for row in NEW_REQUESTS], ids=[row[0] for row in NEW_REQUESTS])
def test_new_request(asked: dict[str, Any], findings: dict[str, Any], approvals: list[str]) -> None:
    verdict = verdict_on(new(**asked))
    assert levels(verdict) == findings
    assert needs_of(verdict) == approvals
    assert verdict.is_blocked == ("block" in findings.values())


PROD_HIGH = {"id": "SEC-0100", "environment": "prod", "type": "api-key", "tier": "high"}

EDITS = [
    ("high/standard to low/none (CASE 22)", PROD_HIGH, {"tier": "low", "rotation": "none"}, {"tier-lowered": "warn", "rotation-weakened": "warn", "rotation-required": "block"}, HIGH_NEEDS),
    ("high to low, rotation kept", PROD_HIGH, {"tier": "low"}, {"tier-lowered": "warn"}, HIGH_NEEDS),
    ("high to medium", PROD_HIGH, {"tier": "medium"}, {"tier-lowered": "warn"}, HIGH_NEEDS),
    ("medium to high", {"tier": "medium"}, {"tier": "high"}, {}, HIGH_NEEDS),
    ("medium to low by itself", {"tier": "medium"}, {"tier": "low"}, {"tier-lowered": "warn"}, ["platform"]),
    ("floor escaped by another type", {"environment": "prod", "tier": "low"}, {"type": "generic"}, {"tier-lowered": "warn"}, HIGH_NEEDS),
    ("high class to standard", {"rotation": "high"}, {"rotation": "standard"}, {"rotation-weakened": "warn"}, ["platform"]),
    ("standard class to high", {"rotation": "standard"}, {"rotation": "high"}, {}, ["platform"]),
    ("rotator taken away", {"rotator": "postgres"}, {"rotator": None}, {"rotation-weakened": "warn"}, ["platform"]),
    ("new owner, low tier", {"tier": "low"}, {"owner": "sre-team"}, {"owner-changed": "info"}, ["owner app-team", "owner sre-team"]),
    ("new owner, high tier", {"tier": "high"}, {"owner": "sre-team"}, {"owner-changed": "info"}, ["owner app-team", "owner sre-team", "security"]),
    ("window shortened together with the tier", {"tier": "high", "window": 30}, {"tier": "low", "window": 7}, {"tier-lowered": "warn", "recovery-window": "block"}, HIGH_NEEDS),
    ("description only", {"tier": "high"}, {"description": "new words"}, {}, HIGH_NEEDS),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "findings", "approvals"), [row[1:] for row in EDITS], ids=[row[0] for row in EDITS])
def test_edit_is_judged_at_the_stricter_side(
    before: dict[str, Any], after: dict[str, Any], findings: dict[str, Any], approvals: list[str]
) -> None:
    verdict = verdict_on(edit(before, after))
    assert levels(verdict) == findings
    assert needs_of(verdict) == approvals


POLICY_LEVELS = [
    # rotationNone in the file             tier      what none does
    ({"high": {"rotationNone": "off"}}, "high", "block"),
    ({"high": {"rotationNone": "warn"}}, "high", "block"),
    ({"medium": {"rotationNone": "off"}}, "medium", "warn"),
    ({"medium": {"rotationNone": "block"}}, "medium", "block"),
    ({"low": {"rotationNone": "warn"}}, "low", "warn"),
    ({"low": {"rotationNone": "info"}}, "low", "info"),
]


@pytest.mark.parametrize(("tiers", "tier", "level"), POLICY_LEVELS)
def test_policy_raises_levels_and_never_lowers_the_shipped_minimum(tiers: dict[str, Any], tier: str, level: str) -> None:
    verdict = verdict_on(new(tier=tier, rotation="none"), using=context({"tiers": tiers}))
    assert levels(verdict) == {"rotation-required": level}


def test_high_without_approvals_in_the_file_keeps_the_shipped_ones() -> None:
    verdict = verdict_on(new(tier="high"), using=context({"tiers": {"high": {"approvals": []}}}))
    assert needs_of(verdict) == HIGH_NEEDS


def test_tier_that_the_file_leaves_out_keeps_the_shipped_approvals() -> None:
    using = context()
    bare = replace(using, policy=msgspec.structs.replace(using.policy, tiers={}))
    assert needs_of(verdict_on(new(tier="high"), using=bare)) == HIGH_NEEDS
    assert needs_of(verdict_on(new(tier="medium"), using=bare)) == ["platform"]
    assert levels(verdict_on(new(tier="medium", rotation="none"), using=bare)) == {"rotation-required": "warn"}


def test_role_listed_twice_takes_two_people() -> None:
    using = context({"tiers": {"medium": {"approvals": [{"role": "platform"}, {"role": "platform"}]}}})
    assert needs_of(verdict_on(new(tier="medium"), new(id="SEC-0008", tier="medium"), using=using)) == ["platform", "platform"]


def test_class_of_the_platforms_own_is_known_by_its_cadence() -> None:
    own = context({"rotation": {"weekly": {"everyDays": 7, "maxAgeDays": 10}}})
    assert levels(verdict_on(new(tier="high", rotation="weekly"), using=own)) == {}
    assert levels(verdict_on(edit({"rotation": "weekly"}, {"rotation": "high"}), using=own)) == {"rotation-weakened": "warn"}


ADR = [
    ({"high": "block"}, {"tier": "high"}, {"adr-required": "block"}),
    ({"high": "warn"}, {"tier": "high"}, {"adr-required": "warn"}),
    ({"high": "block"}, {"tier": "high", "adr": "ADR-0143"}, {}),
    ({"high": "block"}, {"tier": "high", "adr": "https://adr.example.com/143"}, {}),
    ({"high": "block"}, {"tier": "high", "adr": "  "}, {"adr-required": "block"}),
    ({"high": "block"}, {"tier": "high", "adr": "TBD"}, {"adr-required": "block"}),
    ({"high": "block"}, {"tier": "medium"}, {}),
    ({"high": "block"}, {"tier": "low", "environment": "prod"}, {"adr-required": "block", "tier-floor": "warn"}),
    ({"low": "info"}, {"tier": "low"}, {"adr-required": "info"}),
]


@pytest.mark.parametrize(("required", "asked", "findings"), ADR)
def test_decision_record(required: dict[str, Any], asked: dict[str, Any], findings: dict[str, Any]) -> None:
    assert levels(verdict_on(new(**asked), using=context({"requireAdr": required}))) == findings


def test_finding_says_what_where_got_expected_and_next_step() -> None:
    (finding,) = verdict_on(new(tier="high", rotation="none")).findings
    assert finding.file == "catalogs/secrets/payments/dev/SEC-0007.yaml"
    assert (finding.subject, finding.field, finding.got) == ("SEC-0007", "spec.rotation.rotationClass", "none")
    assert finding.expected == "high, standard"
    assert finding.message
    assert finding.hint


def test_whole_catalog_is_judged_by_the_standing_rules() -> None:
    catalog = [
        request(tier="high", rotation="none"),
        request(id="SEC-0008", tier="low", environment="prod"),
        request(id="SEC-0009", status="decommissioned", tier="high", rotation="none"),
    ]
    verdict = judge_catalog(catalog, context())
    assert [(finding.subject, finding.rule) for finding in verdict.findings] == [
        ("SEC-0007", "policy.rotation-required"),
        ("SEC-0008", "policy.tier-floor"),
    ]
    assert verdict.is_blocked
    assert verdict.needs == ()


def test_shipped_policy_is_what_the_strict_reader_accepts() -> None:
    policy = shipped_policy()
    assert [role.role for role in policy.tiers["high"].approvals] == ["security", "owner"]
    assert policy.rotation["standard"].every_days == 90
    assert policy.rotation["high"].every_days == 30
