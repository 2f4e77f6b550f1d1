"""A run keeps its environment while it works, gives it back, and notices when it lost it (R19)."""

from __future__ import annotations

import threading

import pytest
from tests.builders import FakeClock, FakeEntropy
from tests.faults import Fault, FaultyStore, Schedule
from tests.stores import Bench, make_desired

from goldenpath.errors import Conflict, ProviderUnavailable
from goldenpath.model.store import Fence
from goldenpath.providers.local.memory import MemoryStore
from goldenpath.provision.fence import hold_fence
from goldenpath.provision.retry import Retrier

LEASE = 60.0


@pytest.fixture
def bench() -> Bench:
    clock, entropy = FakeClock(), FakeEntropy()
    return Bench(store=MemoryStore(clock=clock, entropy=entropy), clock=clock, entropy=entropy)


def test_a_run_longer_than_its_lease_keeps_the_environment(bench: Bench) -> None:
    with hold_fence(bench.store, "dev", holder="a", lease_seconds=LEASE, clock=bench.clock) as held:
        generations = []
        for number in range(8):
            with held.writing() as fence:
                bench.create(make_desired(path=f"p{number}"), fence=fence, name=f"p{number}")
                generations.append(fence.generation)
            bench.clock.advance(LEASE * 0.4)
            with pytest.raises(Conflict, match="is writing"):
                bench.fence(holder="b")
        assert generations == sorted(generations)
        assert held.generation == generations[-1] > generations[0]
    assert bench.fence(holder="b").generation > generations[-1]


def test_the_environment_is_given_back_also_after_a_failure(bench: Bench) -> None:
    with (
        pytest.raises(RuntimeError),
        hold_fence(bench.store, "dev", holder="a", lease_seconds=LEASE, clock=bench.clock),
    ):
        raise RuntimeError
    assert bench.fence(holder="b").holder == "b"


def test_giving_back_to_a_store_that_is_away_is_no_failure(bench: Bench) -> None:
    class Away(MemoryStore):
        def release(self, fence: Fence) -> None:
            raise ProviderUnavailable("store.unreachable", f"{fence.environment} is away")

    store = Away(clock=bench.clock, entropy=bench.entropy)
    with hold_fence(store, "dev", holder="a", lease_seconds=LEASE, clock=bench.clock) as held:
        assert held.environment == "dev"
    bench.clock.advance(LEASE)
    assert store.acquire("dev", holder="b", lease_seconds=1).holder == "b"


@pytest.mark.parametrize("how", ["broken", "broken and used", "expired and used"])
def test_a_lost_environment_is_noticed_at_the_next_refresh(bench: Bench, how: str) -> None:
    with hold_fence(bench.store, "dev", holder="a", lease_seconds=LEASE, clock=bench.clock) as held:
        if how.startswith("broken"):
            bench.store.break_lease("dev")
        else:
            bench.clock.advance(LEASE)
        if how.endswith("used"):
            bench.store.release(bench.fence(holder="b"))
        bench.clock.advance(LEASE * 0.6)
        with pytest.raises(Conflict) as caught, held.writing():
            pass
        assert caught.value.code == "store.fenced-out"
    assert bench.fence(holder="c").holder == "c"


def test_an_environment_in_other_hands_stays_there(bench: Bench) -> None:
    with hold_fence(bench.store, "dev", holder="a", lease_seconds=LEASE, clock=bench.clock) as held:
        bench.clock.advance(LEASE)
        theirs = bench.fence(holder="b")
        with pytest.raises(Conflict) as caught, held.writing():
            pass
        assert caught.value.code == "store.writer-active"
    assert bench.create(fence=theirs).generation == theirs.generation


@pytest.mark.parametrize(("lease", "waits", "is_taken"), [(30.0, 0.0, False), (30.0, 20.0, False), (30.0, 31.0, True), (5.0, 60.0, True)])
def test_waiting_for_another_run_is_bounded(bench: Bench, lease: float, waits: float, is_taken: object) -> None:
    bench.store.acquire("dev", holder="other", lease_seconds=lease)
    started = bench.clock.monotonic()
    if is_taken:
        with hold_fence(bench.store, "dev", holder="a", lease_seconds=LEASE, clock=bench.clock, wait_seconds=waits):
            assert lease <= bench.clock.monotonic() - started <= lease + 1
        return
    with (
        pytest.raises(Conflict, match="other"),
        hold_fence(bench.store, "dev", holder="a", lease_seconds=LEASE, clock=bench.clock, wait_seconds=waits),
    ):
        pass
    assert bench.clock.monotonic() - started == pytest.approx(waits)


def test_a_refresh_never_happens_under_a_write_in_flight(bench: Bench) -> None:
    started, finish, failures = threading.Event(), threading.Event(), list[Exception]()
    with hold_fence(bench.store, "dev", holder="a", lease_seconds=LEASE, clock=bench.clock) as held:

        def slow_write() -> None:
            with held.writing() as fence:
                started.set()
                finish.wait(10)
                try:
                    bench.create(make_desired(path="slow"), fence=fence, name="slow")
                except Conflict as error:
                    failures.append(error)

        def quick_write() -> None:
            with held.writing() as fence:
                bench.create(make_desired(path="quick"), fence=fence, name="quick")

        slow, quick = threading.Thread(target=slow_write), threading.Thread(target=quick_write)
        slow.start()
        started.wait(10)
        bench.clock.advance(LEASE * 0.6)
        quick.start()
        finish.set()
        slow.join(10)
        quick.join(10)
    assert failures == []
    assert [record.ref.path for record in bench.all_records()] == ["quick", "slow"]


@pytest.mark.parametrize("fault", ["throttle", "drop-before", "drop-after"])
def test_a_store_that_is_away_for_a_moment_does_not_end_the_run(bench: Bench, fault: Fault) -> None:
    store = FaultyStore(bench.store, Schedule(by_name={"acquire": [fault, fault]}))
    retrier = Retrier(clock=bench.clock, entropy=bench.entropy, deadline_seconds=LEASE)
    with hold_fence(store, "dev", holder="a", lease_seconds=LEASE, clock=bench.clock, retrier=retrier) as held, held.writing() as fence:
        bench.create(make_desired(), fence=fence)
    assert store.schedule.count("acquire") == 3
    assert bench.fence(holder="b").generation > held.generation


def test_a_store_that_stays_away_ends_the_run_at_its_deadline(bench: Bench) -> None:
    store = FaultyStore(bench.store, Schedule(share=1.0))
    retrier = Retrier(clock=bench.clock, entropy=bench.entropy, deadline_seconds=LEASE)
    with (
        pytest.raises(ProviderUnavailable, match=r"provision\.deadline"),
        hold_fence(store, "dev", holder="a", lease_seconds=LEASE, clock=bench.clock, retrier=retrier),
    ):
        pytest.fail("nobody gave it")
