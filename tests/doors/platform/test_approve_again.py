"""Approving twice, late, or one's own work: each answer says what to do next."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.e2e.world import PEOPLE, SEC_0007, World

PATH = "catalogs/secrets/payments/dev/SEC-0007.yaml"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.make(tmp_path / "world")
    world.propose("request", {PATH: SEC_0007})
    return world


def notes(world: World) -> str:
    return world.git("pat", "for-each-ref", "refs/notes")


def test_approving_twice_writes_one_approval(world: World) -> None:
    assert world.cli("pat", "approve", "--head", "request").code == 0
    before = notes(world)
    again = world.cli("pat", "approve", "--head", "request")
    assert (again.code, "already" in again.out) == (0, True), again.err
    assert notes(world) == before


def test_after_the_merge_there_is_nothing_to_approve(world: World) -> None:
    world.merge("request")
    run = world.cli("pat", "approve", "--head", "request")
    assert (run.code, "[approval.nothing-changes]" in run.err) == (2, True), run.err
    assert "--base" in run.err
    assert notes(world) == ""


def test_a_key_that_is_not_ones_own_leaves_no_note(world: World) -> None:
    stranger = world.root / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    for key in (stranger, PEOPLE["sam"].key(world.root)):
        run = world.cli("pat", "approve", "--head", "request", "--key", str(key))
        assert (run.code, "[approval.key-unknown]" in run.err) == (3, True), run.err
        assert notes(world) == ""
    assert world.cli("pat", "approve", "--head", "request").code == 0
    assert notes(world) != ""


def test_an_author_is_told_who_can_approve(world: World) -> None:
    run = world.cli("dana", "approve", "--head", "request")
    assert (run.code, "[approval.not-eligible]" in run.err) == (3, True), run.out + run.err
    assert "goldenpath policy check --base main --head request" in run.err


def test_apply_names_the_commits_once(world: World) -> None:
    world.merge("request")
    run = world.cli("pat", "apply", "--environment", "dev", "--yes")
    assert run.code == 5
    first = run.err.splitlines()[0]
    assert first.count("..") == 1, first
