"""``goldenpath drift``: records that somebody changed outside the platform, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType, RequestIdType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.drift import DriftReport


@click.command()
@click.argument("request_ids", metavar="[ID]...", nargs=-1, type=RequestIdType())
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only this one; repeatable.")
@example("goldenpath drift", "goldenpath drift SEC-0007 -o json", "goldenpath drift --environment prod -o github")
@pass_state
def drift(state: CliState, request_ids: tuple[str, ...], environments: tuple[str, ...]) -> int:
    """Show records that differ from their requests, field by field: what is wanted, what was found, and who changed it.

    Ends with 1 when somebody changed a record, took it away, or scheduled it for deletion, and for records that no request explains.
    What an apply would change anyway, and what governance/drift-ignores.yaml covers, is shown and does not count.
    To overwrite drift: goldenpath apply --accept-drift ID. To keep it: change the request.
    """
    from goldenpath.app.drift import read_drift

    found = read_drift(state.services, environments=state.environments(environments), request_ids=request_ids)
    _show(state, found)
    return Exit.FINDINGS if found.drifted else Exit.DONE


def _show(state: CliState, found: DriftReport) -> None:
    from goldenpath.cli.drift_page import findings_of, payload, render_text, summary

    if state.output.format in {"github", "sarif", "junit"}:
        from goldenpath.cli.findings import render_findings

        render_findings(state.output, findings_of(found), summary=summary(found), kind="Drift")
        return
    state.output.data("Drift", payload(found), text=render_text(found, state.output))
