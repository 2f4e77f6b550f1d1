"""Cadence → schedule: never slower than the cadence, always one that AWS takes, and no faster than it has to be."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.standins.schedule import check_rules, openings
from tests.stores import FUNCTION, make_rotation

from goldenpath.model.rotation import DAYS_MAX, Weekday, has_schedule
from goldenpath.providers.aws.secretrecords import rotation_of, rotation_rules

SINCE = date(2023, 1, 1)
DAYS = st.integers(min_value=1, max_value=DAYS_MAX)
WEEKDAYS = st.none() | st.sampled_from(get_args(Weekday))


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    opens_at = draw(st.integers(min_value=0, max_value=23))
    return {"opens_at": opens_at, "hours": draw(st.integers(min_value=0, max_value=24 - opens_at)), "weekday": draw(WEEKDAYS)}


@given(days=DAYS, window=st.none() | windows())
def test_every_schedule_is_one_that_aws_takes_and_reads_back_as_itself(days: int, window: dict[str, Any] | None) -> None:
    given_window = window or {}
    if not has_schedule(days, weekday=given_window.get("weekday")):
        with pytest.raises(ValueError, match="cannot keep a cadence"):
            make_rotation(days=days, **given_window)
        return
    rotation = make_rotation(days=days, **given_window)
    rules = rotation_rules(rotation)
    check_rules(rules)
    shown = {"RotationEnabled": True, "RotationLambdaARN": FUNCTION, "RotationRules": rules}
    assert rotation_of(shown) == rotation
    worked_out = {**rules, "AutomaticallyAfterDays": 17} if rotation.schedule else rules
    assert rotation_of({**shown, "RotationRules": worked_out}) == rotation, "days that AWS works out are nothing that anybody set"


@given(days=DAYS, window=windows())
def test_no_time_between_two_openings_is_longer_than_the_cadence(days: int, window: dict[str, Any]) -> None:
    if not has_schedule(days, weekday=window["weekday"]):
        return
    rotation = make_rotation(days=days, **window)
    if rotation.schedule.startswith("rate("):
        assert int(rotation.schedule.removeprefix("rate(").split(" ")[0]) == min(days, 999)
        return
    opened = list(openings(rotation.schedule, SINCE))
    assert max((later - earlier).days for earlier, later in pairwise(opened)) <= days
    if window["weekday"] is not None:
        assert {day.strftime("%a").upper() for day in opened} == {window["weekday"]}


@pytest.mark.parametrize(
    ("days", "window", "cadence"),
    [
        (90, {}, "every 90 days"),
        (1, {}, "every day"),
        (90, {"opens_at": 0, "hours": 3}, "rate(90 days) for 3 h"),
        (1, {"opens_at": 0}, "rate(1 day)"),
        (1000, {"opens_at": 0, "hours": 1}, "rate(999 days) for 1 h"),
        (90, {"opens_at": 2, "hours": 3}, "cron(0 2 1 1/2 ? *) for 3 h"),
        (30, {"opens_at": 2, "hours": 3}, "cron(0 2 1,16 * ? *) for 3 h"),
        (31, {"opens_at": 2, "hours": 3}, "cron(0 2 1 * ? *) for 3 h"),
        (365, {"opens_at": 5, "hours": 1}, "cron(0 5 1 1/6 ? *) for 1 h"),
        (90, {"opens_at": 0, "hours": 4, "weekday": "SUN"}, "cron(0 0 ? 1/2 SUN#1 *) for 4 h"),
        (30, {"opens_at": 1, "hours": 4, "weekday": "SAT"}, "cron(0 1 ? * SAT *) for 4 h"),
        (6, {"opens_at": 1, "hours": 4}, "cron(0 1 * * ? *) for 4 h"),
    ],
)
def test_what_the_shipped_cadences_become(days: int, window: dict[str, Any], cadence: str) -> None:
    rotation = make_rotation(days=days, **window)
    assert rotation.cadence == cadence
    assert rotation.text == f"{FUNCTION} {cadence}"


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"RotationEnabled": False, "RotationLambdaARN": FUNCTION, "RotationRules": {"AutomaticallyAfterDays": 9}},
        {"RotationLambdaARN": FUNCTION},
    ],
)
def test_rotation_that_is_off_is_none(shown: dict[str, Any]) -> None:
    assert not rotation_of(shown)


def test_rotation_that_a_service_of_aws_manages_is_not_taken_for_none() -> None:
    shown = {"RotationEnabled": True, "OwningService": "rds", "RotationRules": {"AutomaticallyAfterDays": 7, "Duration": "oddly"}}
    found = rotation_of(shown)
    assert found
    assert found.text == "rds every 7 days"
