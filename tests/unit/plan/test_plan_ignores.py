"""Ignored drift: no decision is asked for, nothing is overwritten, and nothing is forgotten once the entry is gone (R24)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.stores import make_desired
from tests.unit.plan.test_plan_planner import only, record_of, with_tag

from goldenpath.intent.contract import load
from goldenpath.model.base import digest
from goldenpath.model.drift import DriftIgnore, DriftIgnores
from goldenpath.model.plan import Plan
from goldenpath.model.store import TAG_APPLIED, TAG_SERVICE, DesiredSecret, StoreRecord
from goldenpath.plan.ignores import IgnoreRules, is_ignorable
from goldenpath.plan.planner import make_plan
from goldenpath.provision.observe import is_as_desired

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
COST = "cost-center"
HEAD = "apiVersion: goldenpath.io/v1\nkind: DriftIgnores\nignores:\n"


def ignore(field: str = f"tag:{COST}", **scope: str) -> DriftIgnore:
    return DriftIgnore(field=field, reason="finance tags by hand", owner="app-team", **(scope or {"request": "SEC-0007"}))


def plan_of(desired: DesiredSecret, record: StoreRecord, *entries: DriftIgnore) -> Plan:
    return make_plan(
        environment="dev",
        commit="c" * 40,
        account="store-1",
        desired=[desired],
        observed=[record],
        now=NOW,
        ttl_seconds=60,
        ignores=DriftIgnores(ignores=entries),
    )


def applied(desired: DesiredSecret, record: StoreRecord) -> StoreRecord:
    """The record after a store was told to be as ``desired``: its fields, and what is remembered of them."""
    return record_of(desired, applied=desired.applied_tag, created_at=record.created_at)


def test_a_foreign_tag_is_drift_unless_it_is_ignored() -> None:
    desired = make_desired()
    record = with_tag(record_of(desired), COST, "42")
    assert only(plan_of(desired, record)).action == "drift"
    step = only(plan_of(desired, record, ignore()))
    assert (step.action, step.changes) == ("unchanged", ())


@pytest.mark.parametrize("field", ["description", "kms_key"])
def test_a_changed_field_is_drift_unless_it_is_ignored(field: str) -> None:
    desired = make_desired()
    record = record_of(desired, **{field: "by hand"})
    assert only(plan_of(desired, record)).action == "drift"
    assert only(plan_of(desired, record, ignore(field))).action == "unchanged"


def test_another_change_of_the_request_keeps_what_is_ignored() -> None:
    before, after = make_desired(), make_desired(tags={"goldenpath:tier": "high"})
    record = with_tag(replace(record_of(before), description="by hand"), COST, "42")
    step = only(plan_of(after, record, ignore(), ignore("description")))
    assert step.action == "update"
    assert [change.field for change in step.changes] == ["tags.goldenpath:tier"]
    assert step.desired is not None
    written = applied(step.desired, record)
    assert dict(written.tags)[COST] == "42"
    assert written.description == "by hand"
    assert is_as_desired(step.desired, written)
    assert only(plan_of(after, written, ignore(), ignore("description"))).action == "unchanged"


def test_what_was_kept_waits_for_a_decision_once_nobody_ignores_it() -> None:
    """An entry that ends must not let an apply delete a tag that nobody decided about."""
    before, after = make_desired(), make_desired(tags={"goldenpath:tier": "high"})
    record = with_tag(replace(record_of(before), description="by hand"), COST, "42")
    step = only(plan_of(after, record, ignore(), ignore("description")))
    assert step.desired is not None
    later = only(plan_of(after, applied(step.desired, record)))
    assert (later.action, later.detail) == ("drift", "changed outside the platform: description, tags")


def test_an_ignored_field_hides_no_other() -> None:
    desired = make_desired()
    record = with_tag(with_tag(record_of(desired), COST, "42"), "backdoor", "yes")
    step = only(plan_of(desired, record, ignore()))
    assert (step.action, [change.field for change in step.changes]) == ("drift", ["tags.backdoor"])
    accepted = step.desired
    assert accepted is not None
    assert dict(accepted.tags).get(COST) == "42"
    assert "backdoor" not in dict(accepted.tags)


SCOPES = {
    "request": ({"request": "SEC-0007"}, True),
    "other request": ({"request": "SEC-0008"}, False),
    "service": ({"service": "payments"}, True),
    "other service": ({"service": "search"}, False),
    "environment": ({"environment": "dev"}, True),
    "other environment": ({"environment": "prod"}, False),
    "service there": ({"service": "payments", "environment": "dev"}, True),
    "service elsewhere": ({"service": "payments", "environment": "prod"}, False),
}


@pytest.mark.parametrize(("scope", "covers"), SCOPES.values(), ids=SCOPES)
def test_an_entry_covers_its_scope_alone(scope: dict[str, str], covers: bool) -> None:
    desired = make_desired(tags={TAG_SERVICE: "payments"})
    step = only(plan_of(desired, with_tag(record_of(desired), COST, "42"), ignore(**scope)))
    assert step.action == ("unchanged" if covers else "drift")


def test_an_entry_counts_on_its_last_day_and_not_after() -> None:
    entry = replace(ignore(), expires_on="2026-01-15")
    for day, expired in ((date(2026, 1, 15), ()), (date(2026, 1, 16), (entry,))):
        rules = IgnoreRules(DriftIgnores(ignores=(entry,)), day)
        assert rules.expired == expired
        assert bool(rules.fields_of(make_desired())) is not bool(expired)


@pytest.mark.parametrize(
    "field", ["policy", "tags", "tag:goldenpath:id", "tag:GoldenPath:owner", "tag:goldenpath:applied", "tag:", "value"]
)
def test_what_decides_access_and_ownership_cannot_be_ignored(field: str) -> None:
    """Neither when the file is read nor, should one slip through, when a record is judged."""
    text = f"{HEAD}  - {{field: '{field}', reason: r, owner: app-team, request: SEC-0007}}\n"
    assert load(text.encode(), DriftIgnores, file="f").value is None
    assert field in {"tags", "tag:", "value"} or not is_ignorable(field)


def test_our_own_tag_stays_drift_whatever_the_list_says() -> None:
    desired = make_desired()
    record = with_tag(record_of(desired), "goldenpath:owner", "somebody")
    smuggled = DriftIgnore(field="tag:goldenpath:owner", reason="r", owner="app-team", request="SEC-0007")
    assert only(plan_of(desired, record, smuggled)).action == "drift"


FAULTS = {
    "no scope": ("field: description, reason: r, owner: app-team", "intent.ignore-scope"),
    "two scopes": ("field: description, reason: r, owner: app-team, request: SEC-0007, service: payments", "intent.ignore-scope"),
    "no reason": ("field: description, owner: app-team, request: SEC-0007", "intent.missing-field"),
    "empty reason": ("field: description, reason: '', owner: app-team, request: SEC-0007", "intent.range"),
    "no such day": ("field: description, reason: r, owner: app-team, request: SEC-0007, expiresOn: '2026-02-31'", "intent.date"),
    "no environment": ("field: description, reason: r, owner: app-team, environment: mars", "intent.enum"),
}


@pytest.mark.parametrize(("entry", "code"), FAULTS.values(), ids=FAULTS)
def test_a_list_with_faults_is_refused(entry: str, code: str) -> None:
    loaded = load(f"{HEAD}  - {{{entry}}}\n".encode(), DriftIgnores, file="governance/drift-ignores.yaml")
    assert loaded.value is None
    assert [finding.rule for finding in loaded.findings] == [code]


def test_aliases_of_environments_are_read_as_what_they_mean() -> None:
    entry = "  - {field: description, reason: r, owner: app-team, environment: production}\n"
    loaded = load((HEAD + entry).encode(), DriftIgnores, file="f")
    assert loaded.value is not None
    assert loaded.value.ignores[0].environment == "prod"


def test_a_container_that_keeps_nothing_has_the_digest_that_it_always_had() -> None:
    desired = make_desired()
    assert b"kept" not in msgspec.json.encode(desired)
    assert digest(replace(desired, kept=("description",))) != digest(desired)
    assert msgspec.json.decode(msgspec.json.encode(desired), type=DesiredSecret) == desired


TAGS = st.dictionaries(st.sampled_from([COST, "team", "goldenpath:owner", "backup"]), st.sampled_from(["1", "2"]), max_size=4)
IGNORED = st.sets(st.sampled_from([f"tag:{COST}", "tag:team", "tag:backup", "description", "kms_key"]))


@given(TAGS, IGNORED, st.sampled_from(["database", "by hand"]))
def test_ignoring_is_the_same_as_the_difference_not_being_there(tags: dict[str, str], fields: set[str], description: str) -> None:
    """The plan with a list equals the plan of a record without the ignored differences, and a write changes none of them."""
    desired = make_desired()
    record = replace(record_of(desired), description=description)
    for key, value in tags.items():
        record = with_tag(record, key, value)
    step = only(plan_of(desired, record, *(ignore(field) for field in sorted(fields))))
    mended = replace(record, description=desired.description) if "description" in fields else record
    for field in fields:
        mended = with_tag(mended, field.removeprefix("tag:"), None) if field.startswith("tag:") else mended
    plain = only(plan_of(desired, mended))
    assert (step.action, step.changes) == (plain.action, plain.changes)
    assert step.desired is not None
    for field in fields & {f"tag:{key}" for key in tags}:
        key = field.removeprefix("tag:")
        assert dict(step.desired.tags)[key] == tags[key]
    assert dict(record.tags)[TAG_APPLIED] == desired.applied_tag


def test_a_listed_record_that_differs_only_in_what_is_ignored_needs_no_second_look() -> None:
    rules = IgnoreRules(DriftIgnores(ignores=(ignore(environment="dev"),)), NOW.date())
    desired = make_desired()
    record = with_tag(record_of(desired), COST, "42")
    assert is_as_desired(desired, rules.as_compared(desired, record))
    assert not is_as_desired(desired, rules.as_compared(desired, with_tag(record, "backdoor", "yes")))
    foreign = with_tag(record, "goldenpath:id", "SEC-0008")
    assert rules.as_compared(desired, foreign) is foreign
