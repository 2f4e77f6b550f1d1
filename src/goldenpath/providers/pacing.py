"""Turns at a steady rate, slowed when the vendor throttles (R22). Who shares the buckets shares the rate.

Each bucket holds one token, so no stretch of time sees more than ``rate * seconds + 1`` calls. Being throttled halves the rate, at most
once a second however many threads notice; each answer gives a little back, so a full recovery takes some fifty answers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple, Protocol, get_args

from goldenpath.errors import ProviderUnavailable
from goldenpath.model.settings import ApplySettings, PaceSettings
from goldenpath.ports.clock import Clock
from goldenpath.ports.pace import THROTTLED, UNPACED, Operation, Pace

SLOWEST_SHARE: Final = 1 / 8
"""Never slower than this share of the rate: a call must not wait so long for its turn that the lease of its writer ends."""
RECOVERY_SHARE: Final = 1 / 64
SETTLING_SECONDS: Final = 1.0
LONGEST_QUEUE_SECONDS: Final = 600.0
"""A turn booked further ahead is from before the clock was set back, and counts for nothing."""

RATES: Final[Mapping[str, Mapping[Operation, float]]] = {
    "aws-secrets-manager": {"write": 20, "tag": 20, "policy": 20, "read": 200, "list": 20},
    "aws-parameter-store": {"write": 2, "tag": 2, "policy": 2, "read": 15, "list": 2},
}
"""Calls per second by backend, well below what AWS allows an account by default; a backend that is not here keeps no pace."""


class Bucket(NamedTuple):
    """When the next call may start and when the pace was last slowed (seconds since 1970), and the share of the rate in use."""

    next_at: float = 0.0
    share: float = 1.0
    slowed_at: float = 0.0


class Buckets(Protocol):
    """Where buckets are kept, by name; a new one is full."""

    def change(self, name: str, how: Callable[[Bucket], Bucket]) -> Bucket:
        """Replace a bucket by what ``how`` makes of it, with nobody in between; return what it was before."""
        ...


class ProcessBuckets:
    """Buckets that the threads of one process share."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def change(self, name: str, how: Callable[[Bucket], Bucket]) -> Bucket:
        """Replace a bucket; return what it was before."""
        with self._lock:
            before = self._buckets.get(name, Bucket())
            self._buckets[name] = how(before)
            return before


class AdaptivePace:
    """A pace over one account.

    Args:
        rates: Calls per second; an operation that is left out, or 0, is not paced.
        account: What the vendor counts by; everybody who names the same one in the same buckets shares the rate.
        buckets: Shared with whoever shares the account.
        clock: Time and waiting.
    """

    def __init__(self, rates: Mapping[Operation, float], *, account: str, buckets: Buckets, clock: Clock) -> None:
        self._rates = rates
        self._account = account
        self._buckets = buckets
        self._clock = clock

    @contextmanager
    def turn(self, operation: Operation) -> Iterator[None]:
        """Wait for the turn of one call, and learn from how the block ends."""
        rate = self._rates.get(operation, 0.0)
        if not rate:
            yield
            return
        name = f"{self._account}/{operation}"
        booked_share = self._wait(name, rate)
        try:
            yield
        except ProviderUnavailable as error:
            if error.code == THROTTLED:
                now = self._now()
                self._buckets.change(name, lambda bucket: _slowed(bucket, now))
            raise
        if booked_share < 1:
            self._buckets.change(name, _recovered)

    def _wait(self, name: str, rate: float) -> float:
        """Book the next turn, wait for it and return the share of the rate that it was booked at."""
        now = self._now()
        before = self._buckets.change(name, lambda bucket: bucket._replace(next_at=_start(bucket, now) + 1 / (rate * _share(bucket))))
        pause = _start(before, now) - now
        if pause > 0:
            self._clock.sleep(pause)
        return _share(before)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def pace_of(settings: ApplySettings, backend: str, *, account: str, clock: Clock, buckets: Callable[[], Buckets]) -> Pace:
    """Return the pace towards an account: the backend's own rates, the settings over them, this machine's share of both."""
    configured = settings.pace.get(backend, PaceSettings())
    rates: dict[Operation, float] = {}
    for operation in get_args(Operation):
        chosen: float | None = getattr(configured, operation)
        rate = RATES.get(backend, {}).get(operation, 0.0) if chosen is None else chosen
        if rate:
            rates[operation] = rate / settings.machines
    return AdaptivePace(rates, account=f"{backend}/{account}", buckets=buckets(), clock=clock) if rates else UNPACED


def _start(bucket: Bucket, now: float) -> float:
    return bucket.next_at if now < bucket.next_at <= now + LONGEST_QUEUE_SECONDS else now


def _share(bucket: Bucket) -> float:
    """Return a share that can have come about: buckets may lie in a file that somebody edited."""
    return min(1.0, max(bucket.share, SLOWEST_SHARE))


def _slowed(bucket: Bucket, now: float) -> Bucket:
    if 0 <= now - bucket.slowed_at < SETTLING_SECONDS:
        return bucket
    return bucket._replace(share=max(_share(bucket) / 2, SLOWEST_SHARE), slowed_at=now)


def _recovered(bucket: Bucket) -> Bucket:
    return bucket._replace(share=min(1.0, _share(bucket) + RECOVERY_SHARE))
