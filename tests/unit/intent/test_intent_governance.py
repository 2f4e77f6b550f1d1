"""The platform's own files: a slip there is refused, and aliases never open a gap between a rule and a request (D2, D4, R15)."""

from __future__ import annotations

import pytest
from tests.unit.intent.samples import codes, shipped_enums

from goldenpath.intent.contract import load
from goldenpath.intent.enums import DEFAULT_ENUMS, load_enums
from goldenpath.intent.reader import GOVERNANCE_LIMITS
from goldenpath.model.approval import Approvers
from goldenpath.model.policy import Policy
from goldenpath.model.tombstones import Tombstones

POLICY = "apiVersion: goldenpath.io/v1\nkind: Policy\n"
PEOPLE = "apiVersion: goldenpath.io/v1\nkind: Approvers\npeople:\n"
STONES = "apiVersion: goldenpath.io/v1\nkind: Tombstones\n"
STONE = "  - {{id: {}, provider: local, path: goldenpath/a/dev/b, decommissionedOn: {}}}\n"


def test_the_shipped_words_are_those_of_the_decision() -> None:
    enums = shipped_enums()
    assert enums.owners == ("platform-team", "security-team", "operations-team", "sre-team", "app-team", "database-team")
    assert enums.environments == ("dev", "test", "staging", "prod", "ephemeral")
    security = enums.security
    assert security.secret_types.values == (
        "database-credentials", "api-key", "oauth-client", "webhook-secret", "signing-key", "encryption-key", "tls-private-key",
        "container-registry-credential", "third-party-token", "generic",
    )  # fmt: skip
    assert security.risk_tiers.values == ("low", "medium", "high")
    assert security.rotation_classes.values == ("none", "standard", "high")
    assert security.lifecycle_status.values == ("active", "deprecated", "decommission_requested", "decommissioned")


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        ("  - app-team\n", "  - app-team\n  - team-payments\n", []),
        ("  - test\n", "", []),
        ("  - staging\n", "  - stage\n", []),
        ("  - app-team\n", "  - app-team\n  - app-team\n", ["intent.duplicate-entry"]),
        ("  - app-team\n", "  - App-Team\n", ["intent.pattern"]),
        ("  - app-team\n", "  - no\n", ["intent.type"]),
        ("  - dev\n", "  - qa\n", ["intent.enum"]),
        ("      - high\n  rotation", "      - critical\n  rotation", ["intent.enum"]),
        ("      - deprecated\n", "      - retired\n", ["intent.enum"]),
        ("      - standard\n", "      - weekly\n", []),
        ("owners:\n", "owner:\n", ["intent.missing-field", "intent.unknown-field"]),
        ("      - api-key\n", "      - database-credentials\n", ["intent.duplicate-entry"]),
    ],
)
def test_a_platforms_own_words(old: str, new: str, rules: list[str]) -> None:
    text = DEFAULT_ENUMS.decode()
    assert old in text
    assert codes(load_enums(text.replace(old, new, 1).encode(), file="e").findings) == rules


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", []),
        ("tiers: {high: {approvals: [{role: security}, {role: owner}], rotationNone: block}}\n", []),
        ("tiers: {hihg: {}}\n", ["intent.enum"]),
        ("requireAdr: {hgih: block}\n", ["intent.enum"]),
        ("dwellDays: {hi: 3}\n", ["intent.enum"]),
        ("ttlMaxDays: {prod: 3}\n", ["intent.enum"]),
        ("floors: [{tier: hgih}]\n", ["intent.enum"]),
        ("floors: [{tier: high, environments: [live]}]\n", ["intent.enum"]),
        ("namespaces: {mapped: [{namespace: a, service: b, environments: [prd, live]}]}\n", ["intent.enum"]),
        ("waivers: [{rule: a, request: SEC-0001, owner: b, ticket: t, reason: r, expiresOn: 2026-02-31}]\n", ["intent.date"]),
        (
            "waivers: [{rule: a, request: SEC-1, owner: b, ticket: '', reason: r, expiresOn: x}]\n",
            ["intent.pattern", "intent.range", "intent.pattern"],
        ),
        ("tiers: {high: {approval: []}}\n", ["intent.unknown-field"]),
        ("ttlWarnDays: yes\n", ["intent.type"]),
    ],
)
def test_a_policy_that_could_not_be_obeyed_is_refused(text: str, rules: list[str]) -> None:
    assert codes(load((POLICY + text).encode(), Policy, file="p").findings) == rules


def test_a_rule_written_for_an_alias_holds_for_its_environment() -> None:
    text = (
        POLICY
        + "floors: [{tier: high, environments: [production, stg]}]\nnamespaces: {mapped: [{namespace: a, service: b, environments: [prd]}]}\n"
    )
    policy = load(text.encode(), Policy, file="p").value
    assert policy is not None
    assert policy.floors[0].environments == ("prod", "staging")
    assert policy.namespaces.mapped[0].environments == ("prod",)


@pytest.mark.parametrize(
    ("people", "rules"),
    [
        (["{id: ann, emails: [ann@x]}", "{id: bob, emails: [bob@x]}"], []),
        (["{id: ann}", "{id: ann}"], ["intent.duplicate-entry"]),
        (["{id: ann, emails: [Ann@X]}", "{id: bob, emails: ['ann@x ']}"], ["intent.duplicate-entry"]),
        (["{id: ann, keys: [ssh-ed25519 AAAA ann]}", "{id: bob, keys: [ssh-ed25519  AAAA bob]}"], ["intent.duplicate-entry"]),
        (["{id: ann, keys: [ssh-ed25519 AAAA a, ssh-ed25519 BBBB a]}"], []),
        (["{id: Ann}"], ["intent.pattern"]),
        (["{id: ann, isBot: yes}"], ["intent.type"]),
        (["{name: ann}"], ["intent.missing-field"]),
    ],
)
def test_one_person_counts_once(people: list[str], rules: list[str]) -> None:
    text = PEOPLE + "".join(f"  - {person}\n" for person in people)
    assert codes(load(text.encode(), Approvers, file="a").findings) == rules


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", []),
        ("tombstones:\n" + STONE.format("SEC-0001", "2026-01-01"), []),
        ("tombstones:\n" + STONE.format("SEC-0001", "2026-01-01") * 2, ["intent.duplicate-entry"]),
        ("tombstones:\n" + STONE.format("SEC-0001", "2026-02-30"), ["intent.date"]),
        ("tombstones:\n" + STONE.format("SEC-1", "2026-02-03"), ["intent.pattern"]),
        ("tombstones: {}\n", ["intent.type"]),
        ("tombstones:\n", ["intent.type"]),
    ],
)
def test_tombstones(text: str, rules: list[str]) -> None:
    assert codes(load((STONES + text).encode(), Tombstones, file="t").findings) == rules


def test_tombstones_may_outgrow_a_request() -> None:
    lines = "".join(STONE.format(f"SEC-{number:05d}", "2026-01-01") for number in range(2_000))
    data = (STONES + "tombstones:\n" + lines).encode()
    assert 65_536 < len(data) < GOVERNANCE_LIMITS.max_bytes
    loaded = load(data, Tombstones, file="t").value
    assert loaded is not None
    assert len(loaded.tombstones) == 2_000


def test_a_tombstones_environment_is_canonical() -> None:
    text = STONES + "tombstones:\n  - {id: SEC-0001, provider: local, path: a, decommissionedOn: 2026-01-01, environment: prd}\n"
    loaded = load(text.encode(), Tombstones, file="t").value
    assert loaded is not None
    assert loaded.tombstones[0].environment == "prod"
