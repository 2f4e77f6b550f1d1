"""The stand-in's time: the machine's, plus what a test let pass; or a test's own clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

DAY_SECONDS = 86_400


class StandInClock:
    """Seconds since 1970. moto's own dates (``CreatedDate``, ``LastModifiedDate``) stay the machine's."""

    def __init__(self) -> None:
        self._source: Callable[[], float] = time.time
        self._ahead_seconds = 0.0

    def seconds(self) -> float:
        return self._source() + self._ahead_seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def advance(self, passed: timedelta) -> None:
        self._ahead_seconds += passed.total_seconds()

    def follow(self, source: Callable[[], datetime]) -> None:
        """Take the time from a test's clock from now on."""
        self._source, self._ahead_seconds = (lambda: source().timestamp()), 0.0

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]  # the machine's time again


def start_of_day(seconds: float) -> float:
    """AWS keeps the day of an access, not its hour."""
    return seconds - seconds % DAY_SECONDS
