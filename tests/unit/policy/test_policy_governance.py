"""The gate's own files (R10, R15) and changes that touch several environments (R13; CASES 35, 37)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.unit.policy.policy_desk import context, levels, needs_of, new, shipped_policy, verdict_on

from goldenpath.intent.contract import load
from goldenpath.intent.enums import DEFAULT_ENUMS, load_enums
from goldenpath.model.policy import Policy

POLICY_FILE = "governance/policy.yaml"
ENUMS = load_enums(DEFAULT_ENUMS, file="enums.yaml").value
WAIVER = {
    "rule": "rotation-required",
    "request": "SEC-0007",
    "owner": "app-team",
    "ticket": "PLAT-1",
    "reason": "r",
    "expiresOn": "2026-12-31",
}


def proposed(over: dict[str, Any]) -> Policy:
    tree = msgspec.to_builtins(shipped_policy()) | over
    return msgspec.convert(tree, Policy)


def test_steering_file_needs_the_governance_approvals() -> None:
    verdict = verdict_on(governance_paths=("governance/approvers.yaml", POLICY_FILE))
    assert levels(verdict) == {"governance-change": "info"}
    assert [finding.file for finding in verdict.findings] == ["governance/approvers.yaml", POLICY_FILE]
    assert needs_of(verdict) == ["platform", "security"]


def test_policy_without_governance_approvals_keeps_the_shipped_ones() -> None:
    verdict = verdict_on(governance_paths=(POLICY_FILE,), using=context({"governanceApprovals": []}))
    assert needs_of(verdict) == ["platform", "security"]


def test_new_policy_does_not_judge_the_change_that_brings_it() -> None:
    milder = proposed({"tiers": {"high": {"approvals": [{"role": "platform"}]}}, "waivers": [WAIVER]})
    verdict = verdict_on(new(tier="high", rotation="none"), governance_paths=(POLICY_FILE,), using=context(proposed_policy=milder))
    assert levels(verdict)["rotation-required"] == "block"
    assert needs_of(verdict) == ["owner app-team", "platform", "security"]


@pytest.mark.parametrize(
    "path",
    [POLICY_FILE, "schemas/metadata/enums.yaml", "governance/approvers.yaml", "governance/tombstones.yaml", "goldenpath.yaml"],
)
def test_steering_file_cannot_be_deleted(path: str) -> None:
    verdict = verdict_on(governance_paths=(path,), using=context(deleted_governance_paths=frozenset({path})))
    assert levels(verdict) == {"governance-deleted": "block"}


def test_workflow_may_be_deleted_by_those_who_own_it() -> None:
    path = ".github/workflows/old.yaml"
    verdict = verdict_on(governance_paths=(path,), using=context(deleted_governance_paths=frozenset({path})))
    assert not verdict.is_blocked
    assert needs_of(verdict) == ["platform", "security"]


def test_tombstones_stay() -> None:
    verdict = verdict_on(using=context(removed_tombstones=frozenset({"SEC-0003", "SEC-0002"})))
    assert [(finding.rule, finding.subject) for finding in verdict.findings] == [
        ("policy.tombstone-removed", "SEC-0002"),
        ("policy.tombstone-removed", "SEC-0003"),
    ]
    assert verdict.is_blocked


TYPES = ["database-credentials"]
WEAKENINGS = [
    ({"tiers": {"high": {"approvals": [{"role": "security"}]}}}, {"tiers.high.approvals"}),
    (
        {"tiers": {"medium": {"approvals": []}, "high": {"approvals": [{"role": "owner"}, {"role": "security"}]}}},
        {"tiers.medium.approvals"},
    ),
    ({"governanceApprovals": [{"role": "platform"}]}, {"governanceApprovals"}),
    ({"floors": []}, {"floors"}),
    ({"floors": [{"tier": "medium", "environments": ["prod"], "secretTypes": TYPES}]}, {"floors"}),
    ({"namespaces": {"mapped": [{"namespace": "shared", "service": "payments"}]}}, {"namespaces.mapped"}),
    ({"waivers": [WAIVER]}, {"waivers"}),
    ({"rotation": {"standard": {"everyDays": 180, "maxAgeDays": 200}, "high": {"everyDays": 30, "maxAgeDays": 45}}}, {"rotation.standard"}),
    ({"reservedTargets": []}, set()),  # the shipped targets stay reserved
    ({"dwellDays": {}}, set()),  # the shipped dwell stays
    ({"tiers": {}}, set()),  # the shipped tiers stay
    ({"tiers": {"high": {"approvals": [{"role": "owner"}, {"role": "security"}, {"role": "platform"}]}}}, set()),
    ({"floors": [{"tier": "high"}]}, set()),
]


@pytest.mark.parametrize(("over", "fields"), WEAKENINGS)
def test_milder_policy_is_named_point_by_point(over: dict[str, Any], fields: set[str]) -> None:
    verdict = verdict_on(governance_paths=(POLICY_FILE,), using=context(proposed_policy=proposed(over)))
    found = {finding.field for finding in verdict.findings if finding.rule == "policy.governance-weakened"}
    assert found == fields
    assert not verdict.is_blocked


STRICT_BASE = {
    "requireAdr": {"high": "block"},
    "ttlMaxDays": {"high": 90, "low": 10},
    "dwellDays": {"low": 5},
    "namespaces": {"sameAsService": False, "reserved": ["billing"]},
    "reservedTargets": [{"name": "root-ca"}, {"name": "tls", "namespace": "edge"}],
    "unwaivable": ["policy.rotation-required"],
    "tiers": {"low": {"rotationNone": "block"}},
}


def test_every_kind_of_lowering_is_seen() -> None:
    verdict = verdict_on(governance_paths=(POLICY_FILE,), using=context(STRICT_BASE, proposed_policy=shipped_policy()))
    found = [finding.field for finding in verdict.findings if finding.rule == "policy.governance-weakened"]
    assert sorted(found) == sorted(
        [
            "requireAdr.high", "ttlMaxDays.high", "ttlMaxDays.low", "dwellDays.low", "namespaces.sameAsService", "namespaces.reserved",
            "reservedTargets", "reservedTargets", "unwaivable", "tiers.low.rotationNone",
        ],
    )  # fmt: skip


def test_longer_waiver_is_a_lowering_and_a_shorter_one_is_not() -> None:
    later, sooner = WAIVER | {"expiresOn": "2027-01-31"}, WAIVER | {"expiresOn": "2026-07-01"}
    for waiver, fields in ((later, ["waivers"]), (sooner, []), (WAIVER, [])):
        using = context({"waivers": [WAIVER]}, proposed_policy=proposed({"waivers": [waiver]}))
        verdict = verdict_on(governance_paths=(POLICY_FILE,), using=using)
        assert [finding.field for finding in verdict.findings if finding.rule == "policy.governance-weakened"] == fields


UNKNOWN_WORDS: list[tuple[dict[str, Any], str]] = [
    ({"floors": [{"tier": "high", "secretTypes": ["databse-credentials"]}]}, "floors[0].secretTypes[0]"),
    ({"rotation": {"wekly": {"everyDays": 7, "maxAgeDays": 9}}}, "rotation.wekly"),
    ({"requireAdr": {"hihg": "block"}}, "requireAdr.hihg"),
    ({"ttlMaxDays": {"critical": 30}}, "ttlMaxDays.critical"),
    ({"unwaivable": ["policy.rotation-requird"]}, "unwaivable[0]"),
    ({"waivers": [WAIVER | {"rule": "everything"}]}, "waivers[0].rule"),
]


@pytest.mark.parametrize(("over", "field"), UNKNOWN_WORDS)
@pytest.mark.parametrize("place", ["policy", "proposed_policy"])
def test_word_that_means_nothing_blocks_in_base_and_in_head(over: dict[str, Any], field: str, place: str) -> None:
    facts: dict[str, Any] = {place: proposed(over)}
    using = replace(context(enums=ENUMS), **facts)
    found = [finding for finding in verdict_on(new(), using=using).findings if finding.rule == "policy.policy-word-unknown"]
    assert [(finding.level, finding.field) for finding in found] == [("block", field)]


def test_repair_of_a_broken_base_is_let_through_to_its_approvers() -> None:
    broken = replace(context(enums=ENUMS), policy=proposed(UNKNOWN_WORDS[0][0]))
    assert levels(verdict_on(governance_paths=(POLICY_FILE,), using=broken))["policy-word-unknown"] == "block"
    repaired = replace(broken, proposed_policy=shipped_policy())
    verdict = verdict_on(governance_paths=(POLICY_FILE,), using=repaired)
    assert not verdict.is_blocked
    assert needs_of(verdict) == ["platform", "security"]
    assert verdict_on(new(), governance_paths=(POLICY_FILE,), using=repaired).is_blocked, "nothing else travels with the repair"


def test_type_that_a_platform_took_out_of_its_enums_may_keep_its_floor() -> None:
    text = DEFAULT_ENUMS.decode().replace("- tls-private-key\n", "")
    enums = load_enums(text.encode(), file="enums.yaml").value
    assert levels(verdict_on(new(), using=context(enums=enums))) == {}


MIXED = [
    (("dev", "prod"), "dev, prod"),
    (("prod", "dev", "staging"), "dev, staging, prod"),
    (("dev", "dev"), ""),
    (("prod",), ""),
]


@pytest.mark.parametrize(("environments", "listed"), MIXED)
def test_mixed_environments_need_the_union(environments: tuple[str, ...], listed: str) -> None:
    changes = [
        new(id=f"SEC-{number:04}", environment=name, tier="high" if name == "prod" else "medium", owner=f"team-{name}")
        for number, name in enumerate(environments, start=1)
    ]
    verdict = verdict_on(*changes)
    assert [finding.got for finding in verdict.findings if finding.rule == "policy.mixed-environments"] == ([listed] if listed else [])
    if set(environments) == {"dev", "prod"}:
        assert needs_of(verdict) == ["owner team-prod", "platform", "security"]
        assert verdict.needs[2].because == ("SEC-0002: tier high",)


def test_shipped_policy_has_no_unknown_word_under_the_shipped_enums() -> None:
    assert ENUMS is not None
    assert levels(verdict_on(new(), using=context(enums=ENUMS, proposed_policy=shipped_policy()))) == {}
    assert load(b"", Policy, file=POLICY_FILE).value is None
