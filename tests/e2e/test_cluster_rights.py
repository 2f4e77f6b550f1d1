"""The roles in ``examples/kubernetes/access.yaml`` hold what their commands need, and nothing that they could do without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.cluster_fake import FakeCluster
from tests.e2e.cluster_world import ClusterWorld
from tests.e2e.test_rollout import base, rig, without_the_pod  # noqa: F401 - fixtures
from tests.house.source_tree import ROOT

from goldenpath.model import cluster as model
from goldenpath.model.cluster import Kind

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KINDS = {kind.plural: kind for kind in vars(model).values() if isinstance(kind, Kind)}
VERBS = ("get", "list", "watch", "create", "patch", "update", "delete")
EVERYTHING = {(verb, kind.name) for verb in VERBS for kind in KINDS.values()}
BESIDE = ("goldenpath-consumers", "goldenpath-cluster")
LOOK = ("--context", "any", "-o", "json")
COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "goldenpath-look": (
        ("status", "-e", "dev", *LOOK),
        ("trace", "SEC-0007", *LOOK),
        ("consumers", "SEC-0007", *LOOK),
        ("drift", "--cluster", "-e", "dev", *LOOK),
        ("orphans", "--cluster", "-e", "dev", *LOOK),
    ),
    "goldenpath-sync": (("sync", "SEC-0007", *LOOK), ("sync", "-e", "dev", *LOOK)),
    "goldenpath-rollout": (("rollout", "SEC-0007", "--yes", *LOOK),),
}
NOT_SHOWN: dict[str, set[tuple[str, str]]] = {
    # in this world there is no cluster whose id is stated, no other kind of store or workload, and no request that leaves the cluster
    "goldenpath-look": {("get", "Namespace")},
    "goldenpath-sync": {("get", "Namespace"), ("get", "SecretStore"), ("get", "ExternalSecret")},
    "goldenpath-rollout": {("get", "Namespace"), ("get", "ClusterSecretStore")}
    | {(verb, kind) for verb in ("get", "patch") for kind in ("StatefulSet", "DaemonSet")},
}


def rules() -> Iterator[tuple[str, str, str, str]]:
    """Every (role, API group, resource, verb) that the example grants."""
    for tree in yaml.safe_load_all((ROOT / "examples/kubernetes/access.yaml").read_text()):
        for rule in tree.get("rules", ()):
            for group in rule["apiGroups"]:
                yield from ((tree["metadata"]["name"], group, resource, verb) for resource in rule["resources"] for verb in rule["verbs"])


def granted(role: str) -> set[tuple[str, str]]:
    return {(verb, KINDS[resource].name) for name, _group, resource, verb in rules() if name in {role, *BESIDE}}


@pytest.fixture
def world(rig: ClusterWorld) -> ClusterWorld:  # noqa: F811 - the fixture: workloads that hold an older version
    without_the_pod(rig)
    return rig


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
        assert free.code in {0, 1}, free
        assert "may not" not in limited.err


@pytest.mark.parametrize("role", COMMANDS)
def test_no_right_of_a_role_could_be_left_out(world: ClusterWorld, role: str) -> None:
    others = EVERYTHING - granted(role)
    free = {command: told(ran(world, command, others)) for command in COMMANDS[role]}
    for right in sorted(granted(role)):
        without = {command: ran(world, command, {*others, right}) for command in COMMANDS[role]}
        is_missed = any(told(done) != free[command] or "may not" in done.err for command, done in without.items())
        assert is_missed != (right in NOT_SHOWN[role]), right
