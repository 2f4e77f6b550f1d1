"""What a plan says about every relation between a request, a record and what we remember of our last write."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.builders import make_request
from tests.stores import make_desired, make_ref, make_rotation

from goldenpath.errors import InvalidIntent
from goldenpath.model.instant import from_text
from goldenpath.model.plan import Plan, Step
from goldenpath.model.settings import EnvironmentSettings, Settings
from goldenpath.model.store import FIELDS, TAG_APPLIED, TAG_COMMIT, TAG_ID, DesiredSecret, StoreRecord, VersionInfo
from goldenpath.plan.desired import desired_secret, desired_secrets, retired_ids
from goldenpath.plan.planner import make_plan

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def plan_of(desired: list[DesiredSecret], observed: list[StoreRecord], *, retired: frozenset[str] = frozenset()) -> Plan:
    return make_plan(
        environment="dev",
        commit="c" * 40,
        account="store-1",
        desired=desired,
        observed=observed,
        now=NOW,
        ttl_seconds=3600,
        retired=retired,
    )


def record_of(desired: DesiredSecret, *, applied: Any = None, **changes: object) -> StoreRecord:
    """The record as our apply leaves it, with changes on top; ``applied`` replaces what we remember."""
    tags = {**dict(desired.tags), TAG_COMMIT: "c0", TAG_APPLIED: desired.applied_tag if applied is None else applied}
    record = StoreRecord(
        ref=desired.ref,
        description=desired.description,
        kms_key=desired.kms_key,
        policy=desired.policy,
        replica_regions=desired.replica_regions,
        tags=tuple(sorted(tags.items())),
        created_at="2026-01-01T00:00:00.000000Z",
    )
    return replace(record, **changes)


def only(plan: Plan) -> Step:
    (step,) = plan.steps
    return step


def with_tag(record: StoreRecord, key: str, value: str | None) -> StoreRecord:
    tags = {name: text for name, text in record.tags if name != key}
    return replace(record, tags=tuple(sorted({**tags, **({key: value} if value is not None else {})}.items())))


def test_a_free_name_is_created_and_an_equal_record_is_left_alone() -> None:
    desired = make_desired()
    assert only(plan_of([desired], [])).action == "create"
    step = only(plan_of([desired], [record_of(desired)]))
    assert (step.action, step.changes, step.reason) == ("unchanged", (), "")


FIELD_CHANGES: dict[str, dict[str, object]] = {
    "description": {"description": "other"},
    "description emptied": {"description": ""},
    "kms_key": {"kms_key": "alias/other"},
    "policy": {"policy": '{"Version":"x"}'},
    "policy emptied": {"policy": ""},
    "tags": {"tags": {"cost": "7"}},
}


@pytest.mark.parametrize("change", FIELD_CHANGES.values(), ids=FIELD_CHANGES)
def test_a_changed_request_is_an_update(change: dict[str, object]) -> None:
    before, after = make_desired(), make_desired(**change) if "kms_key" not in change else replace(make_desired(), kms_key="alias/other")  # type: ignore[arg-type]
    step = only(plan_of([after], [record_of(before)]))
    assert step.action == "update"
    assert len(step.changes) == 1
    assert step.changes[0].before != step.changes[0].after


@pytest.mark.parametrize("change", FIELD_CHANGES.values(), ids=FIELD_CHANGES)
def test_the_same_difference_made_by_hand_is_drift(change: dict[str, object]) -> None:
    desired = make_desired()
    edited = with_tag(record_of(desired), "cost", "7") if "tags" in change else record_of(desired, **change)
    step = only(plan_of([desired], [edited]))
    assert (step.action, step.reason) == ("drift", "plan.drift")
    assert len(step.changes) == 1
    assert step.changes[0].after in {getattr(desired, name) for name in FIELDS if name != "tags"} | {""}


def test_a_removed_and_a_changed_tag_are_drift_each_named() -> None:
    desired = make_desired()
    edited = with_tag(with_tag(record_of(desired), "goldenpath:owner", "thief"), "goldenpath:environment", None)
    step = only(plan_of([desired], [edited]))
    assert step.action == "drift"
    assert [(change.field, change.before, change.after) for change in step.changes] == [
        ("tags.goldenpath:environment", "", "dev"),
        ("tags.goldenpath:owner", "thief", "app-team"),
    ]


@pytest.mark.parametrize("applied", ["", "nonsense", "description", "tags=,policy=", "description=000000000000"])
def test_a_difference_that_nobody_remembers_is_drift(applied: str) -> None:
    desired = make_desired()
    record = record_of(make_desired(description="older"), applied=applied)
    assert only(plan_of([desired], [record])).action == "drift"
    assert only(plan_of([desired], [record_of(desired, applied=applied)])).action == "unchanged"


@given(st.lists(st.sampled_from(FIELDS), unique=True))
def test_a_half_done_update_of_ours_is_an_update_and_no_drift(done: list[str]) -> None:
    old = replace(make_desired(), kms_key="alias/old")
    wanted = make_desired(description="new", policy="", tags={"new": "tag"}, replicas={"eu-west-1": ""}, rotation=make_rotation())
    new = replace(wanted, kms_key="alias/new")
    record = replace(record_of(old), versions=(VersionInfo(id="v1", stages=("current",)),))
    for field in done:
        name = {"replicas": "replica_regions", "rotation": "native_rotation"}.get(field, field)
        record = with_tag(record, "new", "tag") if name == "tags" else replace(record, **{name: getattr(new, name)})
    step = only(plan_of([new], [record]))
    assert step.action == ("unchanged" if len(done) == len(FIELDS) else "update")


@given(st.sets(st.sampled_from(["description", "kms_key", "policy"]), min_size=1), st.sampled_from(["description", "kms_key", "policy"]))
def test_drift_anywhere_makes_the_step_a_decision(ours: set[str], theirs: str) -> None:
    old, new = make_desired(), replace(make_desired(), **dict.fromkeys(ours, "new"))
    record = replace(record_of(old), **{theirs: "by hand"})
    step = only(plan_of([new], [record]))
    assert step.action == "drift"
    assert theirs in step.detail
    assert {change.field for change in step.changes} == ours | {theirs}


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_name_scheduled_for_deletion_is_blocked(is_ours: object) -> None:
    desired = make_desired()
    record = record_of(desired if is_ours else make_desired(""), deletion_date="2026-02-01T00:00:00.000000Z")
    step = only(plan_of([desired], [record]))
    assert (step.action, step.reason) == ("blocked", "store.scheduled-for-deletion")
    assert "2026-02-01" in step.detail


@pytest.mark.parametrize("owner", ["", "SEC-0008", "sec-0007", "SEC-00070"])
def test_somebody_elses_record_is_blocked_even_when_it_looks_equal(owner: str) -> None:
    desired = make_desired()
    record = with_tag(record_of(desired), TAG_ID, owner or None)
    step = only(plan_of([desired], [record]))
    assert (step.action, step.reason) == ("blocked", "store.foreign-record")
    assert step.observed == record.container


def test_a_record_of_ours_without_a_request_is_an_orphan_and_a_foreign_one_is_nobodys_business() -> None:
    orphan, foreign = record_of(make_desired("SEC-0100", path="gone")), record_of(make_desired("", path="theirs"))
    plan = plan_of([], [foreign, orphan])
    step = only(plan)
    assert (step.action, step.reason, step.request_id) == ("orphan", "plan.orphan", "SEC-0100")
    assert step.desired is None


def test_a_moved_request_is_a_new_record_and_an_orphan() -> None:
    plan = plan_of([make_desired(path="new")], [record_of(make_desired(path="old"))])
    assert [(step.action, step.request_id) for step in plan.steps] == [("create", "SEC-0007"), ("orphan", "SEC-0007")]


@pytest.mark.parametrize("deletion_date", ["", "2026-02-01T00:00:00.000000Z"])
def test_the_record_of_a_decommissioned_request_awaits_retirement(deletion_date: str) -> None:
    record = record_of(make_desired("SEC-0050", path="ending"), deletion_date=deletion_date)
    step = only(plan_of([], [record], retired=frozenset({"SEC-0050"})))
    assert (step.action, step.reason) == ("unchanged", "plan.awaiting-retirement")
    assert only(plan_of([], [record])).action == "orphan"


def test_two_requests_for_one_path_or_one_id_are_both_blocked() -> None:
    same_path = [make_desired("SEC-0001"), make_desired("SEC-0002")]
    same_id = [make_desired("SEC-0003", path="x"), make_desired("SEC-0003", path="y")]
    fine = make_desired("SEC-0004", path="z")
    plan = plan_of([*same_path, *same_id, fine], [])
    assert {step.request_id: step.action for step in plan.steps} == {
        "SEC-0001": "blocked",
        "SEC-0002": "blocked",
        "SEC-0003": "blocked",
        "SEC-0004": "create",
    }
    assert {step.reason for step in plan.steps if step.action == "blocked"} == {"plan.duplicate-request"}


def test_a_request_of_another_environment_is_refused() -> None:
    with pytest.raises(InvalidIntent) as caught:
        plan_of([make_desired(environment="prod")], [])
    assert caught.value.code == "plan.other-environment"


@given(st.randoms(use_true_random=False))
def test_order_and_digest_do_not_depend_on_the_order_of_the_input(shuffler: random.Random) -> None:
    desired = [make_desired(f"SEC-{number:04d}", path=f"p/{number}") for number in range(12)]
    observed = [record_of(each) for each in desired[4:]] + [record_of(make_desired("SEC-0999", path="zz"))]
    first = plan_of(desired, observed)
    shuffler.shuffle(desired)
    shuffler.shuffle(observed)
    second = plan_of(desired, observed)
    assert second == first
    assert second.digest == first.digest
    paths = [(step.desired or step.observed).ref.path for step in first.steps]  # type: ignore[union-attr]
    assert paths == sorted(paths)


def test_the_digest_follows_what_would_be_done_and_not_values_or_times() -> None:
    desired, other = make_desired(), make_desired(description="other")
    base = plan_of([desired], [record_of(desired)])
    seeded = record_of(desired, versions=(VersionInfo(id="v1", stages=("current",)),), generation=9)
    assert plan_of([desired], [seeded]).digest == base.digest
    later = make_plan(
        environment="dev",
        commit="c" * 40,
        account="store-1",
        desired=[desired],
        observed=[seeded],
        now=NOW + timedelta(days=1),
        ttl_seconds=1,
    )
    assert later.digest == base.digest
    different = [
        plan_of([other], [record_of(desired)]),
        plan_of([desired], []),
        plan_of([desired], [record_of(desired, deletion_date="2026-02-01T00:00:00.000000Z")]),
        replace(base, commit="d" * 40),
        replace(base, account="store-2"),
        replace(base, environment="prod"),
    ]
    assert len({base.digest, *(plan.digest for plan in different)}) == 1 + len(different)


def test_a_plan_lives_for_its_ttl() -> None:
    plan = plan_of([], [])
    assert from_text(plan.created_at) == NOW
    assert from_text(plan.expires_at) == NOW + timedelta(hours=1)
    assert plan.steps == ()


def test_a_request_becomes_a_container_with_all_its_tags() -> None:
    settings = Settings(environments={"dev": EnvironmentSettings(kms_key="alias/dev")})
    desired = desired_secret(make_request(), settings=settings, policy_document="{}", cadences={})
    assert desired.ref == make_ref("goldenpath/payments/dev/payments-db-credentials")
    assert dict(desired.tags) == {
        "goldenpath:id": "SEC-0007",
        "goldenpath:owner": "app-team",
        "goldenpath:service": "payments",
        "goldenpath:environment": "dev",
        "goldenpath:tier": "medium",
    }
    assert (desired.policy, desired.kms_key) == ("{}", "alias/dev")
    assert desired.description
    described = desired_secret(make_request({"metadata": {"description": "text"}}), settings=settings, policy_document="", cadences={})
    assert described.description == "text"


@pytest.mark.parametrize(
    ("status", "is_wanted"), [("active", True), ("deprecated", True), ("decommission_requested", True), ("decommissioned", False)]
)
def test_every_state_but_the_last_wants_a_record(status: str, is_wanted: object) -> None:
    request = make_request({"spec": {"lifecycle": {"status": status}}})
    desired = desired_secrets([request], environment="dev", settings=Settings(), policies={"SEC-0007": "{}"}, cadences={})
    assert [each.policy for each in desired] == (["{}"] if is_wanted else [])
    assert retired_ids([request], environment="dev") == (frozenset() if is_wanted else {"SEC-0007"})
    assert desired_secrets([request], environment="prod", settings=Settings(), policies={}, cadences={}) == ()
    assert retired_ids([request], environment="prod") == frozenset()
