"""What the person on call finds when something is broken: doctor names it, and no command makes it worse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.make(tmp_path / "world")
    world.approved_request()
    assert world.cli("pat", "apply", "--environment", "dev", "--yes").code == 0
    return world


def damage_store(world: World) -> None:
    (world.platform / ".goldenpath" / "aws-secrets-manager-dev.db").write_bytes(b"\x07" * 8192)


def damage_journal(world: World) -> None:
    (world.platform / ".goldenpath" / "journal.db").write_bytes(b"\x07" * 8192)


def lose_key(world: World) -> None:
    (world.platform / ".goldenpath" / "root.key").unlink()


def lose_key_and_marker(world: World) -> None:
    lose_key(world)
    (world.platform / ".goldenpath" / "root.key.id").unlink()


def audit_is_a_file(world: World) -> None:
    folder = world.platform / ".goldenpath" / "audit"
    folder.rename(world.root / "audit-moved")
    folder.touch(mode=0o600)


def rename_main(world: World) -> None:
    world.git("pat", "branch", "--move", "main", "trunk")


@pytest.mark.parametrize(
    ("harm", "name", "word"),
    [
        (damage_store, "databases", "state.damaged"),
        (damage_journal, "databases", "state.damaged"),
        (lose_key, "databases", "key.missing"),
        (lose_key_and_marker, "databases", "key.missing"),
        (audit_is_a_file, "audit", "no folder"),
        (rename_main, "settings", "git.ref-missing"),
    ],
)
def test_doctor_names_what_is_broken(harm: Callable[[World], None], name: str, word: str, world: World) -> None:
    harm(world)
    run = world.cli("pat", "doctor", "-o", "json")
    assert run.code == 1
    failed = {check["name"]: check for check in json.loads(run.out)["checks"] if check["state"] == "fail"}
    assert word in failed[name]["message"]
    assert failed[name]["fix"]


def test_a_lost_key_is_never_replaced_where_something_was_sealed(world: World) -> None:
    state = world.platform / ".goldenpath"
    key = (state / "root.key").read_bytes()
    lose_key_and_marker(world)
    for command in (("status",), ("apply", "--yes"), ("audit", "verify"), ("doctor",)):
        run = world.cli("pat", *command)
        assert run.code != 0
        assert "[key.missing]" in run.out + run.err
    assert not (state / "root.key").exists()
    (state / "root.key").write_bytes(key)
    (state / "root.key").chmod(0o600)
    assert world.cli("pat", "audit", "verify").code == 0, "putting the key back heals everything"


def test_doctor_is_content_with_a_platform_that_works(world: World) -> None:
    run = world.cli("pat", "doctor", "-o", "json")
    assert run.code == 0
    states = {check["name"]: check["state"] for check in json.loads(run.out)["checks"]}
    assert (states["databases"], states["settings"], states["audit"]) == ("ok", "ok", "ok")
