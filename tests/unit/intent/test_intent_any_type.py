"""A wrong type anywhere in any file of the platform is a finding, never a fault of ours (R5, R15; CASES 1, 4, 35)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.unit.intent.samples import SEED_002

from goldenpath.cli.demo_setup import example_platform
from goldenpath.intent.contract import load
from goldenpath.model.actions import Actions
from goldenpath.model.approval import Approvers
from goldenpath.model.enums import Enums
from goldenpath.model.policy import Policy
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.sidecar import Sidecar
from goldenpath.model.tombstones import Tombstones

ODD: tuple[Any, ...] = (
    *(0, -1, 10**30, True, None, 1.5, "", "x", "2030-02-30", "20300131", "a" * 5000, "é", "../x", "-", "*"),
    *([], [None], [[]], [1], ["x", "x"], [{}], {}, {"a": 1}, {"": None}),
)


def shipped(path: str) -> Any:
    return yaml.safe_load((example_platform() / path).read_text(encoding="utf-8"))


def policy() -> Any:
    words = {"rule": "rotation-required", "request": "SEC-0042", "owner": "app-team", "ticket": "X-1", "reason": "some reason"}
    return {**shipped("governance/policy.yaml"), "waivers": [{**words, "expiresOn": "2030-01-31"}]}


def request() -> Any:
    tree = yaml.safe_load(SEED_002)
    tree["spec"]["keys"] = [{"name": "password", "format": "text", "generator": {"length": 32}}]
    return tree


PERSON = {"id": "pat", "name": "Pat", "emails": ["pat@example.com"], "keys": ["ssh-ed25519 AAAAC3Nz"], "roles": ["platform"], "owners": []}
GONE = {"id": "SEC-0001", "provider": "local", "path": "a/b", "decommissionedOn": "2026-01-01", "environment": "dev"}
HEAD = {"apiVersion": "goldenpath.io/v1"}
FILES: dict[type[Any], Any] = {
    Policy: policy(),
    SecretRequest: request(),
    Approvers: {**HEAD, "kind": "Approvers", "people": [PERSON]},
    Tombstones: {**HEAD, "kind": "Tombstones", "tombstones": [{**GONE, "account": "593517239005", "parameters": ["/a"]}]},
    Settings: shipped("goldenpath.yaml"),
    Enums: shipped("schemas/metadata/enums.yaml"),
    Sidecar: {**HEAD, "kind": "SecretMetadata", "metadata": {}, "spec": {}},
    Actions: {**HEAD, "kind": "Actions", "actions": []},
}


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    below = tree.items() if isinstance(tree, dict) else enumerate(tree[:2]) if isinstance(tree, list) else ()
    for name, part in below:
        yield from places(part, (*path, name))


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("kind", [Policy, Approvers, Tombstones, Settings, Enums], ids=lambda kind: kind.__name__)
def test_the_samples_are_good(kind: type[Any]) -> None:
    assert load(json.dumps(FILES[kind]).encode(), kind, file="sample").findings == ()


@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.__name__)
def test_any_value_in_any_place_is_read_or_explained(kind: type[Any]) -> None:
    for path in places(FILES[kind]):
        for value in ODD:
            loaded = load(json.dumps(replaced(FILES[kind], path, value)).encode(), kind, file="odd")
            assert (loaded.value is None) == bool(loaded.findings), (path, value)
