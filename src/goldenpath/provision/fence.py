"""Holding one environment for one run (R19): taken at the start, refreshed on the way, given back at the end.

A lease alone does not exclude anybody; the generation inside the fence does, because the store checks it with each write.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from goldenpath.errors import Conflict, ProviderUnavailable
from goldenpath.model.store import Fence
from goldenpath.ports.clock import Clock
from goldenpath.ports.store import Fencing
from goldenpath.provision.retry import Retrier

REFRESH_SHARE = 0.5
"""Share of the lease after which it is taken anew."""
_POLL_SECONDS = 1.0


class HeldFence:
    """The right to write in one environment, kept alive. Get one from :func:`hold_fence`."""

    def __init__(self, store: Fencing, fence: Fence, *, lease_seconds: float, clock: Clock) -> None:
        self._store = store
        self._fence = fence
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._taken = clock.monotonic()
        self._writers = 0
        self._idle = threading.Condition()

    @property
    def environment(self) -> str:
        """The environment that is held."""
        return self._fence.environment

    @property
    def generation(self) -> int:
        """The newest generation that was taken."""
        return self._fence.generation

    @contextmanager
    def writing(self) -> Iterator[Fence]:
        """Give the fence for one write. It is refreshed between writes, never during one.

        Raises:
            Conflict: ``store.fenced-out`` or ``store.writer-active`` when somebody else took the environment meanwhile.
        """
        with self._idle:
            if self._is_due():
                self._idle.wait_for(lambda: not self._writers)
                self._refresh()
            self._writers += 1
            fence = self._fence
        try:
            yield fence
        finally:
            with self._idle:
                self._writers -= 1
                self._idle.notify_all()

    def release(self) -> None:
        """Give the environment back. When the store is away, the lease ends by itself."""
        try:
            self._store.release(self._fence)
        except ProviderUnavailable:
            return

    def _is_due(self) -> bool:
        return self._clock.monotonic() - self._taken >= self._lease_seconds * REFRESH_SHARE

    def _refresh(self) -> None:
        if not self._is_due():
            return
        before = self._fence
        taken = self._store.acquire(before.environment, holder=before.holder, lease_seconds=self._lease_seconds)
        self._fence, self._taken = taken, self._clock.monotonic()
        if taken.generation != before.generation + 1:
            self._store.release(taken)
            raise Conflict(
                "store.fenced-out",
                f"another run wrote in {before.environment} meanwhile (generation {before.generation}, now {taken.generation})",
                subject=before.environment,
                hint="run again; it plans anew from what is there",
            )


@contextmanager
def hold_fence(
    store: Fencing,
    environment: str,
    *,
    holder: str,
    lease_seconds: float,
    clock: Clock,
    wait_seconds: float = 0.0,
    retrier: Retrier | None = None,
) -> Iterator[HeldFence]:
    """Hold an environment for the length of the block.

    Args:
        store: Where the lease is kept.
        environment: Canonical name.
        holder: Who we are, unique per run, shown to whoever has to wait.
        lease_seconds: How long a dead run blocks others.
        clock: Time and waiting.
        wait_seconds: How long to wait for another run to end; 0 gives up at once.
        retrier: Takes the lease again when the store was away or throttled; without one the first such answer ends the attempt.

    Raises:
        Conflict: ``store.writer-active`` when another run holds it for longer than we wait.
    """

    def acquire() -> Fence:
        return store.acquire(environment, holder=holder, lease_seconds=lease_seconds)

    patient = acquire if retrier is None else lambda: retrier.call(acquire)
    fence = _acquire(patient, clock=clock, wait_seconds=wait_seconds)
    held = HeldFence(store, fence, lease_seconds=lease_seconds, clock=clock)
    try:
        yield held
    finally:
        held.release()


def _acquire(acquire: Callable[[], Fence], *, clock: Clock, wait_seconds: float) -> Fence:
    gives_up = clock.monotonic() + wait_seconds
    while True:
        try:
            return acquire()
        except Conflict as error:
            if error.code != "store.writer-active" or clock.monotonic() >= gives_up:
                raise
        clock.sleep(min(_POLL_SECONDS, max(0.0, gives_up - clock.monotonic())))
