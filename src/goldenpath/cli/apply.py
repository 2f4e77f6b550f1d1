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
    from goldenpath.app.apply import ApplyResult
    from goldenpath.model.plan import Plan


@click.command()
@click.option(
    "-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only this one; repeatable. [default: all]"
)
@click.option("--commit", metavar="REF", help="A commit of the protected branch. [default: its tip]")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show the plan; change nothing.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="With --dry-run: save the plans here.")
@click.option("--plan", "saved", type=click.Path(path_type=Path, exists=True), metavar="FOLDER", help="Apply exactly these saved plans.")
@click.option("--accept-drift", multiple=True, type=RequestIdType(), metavar="ID", help="Overwrite this request's drift; repeatable.")
@click.option("--accept-manifest-drift", is_flag=True, help="Overwrite generated manifests that were changed by hand.")
@click.option("-y", "--yes", "is_confirmed", is_flag=True, help="Do not ask.")
@example(
    "goldenpath apply --dry-run",
    "goldenpath apply --environment dev --yes",
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
    from goldenpath.cli.apply_page import payload, render_plans, render_result

    planned = plan_apply(state.services, environments=environments, commit=commit)
    if is_dry_run:
        if out is not None:
            _save(planned, out)
        state.output.data("Plan", payload(planned), text=render_plans(planned, state.output))
        return Exit.DONE
    _confirm(state, planned, is_confirmed=is_confirmed)
    expected = _expected(planned, saved, is_confirmed=is_confirmed)
    result = apply_platform(
        state.services,
        environments=environments,
        commit=planned.commit,
        accept_drift=frozenset(accept_drift),
        accept_manifest_drift=accept_manifest_drift,
        expected=expected,
    )
    state.output.data("ApplyReceipt", payload(result), text=render_result(result, state.output))
    return Exit.DONE if result.is_complete else Exit.FINDINGS


def _confirm(state: CliState, planned: ApplyResult, *, is_confirmed: bool) -> None:
    from goldenpath.cli.apply_page import render_plans
    from goldenpath.cli.confirm import confirm_change

    if is_confirmed:
        return
    changing = [each for each in planned.plans if any(step.action in {"create", "update", "drift"} for step in each.plan.steps)]
    state.output.stderr.write(render_plans(planned, state.output) + "\n")
    for environment in sorted({each.plan.environment for each in changing}):
        count = sum(
            step.action in {"create", "update"} for each in changing if each.plan.environment == environment for step in each.plan.steps
        )
        confirm_change(state.output, environment=environment, action=f"apply {count} steps", is_confirmed=False)


def _expected(planned: ApplyResult, saved: Path | None, *, is_confirmed: bool) -> dict[tuple[str, str], Plan] | None:
    """Return the plans that a person saw and said yes to; with --yes nobody looked, so the newest plan is as good (R17)."""
    if saved is not None:
        return _load(saved)
    return None if is_confirmed else {each.key: each.plan for each in planned.plans}


def _save(planned: ApplyResult, folder: Path) -> None:
    from goldenpath.plan.freshness import dump_plan

    folder.mkdir(parents=True, exist_ok=True)
    for each in planned.plans:
        (folder / f"{each.plan.environment}.{each.provider}.plan.json").write_bytes(dump_plan(each.plan))


def _load(folder: Path) -> dict[tuple[str, str], Plan]:
    from goldenpath.plan.freshness import load_plan

    plans = {}
    for path in sorted(folder.glob("*.plan.json")):
        environment, provider = path.name.removesuffix(".plan.json").split(".", 1)
        plans[environment, provider] = load_plan(path.read_bytes(), file=str(path))
    return plans
