"""Two runners on one account, three calls in ten throttled: both end, below the pace, and not in step (CASE 51, R22)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from tests.apply_rig import ApplyRig, many
from tests.builders import SeededEntropy
from tests.faults import MUTATING, Fault, Schedule
from tests.virtual_time import VirtualClock

from goldenpath.model.receipt import ApplyReceipt
from goldenpath.providers.local.opening import open_journal
from goldenpath.providers.local.shared_pace import SharedBuckets
from goldenpath.providers.pacing import AdaptivePace
from goldenpath.providers.registry import StoreOptions, open_store
from goldenpath.provision.executor import ExecutionLimits
from goldenpath.provision.retry import BASE_SECONDS

ITEMS = 200
WRITES_PER_SECOND = 20.0
PLENTY = ExecutionLimits(deadline_seconds=7200)


class TimedSchedule(Schedule):
    """Remembers when each call was sent."""

    def __init__(self, clock: VirtualClock, *, seed: int) -> None:
        super().__init__(share=0.3, seed=seed)
        self._clock = clock
        self.sent: list[tuple[float, str]] = []

    def next(self, name: str) -> Fault | None:
        self.sent.append((self._clock.monotonic(), name))
        return super().next(name)

    @property
    def writes(self) -> list[float]:
        return [moment for moment, name in self.sent if name in MUTATING]


def runner(folder: Path, clock: VirtualClock, *, seed: int) -> ApplyRig:
    """One runner with a store of its own, in an account that it shares through the machine's state folder."""
    entropy = SeededEntropy(seed)
    store = open_store("memory", StoreOptions(directory=folder, key_source="file", clock=clock, entropy=entropy))
    pace = AdaptivePace(
        {"write": WRITES_PER_SECOND, "read": 200.0}, account="shared", buckets=SharedBuckets(folder / "machine"), clock=clock
    )
    return ApplyRig(
        store=store,
        journal=open_journal(folder / f"runner-{seed}"),
        clock=clock,
        entropy=entropy,
        schedule=TimedSchedule(clock, seed=seed),
        pace=pace,
    )


def schedule_of(rig: ApplyRig) -> TimedSchedule:
    assert isinstance(rig.schedule, TimedSchedule)
    return rig.schedule


def draws_of(rig: ApplyRig) -> list[float]:
    assert isinstance(rig.entropy, SeededEntropy)
    return rig.entropy.drawn


def apply_both(rigs: list[ApplyRig], clock: VirtualClock, limits: ExecutionLimits) -> list[ApplyReceipt]:
    return clock.run([lambda rig=rig: rig.apply(many(ITEMS), limits=limits) for rig in rigs])  # type: ignore[misc]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def rigs(tmp_path: Path, clock: VirtualClock) -> list[ApplyRig]:
    return [runner(tmp_path, clock, seed=seed) for seed in (1, 2)]


def records_of(rig: ApplyRig) -> list[str]:
    return [record.ref.path for record in rig.store.list_records("dev")]


def test_two_runners_complete_below_the_pace_that_they_share(rigs: list[ApplyRig], clock: VirtualClock) -> None:
    receipts = apply_both(rigs, clock, PLENTY)
    assert all(receipt.is_complete for receipt in receipts)
    assert [len(records_of(rig)) for rig in rigs] == [ITEMS, ITEMS]
    writes = sorted(moment for rig in rigs for moment in schedule_of(rig).writes)
    assert len(writes) == sum(receipt.mutating_calls for receipt in receipts) > 2 * ITEMS * 1.2, "throttled calls count too"
    assert min(later - earlier for earlier, later in pairwise(writes)) >= 1 / WRITES_PER_SECOND - 1e-4
    assert all(len(set(rig.schedule.tokens)) == ITEMS for rig in rigs), "the same token on all tries"


def test_retries_of_two_runners_are_not_synchronised(rigs: list[ApplyRig], clock: VirtualClock) -> None:
    apply_both(rigs, clock, PLENTY)
    first, second = (draws_of(rig) for rig in rigs)
    assert set(first).isdisjoint(second)
    for draws in (first, second):
        assert len(draws) > 50
        assert min(draws) < 0.1, "full jitter: from nothing"
        assert max(draws) > 0.9, "to the whole pause"
        assert 0.4 < sum(draws) / len(draws) < 0.6
    sent = [{moment for moment, _ in schedule_of(rig).sent} for rig in rigs]
    shared = len(sent[0] & sent[1]) / len(sent[0])
    assert shared < 0.05, "they do not call at the same moments"
    assert BASE_SECONDS > 1 / WRITES_PER_SECOND, "a back-off is longer than a turn, so it does spread calls"


def test_runners_out_of_time_are_incomplete_and_a_rerun_completes(rigs: list[ApplyRig], clock: VirtualClock) -> None:
    receipts = apply_both(rigs, clock, ExecutionLimits(deadline_seconds=20))
    done_before = [records_of(rig) for rig in rigs]
    for receipt, done in zip(receipts, done_before, strict=True):
        assert not receipt.is_complete
        assert 0 < len(done) < ITEMS
        assert {step.code for step in receipt.steps if step.outcome == "failed"} == {"provision.deadline"}
        assert sum(step.outcome == "done" for step in receipt.steps) == len(done)
    versions = [{record.ref.path: record.container for record in rig.store.list_records("dev")} for rig in rigs]
    again = apply_both(rigs, clock, PLENTY)
    assert all(receipt.is_complete for receipt in again)
    for rig, before in zip(rigs, versions, strict=True):
        after = {record.ref.path: record.container for record in rig.store.list_records("dev")}
        assert len(after) == ITEMS
        assert {path: after[path] for path in before} == before, "what was done is not done again"
        assert list(rig.journal.unfinished("dev")) == []
