"""One apply from desired containers to receipt, as the use-case does it: observe, plan, hold the fence, execute."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests.builders import FakeClock, FakeEntropy
from tests.faults import FaultyStore, Schedule
from tests.stores import LEASE_SECONDS, Bench, make_desired

from goldenpath.model.plan import Plan
from goldenpath.model.receipt import ApplyReceipt, StepReceipt
from goldenpath.model.store import DesiredSecret
from goldenpath.plan.planner import make_plan
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.journal import Journal
from goldenpath.ports.pace import UNPACED, Pace
from goldenpath.ports.store import Store
from goldenpath.providers.local.opening import open_journal, open_local_store
from goldenpath.providers.paced import PacedStore
from goldenpath.provision.executor import ExecutionLimits, execute
from goldenpath.provision.fence import hold_fence
from goldenpath.provision.observe import Observation, observe
from goldenpath.provision.retry import Retrier

COMMIT = "c" * 40


def many(count: int) -> list[DesiredSecret]:
    return [make_desired(f"SEC-{number:04d}", path=f"goldenpath/svc/dev/n{number:04d}") for number in range(1, count + 1)]


@dataclass
class ApplyRig:
    """A store, a journal, time and chance, a schedule of faults in front of the store, and a pace in front of both."""

    store: Store
    journal: Journal
    clock: Clock
    entropy: Entropy
    schedule: Schedule = field(default_factory=Schedule)
    holder: str = "run-1"
    progress: list[StepReceipt] = field(default_factory=list)
    pace: Pace = UNPACED

    @property
    def faulty(self) -> Store:
        return PacedStore(FaultyStore(self.store, self.schedule), self.pace)

    def observe(self, desired: Iterable[DesiredSecret], *, now: datetime | None = None) -> Observation:
        retrier = Retrier(clock=self.clock, entropy=self.entropy, deadline_seconds=3600)
        return observe(self.faulty, "dev", desired, retrier=retrier, now=now)

    def plan(self, desired: list[DesiredSecret], *, commit: str = COMMIT, now: datetime | None = None) -> Plan:
        seen = self.observe(desired, now=now)
        return make_plan(
            environment="dev",
            commit=commit,
            account=seen.account,
            desired=desired,
            observed=seen.records,
            now=self.clock.now(),
            ttl_seconds=3600,
        )

    def execute(
        self,
        plan: Plan,
        *,
        accept_drift: frozenset[str] = frozenset(),
        limits: ExecutionLimits | None = None,
    ) -> ApplyReceipt:
        retrier = Retrier(clock=self.clock, entropy=self.entropy, deadline_seconds=3600)
        with hold_fence(self.faulty, "dev", holder=self.holder, lease_seconds=LEASE_SECONDS, clock=self.clock, retrier=retrier) as fence:
            return execute(
                plan,
                store=self.faulty,
                fence=fence,
                journal=self.journal,
                clock=self.clock,
                entropy=self.entropy,
                correlation_id=self.holder,
                accept_drift=accept_drift,
                progress=self.progress.append,
                limits=limits,
            )

    def apply(self, desired: list[DesiredSecret], *, commit: str = COMMIT, **options: object) -> ApplyReceipt:
        return self.execute(self.plan(desired, commit=commit), **options)  # type: ignore[arg-type]

    def bench(self) -> Bench:
        assert isinstance(self.clock, FakeClock)
        return Bench(store=self.store, clock=self.clock)


def open_rig(folder: Path, schedule: Schedule | None = None, *, entropy_seed: int = 0, clock: Clock | None = None) -> ApplyRig:
    """A rig on the embedded store in ``folder``; opened twice it is two runs on one machine."""
    clock, entropy = clock or FakeClock(), FakeEntropy(entropy_seed)
    store = open_local_store(folder, "file", name="store", clock=clock, entropy=entropy)
    return ApplyRig(store=store, journal=open_journal(folder), clock=clock, entropy=entropy, schedule=schedule or Schedule())


def outcomes(receipt: ApplyReceipt) -> dict[str, tuple[str, str]]:
    return {step.request_id: (step.outcome, step.code) for step in receipt.steps}
