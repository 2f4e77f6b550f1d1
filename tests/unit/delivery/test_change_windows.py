"""When an environment may be changed: by the day, in UTC, also past midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.delivery.change_windows import closing, is_open, next_opening
from goldenpath.errors import Misconfigured
from goldenpath.model.rollout_settings import WEEKDAYS, ChangeWindow
from goldenpath.settings import load_settings

TUESDAY = datetime(2026, 1, 13, tzinfo=UTC)
HEAD = "apiVersion: goldenpath.io/v1\nkind: Platform\n"


def window(*days: str, start: str = "09:00", end: str = "16:00") -> ChangeWindow:
    return msgspec.convert({"days": list(days), "from": start, "to": end}, ChangeWindow)


OFFICE = (window("tue", "wed"),)
NIGHT = (window("sat", start="22:00", end="04:00"),)


@pytest.mark.parametrize(
    ("windows", "moment", "expected"),
    [
        ((), TUESDAY, True),
        (OFFICE, TUESDAY + timedelta(hours=8, minutes=59, seconds=59), False),
        (OFFICE, TUESDAY + timedelta(hours=9), True),
        (OFFICE, TUESDAY + timedelta(hours=15, minutes=59), True),
        (OFFICE, TUESDAY + timedelta(hours=16), False),
        (OFFICE, TUESDAY + timedelta(days=2, hours=10), False),
        (NIGHT, TUESDAY + timedelta(days=4, hours=23), True),
        (NIGHT, TUESDAY + timedelta(days=5, hours=3, minutes=59), True),
        (NIGHT, TUESDAY + timedelta(days=5, hours=4), False),
        ((window("tue", start="00:00", end="24:00"),), TUESDAY + timedelta(hours=23, minutes=59), True),
        ((window("tue", start="00:00", end="24:00"),), TUESDAY + timedelta(hours=24), False),
    ],
)
def test_a_window_is_open_from_its_start_to_just_before_its_end(
    windows: tuple[ChangeWindow, ...], moment: datetime, expected: bool
) -> None:
    assert is_open(windows, moment) is expected


def test_another_zone_is_the_same_moment() -> None:
    berlin = timezone(timedelta(hours=1))
    assert is_open(OFFICE, datetime(2026, 1, 13, 10, 0, tzinfo=berlin))
    assert not is_open(OFFICE, datetime(2026, 1, 13, 9, 30, tzinfo=berlin))


@pytest.mark.parametrize(
    ("moment", "opens", "closes"),
    [
        (TUESDAY, TUESDAY + timedelta(hours=9), None),
        (TUESDAY + timedelta(hours=10), TUESDAY + timedelta(hours=10), TUESDAY + timedelta(hours=16)),
        (TUESDAY + timedelta(hours=16), TUESDAY + timedelta(days=1, hours=9), None),
        (TUESDAY + timedelta(days=1, hours=17), TUESDAY + timedelta(days=7, hours=9), None),
    ],
)
def test_the_next_opening_and_the_closing_are_named(moment: datetime, opens: datetime, closes: datetime | None) -> None:
    assert next_opening(OFFICE, moment) == opens
    assert closing(OFFICE, moment) == closes


def test_windows_that_meet_close_where_the_last_one_does() -> None:
    windows = (
        window("tue", start="09:00", end="12:00"),
        window("tue", start="12:00", end="18:00"),
        window("tue", start="10:00", end="11:00"),
    )
    assert closing(windows, TUESDAY + timedelta(hours=9)) == TUESDAY + timedelta(hours=18)
    always = (window(*WEEKDAYS, start="00:00", end="24:00"),)
    assert closing(always, TUESDAY + timedelta(hours=5)) is None


TIMES = st.builds(lambda hours, minutes: f"{hours:02d}:{minutes:02d}", st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
WINDOWS = st.lists(
    st.builds(lambda days, start, end: window(*days, start=start, end=end), st.sets(st.sampled_from(WEEKDAYS), min_size=1), TIMES, TIMES),
    min_size=1,
    max_size=3,
)


@given(windows=WINDOWS, quarters=st.integers(0, 4 * 24 * 14))
def test_what_is_said_of_the_future_comes_true(windows: list[ChangeWindow], quarters: int) -> None:
    now = TUESDAY + timedelta(minutes=15 * quarters)
    opens, closes = next_opening(windows, now), closing(windows, now)
    assert is_open(windows, opens)
    waited = [now + timedelta(minutes=15 * number) for number in range(int((opens - now) / timedelta(minutes=15)))]
    assert not any(is_open(windows, moment) for moment in waited)
    if closes is not None:
        assert is_open(windows, now)
        assert is_open(windows, closes - timedelta(seconds=1))
        assert not is_open(windows, closes)


@pytest.mark.parametrize(
    "text",
    [
        "rollout:\n  windows:\n    prod: []\n",
        'rollout:\n  windows:\n    prod: [{days: [], from: "09:00", to: "16:00"}]\n',
        'rollout:\n  windows:\n    prod: [{days: [Tue], from: "09:00", to: "16:00"}]\n',
        'rollout:\n  windows:\n    prod: [{days: [tue], from: "9:00", to: "16:00"}]\n',
        'rollout:\n  windows:\n    prod: [{days: [tue], from: "09:00", to: "24:01"}]\n',
        'rollout:\n  windows:\n    live: [{days: [tue], from: "09:00", to: "16:00"}]\n',
        "rollout:\n  atOnce: 0\n",
    ],
)
def test_windows_that_would_not_be_kept_are_refused(text: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        load_settings((HEAD + text).encode())
    assert refused.value.code == "settings.invalid"


def test_an_alias_names_the_same_environment() -> None:
    text = HEAD + 'rollout:\n  windows:\n    production: [{days: [tue], from: "09:00", to: "16:00"}]\n'
    assert load_settings(text.encode()).rollout.windows == {"prod": (window("tue"),)}
