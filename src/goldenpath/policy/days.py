"""Calendar arithmetic that never raises: dates come from files that people write."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from goldenpath.model.counting import counted


@lru_cache(maxsize=4096)
def parse_day(text: str) -> date | None:
    """Return the calendar date of ``YYYY-MM-DD``; None when there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def add_days(day: date, count: int) -> date:
    """Return ``day`` plus ``count`` days, or the last day of the calendar when that lies beyond it."""
    if count > (date.max - day).days:
        return date.max
    return day + timedelta(days=count)


def days_text(count: int) -> str:
    """Return ``1 day`` or ``12 days``."""
    return counted(count, "day")
