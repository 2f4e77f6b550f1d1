"""Saved plans: the same bytes back, refused when edited, old, or about another commit, account or state (CASE 47)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace
from tests.stores import make_desired

from goldenpath.errors import Conflict, InvalidIntent
from goldenpath.model.plan import Plan
from goldenpath.model.store import StoreRecord, VersionInfo
from goldenpath.plan.freshness import check_fresh, dump_plan, load_plan
from goldenpath.plan.planner import make_plan

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
COMMIT = "c" * 40


def record(request_id: str, path: str, **changes: object) -> StoreRecord:
    desired = make_desired(request_id, path=path)
    return replace(StoreRecord(ref=desired.ref, description=desired.description, policy=desired.policy, tags=desired.tags), **changes)


OBSERVED = [record("SEC-0001", "one"), record("SEC-0003", "orphan"), record("", "foreign")]


@pytest.fixture
def plan() -> Plan:
    desired = [make_desired("SEC-0001", path="one"), make_desired("SEC-0002", path="two")]
    return make_plan(environment="dev", commit=COMMIT, account="a", desired=desired, observed=OBSERVED, now=NOW, ttl_seconds=60)


def test_a_plan_survives_its_file(plan: Plan) -> None:
    data = dump_plan(plan)
    assert load_plan(data, file="plan.json") == plan
    assert dump_plan(load_plan(data, file="plan.json")) == data


EDITS: dict[str, Callable[[dict[str, object]], object]] = {
    "commit": lambda tree: tree["plan"].update(commit="d" * 40),  # type: ignore[attr-defined]
    "account": lambda tree: tree["plan"].update(account="b"),  # type: ignore[attr-defined]
    "environment": lambda tree: tree["plan"].update(environment="prod"),  # type: ignore[attr-defined]
    "a step less": lambda tree: tree["plan"]["steps"].pop(),  # type: ignore[index]
    "an action": lambda tree: tree["plan"]["steps"][0].update(action="create"),  # type: ignore[index]
    "the digest": lambda tree: tree.update(digest="sha256:0"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_plan_is_refused(plan: Plan, edit: Callable[[dict[str, object]], object]) -> None:
    tree = msgspec.json.decode(dump_plan(plan))
    edit(tree)
    with pytest.raises(InvalidIntent) as caught:
        load_plan(msgspec.json.encode(tree), file="plan.json")
    assert caught.value.code == "plan.altered"
    assert caught.value.subject == "plan.json"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"schema_version":1}',
        b"[" * 10_000,
        b'{"schema_version":"1","kind":"Plan","digest":"","plan":{}}',
    ],
)
def test_what_is_no_plan_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidIntent) as caught:
        load_plan(data, file="plan.json")
    assert caught.value.code == "plan.unreadable"


@pytest.mark.parametrize("over", [{"schema_version": 2}, {"kind": "Receipt"}, {"more": 1}])
def test_another_format_is_refused(plan: Plan, over: dict[str, object]) -> None:
    tree = {**msgspec.json.decode(dump_plan(plan)), **over}
    with pytest.raises(InvalidIntent) as caught:
        load_plan(msgspec.json.encode(tree), file="plan.json")
    assert caught.value.code == "plan.unreadable"


def test_a_fresh_plan_is_accepted_also_after_a_new_value_or_a_foreign_record(plan: Plan) -> None:
    seeded = replace(OBSERVED[0], versions=(VersionInfo(id="v"),), generation=4)
    observed = [seeded, *OBSERVED[1:], record("", "also foreign")]
    check_fresh(plan, now=NOW + timedelta(seconds=59), commit=COMMIT, account="a", observed=observed)
    assert plan.count("create") == 1


STALE: dict[str, tuple[str, dict[str, object]]] = {
    "at its end": ("plan.expired", {"now": NOW + timedelta(seconds=60)}),
    "long after": ("plan.expired", {"now": NOW + timedelta(days=400)}),
    "another commit": ("plan.other-commit", {"commit": "d" * 40}),
    "an abbreviated commit": ("plan.other-commit", {"commit": "c" * 12}),
    "another account": ("plan.other-account", {"account": "b"}),
    "no account": ("plan.other-account", {"account": ""}),
    "created meanwhile": ("plan.provider-changed", {"observed": [*OBSERVED, record("SEC-0002", "two")]}),
    "created by a stranger": ("plan.provider-changed", {"observed": [*OBSERVED, record("", "two")]}),
    "deleted meanwhile": ("plan.provider-changed", {"observed": OBSERVED[1:]}),
    "scheduled meanwhile": ("plan.provider-changed", {"observed": [replace(OBSERVED[0], deletion_date="2026-02-01"), *OBSERVED[1:]]}),
    "edited meanwhile": ("plan.provider-changed", {"observed": [replace(OBSERVED[0], policy="{}"), *OBSERVED[1:]]}),
    "tagged meanwhile": ("plan.provider-changed", {"observed": [replace(OBSERVED[0], tags=()), *OBSERVED[1:]]}),
    "a new record of ours": ("plan.provider-changed", {"observed": [*OBSERVED, record("SEC-0009", "nine")]}),
    "an orphan gone": ("plan.provider-changed", {"observed": OBSERVED[:1]}),
}


@pytest.mark.parametrize(("code", "over"), STALE.values(), ids=STALE)
def test_a_stale_plan_is_refused(plan: Plan, code: str, over: dict[str, object]) -> None:
    facts: dict[str, object] = {"now": NOW, "commit": COMMIT, "account": "a", "observed": OBSERVED, **over}
    with pytest.raises(Conflict) as caught:
        check_fresh(plan, **facts)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert caught.value.hint
