"""Every place of a PodSpec that can name a Secret is found, as what it is, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.delivery.pods import PLANTERS, Expected

from goldenpath.delivery.secret_uses import SecretUse, account_uses, secret_uses

WANTED = "payments-db-creds"
PLACES = st.lists(st.sampled_from(sorted(PLANTERS)), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=20,
)


def as_expected(use: SecretUse) -> Expected:
    return Expected(use.way, use.effect, use.role, use.container, use.keys, use.is_optional)


@pytest.mark.parametrize("place", sorted(PLANTERS))
def test_a_reference_in_one_place_is_found_as_what_it_is(place: str) -> None:
    spec: dict[str, Any] = {}
    expected = PLANTERS[place](spec, WANTED, 0)
    assert [as_expected(use) for use in secret_uses(spec)] == [expected]


@given(mine=PLACES, others=PLACES)
def test_exactly_the_planted_references_are_found(mine: list[str], others: list[str]) -> None:
    spec: dict[str, Any] = {}
    noise = [PLANTERS[place](spec, "another", number) for number, place in enumerate(others)]
    expected = [PLANTERS[place](spec, WANTED, 100 + number) for number, place in enumerate(mine)]
    found = secret_uses(spec)
    assert {as_expected(use) for use in found if use.secret == WANTED} == set(expected)
    assert {as_expected(use) for use in found if use.secret == "another"} == set(noise)
    assert {use.secret for use in found} <= {WANTED, "another"}
    assert list(found) == sorted(set(found))


@given(tree=st.dictionaries(st.sampled_from(["containers", "initContainers", "volumes", "imagePullSecrets"]), JSON))
def test_a_spec_of_any_shape_is_read_without_a_fault(tree: dict[str, Any]) -> None:
    assert isinstance(secret_uses(tree), tuple)


def test_one_volume_is_judged_by_each_mount_of_it() -> None:
    mounts = [{"name": "v", "mountPath": "/all"}, {"name": "v", "mountPath": "/one", "subPath": "password"}]
    spec = {
        "containers": [{"name": "app", "volumeMounts": mounts}],
        "initContainers": [{"name": "setup", "volumeMounts": mounts[:1]}],
        "volumes": [{"name": "v", "secret": {"secretName": WANTED}}],
    }
    found = {(use.container, use.keys): use.effect for use in secret_uses(spec)}
    assert found == {("app", ()): "in-place", ("app", ("password",)): "at-restart", ("setup", ()): "at-restart"}


def test_a_mount_of_one_file_shows_no_other_source_of_a_projected_volume() -> None:
    sources = [
        {"secret": {"name": WANTED, "items": [{"key": "password", "path": "db/password"}]}},
        {"secret": {"name": "another", "items": [{"key": "token", "path": "api/token"}]}},
    ]
    spec = {
        "containers": [{"name": "app", "volumeMounts": [{"name": "v", "mountPath": "/db", "subPath": "db"}]}],
        "volumes": [{"name": "v", "projected": {"sources": sources}}],
    }
    assert [(use.secret, use.field, use.keys) for use in secret_uses(spec)] == [
        ("another", "volumes.v", ("token",)),
        (WANTED, "containers.app.volumeMounts.v:/db", ("password",)),
    ]


def test_pull_secrets_of_a_service_account_are_found() -> None:
    account = {"imagePullSecrets": [{"name": WANTED}], "secrets": [{"name": "another"}]}
    assert [(use.secret, use.way, use.field) for use in account_uses(account, "runner")] == [
        (WANTED, "image-pull", f"serviceAccount.runner.imagePullSecrets.{WANTED}")
    ]
