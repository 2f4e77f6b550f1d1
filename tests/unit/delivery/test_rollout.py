"""A rollout restarts what was planned, waits for it, stops at the first that fails, and goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.cluster_fake import FakeCluster
from tests.standins.workloads import StandInWorkloads, WaitingClock, add_workload, change_spec, template_annotations
from tests.unit.delivery.pods import env_spec

from goldenpath.app.consumers import view_of
from goldenpath.delivery.restart_plan import RESTARTED_AT, PlannedRestart, SecretChange, plan_restarts
from goldenpath.delivery.rollout import RestartResult, Rollout, RolloutHooks, RolloutLimits
from goldenpath.errors import AccessDenied, AuditUnavailable, Conflict, GoldenpathError, PolicyBlocked, ProviderUnavailable
from goldenpath.model.cluster import DAEMON_SET, DEPLOYMENT, STATEFUL_SET, ClusterObject, Kind
from goldenpath.model.instant import to_text

NAMES = ("a", "b", "c", "d")


@dataclass
class Rig:
    """Workloads that run with the old version, and everything that the hooks were told."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    controller: StandInWorkloads = field(default_factory=StandInWorkloads)
    limits: RolloutLimits = field(default_factory=lambda: RolloutLimits(timeout_seconds=60))
    told: list[str] = field(default_factory=list)
    may_start: Callable[[], None] = lambda: None
    before: Callable[[PlannedRestart], None] = lambda _planned: None
    change: SecretChange | None = None

    def start(self, *names: str, kind: Kind = DEPLOYMENT, **spec: Any) -> Rig:
        self.cluster.namespace("payments")
        for name in names:
            add_workload(self.cluster, name, env_spec("db"), kind=kind, **spec)
        self.controller.settle(self.cluster)
        self.cluster.controllers.append(self.controller)
        self.cluster.clock.advance(60)
        self.change = SecretChange(
            request_id="SEC-0007", namespace="payments", secret="db", version_id="v2", changed_at=to_text(self.cluster.clock.now())
        )
        self.cluster.clock.advance(60)
        return self

    def plan(self) -> tuple[PlannedRestart, ...]:
        assert self.change is not None
        return plan_restarts(view_of(self.cluster, "payments"), [self.change])

    def run(self, planned: tuple[PlannedRestart, ...] | None = None) -> dict[str, RestartResult]:
        def before(planned: PlannedRestart) -> None:
            self.told.append(f"before {planned.workload.name}")
            self.before(planned)

        rollout = Rollout(
            self.cluster,
            clock=WaitingClock(self.cluster),
            limits=self.limits,
            hooks=RolloutHooks(
                may_start=self.may_start,
                before=before,
                after=lambda result: self.told.append(f"after {result.workload.name} {result.outcome}"),
            ),
        )
        return {result.workload.name: result for result in rollout.run(self.plan() if planned is None else planned)}

    def outcomes(self) -> dict[str, str]:
        return {name: result.outcome for name, result in self.run().items()}

    def found(self, name: str, kind: Kind = DEPLOYMENT) -> ClusterObject:
        found = self.cluster.get(kind, name, namespace="payments")
        assert found is not None
        return found

    def restarted(self) -> set[str]:
        return {
            name for name in NAMES if (found := self.cluster.get(DEPLOYMENT, name, namespace="payments")) and template_annotations(found)
        }


@pytest.mark.parametrize("kind", [DEPLOYMENT, STATEFUL_SET, DAEMON_SET])
def test_every_kind_comes_through_and_needs_nothing_afterwards(kind: Kind) -> None:
    rig = Rig().start("a", kind=kind)
    assert rig.outcomes() == {"a": "restarted"}
    assert RESTARTED_AT in template_annotations(rig.found("a", kind))
    assert [row.action for row in rig.plan()] == ["none"]
    assert rig.outcomes() == {}


def test_one_at_a_time_unless_more_are_asked_for() -> None:
    for at_once in (1, 3):
        rig = Rig(limits=RolloutLimits(at_once=at_once, timeout_seconds=60)).start(*NAMES)
        rig.controller.most_at_once = 0
        assert set(rig.outcomes().values()) == {"restarted"}
        assert rig.controller.most_at_once == at_once
        assert rig.told[:2] == ["before a", "after a restarted"] if at_once == 1 else ["before a", "before b"]


def test_the_first_that_fails_ends_the_run_and_the_next_run_goes_on() -> None:
    rig = Rig().start(*NAMES)
    rig.controller.broken.add("b")
    results = rig.run()
    assert {name: result.outcome for name, result in results.items()} == {
        "a": "restarted",
        "b": "timeout",
        "c": "not-started",
        "d": "not-started",
    }
    assert (results["b"].code, results["c"].code) == ("rollout.timeout", "rollout.stopped")
    assert "1 of 2 pods are new" in results["b"].message
    assert rig.restarted() == {"a", "b"}
    rig.controller.broken.clear()
    rig.told.clear()
    first = template_annotations(rig.found("b"))
    assert rig.outcomes() == {"b": "already", "c": "restarted", "d": "restarted"}
    assert template_annotations(rig.found("b")) == first, "nobody is restarted twice for one change"
    assert [line for line in rig.told if line.startswith("before")] == ["before c", "before d"]


def test_those_in_flight_are_waited_for_when_one_fails() -> None:
    rig = Rig(limits=RolloutLimits(at_once=2, timeout_seconds=60)).start(*NAMES)
    rig.cluster.controllers.insert(0, _deadline_of("a"))
    rig.controller.stuck.add("a")
    assert rig.outcomes() == {"a": "failed", "b": "restarted", "c": "not-started", "d": "not-started"}


def _deadline_of(name: str) -> Callable[[FakeCluster], None]:
    """Kubernetes gives up on a Deployment."""

    def give_up(cluster: FakeCluster) -> None:
        found = cluster.get(DEPLOYMENT, name, namespace="payments")
        assert found is not None
        condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
        cluster.set_status(found.ref, {**found.status, "observedGeneration": found.meta.generation, "conditions": [condition]})

    return give_up


def test_a_rollout_of_which_kubernetes_despairs_has_failed() -> None:
    rig = Rig().start("a")
    rig.controller.stuck.add("a")
    rig.cluster.controllers.insert(0, _deadline_of("a"))
    result = rig.run()["a"]
    assert (result.outcome, result.code) == ("failed", "rollout.failed")
    assert result.seconds < 60


@pytest.mark.parametrize(("spec", "word"), [({"paused": True}, "paused")])
def test_what_changed_since_the_plan_is_judged_again_right_before(spec: dict[str, Any], word: str) -> None:
    rig = Rig().start("a")
    planned = rig.plan()
    change_spec(rig.cluster, rig.found("a"), **spec)
    result = rig.run(planned)["a"]
    assert (result.outcome, result.code) == ("failed", "rollout.not-restartable")
    assert word in result.message
    assert rig.told == ["after a failed"], "nothing was begun, so nothing is on record as begun"


def test_a_workload_that_changes_under_our_hands_is_looked_at_again() -> None:
    rig = Rig().start("a")
    raced = Conflict("cluster.object-changed", "the object changed meanwhile")
    rig.cluster.faults = []
    planned = rig.plan()
    rig.cluster.faults = [None, raced, None, raced]
    assert rig.run(planned)["a"].outcome == "restarted"
    assert rig.told.count("before a") == 1


def test_a_workload_that_never_holds_still_is_left_alone() -> None:
    rig = Rig().start("a")
    planned = rig.plan()
    rig.cluster.faults = [None, Conflict("cluster.object-changed", "the object changed meanwhile")] * 5
    result = rig.run(planned)["a"]
    assert (result.outcome, result.code) == ("failed", "cluster.object-changed")
    assert rig.restarted() == set()


@pytest.mark.parametrize(
    "fault",
    [AccessDenied("cluster.forbidden", "these credentials may not patch deployments"), ProviderUnavailable("cluster.unavailable", "no")],
)
def test_a_refused_change_ends_the_run_with_its_own_code(fault: GoldenpathError) -> None:
    rig = Rig().start("a", "b")
    planned = rig.plan()
    rig.cluster.faults = [None, fault]
    results = rig.run(planned)
    assert (results["a"].outcome, results["a"].code, results["b"].outcome) == ("failed", fault.code, "not-started")
    assert rig.restarted() == set()
    assert rig.told == ["before a", "after a failed"]


def test_an_api_server_that_is_away_for_a_while_is_waited_for() -> None:
    rig = Rig().start("a")
    planned = rig.plan()
    away = ProviderUnavailable("cluster.unavailable", "no answer", retry_after_seconds=1)
    rig.cluster.faults = [None, None, away]
    assert rig.run(planned)["a"].outcome == "restarted"


def test_nothing_is_restarted_that_is_not_on_record() -> None:
    rig = Rig().start("a", "b")

    def refuse(_planned: PlannedRestart) -> None:
        raise AuditUnavailable("audit.unwritable", "the disk is full")

    rig.before = refuse
    with pytest.raises(AuditUnavailable):
        rig.run()
    assert rig.restarted() == set()


def test_a_window_that_closes_ends_the_run_before_the_next_restart() -> None:
    rig = Rig().start(*NAMES)
    open_for = iter([True, True, False])

    def may_start() -> None:
        if not next(open_for):
            raise PolicyBlocked("rollout.outside-window", "closed")

    rig.may_start = may_start
    results = rig.run()
    assert [result.outcome for result in results.values()] == ["restarted", "restarted", "not-started", "not-started"]
    assert {result.code for result in results.values() if not result.is_done} == {"rollout.outside-window"}


def test_a_workload_deleted_or_made_anew_meanwhile_is_not_taken_for_itself() -> None:
    for is_made_anew in (False, True):
        rig = Rig().start("a")
        rig.controller.stuck.add("a")
        rig.cluster.controllers.insert(0, _replace("a", is_made_anew=is_made_anew))
        result = rig.run()["a"]
        assert (result.outcome, result.code) == ("failed", "rollout.gone")


def _replace(name: str, *, is_made_anew: bool) -> Callable[[FakeCluster], None]:
    def replace(cluster: FakeCluster) -> None:
        found = cluster.get(DEPLOYMENT, name, namespace="payments")
        if found is not None:
            cluster.remove(found.ref)
        if is_made_anew:
            add_workload(cluster, name, env_spec("db"))

    return replace


def test_a_run_that_dies_at_any_call_is_finished_by_the_next_and_restarts_nobody_twice() -> None:
    calls = _calls_of_a_clean_run()
    assert calls > 10
    for dies_at in range(calls):
        rig = Rig().start("a", "b")
        planned = rig.plan()
        rig.cluster.faults = [*[None] * dies_at, Killed()]  # type: ignore[list-item]
        with pytest.raises(Killed):
            rig.run(planned)
        generations = {name: rig.found(name).meta.generation for name in ("a", "b")}
        rig.cluster.faults = []
        assert all(result.is_done for result in rig.run().values())
        assert [row.action for row in rig.plan()] == ["none", "none"]
        for name, generation in generations.items():
            assert rig.found(name).meta.generation == 2, (dies_at, name, generation)


class Killed(BaseException):
    """The process is gone."""


def _calls_of_a_clean_run() -> int:
    rig = Rig().start("a", "b")
    planned = rig.plan()
    before = len(rig.cluster.calls)
    assert set(rig.run(planned)) == {"a", "b"}
    return len(rig.cluster.calls) - before
