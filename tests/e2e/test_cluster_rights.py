"""The roles in ``examples/kubernetes/access.yaml`` hold what their commands need, and nothing that they could do without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster_fake import FakeCluster
from tests.e2e.cluster_world import ClusterWorld
from tests.e2e.world import World
from tests.house.source_tree import ROOT

from goldenpath.model import cluster as model
from goldenpath.model.cluster import Kind

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KINDS = {kind.plural: kind for kind in vars(model).values() if isinstance(kind, Kind)}
VERBS = ("get", "list", "watch", "create", "patch", "update", "delete")
EVERYTHING = {(verb, kind.name) for verb in VERBS for kind in KINDS.values()}
COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "goldenpath-look": (
        ("status", "-e", "dev", "--context", "any", "-o", "json"),
        ("trace", "SEC-0007", "--context", "any", "-o", "json"),
    ),
    "goldenpath-sync": (("sync", "SEC-0007", "-o", "json"), ("sync", "-e", "dev", "-o", "json")),
}


def rules() -> Iterator[tuple[str, str, str, str]]:
    """Every (role, API group, resource, verb) that the example grants."""
    for tree in yaml.safe_load_all((ROOT / "examples/kubernetes/access.yaml").read_text()):
        for rule in tree.get("rules", ()):
            for group in rule["apiGroups"]:
                yield from ((tree["metadata"]["name"], group, resource, verb) for resource in rule["resources"] for verb in rule["verbs"])


def granted(role: str) -> set[tuple[str, str]]:
    wide = {"goldenpath-cluster"} if role == "goldenpath-sync" else set()
    return {(verb, KINDS[resource].name) for name, _group, resource, verb in rules() if name in {role, *wide}}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> World:
    return ClusterWorld.seeded(tmp_path_factory.mktemp("rights") / "world")


@pytest.fixture
def world(seeded: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterWorld:
    made = ClusterWorld(seeded.copy(tmp_path / "world"), monkeypatch)
    made.deploy()
    return made


def ran(world: ClusterWorld, command: tuple[str, ...], forbidden: set[tuple[str, str]]) -> Any:
    def arrange(cluster: FakeCluster) -> None:
        cluster.forbidden = forbidden

    return world.cli(*command, arrange=arrange)


def test_the_example_names_kinds_as_they_are() -> None:
    assert [(resource, group) for _role, group, resource, _verb in rules() if KINDS[resource].group != group] == []


def told(done: Any) -> Any:
    """What a command found out: its exit code, and every word of a closed list in what it printed."""
    words = {"cluster", "state", "result", "proof", "evidence", "code", "first_behind"}

    def walk(tree: Any) -> Iterator[tuple[str, str]]:
        for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
            if name in words and isinstance(value, str):
                yield name, value
            yield from walk(value)

    return done.code, list(walk(json.loads(done.out)))


@pytest.mark.parametrize("role", COMMANDS)
def test_a_role_is_enough_for_its_commands(world: ClusterWorld, role: str) -> None:
    for command in COMMANDS[role]:
        free, limited = ran(world, command, set()), ran(world, command, EVERYTHING - granted(role))
        assert told(limited) == told(free)
        assert free.code == 0, free
        assert "may not" not in limited.err


NOT_SHOWN: dict[str, set[tuple[str, str]]] = {
    # another kind of store, a cluster whose id is stated, and a request that leaves the cluster: not in this world
    "goldenpath-sync": {("get", "SecretStore"), ("get", "Namespace"), ("get", "ExternalSecret")},
    "goldenpath-look": set(),
}


@pytest.mark.parametrize("role", COMMANDS)
def test_no_right_of_a_role_could_be_left_out(world: ClusterWorld, role: str) -> None:
    others = EVERYTHING - granted(role)
    free = {command: told(ran(world, command, others)) for command in COMMANDS[role]}
    for right in sorted(granted(role)):
        without = {command: ran(world, command, {*others, right}) for command in COMMANDS[role]}
        is_missed = any(told(done) != free[command] or "may not" in done.err for command, done in without.items())
        assert is_missed != (right in NOT_SHOWN[role]), right
