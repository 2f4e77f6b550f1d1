"""Schedules of Secrets Manager's rotation, read as AWS documents them: which are taken, and on which days their windows open.

Written apart from the code under test, which only writes such expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from tests.standins.wire import AwsRefusal

DAYS_MAX: Final = 1000
RATE_DAYS_MAX: Final = 999
LEAST_HOURS: Final = 4
DAY_HOURS: Final = 24
FUNCTION_MAX_CHARS: Final = 2048
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_RATE = re.compile(r"rate\(([1-9][0-9]*) (hour|hours|day|days)\)")
_CRON = re.compile(r"cron\(0 ([0-9,*/-]+) (\S+) (\S+) (\S+) \*\)")
_DURATION = re.compile(r"([1-9][0-9]?)h")


class Calendar(NamedTuple):
    """The days of a cron expression."""

    day_of_month: str
    month: str
    day_of_week: str


def check_rules(rules: Mapping[str, Any]) -> None:
    """Refuse rules that AWS refuses. Raises ``AwsRefusal``."""
    days, expression, duration = (rules.get(name) for name in ("AutomaticallyAfterDays", "ScheduleExpression", "Duration"))
    if days is not None and expression:
        raise _parameter("You can't specify both AutomaticallyAfterDays and ScheduleExpression.")
    if days is None and not expression:
        raise _parameter("You must specify a rotation schedule.")
    if days is not None and not 1 <= days <= DAYS_MAX:
        raise _parameter(f"AutomaticallyAfterDays must be between 1 and {DAYS_MAX}.")
    hours = _hours(duration)
    if expression:
        _check_expression(expression, hours)


def _hours(duration: str | None) -> int:
    if duration is None:
        return 0
    found = _DURATION.fullmatch(duration)
    if found is None or int(found[1]) > DAY_HOURS:
        raise _parameter("Duration is a number of hours and an h, and at most a day.")
    return int(found[1])


def _check_expression(expression: str, hours: int) -> None:
    rate = _RATE.fullmatch(expression)
    if rate is not None:
        number, is_hours = int(rate[1]), rate[2].startswith("hour")
        if (number < LEAST_HOURS or hours > number) if is_hours else number > RATE_DAYS_MAX:
            raise _parameter("The rate is too fast, too slow, or shorter than its window.")
        if (number == 1) is rate[2].endswith("s"):
            raise _parameter("The unit does not agree with the number.")
        return
    cron = _CRON.fullmatch(expression)
    if cron is None:
        raise _parameter("The schedule expression is not valid.")
    calendar = Calendar(*cron.groups()[1:])
    if (calendar.day_of_month == "?") is (calendar.day_of_week == "?"):
        raise _parameter("One of day-of-month and day-of-week must be ?, and only one.")
    if not cron[1].isdecimal() or not 0 <= int(cron[1]) < DAY_HOURS:
        raise _parameter("The stand-in reads one opening a day.")
    if int(cron[1]) + hours > DAY_HOURS:
        raise _parameter("The rotation window must not extend into the next UTC day.")
    if next(openings(expression, date(2023, 1, 1)), None) is None:
        raise _parameter("The schedule never opens.")


def openings(expression: str, since: date, *, years: int = 12) -> Iterator[date]:
    """Yield the days on which the window of a cron expression opens."""
    cron = _CRON.fullmatch(expression)
    assert cron is not None, expression
    calendar = Calendar(*cron.groups()[1:])
    for number in range(years * 365):
        day = since + timedelta(days=number)
        if _in(calendar.month, day.month, 1, 12) and _is_day(calendar, day):
            yield day


def _is_day(calendar: Calendar, day: date) -> bool:
    if calendar.day_of_week == "?":
        return _in(calendar.day_of_month, day.day, 1, 31)
    name, _, nth = calendar.day_of_week.partition("#")
    assert name in _WEEKDAYS, name
    is_weekday = _WEEKDAYS[(day.weekday() + 1) % 7] == name
    return is_weekday and (not nth or (day.day - 1) // 7 + 1 == int(nth))


def _in(field: str, number: int, lowest: int, highest: int) -> bool:
    if field == "*":
        return True
    if "/" in field:
        start, step = (int(part) for part in field.split("/"))
        return number in range(start, highest + 1, step)
    listed = [int(part) for part in field.split(",")]
    assert all(lowest <= each <= highest for each in listed), field
    return number in listed


def _parameter(message: str) -> AwsRefusal:
    return AwsRefusal("InvalidParameterException", message)
