"""Restart what uses changed Secrets, on request only: shown first, each workload once, inside the change window, on record (R46, R50, R59).

The plan is made anew right before the first restart. What somebody agreed to is the most that is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from goldenpath.app.cluster_selection import Selected, Selection, select
from goldenpath.app.consumers import is_immutable, require_chosen, secret_meta, view_of
from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.restart_records import ACTION, RestartRecords
from goldenpath.app.services import Services
from goldenpath.delivery.change_windows import closing, is_open, next_opening
from goldenpath.delivery.consumers import READ_LEEWAY, data_changed_at
from goldenpath.delivery.restart_plan import PlannedRestart, SecretChange, plan_restarts
from goldenpath.delivery.rollout import RestartResult, Rollout, RolloutHooks, RolloutLimits
from goldenpath.errors import Conflict, InvalidIntent, PolicyBlocked
from goldenpath.model.audit import Target
from goldenpath.model.cluster import ClusterAccess
from goldenpath.model.instant import from_text, to_text
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.naming import store_ref
from goldenpath.model.request import SecretRequest
from goldenpath.model.rollout_settings import ChangeWindow
from goldenpath.model.store import StoreRecord, VersionInfo
from goldenpath.ports.cluster import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutOrder:
    """What is wanted. ``limits`` of None are the settings'. ``is_outside_window`` goes past a closed window, for ``reason``."""

    selection: Selection
    access: ClusterAccess
    limits: RolloutLimits | None = None
    is_outside_window: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowState:
    """Whether the environment may be changed now. ``opens_at`` is when it may next, ``closes_at`` until when; empty where neither ends."""

    is_open: bool
    opens_at: str = ""
    closes_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlan:
    """Every workload that uses one of the Secrets, and what would be done about it."""

    commit: str
    environment: str
    request_ids: tuple[str, ...]
    window: WindowState
    rows: tuple[PlannedRestart, ...]

    @property
    def work(self) -> tuple[PlannedRestart, ...]:
        """What would be restarted, or waited for."""
        return tuple(row for row in self.rows if row.action in {"restart", "await"})

    @property
    def refused(self) -> tuple[PlannedRestart, ...]:
        """What holds an older version and is not restarted."""
        return tuple(row for row in self.rows if row.action == "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutReport:
    """What was done. ``results`` are those of the plan's work."""

    plan: RolloutPlan
    results: tuple[RestartResult, ...] = ()

    @property
    def unfinished(self) -> tuple[RestartResult, ...]:
        """What should have been restarted and has not come through."""
        return tuple(result for result in self.results if not result.is_done)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """One order, looked up: which requests, in which environment, and its windows."""

    services: Services
    order: RolloutOrder
    selected: Selected
    environment: str
    requests: tuple[SecretRequest, ...]
    cluster: Cluster

    @property
    def windows(self) -> tuple[ChangeWindow, ...]:
        """The environment's windows; none for one that may be changed at any time."""
        return self.selected.governance.settings.rollout.windows.get(self.environment, ())

    @property
    def limits(self) -> RolloutLimits:
        """How many at once, and how long each."""
        settings = self.selected.governance.settings.rollout
        return self.order.limits or RolloutLimits(at_once=settings.at_once, timeout_seconds=settings.timeout_seconds)

    def require_window(self) -> None:
        """Refuse while the environment may not be changed, unless that was asked for with a reason.

        Raises:
            PolicyBlocked: ``rollout.outside-window``.
        """
        now = self.services.clock.now()
        if self.order.is_outside_window or is_open(self.windows, now):
            return
        raise PolicyBlocked(
            "rollout.outside-window",
            f"workloads in {self.environment} are restarted in its change windows only; the next one opens at "
            f"{to_text(next_opening(self.windows, now))}",
            subject=self.environment,
            hint="run it again then, or pass --outside-window with --reason, which is recorded",
        )


def plan_rollout(services: Services, order: RolloutOrder) -> RolloutPlan:
    """Return what would be restarted and why; changes nothing.

    Raises:
        InvalidIntent: ``rollout.several-environments``.
        NotFound: ``request.unknown``.
        GoldenpathError: whatever the store and the cluster raise.
    """
    return _plan(_open(services, order))


def roll_out(services: Services, order: RolloutOrder, *, seen: RolloutPlan | None = None) -> RolloutReport:
    """Restart what needs it and wait for each; the first that fails ends the run. ``seen`` is what somebody agreed to.

    Raises:
        PolicyBlocked: ``rollout.outside-window``; nothing was restarted.
        Conflict: ``rollout.not-seen``; nothing was restarted.
        AuditUnavailable: nothing is restarted without a record.
        GoldenpathError: as :func:`plan_rollout`.
    """
    with refusals_recorded(services, ACTION, target=_asked_for(order)):
        bench = _open(services, order)
        plan = _plan(bench)
        if not plan.work:
            return RolloutReport(plan=plan)
        if any(row.action == "restart" for row in plan.work):
            bench.require_window()
        _require_seen(plan, seen)
    records = RestartRecords(
        services,
        environment=bench.environment,
        requests=bench.requests,
        commit=plan.commit,
        reason=order.reason,
        is_past_window=lambda: not is_open(bench.windows, services.clock.now()),
    )
    with records:
        rollout = Rollout(
            bench.cluster,
            clock=services.clock,
            limits=bench.limits,
            hooks=RolloutHooks(may_start=bench.require_window, before=records.begin, after=records.end, progress=services.progress),
        )
        results = []
        for result in rollout.run(plan.work):
            results.append(result)
            services.progress(f"{len(results)} of {len(plan.work)}: {result.workload} {result.outcome}")
    return RolloutReport(plan=plan, results=tuple(sorted(results, key=lambda result: result.workload)))


def _open(services: Services, order: RolloutOrder) -> _Bench:
    selected = select(services, order.selection)
    environments = sorted({request.environment for request in selected.chosen})
    if len(environments) > 1:
        raise InvalidIntent(
            "rollout.several-environments",
            f"these requests are in {', '.join(environments)}; one run restarts workloads in one environment",
            subject=environments[0],
            hint="run it once for each: --environment dev",
        )
    requests = tuple(request for request in selected.chosen if request.spec.lifecycle.status in PROJECTED_STATES)
    require_chosen(requests, what=f"in use and fits {order.selection.text}")
    return _Bench(
        services=services,
        order=order,
        selected=selected,
        environment=environments[0],
        requests=tuple(sorted(requests, key=lambda request: request.id)),
        cluster=services.cluster(environments[0], order.access),
    )


def _plan(bench: _Bench) -> RolloutPlan:
    now = bench.services.clock.now()
    until = closing(bench.windows, now)
    changes = [change for request in bench.requests if (change := _change(bench, request)) is not None]
    rows: list[PlannedRestart] = []
    for namespace in sorted({change.namespace for change in changes}):
        bench.services.progress(f"{bench.environment}: looking at {namespace}")
        mine = [change for change in changes if change.namespace == namespace]
        rows += plan_restarts(view_of(bench.cluster, namespace), mine)
    return RolloutPlan(
        commit=bench.selected.governance.commit,
        environment=bench.environment,
        request_ids=tuple(request.id for request in bench.requests),
        window=WindowState(
            is_open=is_open(bench.windows, now),
            opens_at=to_text(next_opening(bench.windows, now)) if not is_open(bench.windows, now) else "",
            closes_at="" if until is None else to_text(until),
        ),
        rows=tuple(sorted(rows, key=lambda row: row.workload)),
    )


def _change(bench: _Bench, request: SecretRequest) -> SecretChange | None:
    """Return the Secret of a request as it is in the cluster; None when it is not there, so that nobody can use it."""
    meta = secret_meta(bench.cluster, request)
    if meta is None:
        bench.services.progress(f"{request.id}: its Secret is not in the cluster")
        return None
    ref = store_ref(request, prefix=bench.selected.governance.settings.naming.prefix)
    record = bench.services.store(ref.environment, ref.provider).describe(ref)
    version = None if record is None or record.request_id != request.id else record.version_at("current")
    changed_at = data_changed_at(meta)
    return SecretChange(
        request_id=request.id,
        namespace=meta.namespace,
        secret=meta.name,
        version_id="" if version is None else version.id,
        changed_at=changed_at,
        is_late=version is not None and record is not None and _is_late(bench, record, version, changed_at),
        is_immutable=is_immutable(bench.cluster, request),
    )


def _is_late(bench: _Bench, record: StoreRecord, version: VersionInfo, changed_at: str) -> bool:
    """Say whether the store got its value after the Secret changed last, so that the Secret cannot hold it.

    Both are told by different clocks; how far the cluster's is from ours is asked, and the store's is taken to be ours.
    """
    born = _value_since(record, version)
    if not born or not changed_at:
        return False
    ahead: timedelta = bench.cluster.now() - bench.services.clock.now()
    return from_text(changed_at) + READ_LEEWAY < from_text(born) + ahead


def _value_since(record: StoreRecord, version: VersionInfo) -> str:
    """Return since when the store has the current value: a new version of the same value changes nothing in the cluster."""
    previous = record.version_at("previous")
    is_same = previous is not None and bool(version.fingerprint) and previous.fingerprint == version.fingerprint
    return previous.created_at if is_same and previous is not None else version.created_at


def _require_seen(plan: RolloutPlan, seen: RolloutPlan | None) -> None:
    """Refuse to restart more than was shown and agreed to."""
    if seen is None:
        return
    shown = {row.workload for row in seen.work}
    news = [str(row.workload) for row in plan.work if row.workload not in shown]
    if news:
        raise Conflict(
            "rollout.not-seen",
            f"{', '.join(news)} would be restarted too, and was not shown",
            subject=plan.environment,
            hint="something changed meanwhile; run it again and look at the new plan",
        )


def _asked_for(order: RolloutOrder) -> Target:
    return Target(
        intent_id=",".join(order.selection.ids), service=order.selection.service, environment=",".join(order.selection.environments)
    )
