"""Field by field: who changed what, worked out from what we remember of our last write (R24)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.stores import POLICY, make_desired, make_rotation
from tests.unit.plan.test_plan_ignores import ignore
from tests.unit.plan.test_plan_planner import only, plan_of, record_of, with_tag

from goldenpath.model.store import DesiredSecret, StoreRecord, VersionInfo
from goldenpath.plan.drift import DRIFTED, FieldDrift, RecordDrift, field_drifts, record_drift
from goldenpath.plan.policy_diff import policy_lines
from goldenpath.plan.tags_left import MOST_TAGS


def drift_of(desired: DesiredSecret, record: StoreRecord | None, **more: Any) -> RecordDrift:
    step = only(plan_of([desired], [] if record is None else [record]))
    return record_drift(step, desired, {}, **more)


def states(fields: tuple[FieldDrift, ...]) -> dict[str, str]:
    return {field.field: field.state for field in fields}


def test_a_record_as_wanted_has_nothing_to_tell() -> None:
    found = drift_of(make_desired(), record_of(make_desired()))
    assert (found.state, found.fields, found.is_drifted) == ("as-wanted", (), False)


def test_copies_are_drift_when_somebody_made_them_and_pending_when_the_catalog_wants_them() -> None:
    plain, copied = make_desired(), make_desired(replicas={"eu-west-1": "", "eu-central-1": "arn:aws:kms:eu-central-1:1:key/a"})
    by_hand = drift_of(plain, record_of(plain, replica_regions=(("us-west-2", ""),)))
    assert (by_hand.state, states(by_hand.fields), by_hand.fields[0].found) == ("drift", {"replicas": "drift"}, "us-west-2")
    wanted = drift_of(copied, record_of(plain))
    assert (wanted.state, states(wanted.fields)) == ("pending", {"replicas": "pending"})
    assert wanted.fields[0].wanted == "eu-central-1 (arn:aws:kms:eu-central-1:1:key/a), eu-west-1"
    assert drift_of(copied, record_of(copied, replication=(("eu-west-1", "InProgress"),))).state == "as-wanted"


def test_rotation_is_drift_when_somebody_set_it_pending_when_the_catalog_wants_it_and_nothing_while_it_waits() -> None:
    plain, rotated = make_desired(), make_desired(rotation=make_rotation())
    valued = {"versions": (VersionInfo(id="v1", stages=("current",)),)}
    assert drift_of(rotated, record_of(plain)).state == "as-wanted", "it waits for a value"
    wanted = drift_of(rotated, record_of(plain, **valued))
    assert (wanted.state, states(wanted.fields), wanted.fields[0].wanted) == ("pending", {"rotation": "pending"}, rotated.rotation)
    by_hand = drift_of(plain, record_of(plain, native_rotation=rotated.native_rotation, **valued))
    assert (by_hand.state, states(by_hand.fields), by_hand.fields[0].found) == ("drift", {"rotation": "drift"}, rotated.rotation)
    turned_off = drift_of(rotated, record_of(rotated, native_rotation=msgspec.UNSET, **valued))
    assert (turned_off.state, turned_off.fields[0].left) == ("drift", "wanted")


def test_a_record_of_the_time_before_copies_and_rotation_has_none() -> None:
    desired = make_desired()
    before = {name: text for name, text in desired.field_digests.items() if name not in {"replicas", "rotation"}}
    tag = "/".join(f"{name}={text}" for name, text in sorted(before.items()))
    assert desired.applied_tag == tag, "the tag says the same as before"
    unlooked = record_of(desired, applied=tag, unobserved=("policy", "replicas"), policy="")
    for record in (record_of(desired, applied=tag), unlooked):
        assert drift_of(desired, record).state == "as-wanted"
    assert drift_of(make_desired(replicas={"eu-west-1": ""}), unlooked).state == "pending"
    assert len(make_desired(replicas={"eu-west-1": ""}).applied_tag) <= 256


@pytest.mark.parametrize("field", ["description", "kms_key", "policy"])
def test_a_plain_field_is_drift_when_somebody_changed_it_and_pending_when_the_catalog_did(field: str) -> None:
    old, new = make_desired(), replace(make_desired(), **{field: "other"})
    by_hand = drift_of(old, record_of(old, **{field: "by hand"}))
    assert (by_hand.state, states(by_hand.fields)) == ("drift", {field: "drift"})
    assert (by_hand.fields[0].wanted, by_hand.fields[0].found, by_hand.fields[0].left) == (getattr(old, field), "by hand", "wanted")
    ahead = drift_of(new, record_of(old))
    assert (ahead.state, states(ahead.fields), ahead.fields[0].left) == ("pending", {field: "pending"}, "found")
    both = drift_of(new, record_of(old, **{field: "by hand"}))
    assert (both.state, both.fields[0].left) == ("drift", "neither")


def test_tags_are_told_one_by_one_although_one_digest_covers_them() -> None:
    """The catalog moved the tier, somebody added a tag and changed the owner: only the last two are theirs."""
    old, new = make_desired(tags={"goldenpath:tier": "low"}), make_desired(tags={"goldenpath:tier": "high"})
    record = with_tag(with_tag(record_of(old), "cost-center", "42"), "goldenpath:owner", "somebody")
    found = drift_of(new, record)
    assert found.state == "drift"
    assert states(found.fields) == {"tag:cost-center": "drift", "tag:goldenpath:owner": "drift", "tag:goldenpath:tier": "pending"}
    assert (found.fields[0].wanted, found.fields[0].found) == (None, "42")


def test_a_tag_that_both_changed_is_drift() -> None:
    old, new = make_desired(tags={"goldenpath:tier": "low"}), make_desired(tags={"goldenpath:tier": "high"})
    found = drift_of(new, with_tag(record_of(old), "goldenpath:tier", "none"))
    assert (found.state, found.fields[0].left) == ("drift", "neither")


def test_more_tags_than_are_tried_are_drift() -> None:
    record = record_of(make_desired())
    for number in range(MOST_TAGS + 1):
        record = with_tag(record, f"t{number}", "x")
    assert set(states(drift_of(make_desired(), record).fields).values()) == {"drift"}


def test_what_nobody_remembers_is_drift() -> None:
    found = drift_of(make_desired(), record_of(make_desired(), applied="", description="other"))
    assert (found.state, found.fields[0].left) == ("drift", "unknown")


def test_a_record_that_is_not_there_is_missing_only_when_it_was() -> None:
    assert drift_of(make_desired(), None).state == "to-create"
    assert drift_of(make_desired(), None, was_made=True).state == "missing"


BLOCKED = {
    "scheduled-for-deletion": {"deletion_date": "2026-02-01T00:00:00.000000Z"},
    "foreign": {"tags": ()},
}


@pytest.mark.parametrize(("state", "change"), BLOCKED.items(), ids=BLOCKED)
def test_a_blocked_record_is_named_for_why(state: str, change: dict[str, Any]) -> None:
    found = drift_of(make_desired(), record_of(make_desired(), **change))
    assert (found.state, found.is_drifted, found.fields) == (state, True, ())


def test_orphans_and_retired_records() -> None:
    record = record_of(make_desired())
    orphan = record_drift(only(plan_of([], [record])), None, {})
    assert (orphan.state, orphan.is_drifted, orphan.owner, orphan.commit) == ("orphan", True, "app-team", "c0")
    retired = record_drift(only(plan_of([], [record], retired=frozenset({"SEC-0007"}))), None, {})
    assert (retired.state, retired.is_drifted) == ("awaiting-retirement", False)


def test_an_ignored_field_is_told_with_its_reason() -> None:
    record = with_tag(record_of(make_desired()), "cost-center", "42")
    (field,) = field_drifts(make_desired(), record, {"tag:cost-center": ignore()})
    assert (field.state, field.wanted, field.found, field.reason, field.owner) == (
        "ignored",
        None,
        "42",
        "finance tags by hand",
        "app-team",
    )


WORDS = st.sampled_from(["a", "b", "c"])
OWN_TAGS = st.fixed_dictionaries({}, optional={"goldenpath:tier": WORDS, "goldenpath:service": WORDS})
EDITS = st.dictionaries(st.sampled_from(["goldenpath:tier", "goldenpath:service", "cost", "team"]), WORDS | st.none(), max_size=3)


@given(OWN_TAGS, OWN_TAGS, EDITS, st.tuples(*[st.sampled_from(["x", "y"])] * 3))
def test_fields_and_plan_never_disagree(
    left: dict[str, str], wanted: dict[str, str], edits: dict[str, str | None], descriptions: tuple[str, str, str]
) -> None:
    """Whatever was left, wanted and found: a plan that sees drift has a field with drift, and a plan that sees none has none."""
    was, wants, is_now = descriptions
    old, new = make_desired(tags=left, description=was), make_desired(tags=wanted, description=wants)
    record = replace(record_of(old), description=is_now)
    for key, value in edits.items():
        record = with_tag(record, key, value)
    step = only(plan_of([new], [record]))
    found = record_drift(step, new, {})
    assert (step.action == "drift") is any(field.state == "drift" for field in found.fields)
    assert (step.action == "unchanged") is (not found.fields)
    assert len(found.fields) == len(step.changes)
    assert (found.state in DRIFTED) is (step.action == "drift")


def test_policies_are_compared_statement_by_statement() -> None:
    one, two = '{"Sid":"A","Effect":"Deny"}', '{"Effect":"Allow","Sid":"B"}'
    before, after = f'{{"Version":"1","Statement":[{one},{two}]}}', f'{{"Statement":[{two},{{"Sid":"C"}}],"Version":"1"}}'
    assert policy_lines(before, after) == ('- {"Effect":"Deny","Sid":"A"}', '+ {"Sid":"C"}')
    assert policy_lines(before, f'{{"Version":"1","Statement":[{two},{one}]}}') == ()
    assert policy_lines("", "") == ()
    assert policy_lines(POLICY, "")[0].startswith("- ")
    assert policy_lines(POLICY, "{broken")[-1] == "+ {broken"
    assert policy_lines('{"Statement":{"Sid":"A"}}', '{"Statement":[{"Sid":"A"}]}') == ()
    assert policy_lines(before, after.replace('"1"', '"2"'))[:2] == ('- {"Version":"1"}', '- {"Effect":"Deny","Sid":"A"}')
