"""Restarts workloads one after the other, or a few at a time, and waits for each; the first that fails ends the run.

Nothing is undone: a rollout that fails leaves its old pods in place, which is Kubernetes' own way of being careful. What was not started
is named, and a second run goes on with it. Disruption budgets and rollout strategies are the cluster's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from goldenpath.delivery.restart_plan import PlannedRestart, is_restarted_for, restart_patch
from goldenpath.delivery.rollout_status import RESTARTABLE, rollout_state, why_not_restartable
from goldenpath.errors import AuditUnavailable, Conflict, GoldenpathError, ProviderUnavailable
from goldenpath.model.base import Record
from goldenpath.model.cluster import ClusterObject, ObjectRef
from goldenpath.model.instant import to_text
from goldenpath.ports.clock import Clock
from goldenpath.ports.cluster import ClusterProbe, ClusterReader, ClusterWriter

POLL_SECONDS: Final = 2.0
_MOST_RACES: Final = 5
"""How often a workload that changes under our hands is looked at again before it is restarted."""

RestartOutcome = Literal["restarted", "already", "failed", "timeout", "not-started"]


class RolloutCluster(ClusterReader, ClusterWriter, ClusterProbe, Protocol):
    """The powers that a rollout needs; no value is among them."""


class RolloutLimits(Record, frozen=True, kw_only=True):
    """How many workloads restart at the same time, and how long one may take."""

    at_once: int = 1
    timeout_seconds: float = 600.0


class RestartResult(Record, frozen=True, kw_only=True):
    """What became of one workload. ``already``: it had been restarted for this, and came through. ``code`` is empty when all is well."""

    workload: ObjectRef
    outcome: RestartOutcome
    request_ids: tuple[str, ...]
    code: str = ""
    message: str = ""
    seconds: float = 0.0

    @property
    def is_done(self) -> bool:
        """True when its pods see the newest versions."""
        return self.outcome in {"restarted", "already"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutHooks:
    """What the caller does on the way.

    ``may_start`` is called before each restart: an error of ours that it raises ends the run there. ``before`` is called right before the
    change; what it raises keeps the workload as it is. ``after`` hears the result of each workload that ``before`` was called for.
    """

    may_start: Callable[[], None]
    before: Callable[[PlannedRestart], None]
    after: Callable[[RestartResult], None]
    progress: Callable[[str], None] = lambda _message: None


@dataclass(slots=True, kw_only=True)
class _InFlight:
    planned: PlannedRestart
    uid: str
    started: float
    deadline: float
    was_patched: bool
    shown: str = ""


class Rollout:
    """One run over the planned restarts of one cluster.

    Args:
        cluster: Where the workloads are.
        clock: For deadlines; only monotonic time counts.
        limits: See :class:`RolloutLimits`.
        hooks: See :class:`RolloutHooks`.
    """

    def __init__(self, cluster: RolloutCluster, *, clock: Clock, limits: RolloutLimits, hooks: RolloutHooks) -> None:
        self._cluster = cluster
        self._clock = clock
        self._limits = limits
        self._hooks = hooks
        self._stop: tuple[str, str] | None = None

    def run(self, planned: Sequence[PlannedRestart]) -> Iterator[RestartResult]:
        """Yield how each of ``planned`` ended, in the order in which they do; those that were not started come last."""
        # what an earlier run began comes first: until it is through, nothing new is begun
        waiting = deque(sorted((each for each in planned if each.action in {"restart", "await"}), key=lambda each: each.action))
        flying: list[_InFlight] = []
        while (waiting and self._stop is None) or flying:
            while waiting and self._stop is None and len(flying) < self._limits.at_once:
                yield from self._take_off(waiting, flying)
            yield from self._land(flying)
            if flying:
                self._clock.sleep(POLL_SECONDS)
        code, message = self._stop or ("", "")
        yield from (self._result(each, "not-started", code=code, message=message) for each in waiting)

    def _take_off(self, waiting: deque[PlannedRestart], flying: list[_InFlight]) -> Iterator[RestartResult]:
        planned = waiting[0]
        try:
            if planned.action == "restart":
                self._hooks.may_start()
        except GoldenpathError as error:
            self._stop = (error.code, error.message)
            return
        waiting.popleft()
        try:
            found, was_patched = self._restart(planned)
        except AuditUnavailable:
            raise
        except GoldenpathError as error:
            yield self._ended(planned, "failed", code=error.code, message=error.message)
            return
        now = self._clock.monotonic()
        flying.append(
            _InFlight(
                planned=planned, uid=found.meta.uid, started=now, deadline=now + self._limits.timeout_seconds, was_patched=was_patched
            )
        )

    def _restart(self, planned: PlannedRestart) -> tuple[ClusterObject, bool]:
        """Change the pod template of the workload as it is now, unless it carries the same change already."""
        kind, ref = RESTARTABLE[planned.workload.kind], planned.workload
        is_recorded = False
        for attempt in range(_MOST_RACES):
            found = self._cluster.get(kind, ref.name, namespace=ref.namespace)
            refusal = why_not_restartable(ref.kind, found)
            if refusal or found is None:
                raise Conflict("rollout.not-restartable", refusal, subject=str(ref))
            if is_restarted_for(found, planned.changes):
                return found, False
            if planned.action == "await":
                raise Conflict("rollout.superseded", "it was restarted for this, and its template was replaced since", subject=str(ref))
            if not is_recorded:
                self._hooks.before(planned)
                is_recorded = True
            patch = restart_patch(found, planned.changes, at=to_text(self._cluster.now()))
            try:
                version = found.meta.resource_version
                return self._cluster.patch(kind, ref.name, patch, namespace=ref.namespace, resource_version=version), True
            except Conflict as error:
                if error.code != "cluster.object-changed" or attempt + 1 == _MOST_RACES:
                    raise
        raise Conflict("cluster.object-changed", "it changes faster than it can be restarted", subject=str(ref))

    def _land(self, flying: list[_InFlight]) -> Iterator[RestartResult]:
        for flight in tuple(flying):
            ended = self._look(flight)
            if ended is not None:
                flying.remove(flight)
                yield ended

    def _look(self, flight: _InFlight) -> RestartResult | None:
        planned, ref = flight.planned, flight.planned.workload
        seconds = self._clock.monotonic() - flight.started
        is_over = self._clock.monotonic() >= flight.deadline
        try:
            found = self._cluster.get(RESTARTABLE[ref.kind], ref.name, namespace=ref.namespace)
        except ProviderUnavailable as error:
            self._hooks.progress(f"the cluster does not answer ({error.code}); looking again")
            return self._timed_out(flight, "the cluster did not answer") if is_over else None
        if found is None or found.meta.uid != flight.uid:
            return self._ended(planned, "failed", code="rollout.gone", message="it was deleted meanwhile", seconds=seconds)
        state = rollout_state(found)
        if state.progress == "done":
            return self._ended(planned, "restarted" if flight.was_patched else "already", seconds=seconds)
        if state.progress == "failed":
            return self._ended(planned, "failed", code="rollout.failed", message=state.text, seconds=seconds)
        if is_over:
            return self._timed_out(flight, state.text)
        if state.text != flight.shown:
            flight.shown = state.text
            self._hooks.progress(f"{ref}: {state.text}, at most {flight.deadline - self._clock.monotonic():.0f} s left")
        return None

    def _timed_out(self, flight: _InFlight, text: str) -> RestartResult:
        seconds = self._clock.monotonic() - flight.started
        message = f"after {seconds:.0f} s: {text}"
        return self._ended(flight.planned, "timeout", code="rollout.timeout", message=message, seconds=seconds)

    def _ended(
        self, planned: PlannedRestart, outcome: RestartOutcome, *, code: str = "", message: str = "", seconds: float = 0.0
    ) -> RestartResult:
        result = self._result(planned, outcome, code=code, message=message, seconds=seconds)
        if not result.is_done and self._stop is None:
            self._stop = ("rollout.stopped", f"{planned.workload} did not come through, so nothing further was restarted")
        self._hooks.after(result)
        return result

    @staticmethod
    def _result(
        planned: PlannedRestart, outcome: RestartOutcome, *, code: str = "", message: str = "", seconds: float = 0.0
    ) -> RestartResult:
        return RestartResult(
            workload=planned.workload,
            outcome=outcome,
            request_ids=planned.request_ids,
            code=code,
            message=message,
            seconds=round(seconds, 3),
        )
