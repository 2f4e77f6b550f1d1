"""Turns keep the rate over threads, processes and machines, slow down when throttled and come back slowly (R22)."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import FakeClock
from tests.virtual_time import START, VirtualClock

from goldenpath.errors import AccessDenied, Misconfigured, ProviderUnavailable
from goldenpath.model.settings import ApplySettings, PaceSettings
from goldenpath.ports.clock import Clock
from goldenpath.ports.pace import THROTTLED, UNPACED, Operation, Pace
from goldenpath.providers.local.shared_pace import PACE_FILE, SharedBuckets
from goldenpath.providers.pacing import LONGEST_QUEUE_SECONDS, RATES, SLOWEST_SHARE, AdaptivePace, Buckets, ProcessBuckets, pace_of

THREADS = 16
A_LITTLE = 1e-4
"""Seconds since 1970 are rounded to microseconds on the way."""


class BookingClock:
    """Stands still; remembers when each turn would start."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at
        self.pauses: list[float] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


def make_pace(clock: Clock, *, buckets: Buckets | None = None, account: str = "one", **rates: float) -> AdaptivePace:
    return AdaptivePace(rates or {"write": 10.0}, account=account, buckets=buckets or ProcessBuckets(), clock=clock)  # type: ignore[arg-type]


def take(pace: Pace, operation: Operation = "write", *, times: int = 1) -> None:
    for _ in range(times):
        with pace.turn(operation):
            pass


def be_throttled(pace: Pace) -> None:
    with pytest.raises(ProviderUnavailable), pace.turn("write"):
        raise ProviderUnavailable(THROTTLED, "too many calls", retry_after_seconds=0.0)


def seconds_for(clock: FakeClock, pace: Pace, turns: int) -> float:
    take(pace)
    started = clock.monotonic()
    take(pace, times=turns)
    return clock.monotonic() - started


def gaps(starts: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(sorted(starts))]


# --- the rate -----------------------------------------------------------------------------------------------------------------


@given(st.floats(0.5, 500), st.lists(st.floats(0, 3), min_size=1, max_size=40))
def test_no_stretch_of_time_sees_more_calls_than_its_share(rate: float, idle: list[float]) -> None:
    clock = FakeClock()
    pace = make_pace(clock, write=rate)
    starts = []
    for pause in idle:
        clock.advance(pause / rate)
        take(pace)
        starts.append(clock.monotonic())
    assert all(gap >= 1 / rate - A_LITTLE for gap in gaps(starts))


def test_each_operation_and_each_account_has_a_rate_of_its_own() -> None:
    clock, buckets = FakeClock(), ProcessBuckets()
    pace, other = (make_pace(clock, buckets=buckets, account=name, write=10.0, read=100.0) for name in ("one", "two"))
    started = clock.monotonic()
    take(pace, times=11)
    take(other)
    take(pace, "read")
    take(pace, "tag", times=1000)
    assert clock.monotonic() - started == pytest.approx(1.0, abs=10 * A_LITTLE)
    take(pace, "read", times=10)
    take(other, times=10)
    assert clock.monotonic() - started == pytest.approx(2.0, abs=10 * A_LITTLE)


def test_threads_share_the_rate() -> None:
    clock = VirtualClock()
    pace = make_pace(clock, write=20.0)
    starts: list[float] = []

    def work() -> None:
        for _ in range(10):
            with pace.turn("write"):
                starts.append(clock.monotonic())
            clock.sleep(0.3)

    clock.run([work] * THREADS)
    assert len(starts) == THREADS * 10
    assert min(gaps(starts)) >= 0.05 - A_LITTLE
    assert clock.monotonic() == pytest.approx(len(starts) / 20, rel=0.1)


def test_processes_share_the_rate_through_the_state_folder(tmp_path: Path) -> None:
    SharedBuckets(tmp_path / "state")
    children = [_fork(lambda number=number: _book(tmp_path, number)) for number in range(4)]  # type: ignore[misc]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    starts = [start for number in range(4) for start in json.loads((tmp_path / f"{number}.json").read_text())]
    assert sorted(starts) == pytest.approx([index / 10 for index in range(200)], abs=A_LITTLE)


def _fork(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return pid


def _book(folder: Path, number: int) -> None:
    clock = BookingClock()
    pace = make_pace(clock, buckets=SharedBuckets(folder / "state"))
    take(pace, times=50)
    (folder / f"{number}.json").write_text(json.dumps([*clock.pauses, *([0.0] * (50 - len(clock.pauses)))]))


# --- throttling ---------------------------------------------------------------------------------------------------------------


def test_throttling_halves_the_rate_down_to_a_floor_and_answers_bring_it_back_slowly() -> None:
    clock = FakeClock()
    pace = make_pace(clock)
    assert seconds_for(clock, pace, 10) == pytest.approx(1.0, abs=10 * A_LITTLE)
    clock.advance(5)
    be_throttled(pace)
    slowed = seconds_for(clock, pace, 1)
    assert 0.15 < slowed <= 0.2 + A_LITTLE
    for _ in range(10):
        clock.advance(5)
        be_throttled(pace)
    started = clock.monotonic()
    take(pace, times=2)
    assert clock.monotonic() - started <= 2 / (10 * SLOWEST_SHARE) + A_LITTLE
    assert seconds_for(clock, pace, 20) > 2 * 2.0
    take(pace, times=60)
    assert seconds_for(clock, pace, 10) == pytest.approx(1.0, abs=10 * A_LITTLE)


def test_many_threads_that_are_throttled_at_once_slow_down_once() -> None:
    clock, buckets = BookingClock(), ProcessBuckets()
    pace = make_pace(clock, buckets=buckets)
    for _ in range(THREADS):
        be_throttled(pace)
    assert buckets.change("one/write", lambda bucket: bucket).share == 0.5
    clock.at += timedelta(seconds=1)
    be_throttled(pace)
    assert buckets.change("one/write", lambda bucket: bucket).share == 0.25


@pytest.mark.parametrize("error", [AccessDenied("a.b", "no"), ProviderUnavailable("store.unreachable", "away", retry_after_seconds=0.0)])
def test_other_errors_say_nothing_about_the_rate(error: Exception) -> None:
    buckets = ProcessBuckets()
    pace = make_pace(FakeClock(), buckets=buckets)
    with pytest.raises(type(error)), pace.turn("write"):
        raise error
    assert buckets.change("one/write", lambda bucket: bucket).share == 1.0


def test_one_process_slows_down_for_all(tmp_path: Path) -> None:
    clock = FakeClock()
    pace, other = (make_pace(clock, buckets=SharedBuckets(tmp_path / "state")) for _ in range(2))
    be_throttled(pace)
    assert seconds_for(clock, other, 1) > 0.15


def test_two_machines_that_do_not_know_of_each_other_settle_near_the_account_rate() -> None:
    """The account takes 12 a second and both machines want 10: throttling is what makes them yield."""
    clock = VirtualClock()
    taken: Counter[int] = Counter()
    refused: list[float] = []

    def send() -> None:
        second = int(clock.monotonic())
        if taken[second] >= 12:
            refused.append(clock.monotonic())
            raise ProviderUnavailable(THROTTLED, "too many calls", retry_after_seconds=0.0)
        taken[second] += 1

    def machine() -> None:
        pace = make_pace(clock)
        while clock.monotonic() < 120:
            try:
                with pace.turn("write"):
                    send()
            except ProviderUnavailable:
                clock.sleep(0.05)

    clock.run([machine, machine])
    assert len(refused) < sum(taken.values()) * 0.2
    assert sum(taken.values()) > 120 * 12 * 0.7


# --- what is shared -----------------------------------------------------------------------------------------------------------


def test_a_clock_that_was_set_back_does_not_stop_the_run() -> None:
    clock, buckets = BookingClock(START + timedelta(days=1)), ProcessBuckets()
    take(make_pace(clock, buckets=buckets), times=3)
    clock.at = START
    clock.pauses.clear()
    take(make_pace(clock, buckets=buckets), times=2)
    assert clock.pauses == pytest.approx([0.1], abs=A_LITTLE)
    assert THREADS / (min(RATES["aws-parameter-store"].values()) * SLOWEST_SHARE) < LONGEST_QUEUE_SECONDS


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"one/write":[1]}', b'{"one/write":["x",1,1]}', b"\xff\x00"])
def test_a_file_that_cannot_be_understood_starts_anew(tmp_path: Path, content: bytes) -> None:
    buckets = SharedBuckets(tmp_path / "state")
    (tmp_path / "state" / PACE_FILE).write_bytes(content)
    clock = BookingClock()
    take(make_pace(clock, buckets=buckets), times=2)
    assert clock.pauses[-1] == pytest.approx(0.1, abs=A_LITTLE)


@pytest.mark.parametrize(("share", "paused"), [(0, 0.8), (-1, 0.8), (1e-320, 0.8), (5e9, 0.1)])
def test_a_share_that_nobody_can_have_written_counts_as_the_nearest_that_can(tmp_path: Path, share: float, paused: float) -> None:
    buckets = SharedBuckets(tmp_path / "state")
    (tmp_path / "state" / PACE_FILE).write_text(json.dumps({"one/write": [0, share, 0]}))
    clock = BookingClock()
    take(make_pace(clock, buckets=buckets), times=2)
    assert clock.pauses[-1] == pytest.approx(paused, abs=A_LITTLE)


def test_a_shared_file_that_others_could_write_is_refused(tmp_path: Path) -> None:
    SharedBuckets(tmp_path / "state")
    (tmp_path / "state" / PACE_FILE).chmod(0o666)
    with pytest.raises(Misconfigured) as caught:
        SharedBuckets(tmp_path / "state")
    assert caught.value.code == "state.not-private"


def test_a_shared_file_that_went_away_sends_nothing(tmp_path: Path) -> None:
    buckets = SharedBuckets(tmp_path / "state")
    (tmp_path / "state" / PACE_FILE).unlink()
    with pytest.raises(Misconfigured) as caught:
        take(make_pace(BookingClock(), buckets=buckets))
    assert caught.value.code == "state.unusable"


# --- settings -----------------------------------------------------------------------------------------------------------------


def rates(settings: ApplySettings, backend: str) -> dict[str, float]:
    """Return the rate that each operation really gets."""
    clock = BookingClock()
    pace = pace_of(settings, backend, account="1", clock=clock, buckets=ProcessBuckets)
    found: dict[str, float] = {}
    operations: tuple[Operation, ...] = ("write", "tag", "policy", "read", "list")
    for operation in operations:
        clock.pauses.clear()
        take(pace, operation, times=2)
        found[operation] = round(1 / clock.pauses[0], 2) if clock.pauses else 0.0
    return found


def test_defaults_stay_well_below_what_an_account_may_send() -> None:
    assert rates(ApplySettings(), "aws-secrets-manager") == {"write": 20, "tag": 20, "policy": 20, "read": 200, "list": 20}
    assert rates(ApplySettings(), "aws-parameter-store") == {"write": 2, "tag": 2, "policy": 2, "read": 15, "list": 2}
    assert pace_of(ApplySettings(), "local", account="1", clock=BookingClock(), buckets=ProcessBuckets) is UNPACED


def test_settings_replace_single_rates_and_each_machine_takes_its_part() -> None:
    settings = ApplySettings(machines=2, pace={"aws-secrets-manager": PaceSettings(write=10, list=0), "local": PaceSettings(read=4)})
    assert rates(settings, "aws-secrets-manager") == {"write": 5, "tag": 10, "policy": 10, "read": 100, "list": 0}
    assert rates(settings, "local") == {"write": 0, "tag": 0, "policy": 0, "read": 2, "list": 0}
