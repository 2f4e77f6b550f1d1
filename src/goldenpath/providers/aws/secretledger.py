"""What one process knows of an environment while it writes: records half done, what it listed, what it just wrote.

Settled generations. ListSecrets shows neither policies nor replicas; asking would cost a call per record. So the platform's record
names the highest generation whose run left nothing half done. Records that a later generation wrote are looked at one by one; for all
others, what their ``goldenpath:applied`` tag remembers is believed. A run may settle its generation only when it knows that there is
nothing below: its predecessor's is settled already, or it listed everything and looked at what is unsettled.
"""

from __future__ import annotations

import threading
from typing import Final

from goldenpath.model.store import Fence, StoreRecord
from goldenpath.ports.clock import Clock
from goldenpath.providers.aws.secretrecords import Unlisted

LISTED_SECONDS: Final = 60.0
"""How long a listing is good enough for the same process; AWS's own may be five minutes old."""
LAG_SECONDS: Final = 300.0
"""How long ListSecrets may not know of a write."""


class SecretLedger:
    """The notes of one environment. Safe for threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._half_done: set[str] = set()
        self._written: dict[str, tuple[float, StoreRecord | None]] = {}
        self._unlisted: dict[str, tuple[float, Unlisted]] = {}
        self._listed: tuple[float, dict[str, StoreRecord]] | None = None
        self._first: Fence | None = None
        self._last: Fence | None = None
        self._has_listed_all = False

    def take(self, fence: Fence) -> None:
        """Note a new fence; one that follows directly on ours continues the same stretch of writing."""
        with self._lock:
            last, self._last = self._last, fence
            if last is not None and (fence.holder, fence.generation) == (last.holder, last.generation + 1):
                return
            self._first, self._has_listed_all, self._listed = fence, False, None
            self._half_done.clear()

    def give_back(self) -> None:
        """Note that nothing is held any more."""
        with self._lock:
            self._first = self._last = None
            self._has_listed_all = False

    def settles(self, settled: int) -> bool:
        """Say whether nothing half done lies in any generation up to ours, when ``settled`` is what was known before."""
        with self._lock:
            if self._first is None or self._half_done:
                return False
            return self._has_listed_all or settled == self._first.generation - 1

    def begin(self, path: str) -> None:
        """Note that a record is about to be half done."""
        with self._lock:
            self._half_done.add(path)
            self._unlisted.pop(path, None)
            self._written[path] = (self._clock.monotonic(), None)

    def finish(self, path: str, record: StoreRecord) -> None:
        """Note that a record is complete, as ``record``."""
        with self._lock:
            self._half_done.discard(path)
            self._written[path] = (self._clock.monotonic(), record)

    def touch(self, path: str) -> None:
        """Note that a record was changed; the next listing looks at it."""
        with self._lock:
            self._unlisted.pop(path, None)
            self._written[path] = (self._clock.monotonic(), None)

    def looked_at(self, path: str, unlisted: Unlisted, *, is_complete: bool) -> None:
        """Note what a look at a record showed."""
        with self._lock:
            self._unlisted[path] = (self._clock.monotonic(), unlisted)
            (self._half_done.discard if is_complete else self._half_done.add)(path)

    def unlisted(self, path: str) -> Unlisted | None:
        """Return what a look showed as lately as a listing may be old; None for no look."""
        with self._lock:
            seen_at, unlisted = self._unlisted.get(path, (float("-inf"), None))
            return unlisted if self._clock.monotonic() - seen_at < LISTED_SECONDS else None

    def listing(self) -> dict[str, StoreRecord] | None:
        """Return a listing that is still good enough; None when there is none."""
        with self._lock:
            if self._listed is None or self._clock.monotonic() - self._listed[0] >= LISTED_SECONDS:
                return None
            return dict(self._listed[1])

    def keep_listing(self, records: dict[str, StoreRecord]) -> None:
        """Note a listing in which every unsettled record was looked at."""
        with self._lock:
            self._listed = (self._clock.monotonic(), dict(records))
            self._has_listed_all = self._last is not None

    def written(self) -> dict[str, StoreRecord | None]:
        """Return what this process wrote so lately that a listing may not show it; None for what must be looked at."""
        with self._lock:
            since = self._clock.monotonic() - LAG_SECONDS
            self._written = {path: note for path, note in self._written.items() if note[0] > since}
            return {path: record for path, (_, record) in self._written.items()}
