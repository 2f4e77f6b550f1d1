"""``drift``, ``orphans`` and ``diff`` over a store that people touched behind the platform's back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.canary import new_canary, scan_tree
from tests.e2e.world import SEC_0007, Run, World
from tests.stores import LEASE_SECONDS, token

from goldenpath.bootstrap import open_platform
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import TAG_APPLIED, TAG_COMMIT, DesiredSecret

PROVIDER = "aws-secrets-manager"
DEV = "catalogs/secrets/payments/dev/SEC-0007.yaml"
STAGING = "catalogs/secrets/payments/staging/SEC-0008.yaml"
SEC_0008 = (
    SEC_0007.replace("SEC-0007", "SEC-0008").replace("environment: dev", "environment: staging").replace("ttlDays: 30", "ttlDays: 60")
)
PATH = "goldenpath/payments/dev/payments-db-credentials"
IGNORES = "governance/drift-ignores.yaml"
IGNORE = """\
apiVersion: goldenpath.io/v1
kind: DriftIgnores
ignores:
  - field: tag:cost-center
    service: payments
    reason: finance allocates costs by hand
    owner: app-team
"""
USER, PASSWORD = new_canary("user"), new_canary("password")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World.make(tmp_path_factory.mktemp("base") / "world")
    world.propose("request", {DEV: SEC_0007, STAGING: SEC_0008})
    assert world.cli("pat", "approve", "--head", "request").code == 0
    world.merge("request")
    assert world.cli("pat", "apply", "--yes").code == 0
    return world


@pytest.fixture
def world(base: World, tmp_path: Path) -> World:
    return base.copy(tmp_path / "world")


def seed(world: World, request_id: str, user: str, password: str) -> None:
    secret = world.root / "password"
    secret.write_text(password)
    secret.chmod(0o600)
    done = world.cli("pat", "seed", request_id, "--yes", "--stdin", "username", "--from-file", f"password={secret}", typed=user.encode())
    secret.unlink()
    assert done.code == 0, done.err


def edit(world: World, *, add: dict[str, str] | None = None, **fields: object) -> None:
    """Change the record of SEC-0007 as a person at a console would."""
    services = open_platform(world.platform)
    try:
        store = services.store("dev", PROVIDER)
        found = store.describe(SecretRef(provider=PROVIDER, environment="dev", path=PATH))
        assert found is not None
        kept = {key: value for key, value in found.tags if key in {TAG_APPLIED, TAG_COMMIT}}
        tags = {**dict(found.comparable_tags), **(add or {})}
        as_found = DesiredSecret(
            ref=found.ref,
            request_id=found.request_id,
            description=found.description,
            kms_key=found.kms_key,
            policy=found.policy,
            tags=tuple(sorted(tags.items())),
        )
        fence = store.acquire("dev", holder="console", lease_seconds=LEASE_SECONDS)
        store.update(replace(as_found, **fields), bookkeeping=kept, fence=fence)
        store.release(fence)
    finally:
        services.close()


def put_unmanaged(world: World, path: str) -> None:
    services = open_platform(world.platform)
    try:
        store = services.store("dev", PROVIDER)
        fence = store.acquire("dev", holder="console", lease_seconds=LEASE_SECONDS)
        desired = DesiredSecret(ref=SecretRef(provider=PROVIDER, environment="dev", path=path), request_id="")
        store.create(desired, bookkeeping={}, token=token("unmanaged"), fence=fence)
        store.release(fence)
    finally:
        services.close()


def tags_of(world: World) -> dict[str, str]:
    services = open_platform(world.platform)
    try:
        found = services.store("dev", PROVIDER).describe(SecretRef(provider=PROVIDER, environment="dev", path=PATH))
        assert found is not None
        return dict(found.tags)
    finally:
        services.close()


def document(run: Run, code: int) -> dict[str, Any]:
    assert run.code == code, run
    return dict(json.loads(run.out))


def merge_ignores(world: World, text: str = IGNORE) -> None:
    world.propose("ignore", {IGNORES: text})
    for person in ("pat", "sam"):
        assert world.cli(person, "approve", "--head", "ignore").code == 0
    world.merge("ignore")


def test_drift_is_told_field_by_field_with_both_sides(world: World) -> None:
    """CASE 54."""
    edit(world, add={"cost-center": "42", "goldenpath:owner": "somebody"}, description="by hand")
    found = document(world.cli("pat", "drift", "-o", "json"), 1)
    (record,) = found["records"]
    assert (record["state"], record["request_id"]) == ("drift", "SEC-0007")
    sides = {field["field"]: (field["wanted"], field["found"], field["state"]) for field in record["fields"]}
    assert sides["tag:cost-center"] == (None, "42", "drift")
    assert sides["tag:goldenpath:owner"] == ("app-team", "somebody", "drift")
    assert sides["description"][1:] == ("by hand", "drift")
    text = world.cli("pat", "drift", "SEC-0007")
    assert (text.code, "apply --accept-drift SEC-0007" in text.out) == (1, True), text.out
    github = world.cli("pat", "drift", "-o", "github")
    assert (github.code, github.out.count("::error ")) == (1, 3), github.out
    assert world.cli("pat", "drift", "--environment", "staging").code == 0
    assert world.cli("pat", "drift", "SEC-0008").code == 0
    assert world.cli("pat", "drift", "SEC-4444").code == 6


def test_a_changed_policy_is_compared_statement_by_statement(world: World) -> None:
    edit(world, policy='{"Statement":[{"Sid":"ByHand","Effect":"Allow"}],"Version":"2012-10-17"}')
    text = world.cli("pat", "drift").out
    assert '+ {"Effect":"Allow","Sid":"ByHand"}' in text
    assert '- {"Action":' in text


def test_a_request_that_moved_on_is_pending_and_no_drift(world: World) -> None:
    world.propose("describe", {DEV: SEC_0007.replace("  environment: dev", "  environment: dev\n  description: the main database")})
    assert world.cli("pat", "approve", "--head", "describe").code == 0
    world.merge("describe")
    found = document(world.cli("pat", "drift", "-o", "json"), 0)
    assert [(record["state"], [field["state"] for field in record["fields"]]) for record in found["records"]] == [("pending", ["pending"])]


def test_ignored_drift_is_told_and_neither_counts_nor_is_overwritten(world: World) -> None:
    edit(world, add={"cost-center": "42"})
    assert world.cli("pat", "apply", "--yes").code == 1
    merge_ignores(world)
    found = document(world.cli("pat", "drift", "-o", "json"), 0)
    (field,) = found["records"][0]["fields"]
    assert (field["state"], field["reason"], field["owner"]) == ("ignored", "finance allocates costs by hand", "app-team")
    done = world.cli("pat", "apply", "--yes", "--accept-drift", "SEC-0007")
    assert done.code == 0, done.err
    assert tags_of(world)["cost-center"] == "42"
    world.propose("describe", {DEV: SEC_0007.replace("  environment: dev", "  environment: dev\n  description: the main database")})
    assert world.cli("pat", "approve", "--head", "describe").code == 0
    world.merge("describe")
    assert world.cli("pat", "apply", "--yes").code == 0
    assert tags_of(world)["cost-center"] == "42", "another change of the record leaves it too"
    edit(world, add={"backdoor": "yes"})
    assert world.cli("pat", "drift").code == 1
    assert world.cli("pat", "apply", "--yes", "--accept-drift", "SEC-0007").code == 0
    assert (tags_of(world).get("cost-center"), tags_of(world).get("backdoor")) == ("42", None)
    merge_ignores_away(world)
    assert document(world.cli("pat", "drift", "-o", "json"), 1)["records"][0]["fields"][0]["field"] == "tag:cost-center"
    assert world.cli("pat", "apply", "--yes").code == 1, "what was kept waits for a decision"
    assert tags_of(world)["cost-center"] == "42"


def merge_ignores_away(world: World) -> None:
    world.propose("heed", {IGNORES: None})
    for person in ("pat", "sam"):
        assert world.cli(person, "approve", "--head", "heed").code == 0
    world.merge("heed")


def test_an_ignore_list_counts_only_once_its_owners_approved_it(world: World) -> None:
    edit(world, add={"cost-center": "42"})
    world.propose("ignore", {IGNORES: IGNORE})
    check = world.cli("dana", "policy", "check", "--base", "main", "--head", "ignore")
    assert "waits for approval by platform, security" in check.out
    world.git("pat", "switch", "--quiet", "main")
    world.write(IGNORES, IGNORE)
    assert world.cli("pat", "drift").code == 1, "a file in the working tree is nobody's decision"
    world.git("pat", "add", "--all")
    world.git("pat", "commit", "--quiet", "--message", "Ignore without review")
    refused = world.cli("pat", "apply", "--yes")
    assert (refused.code, "[approval.missing]" in refused.err) == (5, True), refused.err


def test_an_expired_entry_is_a_finding_and_its_drift_counts(world: World) -> None:
    edit(world, add={"cost-center": "42"})
    merge_ignores(world, IGNORE + "    expiresOn: 2020-01-31\n")
    found = document(world.cli("pat", "drift", "-o", "json"), 1)
    assert [finding["rule"] for finding in found["findings"]] == ["plan.ignore-expired"]


def test_a_faulty_list_is_refused_before_it_is_merged(world: World) -> None:
    world.propose("ignore", {IGNORES: IGNORE.replace("tag:cost-center", "policy")})
    assert world.cli("dana", "policy", "check", "--base", "main", "--head", "ignore").code == 2
    assert world.cli("dana", "validate").code != 0


def test_orphans_are_named_with_what_can_be_done(world: World) -> None:
    assert document(world.cli("pat", "orphans", "-o", "json"), 0)["orphans"] == []
    put_unmanaged(world, "goldenpath/payments/dev/found-here")
    world.propose("delete", {DEV: None})
    world.merge("delete")
    found = document(world.cli("pat", "orphans", "-o", "json"), 1)
    rows = {row["kind"]: row for row in found["orphans"]}
    assert set(rows) == {"orphan", "unmanaged"}
    orphan = rows["orphan"]
    assert (orphan["request_id"], orphan["owner"], orphan["file"], orphan["age_days"]) == ("SEC-0007", "app-team", DEV, 0)
    assert f"git checkout {orphan['commit'][:12]} -- {DEV}" in orphan["next"]
    assert rows["unmanaged"]["path"] == "goldenpath/payments/dev/found-here"
    text = world.cli("pat", "orphans")
    assert (text.code, "1 orphan, 1 unmanaged" in text.out) == (1, True), text.out
    assert world.cli("pat", "orphans", "-o", "github").out.count("::error ") == 2
    assert world.cli("pat", "orphans", "--environment", "staging").code == 0
    assert "goldenpath:id" in tags_of(world), "nothing is deleted"


def test_a_record_at_a_wanted_path_without_our_tag_is_to_be_adopted(world: World) -> None:
    put_unmanaged(world, "goldenpath/payments/dev/found-here")
    text = SEC_0007.replace("SEC-0007", "SEC-0009").replace("payments-db-credentials", "found-here").replace("payments-db-creds", "found")
    world.propose("request-9", {DEV.replace("SEC-0007", "SEC-0009"): text})
    assert world.cli("pat", "approve", "--head", "request-9").code == 0
    world.merge("request-9")
    (row,) = document(world.cli("pat", "orphans", "-o", "json"), 1)["orphans"]
    assert (row["kind"], row["wanted_by"], row["next"]) == ("unmanaged", "SEC-0009", "goldenpath adopt SEC-0009")
    (record,) = document(world.cli("pat", "drift", "-o", "json"), 1)["records"]
    assert (record["state"], record["request_id"]) == ("foreign", "SEC-0009")


def test_two_environments_are_compared_without_a_value(world: World) -> None:
    seed(world, "SEC-0007", USER, PASSWORD)
    found = document(world.cli("pat", "diff", "--from", "dev", "--to", "stage", "-o", "json"), 0)
    (pair,) = found["pairs"]
    assert (pair["from"]["value"], pair["to"]["value"], pair["values"]) == ("present", "awaiting-value", "not-compared")
    assert pair["contract"] == [{"field": "spec.ttlDays", "from": "30", "to": "60"}]
    assert world.cli("pat", "diff", "--from", "dev", "--to", "staging", "--exit-code").code == 1
    assert world.cli("pat", "diff", "--from", "dev", "--to", "staging", "--service", "search", "--exit-code").code == 0
    only = document(world.cli("pat", "diff", "--from", "dev", "--to", "prod", "-o", "json"), 0)["pairs"]
    assert "only-from" in {each["presence"] for each in only}
    assert world.cli("pat", "diff", "--from", "prod", "--to", "production").code == 2
    assert scan_tree(world.root, [USER, PASSWORD]) == []


def test_values_are_compared_on_record_and_never_shown(world: World) -> None:
    seed(world, "SEC-0007", USER, PASSWORD)
    seed(world, "SEC-0008", USER, PASSWORD + "-staging")
    words = ("diff", "--from", "dev", "--to", "staging", "--compare-values", "--reason", "INC-7", "-o")
    found = document(world.cli("pat", *words, "json"), 0)
    (pair,) = found["pairs"]
    assert (pair["values"], pair["same_keys"]) == ("different", ["username"])
    assert [finding["rule"] for finding in found["findings"]] == ["value.shared-across-environments"]
    seed(world, "SEC-0008", USER, PASSWORD)
    same = world.cli("pat", *words, "table")
    assert "the same value in two environments: password, username" in same.out
    records = [json.loads(line) for line in world.cli("pat", "audit", "tail", "-n", "1000", "-o", "ndjson").out.splitlines()]
    reads = [record for record in records if "secret.read" in json.dumps(record)]
    assert {request_id for request_id in ("SEC-0007", "SEC-0008") if request_id in json.dumps(reads)} == {"SEC-0007", "SEC-0008"}
    assert "INC-7" in json.dumps(reads)
    assert not [text for text in (same.out, same.err, json.dumps(found)) if USER in text or PASSWORD in text]
    assert scan_tree(world.root, [USER, PASSWORD]) == []
