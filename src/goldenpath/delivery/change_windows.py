"""When an environment may be changed: windows of the week, in UTC (D13). Pure; the moment is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from goldenpath.model.rollout_settings import WEEKDAYS, ChangeWindow

_DAY: Final = timedelta(days=1)
_WEEK: Final = 7


def is_open(windows: Sequence[ChangeWindow], now: datetime) -> bool:
    """Say whether a change may be made now. Without windows it always may."""
    return not windows or any(start <= now < end for start, end in _spans(windows, now))


def next_opening(windows: Sequence[ChangeWindow], now: datetime) -> datetime:
    """Return when the next window opens, or ``now`` while one is open."""
    if is_open(windows, now):
        return now
    return min(start for start, _end in _spans(windows, now) if start > now)


def closing(windows: Sequence[ChangeWindow], now: datetime) -> datetime | None:
    """Return when no window is open any more; None while nothing is open, or when something always is."""
    until: datetime | None = None
    for start, end in sorted(_spans(windows, now)):
        if start <= (until or now) < end:
            until = end
    # windows that follow each other round the week never close
    return None if until is None or until - now >= _DAY * _WEEK else until


def _spans(windows: Sequence[ChangeWindow], now: datetime) -> list[tuple[datetime, datetime]]:
    """Return (start, end) of each window on each day from yesterday to a week ahead: one may reach past midnight."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight + _DAY * number for number in range(-1, _WEEK + 2)]
    return [_span(window, day) for window in windows for day in days if WEEKDAYS[day.weekday()] in window.days]


def _span(window: ChangeWindow, day: datetime) -> tuple[datetime, datetime]:
    start, end = day + _offset(window.from_), day + _offset(window.to)
    return start, end if end > start else end + _DAY


def _offset(text: str) -> timedelta:
    hours, _, minutes = text.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
