"""Native rotation: the schedule on which a vendor calls a function that changes a value, worked out from the platform's cadence (D13).

A schedule is never slower than its cadence. A cadence in days has no hour of its own at AWS, so a window that opens at another hour than
midnight UTC becomes a calendar schedule, and then the value changes a little more often than the cadence asks.
"""

from __future__ import annotations

from typing import Final, Literal

from goldenpath.model.base import Record

Weekday = Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]

DAYS_MAX: Final = 1000
"""The longest interval in days that Secrets Manager takes."""
RATE_DAYS_MAX: Final = 999
"""The longest interval that it takes together with a window."""
HOURS_OF_A_DAY: Final = 24

_ON_ANY_DAY: Final = (
    (366, "1 1 ?"),
    (184, "1 1/6 ?"),
    (123, "1 1/4 ?"),
    (92, "1 1/3 ?"),
    (62, "1 1/2 ?"),
    (31, "1 * ?"),
    (16, "1,16 * ?"),
    (7, "? * SUN"),
    (1, "* * ?"),
)
"""Longest time between two openings, in days, and the calendar that has it: day of the month, month, day of the week."""
_ON_ONE_WEEKDAY: Final = (
    (371, "? 1 {day}#1"),
    (189, "? 1/6 {day}#1"),
    (126, "? 1/4 {day}#1"),
    (98, "? 1/3 {day}#1"),
    (63, "? 1/2 {day}#1"),
    (35, "? * {day}#1"),
    (7, "? * {day}"),
)


class NativeRotation(Record, frozen=True, kw_only=True):
    """Rotation settings of one record: which function, and when it is called.

    Either ``every_days`` is set, or ``schedule`` (an expression in AWS's words, in UTC). ``hours`` is how long the window stays open from
    the start of the schedule; 0 for the rest of the UTC day.
    """

    function: str
    every_days: int = 0
    schedule: str = ""
    hours: int = 0

    @property
    def cadence(self) -> str:
        """When, in words: ``every 90 days``, or ``cron(0 2 1 1/2 ? *) for 3 h``."""
        if not self.schedule:
            return f"every {self.every_days} days" if self.every_days != 1 else "every day"
        return f"{self.schedule} for {self.hours} h" if self.hours else self.schedule

    @property
    def text(self) -> str:
        """The settings as one line, as they are compared and shown."""
        return f"{self.function} {self.cadence}"


class RotationDates(Record, frozen=True, kw_only=True):
    """When the vendor rotated last and will rotate next, RFC 3339 UTC; empty for never and for unknown."""

    last: str = ""
    next: str = ""


def rotation_every(
    days: int, *, function: str, opens_at: int | None = None, hours: int = 0, weekday: Weekday | None = None
) -> NativeRotation:
    """Return settings under which no value stays longer than ``days`` between two openings of the window.

    Args:
        days: The cadence, 1 to 1,000.
        function: ARN of the function.
        opens_at: Hour in UTC at which the window opens; None for no window.
        hours: How long it stays open; 0 for the rest of the day.
        weekday: The only day on which it opens.

    Raises:
        ValueError: for a cadence that no schedule of this kind keeps; see :func:`has_schedule`.
    """
    if opens_at is None:
        return NativeRotation(function=function, every_days=days)
    if opens_at == 0 and weekday is None:
        rate = min(days, RATE_DAYS_MAX)
        return NativeRotation(function=function, schedule=f"rate({rate} day{'s' if rate != 1 else ''})", hours=hours)
    ladder = _ON_ANY_DAY if weekday is None else _ON_ONE_WEEKDAY
    calendar = next((text for longest, text in ladder if longest <= days), None)
    if calendar is None:
        raise ValueError(f"a window that opens on {weekday} only cannot keep a cadence of {days} days")
    return NativeRotation(function=function, schedule=f"cron(0 {opens_at} {calendar.format(day=weekday)} *)", hours=hours)


def has_schedule(days: int, *, weekday: Weekday | None) -> bool:
    """Say whether some schedule keeps a cadence: AWS takes up to 1,000 days, and one weekday comes round every seven."""
    return (1 if weekday is None else _ON_ONE_WEEKDAY[-1][0]) <= days <= DAYS_MAX
