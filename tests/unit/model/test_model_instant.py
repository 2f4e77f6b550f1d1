"""Moments as text: exact, in UTC, sortable, and never without a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.model.instant import from_text, to_text

MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - naive bounds


@given(MOMENTS, MOMENTS)
def test_text_keeps_the_moment_and_its_order(first: datetime, second: datetime) -> None:
    assert from_text(to_text(first)) == first
    assert (to_text(first) < to_text(second)) == (first < second)


@pytest.mark.parametrize("text", ["2026-01-15T12:00:00Z", "2026-01-15T14:00:00+02:00", "2026-01-15T12:00:00.000000Z"])
def test_other_spellings_of_the_moment_are_read(text: str) -> None:
    assert from_text(text) == datetime(2026, 1, 15, 12, tzinfo=UTC)


def test_a_moment_elsewhere_is_written_in_utc() -> None:
    assert to_text(datetime(2026, 1, 15, 14, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-15T12:00:00.000000Z"


@pytest.mark.parametrize("text", ["2026-01-15T12:00:00", "2026-01-15", "", "soon"])
def test_text_without_a_zone_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"time zone|Invalid isoformat"):
        from_text(text)


def test_a_moment_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_text(datetime(2026, 1, 15))  # noqa: DTZ001 - the point
