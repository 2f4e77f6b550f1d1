"""Time for several threads: when all of them sleep, it jumps to the next one that wakes. No run waits for real, and each is the same."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

T = TypeVar("T")
START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


class VirtualClock:
    """A clock that threads share. Only those started by :meth:`run` may sleep, one is awake at a time once all have slept."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._awake = 0
        self._sleeping: list[tuple[float, int]] = []
        self._order = count()
        self._changed = threading.Condition()

    def now(self) -> datetime:
        return START + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        with self._changed:
            ticket = (self._seconds + max(0.0, seconds), next(self._order))
            heapq.heappush(self._sleeping, ticket)
            self._leave()
            self._changed.wait_for(lambda: ticket not in self._sleeping)

    def run(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """Do all at once, a thread for each, and return what they return."""
        with self._changed:
            self._awake += len(tasks)
        with ThreadPoolExecutor(len(tasks)) as pool:
            return [future.result() for future in [pool.submit(self._do, task) for task in tasks]]

    def _do(self, task: Callable[[], T]) -> T:
        try:
            return task()
        finally:
            with self._changed:
                self._leave()

    def _leave(self) -> None:
        self._awake -= 1
        if not self._awake and self._sleeping:
            self._seconds = heapq.heappop(self._sleeping)[0]
            self._awake = 1
            self._changed.notify_all()
