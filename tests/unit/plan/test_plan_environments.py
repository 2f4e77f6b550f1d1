"""Two environments side by side, and records that no request explains."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.builders import make_request
from tests.stores import make_desired, make_ref
from tests.unit.plan.test_plan_planner import plan_of, record_of

from goldenpath.app.compare import is_same_value
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretValue
from goldenpath.model.store import StoreRecord
from goldenpath.plan.environments import contract_differences, paired
from goldenpath.plan.orphans import unexplained

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def request(environment: str, name: str = "db", **spec: Any) -> SecretRequest:
    number = {"staging": "1", "prod": "2"}[environment]
    return make_request({"metadata": {"id": f"SEC-{number}000", "environment": environment, "name": name}, "spec": spec})


DIFFERENCES: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "nothing": ({}, []),
    "tier": ({"risk": {"tier": "high"}}, [("spec.risk.tier", "medium", "high")]),
    "rotation": ({"rotation": {"rotationClass": "high"}}, [("spec.rotation.rotationClass", "standard", "high")]),
    "provider": ({"provider": "openbao"}, [("spec.provider", "aws-secrets-manager", "openbao")]),
    "keys": ({"keys": [{"name": "password"}]}, [("spec.keys", "", '[{"name":"password"}]')]),
    "principals": ({"access": {"readPrincipals": ["arn:aws:iam::111122223333:role/x"]}}, []),
}


@pytest.mark.parametrize(("change", "expected"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_what_the_contracts_say_differently(change: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    found = contract_differences(request("staging"), request("prod", **change))
    assert [(each.field, each.source, each.target) for each in found] == expected


def test_a_retired_request_is_not_there() -> None:
    (pair,) = paired([request("staging")], [request("prod", lifecycle={"status": "decommissioned"})])
    assert pair.presence == "only-from"


NAMES = st.sets(st.sampled_from(["a", "b", "c", "d"]))


@given(NAMES, NAMES)
def test_every_secret_of_either_side_is_there_once(left: set[str], right: set[str]) -> None:
    pairs = paired((request("staging", name) for name in left), (request("prod", name) for name in right))
    assert [pair.name for pair in pairs] == sorted(left | right)
    assert {pair.name for pair in pairs if pair.presence == "both"} == left & right
    turned = paired((request("prod", name) for name in right), (request("staging", name) for name in left))
    other = {"both": "both", "only-from": "only-to", "only-to": "only-from"}
    assert [pair.presence for pair in turned] == [other[pair.presence] for pair in pairs]


@given(st.binary(), st.binary())
def test_values_are_the_same_when_every_byte_is(first: bytes, second: bytes) -> None:
    assert is_same_value(SecretValue(first), SecretValue(second)) is (first == second)


def found(records: list[StoreRecord], *, known: frozenset[str] = frozenset()) -> list[tuple[str, str, str]]:
    plan = plan_of([make_desired()], records, retired=frozenset({"SEC-0100"}))
    rows = unexplained(plan, records, known_ids=known, prefix="goldenpath", now=NOW)
    return [(row.kind, row.request_id, row.wanted_by) for row in rows]


def test_each_kind_of_unexplained_record_has_its_name() -> None:
    ours = record_of(make_desired())
    orphan = record_of(make_desired("SEC-0099", path="goldenpath/a"))
    moved = record_of(make_desired("SEC-0007", path="goldenpath/b"))
    retired = record_of(make_desired("SEC-0100", path="goldenpath/c"))
    unmanaged = StoreRecord(ref=make_ref("goldenpath/d"))
    elsewhere = StoreRecord(ref=make_ref("other/e"))
    platform = StoreRecord(ref=make_ref("goldenpath/_platform/dev"))
    assert found([ours, orphan, moved, retired, unmanaged, elsewhere, platform], known=frozenset({"SEC-0007"})) == [
        ("orphan", "SEC-0099", ""),
        ("moved", "SEC-0007", ""),
        ("awaiting-retirement", "SEC-0100", ""),
        ("unmanaged", "", ""),
    ]


def test_an_untagged_record_at_a_wanted_path_says_who_wants_it() -> None:
    assert found([replace(record_of(make_desired()), tags=())]) == [("unmanaged", "", "SEC-0007")]


def test_the_age_is_unknown_where_the_store_does_not_tell() -> None:
    records = [record_of(make_desired("SEC-0099", path="goldenpath/a")), StoreRecord(ref=make_ref("goldenpath/d"))]
    rows = unexplained(plan_of([], records), records, known_ids=frozenset(), prefix="goldenpath", now=NOW)
    assert [row.age_days for row in rows] == [14, None]
