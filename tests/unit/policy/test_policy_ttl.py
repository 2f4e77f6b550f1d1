"""Terms and renewals (D15, R56): warn ahead, block other changes, never delete."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.policy.policy_desk import TODAY, context, deleted, edit, levels, needs_of, new, request, verdict_on

from goldenpath.policy.gate import judge_catalog


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def applied(days: int | None) -> dict[str, Any]:
    return {} if days is None else {"first_applied": {"SEC-0007": TODAY - timedelta(days=days)}}


TERMS = [
    # first apply   last renewal   ttl    an ordinary edit is
    (None, None, 30, {}),
    (0, None, 30, {}),
    (15, None, 30, {}),
    (16, None, 30, {"ttl-expiring": "warn"}),
    (29, None, 30, {"ttl-expiring": "warn"}),
    (30, None, 30, {"ttl-expired": "block"}),
    (400, None, 30, {"ttl-expired": "block"}),
    (400, 10, 30, {}),
    (400, 30, 30, {"ttl-expired": "block"}),
    (400, None, 3650, {}),
    (None, 40, 30, {"ttl-expired": "block"}),
    (1, 400, 30, {}),
]


@pytest.mark.parametrize(("first", "renewal", "ttl", "found"), TERMS)
def test_term(first: int | None, renewal: int | None, ttl: int, found: dict[str, Any]) -> None:
    before = {"ttl": ttl, "renewed": None if renewal is None else ago(renewal)}
    assert levels(verdict_on(edit(before, {"description": "x"}), using=context(**applied(first)))) == found


EXPIRED_EDITS = [
    ("renewed today", {"renewed": ago(0)}, {}),
    ("renewed yesterday, with another edit", {"renewed": ago(1), "description": "x"}, {}),
    ("renewed, but long ago", {"renewed": ago(300)}, {"ttl-expired": "block"}),
    ("deprecated", {"status": "deprecated"}, {}),
    ("only a longer ttl", {"ttl": 3650}, {"ttl-expired": "block"}),
    ("a new owner", {"owner": "sre-team"}, {"ttl-expired": "block", "owner-changed": "info"}),
]


@pytest.mark.parametrize(("after", "found"), [row[1:] for row in EXPIRED_EDITS], ids=[row[0] for row in EXPIRED_EDITS])
def test_what_gets_a_request_out_of_an_expired_term(after: dict[str, Any], found: dict[str, Any]) -> None:
    using = context(**applied(400), state_since={"SEC-0007": TODAY - timedelta(days=400)})
    assert levels(verdict_on(edit({}, after), using=using)) == found


def test_expired_term_does_not_hold_up_retirement() -> None:
    using = context(**applied(400), state_since={"SEC-0007": TODAY - timedelta(days=100)})
    assert levels(verdict_on(edit({"status": "deprecated"}, {"status": "decommission_requested"}), using=using)) == {}


def test_apply_warns_about_an_expired_term_and_goes_on() -> None:
    verdict = judge_catalog([request()], context(**applied(400)))
    assert levels(verdict) == {"ttl-expired": "warn"}
    assert "nothing is deleted" in verdict.findings[0].message


def test_deleting_the_file_is_no_answer_to_an_expired_term() -> None:
    assert levels(verdict_on(deleted(), using=context(**applied(400)))) == {"file-deletion": "block"}


RENEWALS = [
    # before            after             fault
    (None, ago(0), False),
    (None, ago(-1), True),
    (None, "9999-12-31", True),
    (None, "2026-02-30", True),
    (None, "2026-13-01", True),
    (ago(10), ago(5), False),
    (ago(10), ago(10), False),
    (ago(10), ago(11), True),
    (ago(10), None, True),
]


@pytest.mark.parametrize(("before", "after", "is_fault"), RENEWALS)
def test_renewal_dates(before: str | None, after: str | None, *, is_fault: bool) -> None:
    found = levels(verdict_on(edit({"renewed": before}, {"renewed": after})))
    assert found.get("renewal-invalid") == ("block" if is_fault else None)


def test_new_request_cannot_be_renewed_in_the_future() -> None:
    assert levels(verdict_on(new(renewed=ago(-1)))) == {"renewal-invalid": "block"}


def test_renewal_needs_a_review_even_at_low() -> None:
    verdict = verdict_on(edit({"tier": "low"}, {"renewed": ago(0)}))
    assert needs_of(verdict) == ["owner app-team"]
    assert verdict.needs[0].because == ("SEC-0007: renewal or longer term",)


@pytest.mark.parametrize(("ttl", "needs"), [(31, ["owner app-team"]), (3650, ["owner app-team"]), (29, [])])
def test_longer_term_needs_the_same_review(ttl: int, needs: list[str]) -> None:
    assert needs_of(verdict_on(edit({"tier": "low"}, {"ttl": ttl}))) == needs


CAPS = [("medium", 90, "block"), ("medium", 60, None), ("low", 3650, None)]


@pytest.mark.parametrize(("tier", "ttl", "level"), CAPS)
def test_longest_term_by_tier(tier: str, ttl: int, level: str | None) -> None:
    using = context({"ttlMaxDays": {"medium": 60}})
    assert levels(verdict_on(new(tier=tier, ttl=ttl), using=using)) == ({"ttl-too-long": level} if level else {})


def test_warning_lead_is_the_policys() -> None:
    using = context({"ttlWarnDays": 0}, **applied(29))
    assert levels(verdict_on(edit({}, {"description": "x"}), using=using)) == {}
