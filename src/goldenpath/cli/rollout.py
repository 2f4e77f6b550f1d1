"""``goldenpath rollout``: restart the workloads that use changed secrets, after a look at what that means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from goldenpath.cli.cluster_options import cluster_access, cluster_options
from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType, RequestIdType, SecondsType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.rollout import RolloutOrder, RolloutPlan, RolloutReport
    from goldenpath.delivery.restart_plan import PlannedRestart
    from goldenpath.delivery.rollout import RolloutLimits

_SIGNS: Final = {"restart": "~", "await": "…", "refused": "!", "none": "="}
_RESULT_SIGNS: Final = {"restarted": "✓", "already": "✓", "failed": "✗", "timeout": "✗", "not-started": "·"}
_COLUMNS: Final = ("", "WORKLOAD", "REQUESTS", "BEHIND", "OLDEST START", "ACTION", "WHY")
_RETRYABLE: Final = frozenset({"rollout.timeout", "cluster.unavailable", "cluster.throttled"})
_CLOSED: Final = "rollout.outside-window"
_STOPPED: Final = "rollout.stopped"


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=RequestIdType())
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Environment of --service.")
@click.option("--service", metavar="NAME", default="", help="Requests of this service.")
@click.option("--at-once", type=click.IntRange(1, 20), metavar="N", help="Restart so many at the same time. [default: the settings']")
@click.option("--wait-seconds", type=SecondsType(min=1, max=7200), metavar="SECONDS", help="Longest wait for one. [default: the settings']")
@click.option("--outside-window", "is_outside_window", is_flag=True, help="Go past a closed change window; needs --reason.")
@click.option("--reason", metavar="TEXT", default="", help="Why, for the audit log.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would be restarted; restart nothing.")
@click.option("-y", "--yes", "is_confirmed", is_flag=True, help="Do not ask.")
@cluster_options
@example(
    "goldenpath rollout SEC-0007 --dry-run",
    "goldenpath rollout SEC-0007 SEC-0009",
    'goldenpath rollout --service payments --environment prod --outside-window --reason "INC-812"',
)
@pass_state
def rollout(
    state: CliState,
    ids: tuple[str, ...],
    environments: tuple[str, ...],
    service: str,
    at_once: int | None,
    wait_seconds: float | None,
    is_outside_window: bool,
    reason: str,
    is_dry_run: bool,
    is_confirmed: bool,
    kubeconfig: Path | None,
    kube_context: str | None,
) -> int:
    """Restart Deployments, StatefulSets and DaemonSets whose pods started before their Secret changed, each once, and wait for them.

    Shown first, and nothing is restarted that has seen the change. The first rollout that fails ends the run; running it again goes on.
    What we do not restart (bare pods, Jobs, paused Deployments, OnDelete) is named, and ends with 1 while it holds an older version.
    Outside the environment's change windows it refuses with 5.
    """
    if not ids and not service:
        raise click.UsageError("name requests by their ids, or those of a service with --service")
    if is_outside_window and not reason.strip():
        raise click.UsageError("--outside-window needs --reason: both are recorded")
    from goldenpath.app.cluster_selection import Selection
    from goldenpath.app.rollout import RolloutOrder, plan_rollout, roll_out

    order = RolloutOrder(
        selection=Selection(ids=ids, environments=environments if ids else state.environments(environments), service=service),
        access=cluster_access(kubeconfig, kube_context),
        limits=_limits(state, at_once, wait_seconds),
        is_outside_window=is_outside_window,
        reason=reason.strip(),
    )
    seen = None
    if is_dry_run or not is_confirmed:
        seen = plan_rollout(state.services, order)
        if is_dry_run:
            state.output.data("RolloutPlan", _plan_payload(seen), text="\n".join(_plan_lines(state, seen)))
            return Exit.DONE
        _confirm(state, order, seen)
    report = roll_out(state.services, order, seen=seen)
    state.output.data("RolloutReport", _payload(report), text="\n".join(_lines(report)))
    return _exit_code(report)


def _limits(state: CliState, at_once: int | None, wait_seconds: float | None) -> RolloutLimits | None:
    if at_once is None and wait_seconds is None:
        return None
    from goldenpath.delivery.rollout import RolloutLimits

    settings = state.services.settings.rollout
    return RolloutLimits(at_once=at_once or settings.at_once, timeout_seconds=wait_seconds or settings.timeout_seconds)


def _confirm(state: CliState, order: RolloutOrder, seen: RolloutPlan) -> None:
    """Ask, after showing what would be restarted; nothing to restart, or a closed window, asks nothing."""
    from goldenpath.cli.confirm import confirm_change
    from goldenpath.model.counting import counted

    work = [row for row in seen.work if row.action == "restart"]
    if not work or not (seen.window.is_open or order.is_outside_window):
        return
    state.output.stderr.write("\n".join(_plan_lines(state, seen)) + "\n")
    past = "" if seen.window.is_open else ", outside its change window,"
    confirm_change(state.output, environment=seen.environment, action=f"restart{past} {counted(len(work), 'workload')}", is_confirmed=False)


def _exit_code(report: RolloutReport) -> Exit:
    codes = {result.code for result in report.unfinished} - {_STOPPED}
    if not codes:
        return Exit.FINDINGS if report.plan.refused or report.unfinished else Exit.DONE
    if codes <= _RETRYABLE:
        return Exit.UNAVAILABLE
    return Exit.WAITING if codes == {_CLOSED} else Exit.FINDINGS


def _plan_payload(plan: RolloutPlan) -> dict[str, Any]:
    return {
        "commit": plan.commit,
        "environment": plan.environment,
        "request_ids": plan.request_ids,
        "window": plan.window,
        "workloads": plan.rows,
        "counts": _counts(plan),
    }


def _payload(report: RolloutReport) -> dict[str, Any]:
    return {**_plan_payload(report.plan), "is_complete": not report.unfinished and not report.plan.refused, "results": report.results}


def _counts(plan: RolloutPlan) -> dict[str, int]:
    actions = [row.action for row in plan.rows]
    return {
        "restart": actions.count("restart"),
        "await": actions.count("await"),
        "refused": len(plan.refused),
        "none": actions.count("none"),
    }


def _plan_lines(state: CliState, plan: RolloutPlan) -> Iterator[str]:
    if plan.rows:
        yield state.output.table(_COLUMNS, [_cells(row) for row in plan.rows])
    yield from (
        f"{row.workload}: all its pods stop before new ones start (strategy Recreate)"
        for row in plan.work
        if row.action == "restart" and row.is_interrupting
    )
    if not plan.window.is_open:
        yield f"The change window of {plan.environment} is closed; the next one opens at {plan.window.opens_at}"
    elif plan.window.closes_at:
        yield f"The change window of {plan.environment} is open until {plan.window.closes_at}"
    yield _plan_summary(plan)


def _plan_summary(plan: RolloutPlan) -> str:
    counts = _counts(plan)
    waits = f", {counts['await']} to wait for" if counts["await"] else ""
    return f"Plan: {counts['restart']} to restart{waits}, {counts['none']} as they should be, {counts['refused']} not restarted by us"


def _cells(row: PlannedRestart) -> tuple[str, ...]:
    return (
        _SIGNS[row.action],
        f"{row.workload.kind} {row.workload.namespace}/{row.workload.name}",
        ", ".join(row.request_ids),
        f"{row.behind}/{row.pods}",
        row.oldest_start or "-",
        row.action,
        row.reason,
    )


def _lines(report: RolloutReport) -> Iterator[str]:
    from goldenpath.cli.output import printable

    for result in report.results:
        why = f": {result.message} [{result.code}]" if result.code else ""
        yield printable(f"{_RESULT_SIGNS[result.outcome]} {result.workload} {result.outcome} ({result.seconds:.0f} s){why}")
    yield from (printable(f"! {row.workload} not restarted: {row.reason}") for row in report.plan.refused)
    done = sum(result.is_done for result in report.results)
    left = len(report.unfinished)
    if not report.results and not report.plan.refused:
        yield f"Nothing to restart in {report.plan.environment} for {', '.join(report.plan.request_ids)}"
        return
    again = "; run the same command again, it goes on with the rest" if left else ""
    yield f"{report.plan.environment}: {done} restarted, {left} not, {len(report.plan.refused)} not restarted by us{again}"
