"""Retries of calls to a store (R22): full-jitter backoff under one total deadline. The store itself keeps the account's pace.

Retries only what a provider calls unavailable for now (``retry_after_seconds`` is set). An outcome that nobody knows is resolved by
looking before it is tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from goldenpath.errors import ProviderUnavailable
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.pace import THROTTLED

T = TypeVar("T")

BASE_SECONDS = 0.2
CAP_SECONDS = 20.0
_JITTER_STEPS = 1 << 20

DEADLINE = "provision.deadline"
NO_EFFECT_CODES = frozenset({THROTTLED, "store.busy"})
"""Codes that promise that the call had no effect, so there is nothing to look for."""


class Retrier:
    """Calls until it works, is refused, or the deadline comes.

    Args:
        clock: Time and waiting.
        entropy: Jitter.
        deadline_seconds: Budget for everything that this object ever calls, from now.
        retry_limit: How often one call is tried again at most; None for as often as the deadline allows. It never moves the deadline.
    """

    def __init__(self, *, clock: Clock, entropy: Entropy, deadline_seconds: float, retry_limit: int | None = None) -> None:
        self._clock = clock
        self._entropy = entropy
        self._ends = clock.monotonic() + deadline_seconds
        self._retry_limit = retry_limit

    def call(self, send: Callable[[], T], *, recover: Callable[[], T | None] | None = None) -> T:
        """Return what ``send`` returns.

        Args:
            send: One call, safe to repeat.
            recover: Looks whether a call whose answer was lost took effect; returns its result, or None to try again. A lost answer
                is always looked for, also when no retry is left.

        Raises:
            ProviderUnavailable: ``provision.deadline`` when the budget is spent; running again continues.
            GoldenpathError: whatever ``send`` raises that is not worth a retry.
        """
        attempt = 0
        while True:
            self._require_time()
            try:
                return send()
            except ProviderUnavailable as error:
                if recover is not None and error.code not in NO_EFFECT_CODES:
                    found = self.call(recover)
                    if found is not None:
                        return found
                if error.retry_after_seconds is None or attempt == self._retry_limit:
                    raise
                self._back_off(attempt, error, error.retry_after_seconds)
                attempt += 1

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
