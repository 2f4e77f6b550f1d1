"""Die before and after every external effect of an apply and of a seed, run again, and end where a clean run ends (R18, R59)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.kill import arm
from tests.e2e.world import World

from goldenpath.bootstrap import open_platform
from goldenpath.model.store import BOOKKEEPING_TAGS

VALUES = b'{"password": "kill-matrix-password-5f1c", "username": "payments_app"}'
SHARDS = 4
"""Each shard is one test, so that workers share the matrix; a shard takes every SHARDS-th moment."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World.make(tmp_path_factory.mktemp("template") / "world")
    world.approved_request()
    batch = world.root / "values.json"
    batch.write_bytes(VALUES)
    batch.chmod(0o600)
    return world


@pytest.fixture(scope="module")
def applied(template: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = template.copy(tmp_path_factory.mktemp("applied") / "world")
    assert world.cli("pat", *APPLY).code == 0
    return world


APPLY = ("apply", "--yes")


def seed_command(world: World) -> tuple[str, ...]:
    return ("seed", "SEC-0007", "--batch", str(world.root / "values.json"))


def final_state(world: World) -> dict[str, Any]:
    """Everything that must be the same after any history: records, number of values, the GitOps tree, no open ends."""
    services = open_platform(world.platform)
    try:
        records = {}
        for environment in ("dev", "prod"):
            store = services.store(environment, "aws-secrets-manager")
            for record in store.list_records(environment):
                tags = tuple(tag for tag in record.tags if tag[0] not in BOOKKEEPING_TAGS)
                stages = sorted(version.stages for version in record.versions)
                records[str(record.ref)] = (record.description, record.policy, tags, stages, record.deletion_date)
        open_ends = [entry for name in ("dev", "prod") for entry in services.journal().unfinished(name)]
    finally:
        services.close()
    tree = world.git("pat", "ls-tree", "-r", "main", where=world.gitops)
    dirty = world.git("pat", "status", "--porcelain", where=world.gitops)
    return {"records": records, "open": open_ends, "tree": tree, "dirty": dirty}


def moments(world: World, command: tuple[str, ...], folder: Path) -> int:
    counted = folder / "moments"
    assert world.cli("pat", *command, before=arm(0, str(counted))).code == 0
    return int(counted.read_text())


def shard(count: int, number: int) -> Iterator[int]:
    return iter(range(1 + number, count + 1, SHARDS))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", range(SHARDS))
def test_apply_killed_anywhere_then_run_again(template: World, tmp_path: Path, number: int) -> None:
    clean = template.copy(tmp_path / "clean")
    count = moments(clean, APPLY, tmp_path)
    wanted = final_state(clean)
    assert count > 20, "the matrix must see store, git, journal and audit writes"
    for moment in shard(count, number):
        world = template.copy(tmp_path / f"world-{moment}")
        assert world.cli("pat", *APPLY, before=arm(moment)).code == -signal.SIGKILL, moment
        rerun = world.cli("pat", *APPLY)
        assert rerun.code == 0, (moment, rerun)
        assert final_state(world) == wanted, moment
        verified = world.cli("pat", "audit", "verify")
        assert verified.code == 0, (moment, verified)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", range(SHARDS))
def test_seed_killed_anywhere_then_run_again(applied: World, tmp_path: Path, number: int) -> None:
    clean = applied.copy(tmp_path / "clean")
    count = moments(clean, seed_command(clean), tmp_path)
    wanted = final_state(clean)
    for moment in shard(count, number):
        world = applied.copy(tmp_path / f"world-{moment}")
        assert world.cli("pat", *seed_command(world), before=arm(moment)).code == -signal.SIGKILL, moment
        rerun = world.cli("pat", *seed_command(world))
        assert rerun.code == 0, (moment, rerun)
        assert final_state(world) == wanted, moment
        verified = world.cli("pat", "audit", "verify")
        assert verified.code == 0, (moment, verified)


def test_two_runners_at_once(template: World, tmp_path: Path) -> None:
    """CASE 45: one works, the other waits or finds it done; one record, one commit."""
    world = template.copy(tmp_path / "world")
    children = []
    for _ in range(2):
        pid = os.fork()
        if pid == 0:
            os._exit(world.cli("pat", *APPLY).code)
        children.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    assert codes == [0, 0]
    state = final_state(world)
    assert len(state["records"]) == 2
    assert world.git("pat", "rev-list", "--count", "main", where=world.gitops).strip() == "2"
    assert world.cli("pat", "audit", "verify").code == 0
