"""``goldenpath adopt``: take over a record that the platform did not create; only as reviewed on the protected branch."""

from __future__ import annotations

import click

from goldenpath.cli.help import example
from goldenpath.cli.params import RequestIdType
from goldenpath.cli.state import CliState, pass_state


@click.command()
@click.argument("request_id", metavar="ID", type=RequestIdType())
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show the record, and the entry that would allow the act.")
@click.option("-y", "--yes", "is_confirmed", is_flag=True, help="Do not ask.")
@example("goldenpath adopt SEC-0007 --dry-run", "goldenpath adopt SEC-0007 --yes")
@pass_state
def adopt(state: CliState, request_id: str, is_dry_run: bool, is_confirmed: bool) -> None:
    """Make a request the owner of the record that already lies at its path. The record's values stay.

    The protected branch must hold an entry for it in governance/actions.yaml, bound to the record as it was reviewed.
    --dry-run prints that entry.
    """
    from goldenpath.app.takeover import review, take_over
    from goldenpath.cli.confirm import confirm_change
    from goldenpath.cli.takeover_page import payload, render_review

    if is_dry_run:
        found = review(state.services, request_id, "adopt")
        state.output.data("Review", payload(found, "adopt"), text=render_review(found, state.output, action="adopt"))
        return
    environment = review(state.services, request_id, "adopt").environment
    confirm_change(state.output, environment=environment, action=f"adopt the record of {request_id}", is_confirmed=is_confirmed)
    receipt = take_over(state.services, request_id, "adopt")
    state.output.data("StepReceipt", {"receipt": receipt}, text=f"{receipt.request_id} {receipt.action}: {receipt.outcome}")
