"""Attacks through the steering files: moving them, hiding beside them, or bringing in more than was approved (R9, R10, R13, R54)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.e2e.world import SEC_0007, Run, World

SETTINGS = "goldenpath.yaml"
TOMBSTONES = """\
apiVersion: goldenpath.io/v1
kind: Tombstones
tombstones:
  - id: SEC-0001
    provider: aws-secrets-manager
    path: goldenpath/payments/dev/payments-db-credentials
    decommissionedOn: "2026-01-01"
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.make(tmp_path_factory.mktemp("base") / "world")


@pytest.fixture
def world(base: World, tmp_path: Path) -> World:
    return base.copy(tmp_path / "world")


def settings(world: World) -> str:
    return (world.platform / SETTINGS).read_text()


def rules(world: World) -> set[str]:
    """Return the blocking rules of the branch that is checked out."""
    checked = json.loads(world.cli("dana", "policy", "check", "--base", "main", "-o", "json").out)
    return {finding["rule"] for finding in checked["findings"] if finding["level"] == "block"}


def needed(world: World) -> set[str]:
    checked = json.loads(world.cli("dana", "policy", "check", "--base", "main", "-o", "json").out)
    return {need["role"] for need in checked["approvals"]["missing"]}


def approve(world: World, head: str) -> None:
    for who in ("pat", "sam"):
        done = world.cli(who, "approve", "--head", head)
        assert done.code == 0, done


def apply(world: World) -> Run:
    return world.cli("pat", "apply", "--yes")


def buried(world: World) -> None:
    world.propose("bury", {"governance/tombstones.yaml": TOMBSTONES})
    approve(world, "bury")
    world.merge("bury")


@pytest.mark.parametrize(
    "files",
    [
        {"governance/tombstones.yaml": TOMBSTONES.replace("payments-db-credentials", "other")},
        {"governance/tombstones.yaml": TOMBSTONES.partition("tombstones:\n")[0]},
    ],
    ids=["another-path", "emptied"],
)
def test_a_tombstone_is_not_changed(world: World, files: dict[str, str | None]) -> None:
    buried(world)
    world.propose("dig", files)
    assert "policy.tombstone-removed" in rules(world)


def test_tombstones_are_not_left_behind_by_moving_the_file(world: World) -> None:
    buried(world)
    moved = settings(world) + "governance:\n  tombstones: governance/graves.yaml\n"
    world.propose("dig", {SETTINGS: moved, "governance/graves.yaml": TOMBSTONES.partition("tombstones:\n")[0]})
    assert "policy.tombstone-removed" in rules(world)


def test_a_steering_file_moves_only_to_where_there_is_one(world: World) -> None:
    world.propose("void", {SETTINGS: settings(world) + "governance:\n  tombstones: governance/graves.yaml\n"})
    assert "policy.governance-deleted" in rules(world)


def test_a_merge_cannot_bring_other_approvers_than_the_approved_branch_moved_to(world: World) -> None:
    """The new file is governed only by the settings that arrive with it; it is part of what was approved all the same."""
    approvers = (world.platform / "governance/approvers.yaml").read_text()
    moved = settings(world) + "governance:\n  approvers: people/approvers.yaml\n"
    world.propose("move", {SETTINGS: moved, "people/approvers.yaml": approvers})
    approve(world, "move")
    world.git("pat", "switch", "--quiet", "main")
    world.git("pat", "merge", "--quiet", "--no-ff", "--no-commit", "move")
    world.write("people/approvers.yaml", approvers.replace("dana@example.com", "dana@example.org"))
    world.git("pat", "add", "--all")
    world.git("pat", "commit", "--quiet", "--message", "Merge move")
    assert apply(world).code == 5


def test_a_file_placed_beforehand_is_part_of_the_change_that_makes_it_steer(world: World) -> None:
    approvers = (world.platform / "governance/approvers.yaml").read_text()
    world.propose("early", {"people/approvers.yaml": approvers})
    world.merge("early")
    world.propose("move", {SETTINGS: settings(world) + "governance:\n  approvers: people/approvers.yaml\n"})
    approve(world, "move")
    world.git("dana", "switch", "--quiet", "main")
    world.write("people/approvers.yaml", approvers.replace("dana@example.com", "dana@example.org"))
    world.git("dana", "commit", "--quiet", "--all", "--message", "Typo")
    world.merge("move")
    assert apply(world).code == 5


def test_moved_steering_files_still_work_when_nothing_was_slipped_in(world: World) -> None:
    approvers = (world.platform / "governance/approvers.yaml").read_text()
    moved = settings(world) + "governance:\n  approvers: people/approvers.yaml\n"
    world.propose("move", {SETTINGS: moved, "people/approvers.yaml": approvers})
    approve(world, "move")
    world.merge("move")
    assert apply(world).code == 0


def test_the_catalog_does_not_move_to_files_that_nobody_judged(world: World) -> None:
    world.propose("early", {"other/secrets/payments/prod/SEC-0099.yaml": SEC_0007.replace("SEC-0007", "SEC-0099")})
    world.merge("early")
    world.propose("move", {SETTINGS: settings(world).replace("root: catalogs/secrets", "root: other/secrets")})
    assert "platform.catalog-moved" in rules(world)


def test_a_protected_path_may_be_a_single_file(world: World) -> None:
    world.propose("guard", {SETTINGS: settings(world) + "governance:\n  protectedPaths: [.github, CODEOWNERS]\n", "CODEOWNERS": "* @sam\n"})
    approve(world, "guard")
    world.merge("guard")
    world.propose("loosen", {"CODEOWNERS": "* @dana\n"})
    assert needed(world) == {"platform", "security"}


def test_two_files_of_one_change_cannot_share_an_id(world: World) -> None:
    """CASE 30 within one change: one of the two would hide the other from the gate."""
    world.propose(
        "two",
        {
            "catalogs/secrets/payments/dev/SEC-0007.yaml": SEC_0007,
            "catalogs/secrets/billing/dev/SEC-0007.yaml": SEC_0007.replace("payments", "billing"),
        },
    )
    assert "intent.duplicate-id" in rules(world)
