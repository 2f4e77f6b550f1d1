"""The whole life of SEC-0007 on the main path, as its users walk it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.canary import new_canary, scan_tree
from tests.e2e.world import SEC_0007, World

FILE = "catalogs/secrets/payments/dev/SEC-0007.yaml"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path / "world")


def test_the_life_of_sec_0007(world: World) -> None:
    canaries = [new_canary("user"), new_canary("password")]
    outputs: list[str] = []

    def run(who: str, *arguments: str, typed: bytes = b"", code: int = 0) -> str:
        done = world.cli(who, *arguments, typed=typed)
        assert done.code == code, (arguments, done)
        outputs.append(done.out + done.err)
        return done.out

    world.propose("request", {FILE: SEC_0007})
    run("dana", "validate")
    check = json.loads(run("dana", "policy", "check", "--base", "main", "-o", "json"))
    assert check["approvals"]["is_satisfied"] is False
    preview = json.loads(run("dana", "preview", "--base", "main", "-o", "json"))
    shown = {file["path"]: file["content"] for file in preview["environments"][0]["files"]}
    for form in ("json", "markdown", "table"):
        assert run("dana", "preview", "--base", "main", "-o", form) == run("dana", "preview", "--base", "main", "-o", form), form
    run("pat", "approve", "--head", "request")
    world.merge("request")

    run("pat", "apply", "--yes")
    assert not (world.gitops / "environments/dev/external-secrets").exists(), "no manifest before the first value"
    secret_file = world.root / "password"
    secret_file.write_bytes(canaries[1].encode())
    secret_file.chmod(0o600)
    run("pat", "seed", "SEC-0007", "--stdin", "username", "--from-file", f"password={secret_file}", typed=canaries[0].encode())
    secret_file.unlink()

    committed = {path: (world.gitops / "environments/dev" / path).read_text() for path in shown}
    assert committed == shown, "the preview shows byte for byte what is committed"
    status = json.loads(run("pat", "status", "-o", "json"))
    assert [row["value"] for row in status["requests"] if row["id"] == "SEC-0007"] == ["present"]

    revealed = world.cli("pat", "get", "SEC-0007", "--reveal", "--key", "password")
    assert revealed.out == canaries[1], "bytes come back exactly"
    trace = json.loads(run("pat", "trace", "SEC-0007", "-o", "json"))
    assert [seam["state"] for seam in trace["seams"]] == ["ok", "ok", "ok", "ok", "ok", "unknown", "ok"]
    assert trace["first_behind"] is None
    run("pat", "audit", "verify")
    run("pat", "drift")

    assert scan_tree(world.root, canaries) == []
    assert not [text for text in outputs if any(canary in text for canary in canaries)]


def test_applying_twice_changes_nothing(world: World) -> None:
    world.approved_request()
    first = world.cli("pat", "apply", "--yes", "-o", "json")
    head = world.git("pat", "rev-parse", "main", where=world.gitops)
    second = world.cli("pat", "apply", "--yes", "-o", "json")
    assert (first.code, second.code) == (0, 0), (first, second)
    assert sum(each["receipt"]["mutating_calls"] for each in json.loads(first.out)["receipts"]) == 2
    assert sum(each["receipt"]["mutating_calls"] for each in json.loads(second.out)["receipts"]) == 0
    assert world.git("pat", "rev-parse", "main", where=world.gitops) == head


def test_each_act_leaves_an_intent_and_an_outcome(world: World) -> None:
    """CASE 149: one of each operation, allowed and denied, each recorded before and after, with who, where and why."""
    world.propose("request", {FILE: SEC_0007})
    assert world.cli("dana", "approve", "--head", "request").code == 3
    assert world.cli("pat", "approve", "--head", "request").code == 0
    assert world.cli("pat", "seed", "SEC-0007", "--generate", "username", "--generate", "password").code == 6
    world.merge("request")
    for command in (
        ("apply", "--yes"),
        ("seed", "SEC-0007", "--generate", "username", "--generate", "password"),
        ("get", "SEC-0007", "--reveal", "--reason", "INC-7"),
        ("exec", "SEC-0007", "--", "true"),
        ("status",),
    ):
        assert world.cli("pat", *command).code == 0, command
    lines = world.cli("pat", "audit", "export", "--format", "jsonl").out.splitlines()
    records = [json.loads(line) for line in lines]
    pairs: dict[str, list[dict[str, object]]] = {}
    for record in records:
        if not record["action"].startswith("audit."):
            pairs.setdefault(record["operation_id"], []).append(record)
    assert [record["seq"] for record in records] == list(range(1, len(records) + 1))
    assert all([each["phase"] for each in pair] == ["intent", "outcome"] for pair in pairs.values())
    ended = {(str(intent["action"]), str(outcome["outcome"])) for intent, outcome in pairs.values()}
    wanted = {"change.approve", "platform.apply", "secret.create", "secret.put-version", "secret.read", "secret.list", "manifests.commit"}
    assert wanted <= {action for action, outcome in ended if outcome == "success"}
    assert {("change.approve", "denied")} <= ended
    assert any(action == "platform.seed" and outcome != "success" for action, outcome in ended)
    assert all(record["actor"]["id"] and record["correlation_id"] for record in records if record["phase"] == "intent")
    reasons = [record["decision"]["reason"] for record in records if record["action"] == "secret.read"]
    assert "INC-7" in reasons
