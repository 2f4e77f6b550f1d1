"""The lifecycle table, dwell, and what stays still on the way out (D14, R54, R55; CASES 161, 162)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.unit.policy.policy_desk import TODAY, context, edit, levels, new, verdict_on

from goldenpath.model.lifecycle import STATES

ALLOWED = {
    ("active", "deprecated"),
    ("deprecated", "decommission_requested"),
    ("decommission_requested", "deprecated"),
    ("decommission_requested", "decommissioned"),
}
LONG_AGO = context(state_since={"SEC-0007": date(2020, 1, 1)})


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_all_sixteen_pairs(before: str, after: str) -> None:
    verdict = verdict_on(edit({"status": before}, {"status": after}), using=LONG_AGO)
    expected = {} if before == after or (before, after) in ALLOWED else {"lifecycle-step": "block"}
    if before == "decommissioned" and after != before:
        expected["retirement-frozen"] = "block"
    assert levels(verdict) == expected


@pytest.mark.parametrize("status", STATES)
def test_new_request_starts_active(status: str) -> None:
    expected = {} if status == "active" else {"lifecycle-start": "block"}
    assert levels(verdict_on(new(status=status))) == expected


DWELL = [
    # tier      days in state   verdict
    ("low", 0, "block"),
    ("low", 1, None),
    ("medium", 6, "block"),
    ("medium", 7, None),
    ("high", 13, "block"),
    ("high", 14, None),
]


@pytest.mark.parametrize(("tier", "days", "level"), DWELL)
@pytest.mark.parametrize(("before", "after"), sorted(ALLOWED - {("decommission_requested", "deprecated")}))
def test_forward_steps_wait(tier: str, days: int, level: str | None, before: str, after: str) -> None:
    using = context(state_since={"SEC-0007": TODAY - timedelta(days=days)})
    verdict = verdict_on(edit({"tier": tier, "status": before}, {"status": after}), using=using)
    assert levels(verdict) == ({"lifecycle-dwell": level} if level else {})


def test_withdrawal_does_not_wait() -> None:
    using = context(state_since={"SEC-0007": TODAY})
    assert levels(verdict_on(edit({"status": "decommission_requested"}, {"status": "deprecated"}), using=using)) == {}


def test_finding_gives_the_earliest_date() -> None:
    using = context(state_since={"SEC-0007": TODAY})
    (finding,) = verdict_on(edit({"status": "deprecated"}, {"status": "decommission_requested"}), using=using).findings
    assert "earliest allowed date 2026-06-22" in finding.message
    assert "2026-06-22" in finding.hint


@pytest.mark.parametrize("since", [{}, {"SEC-0007": date.max}, {"SEC-0007": TODAY + timedelta(days=1)}])
def test_unknown_history_blocks(since: dict[str, Any]) -> None:
    using = context(state_since=since)
    assert levels(verdict_on(edit({}, {"status": "deprecated"}), using=using)) == {"lifecycle-dwell": "block"}


def test_floor_decides_the_dwell() -> None:
    using = context(state_since={"SEC-0007": TODAY - timedelta(days=7)})
    change = edit({"tier": "low", "environment": "prod", "status": "active"}, {"status": "deprecated"})
    assert levels(verdict_on(change, using=using)) == {"lifecycle-dwell": "block", "tier-floor": "warn"}


@pytest.mark.parametrize(("chosen", "days", "level"), [(0, 6, "block"), (3, 6, "block"), (30, 29, "block"), (30, 30, None)])
def test_policy_makes_the_wait_longer_never_shorter(chosen: int, days: int, level: str | None) -> None:
    using = context({"dwellDays": {"medium": chosen}}, state_since={"SEC-0007": TODAY - timedelta(days=days)})
    assert levels(verdict_on(edit({}, {"status": "deprecated"}), using=using)) == ({"lifecycle-dwell": level} if level else {})


@pytest.mark.parametrize("tiers", [("high", "low"), ("low", "high"), ("medium", "low")])
def test_status_and_tier_do_not_change_together(tiers: tuple[str, str]) -> None:
    change = edit({"tier": tiers[0], "status": "active"}, {"tier": tiers[1], "status": "deprecated"})
    assert levels(verdict_on(change, using=LONG_AGO))["lifecycle-with-tier"] == "block"


def test_status_and_type_with_another_floor_do_not_change_together() -> None:
    change = edit({"tier": "low", "environment": "prod"}, {"type": "generic", "status": "deprecated"})
    assert levels(verdict_on(change, using=LONG_AGO))["lifecycle-with-tier"] == "block"


FROZEN = [
    ("decommissioned", {"description": "history rewritten"}, True),
    ("decommissioned", {"owner": "sre-team"}, True),
    ("decommission_requested", {"namespace": "payments", "target": "other"}, True),
    ("decommission_requested", {"ttl": 60}, True),
    ("decommission_requested", {"status": "decommissioned", "ttl": 60}, True),
    ("decommission_requested", {"owner": "sre-team"}, False),
    ("decommission_requested", {"description": "who to ask"}, False),
    ("decommission_requested", {"window": 30}, False),
    ("deprecated", {"ttl": 60}, False),
]


@pytest.mark.parametrize(("status", "after", "is_frozen"), FROZEN)
def test_requests_on_their_way_out_stay_still(status: str, after: dict[str, Any], *, is_frozen: bool) -> None:
    found = levels(verdict_on(edit({"status": status}, after), using=LONG_AGO))
    assert (found.get("retirement-frozen") == "block") == is_frozen


def test_retirement_is_not_held_up_by_rotation() -> None:
    change = edit({"tier": "high", "rotation": "none", "status": "deprecated"}, {"status": "decommission_requested"})
    assert levels(verdict_on(change, using=LONG_AGO)) == {}
