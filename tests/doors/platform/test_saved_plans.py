"""Saved plans from the outside: exactly what was looked at is applied, and a plan that does not fit stops the run before its first step."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.world import World

from goldenpath.delivery.outline import NOTHING, dump_outline


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.make(tmp_path / "world")
    world.approved_request()
    return world


def saved(world: World, *flags: str) -> Path:
    folder = world.root / "plans"
    run = world.cli("pat", "apply", "--dry-run", "--out", str(folder), *flags)
    assert run.code == 0, run.err
    assert f"goldenpath apply --plan {folder}" in run.err, "the next step is named"
    return folder


def records(world: World) -> str:
    return world.cli("pat", "status").out


def test_saved_plans_are_applied_to_their_environments_only(world: World) -> None:
    folder = saved(world, "--environment", "dev")
    run = world.cli("pat", "apply", "--plan", str(folder), "--yes")
    assert run.code == 0, run.err
    assert "SEC-0007 create: done" in run.out
    assert "to create" in records(world), "prod, of which no plan was saved, is left alone"


def test_a_plan_that_does_not_fit_stops_the_run_before_the_first_step(world: World) -> None:
    folder = saved(world, "--environment", "dev")
    before = records(world)
    run = world.cli("pat", "apply", "--plan", str(folder), "--environment", "dev", "--environment", "prod", "--yes")
    assert (run.code, "[plan.not-seen]" in run.err) == (6, True), run.err
    assert records(world) == before


@pytest.mark.parametrize(("old", "new"), [("dev.", "staging."), ("dev.aws-secrets-manager", "dev"), ("dev.aws-secrets-manager", "plan")])
def test_a_renamed_plan_is_refused_with_a_next_step(old: str, new: str, world: World) -> None:
    file = saved(world, "--environment", "dev") / "dev.aws-secrets-manager.plan.json"
    file.rename(file.with_name(file.name.replace(old, new)))
    run = world.cli("pat", "apply", "--plan", str(file.parent), "--yes")
    assert (run.code, "[plan.unreadable]" in run.err, "hint:" in run.err) == (2, True, True), run.err


def test_a_folder_without_plans_is_refused(world: World, tmp_path: Path) -> None:
    run = world.cli("pat", "apply", "--plan", str(tmp_path), "--yes")
    assert (run.code, "[plan.none-saved]" in run.err) == (2, True), run.err


def test_out_without_dry_run_is_refused(world: World, tmp_path: Path) -> None:
    run = world.cli("pat", "apply", "--out", str(tmp_path / "plans"), "--yes")
    assert (run.code, "--dry-run" in run.err) == (2, True), run.err
    assert "to create" in records(world)


def test_saved_plans_hold_the_manifests_too(world: World) -> None:
    folder = saved(world, "--environment", "dev")
    inventory = "environments/dev/inventory.json"
    assert inventory in (folder / "manifests.json").read_text()
    (folder / "manifests.json").write_bytes(dump_outline(NOTHING))
    before = records(world)
    run = world.cli("pat", "apply", "--plan", str(folder), "--yes")
    assert (run.code, "[delivery.not-seen]" in run.err, inventory in run.err) == (6, True, True), run.err
    assert records(world) == before


@pytest.mark.parametrize(("harm", "code"), [("lose", "plan.none-saved"), ("edit", "plan.altered"), ("spoil", "plan.unreadable")])
def test_saved_manifests_that_are_not_as_saved_are_refused(harm: str, code: str, world: World) -> None:
    file = saved(world, "--environment", "dev") / "manifests.json"
    if harm == "lose":
        file.unlink()
    else:
        file.write_text(file.read_text().replace("inventory", "elsewhere") if harm == "edit" else "{}")
    run = world.cli("pat", "apply", "--plan", str(file.parent), "--yes")
    assert (run.code, f"[{code}]" in run.err, "hint:" in run.err) == (2, True, True), run.err
