"""``goldenpath drift``: records that somebody changed outside the platform, field by field."""

from __future__ import annotations

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType
from goldenpath.cli.state import CliState, pass_state


@click.command()
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only this one; repeatable.")
@example("goldenpath drift", "goldenpath drift --environment prod -o json")
@pass_state
def drift(state: CliState, environments: tuple[str, ...]) -> int:
    """Show records that differ from their requests because somebody changed them, and records that no request explains.

    Ends with 1 when there are any. To overwrite one: goldenpath apply --accept-drift ID. To keep it: change the request.
    """
    from goldenpath.app.status import read_status
    from goldenpath.plan.render import render_text

    found = read_status(state.services, environments=state.environments(environments), is_thorough=True)
    plans = [plan for plan in found.plans if any(step.action in {"drift", "blocked", "orphan"} for step in plan.steps)]
    steps = [step for plan in plans for step in plan.steps if step.action in {"drift", "blocked", "orphan"}]
    text = (
        "\n".join(render_text(plan).rstrip() for plan in plans)
        or f"No drift: every record is as the platform left it ({found.commit[:12]})."
    )
    state.output.data("Drift", {"commit": found.commit, "steps": steps}, text=text)
    return Exit.FINDINGS if steps else Exit.DONE
