"""Stand-ins that break on purpose: a store (and a journal) that wrap a real one, number every external call and fail at chosen ones.

``FaultyStore`` and ``FaultyJournal`` are no implementations of a port: all work is done by what they wrap. Faults:

- ``drop-before``: the call is lost on the way; no effect, no answer
- ``drop-after``: the effect happens; the answer is lost
- ``throttle``: refused for now; no effect
- ``refuse``: access denied; no effect
- ``refuse-after``: access denied after the effect
- ``half``: a create that makes the container without its policy, then says access denied (CreateSecret done, TagResource or policy not)
- ``kill-before`` and ``kill-after``: the process ends at once, as by SIGKILL (only for use in a subprocess)
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, TypeVar

from msgspec.structs import replace

from goldenpath.errors import AccessDenied, ProviderUnavailable
from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.store import TAG_APPLIED, DesiredSecret, Fence, Stage, StoreRecord, VersionInfo
from goldenpath.ports.journal import Journal, JournalEntry
from goldenpath.ports.store import Store

T = TypeVar("T")
Fault = Literal["drop-before", "drop-after", "throttle", "refuse", "refuse-after", "half", "kill-before", "kill-after"]
KILLED = 137
"""Exit status of a process that a kill fault ended."""

MUTATING = frozenset({"create", "update", "adopt", "put_version", "move_stage", "schedule_deletion", "restore"})


class Schedule:
    """Which call fails how. Calls are numbered from 1 over everything that shares the schedule.

    Args:
        faults: By call number.
        by_name: By call name (``create``): the faults of its first, second, ... call, then none.
        share: Share of store calls that are throttled at random, by ``seed``.
    """

    def __init__(
        self,
        faults: Mapping[int, Fault] | None = None,
        *,
        by_name: Mapping[str, list[Fault]] | None = None,
        share: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.calls: list[str] = []
        self.tokens: list[str] = []
        self._faults = dict(faults or {})
        self._by_name = {name: list(faults) for name, faults in (by_name or {}).items()}
        self._share = share
        self._random = random.Random(seed)  # noqa: S311 - a replayable schedule
        self._lock = threading.Lock()

    def next(self, name: str) -> Fault | None:
        with self._lock:
            self.calls.append(name)
            number = len(self.calls)
            if self._by_name.get(name):
                return self._by_name[name].pop(0)
            if number in self._faults:
                return self._faults[number]
            return "throttle" if self._random.random() < self._share else None

    @property
    def faults(self) -> dict[int, Fault]:
        """By call number, for a message that a failure can be replayed from."""
        return dict(self._faults)

    def count(self, *names: str) -> int:
        return sum(name in names for name in self.calls)

    @property
    def mutating_calls(self) -> int:
        return self.count(*MUTATING)


def with_fault(schedule: Schedule, name: str, call: Callable[[], T], *, half: Callable[[], object] | None = None) -> T:
    fault = schedule.next(name)
    if fault == "kill-before":
        os._exit(KILLED)
    if fault == "throttle":
        raise ProviderUnavailable("store.throttled", "too many calls", retry_after_seconds=0.0)
    if fault == "drop-before":
        raise ProviderUnavailable("store.unreachable", "no answer", retry_after_seconds=0.0)
    if fault == "half" and half is not None:
        half()
    if fault in {"refuse", "half"}:
        raise AccessDenied("store.access-denied", f"{name} is not allowed")
    result = call()
    if fault == "kill-after":
        os._exit(KILLED)
    if fault == "drop-after":
        raise ProviderUnavailable("store.unreachable", "no answer", retry_after_seconds=0.0)
    if fault == "refuse-after":
        raise AccessDenied("store.access-denied", f"{name} is not allowed")
    return result


class FaultyStore:
    """A store that fails by schedule around the real one in ``inner``."""

    def __init__(self, inner: Store, schedule: Schedule) -> None:
        self.inner = inner
        self.schedule = schedule

    def identity(self) -> str:
        return with_fault(self.schedule, "identity", self.inner.identity)

    def describe(self, ref: SecretRef) -> StoreRecord | None:
        return with_fault(self.schedule, "describe", lambda: self.inner.describe(ref))

    def list_records(self, environment: str) -> Iterator[StoreRecord]:
        yield from with_fault(self.schedule, "list_records", lambda: tuple(self.inner.list_records(environment)))

    def read(self, ref: SecretRef, *, stage: Stage = "current", version_id: str = "") -> tuple[SecretValue, VersionInfo]:
        return with_fault(self.schedule, "read", lambda: self.inner.read(ref, stage=stage, version_id=version_id))

    def create(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], token: str, fence: Fence) -> StoreRecord:
        self.schedule.tokens.append(token)

        def half() -> None:
            bare = replace(desired, policy="")
            self.inner.create(bare, bookkeeping={**bookkeeping, TAG_APPLIED: bare.applied_tag}, token=token, fence=fence)

        def call() -> StoreRecord:
            return self.inner.create(desired, bookkeeping=bookkeeping, token=token, fence=fence)

        return with_fault(self.schedule, "create", call, half=half)

    def update(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        return with_fault(self.schedule, "update", lambda: self.inner.update(desired, bookkeeping=bookkeeping, fence=fence))

    def adopt(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        return with_fault(self.schedule, "adopt", lambda: self.inner.adopt(desired, bookkeeping=bookkeeping, fence=fence))

    def put_version(
        self,
        ref: SecretRef,
        value: SecretValue,
        *,
        token: str,
        stage: Stage,
        fence: Fence,
        expected_current: str | None,
    ) -> VersionInfo:
        self.schedule.tokens.append(token)

        def call() -> VersionInfo:
            return self.inner.put_version(ref, value, token=token, stage=stage, fence=fence, expected_current=expected_current)

        return with_fault(self.schedule, "put_version", call)

    def move_stage(self, ref: SecretRef, stage: Stage, *, to_version: str, from_version: str, fence: Fence) -> StoreRecord:
        def call() -> StoreRecord:
            return self.inner.move_stage(ref, stage, to_version=to_version, from_version=from_version, fence=fence)

        return with_fault(self.schedule, "move_stage", call)

    def schedule_deletion(self, ref: SecretRef, *, recovery_window_days: int, fence: Fence) -> StoreRecord:
        def call() -> StoreRecord:
            return self.inner.schedule_deletion(ref, recovery_window_days=recovery_window_days, fence=fence)

        return with_fault(self.schedule, "schedule_deletion", call)

    def restore(self, ref: SecretRef, *, fence: Fence) -> StoreRecord:
        return with_fault(self.schedule, "restore", lambda: self.inner.restore(ref, fence=fence))

    def fingerprint(self, ref: SecretRef, value: SecretValue) -> str:
        return self.inner.fingerprint(ref, value)

    def acquire(self, environment: str, *, holder: str, lease_seconds: float) -> Fence:
        return with_fault(self.schedule, "acquire", lambda: self.inner.acquire(environment, holder=holder, lease_seconds=lease_seconds))

    def release(self, fence: Fence) -> None:
        with_fault(self.schedule, "release", lambda: self.inner.release(fence))

    def break_lease(self, environment: str) -> None:
        with_fault(self.schedule, "break_lease", lambda: self.inner.break_lease(environment))


class LaggingStore(FaultyStore):
    """A store whose list shows an older moment: whatever it held when :meth:`freeze` was called."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner, Schedule())
        self._frozen: tuple[StoreRecord, ...] = ()

    def freeze(self, environment: str) -> None:
        self._frozen = tuple(self.inner.list_records(environment))

    def list_records(self, environment: str) -> Iterator[StoreRecord]:
        self.schedule.next("list_records")
        yield from (record for record in self._frozen if record.ref.environment == environment)


class FaultyJournal:
    """A journal whose writes fail by schedule around the real one in ``inner``."""

    def __init__(self, inner: Journal, schedule: Schedule) -> None:
        self.inner = inner
        self.schedule = schedule

    def record(self, entry: JournalEntry) -> None:
        with_fault(self.schedule, "journal", lambda: self.inner.record(entry))

    def get(self, token: str) -> JournalEntry | None:
        return self.inner.get(token)

    def unfinished(self, environment: str) -> Iterator[JournalEntry]:
        return self.inner.unfinished(environment)

    def remember(self, key: str, value: str) -> None:
        with_fault(self.schedule, "journal", lambda: self.inner.remember(key, value))

    def recall(self, key: str) -> str:
        return self.inner.recall(key)
