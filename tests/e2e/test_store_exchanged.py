"""A store that is not the one before is never filled anew (CASE 53 for the embedded store; R20, R33)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.world import World

DEV, PROD = "aws-secrets-manager-dev.db", "aws-secrets-manager-prod.db"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World.make(tmp_path_factory.mktemp("base") / "world")
    made.approved_request()
    assert made.cli("pat", "apply", "--yes").code == 0
    assert made.cli("pat", "seed", "SEC-0007", "--generate", "username", "--generate", "password").code == 0
    return made


def exchange(state: Path) -> None:
    dev, prod = (state / DEV).read_bytes(), (state / PROD).read_bytes()
    (state / DEV).write_bytes(prod)
    (state / PROD).write_bytes(dev)


def empty(state: Path) -> None:
    (state / DEV).write_bytes(b"")


def lose(state: Path) -> None:
    (state / DEV).unlink()


@pytest.mark.parametrize("happen", [exchange, empty, lose])
def test_an_exchanged_store_is_refused_and_nothing_is_written(base: World, tmp_path: Path, happen: Callable[[Path], None]) -> None:
    world = base.copy(tmp_path / "world")
    state = world.platform / ".goldenpath"
    kept = {name: (state / name).read_bytes() for name in (DEV, PROD)}
    manifests = world.git("pat", "rev-parse", "main", where=world.gitops)
    happen(state)
    for flag in ("--dry-run", "--yes"):
        done = world.cli("pat", "apply", flag, "-o", "json")
        assert (done.code, json.loads(done.out)["code"]) == (6, "apply.store-replaced"), (flag, done)
    assert world.git("pat", "rev-parse", "main", where=world.gitops) == manifests
    for name, content in kept.items():
        (state / name).write_bytes(content)
    assert world.cli("pat", "apply", "--yes").code == 0
    assert world.cli("pat", "get", "SEC-0007", "--reveal", "--key", "password").code == 0
    assert world.cli("pat", "audit", "verify").code == 0
