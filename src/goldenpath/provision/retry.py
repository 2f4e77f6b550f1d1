"""Retries and pacing for calls to a store (R22): full-jitter backoff under one total deadline, below the account's rate.

Retries only what a provider calls unavailable for now (``retry_after_seconds`` is set). An outcome that nobody knows is resolved by
looking before it is tried again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from goldenpath.errors import ProviderUnavailable
from goldenpath.ports.clock import Clock, Entropy

T = TypeVar("T")

BASE_SECONDS = 0.2
CAP_SECONDS = 20.0
RECOVERY_CALLS = 20
"""Calls without throttling after which a slowed pace grows again."""
SLOWEST_SHARE = 1 / 16
_JITTER_STEPS = 1 << 20

THROTTLED = "store.throttled"
DEADLINE = "provision.deadline"
NO_EFFECT_CODES = frozenset({THROTTLED, "store.busy"})
"""Codes that promise that the call had no effect, so there is nothing to look for."""


class Pacer:
    """Spaces calls, across threads and across the runs of one process that share it.

    Args:
        clock: Time and waiting.
        calls_per_second: The rate to stay below; 0 for no limit. Choose half of what the account allows, so that two runs fit.
    """

    def __init__(self, clock: Clock, *, calls_per_second: float = 0.0) -> None:
        self._clock = clock
        self._interval = 1 / calls_per_second if calls_per_second else 0.0
        self._share = 1.0
        self._calm = 0
        self._next = clock.monotonic()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait until the next call may be sent."""
        if not self._interval:
            return
        with self._lock:
            now = self._clock.monotonic()
            start = max(now, self._next)
            self._next = start + self._interval / self._share
        self._clock.sleep(start - now)

    def throttled(self) -> None:
        """Halve the pace: somebody else uses the account too."""
        with self._lock:
            self._share = max(self._share / 2, SLOWEST_SHARE)
            self._calm = 0

    def answered(self) -> None:
        """Grow a slowed pace again after a calm stretch."""
        with self._lock:
            self._calm += 1
            if self._share < 1 and self._calm % RECOVERY_CALLS == 0:
                self._share = min(1.0, self._share * 2)


class Retrier:
    """Calls until it works, is refused, or the deadline comes.

    Args:
        clock: Time and waiting.
        entropy: Jitter.
        deadline_seconds: Budget for everything that this object ever calls, from now.
        pacer: Spacing; none by default.
    """

    def __init__(self, *, clock: Clock, entropy: Entropy, deadline_seconds: float, pacer: Pacer | None = None) -> None:
        self._clock = clock
        self._entropy = entropy
        self._pacer = pacer or Pacer(clock)
        self._ends = clock.monotonic() + deadline_seconds

    def call(self, send: Callable[[], T], *, recover: Callable[[], T | None] | None = None) -> T:
        """Return what ``send`` returns.

        Args:
            send: One call, safe to repeat.
            recover: Looks whether a call whose answer was lost took effect; returns its result, or None to try again.

        Raises:
            ProviderUnavailable: ``provision.deadline`` when the budget is spent; running again continues.
            GoldenpathError: whatever ``send`` raises that is not worth a retry.
        """
        attempt = 0
        while True:
            self._require_time()
            self._pacer.wait()
            try:
                result = send()
            except ProviderUnavailable as error:
                if error.code == THROTTLED:
                    self._pacer.throttled()
                if recover is not None and error.code not in NO_EFFECT_CODES:
                    found = self.call(recover)
                    if found is not None:
                        return found
                if error.retry_after_seconds is None:
                    raise
                self._back_off(attempt, error, error.retry_after_seconds)
                attempt += 1
            else:
                self._pacer.answered()
                return result

    def _require_time(self, pause: float = 0.0, error: ProviderUnavailable | None = None) -> None:
        if self._clock.monotonic() + pause < self._ends:
            return
        raise ProviderUnavailable(
            DEADLINE,
            "the time for this run is used up" + (f"; the last answer was {error.code}" if error else ""),
            subject=error.subject if error else "",
            hint="incomplete, and safe to continue: run the same command again",
            retry_after_seconds=CAP_SECONDS,
        ) from error

    def _back_off(self, attempt: int, error: ProviderUnavailable, advised: float) -> None:
        ceiling = min(CAP_SECONDS, BASE_SECONDS * 2 ** min(attempt, 16))
        jitter = ceiling * self._entropy.below(_JITTER_STEPS) / _JITTER_STEPS
        pause = advised + jitter
        self._require_time(pause, error)
        self._clock.sleep(pause)
