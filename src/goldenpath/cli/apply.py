"""``goldenpath apply``: make the stores and the manifests match the protected branch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType, RequestIdType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.decisions import ApplyResult, Decisions
    from goldenpath.model.plan import Plan


_PLAN_HELP = "Apply exactly these saved plans, and only their environments."


@click.command()
@click.option(
    "-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only this one; repeatable. [default: all]"
)
@click.option("--commit", metavar="REF", help="A commit of the protected branch. [default: its tip]")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show the plan; change nothing.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="With --dry-run: save the plans here.")
@click.option("--plan", "saved", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="FOLDER", help=_PLAN_HELP)
@click.option("--accept-drift", multiple=True, type=RequestIdType(), metavar="ID", help="Overwrite this request's drift; repeatable.")
@click.option("--accept-manifest-drift", is_flag=True, help="Overwrite generated manifests that were changed by hand.")
@click.option("-y", "--yes", "is_confirmed", is_flag=True, help="Do not ask.")
@example(
    "goldenpath apply --dry-run",
    "goldenpath apply --environment dev --yes",
    "goldenpath apply --dry-run --out plans && goldenpath apply --plan plans --yes",
    "goldenpath apply --accept-drift SEC-0007",
)
@pass_state
def apply(
    state: CliState,
    environments: tuple[str, ...],
    commit: str | None,
    is_dry_run: bool,
    out: Path | None,
    saved: Path | None,
    accept_drift: tuple[str, ...],
    accept_manifest_drift: bool,
    is_confirmed: bool,
) -> int:
    """Apply the whole catalog of the protected branch: create and update records, then commit manifests.

    Running it twice, late or after an interruption ends in the same state. Drift is reported and waits for a decision.
    """
    from goldenpath.app.apply import apply as apply_platform
    from goldenpath.app.apply import plan_apply
    from goldenpath.app.decisions import Decisions
    from goldenpath.cli.apply_page import payload, render_plans, render_result
    from goldenpath.cli.plan_files import load_manifests, load_plans

    if out is not None and not is_dry_run:
        raise click.UsageError("--out needs --dry-run: plans are saved before they are applied")
    seen = None if saved is None else load_plans(saved)
    environments = _chosen(state, environments, seen)
    decisions = Decisions(
        accept_drift=frozenset(accept_drift),
        accept_manifest_drift=accept_manifest_drift,
        plans=seen,
        manifests=None if saved is None else load_manifests(saved),
    )
    if is_dry_run or not is_confirmed:
        planned = plan_apply(state.services, environments=environments, commit=commit, decisions=decisions)
        if is_dry_run:
            _save(state, planned, out)
            state.output.data("Plan", payload(planned), text=render_plans(planned, state.output))
            return Exit.DONE
        decisions, commit = _confirmed(state, planned, decisions), planned.commit
    result = apply_platform(state.services, environments=environments, commit=commit, decisions=decisions)
    state.output.data("ApplyReceipt", payload(result), text=render_result(result, state.output))
    return _exit_code(result)


def _chosen(state: CliState, environments: tuple[str, ...], seen: dict[tuple[str, str], Plan] | None) -> tuple[str, ...]:
    """Return what to apply: what was typed, else what the saved plans are for, else the variable's environment (told), else all."""
    if environments or state.is_environment_typed:
        return state.environments(environments)
    if seen is not None:
        return tuple(sorted({environment for environment, _ in seen}))
    if state.environment is not None:
        state.output.warn(f"only {state.environment} is applied, as GOLDENPATH_ENV says")
        return (state.environment,)
    return ()


def _exit_code(result: ApplyResult) -> Exit:
    if result.is_complete:
        return Exit.DONE
    return Exit.UNAVAILABLE if all(receipt.needs_only_a_rerun for receipt in result.receipts) else Exit.FINDINGS


def _confirmed(state: CliState, planned: ApplyResult, decisions: Decisions) -> Decisions:
    """Show what would be done, ask for each environment, and return the decisions bound to what was shown (R19).

    With --yes nobody looked, so the newest plan is as good (R17).
    """
    from goldenpath.cli.apply_page import render_plans, work_in
    from goldenpath.cli.confirm import confirm_change

    work = work_in(planned, decisions)
    if work:
        state.output.stderr.write(render_plans(planned, state.output) + "\n")
    for environment, action in work.items():
        confirm_change(state.output, environment=environment, action=action, is_confirmed=False)
    return decisions.bound_to(planned)


def _save(state: CliState, planned: ApplyResult, folder: Path | None) -> None:
    if folder is None:
        return
    from goldenpath.cli.plan_files import save_manifests, save_plans

    save_plans(planned.plans, folder)
    if planned.pending is not None:
        save_manifests(planned.pending.difference.outline, folder)
    state.output.progress(f"plans saved; to apply exactly these: goldenpath apply --plan {folder}")
