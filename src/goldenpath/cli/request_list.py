"""``goldenpath request list``: the requests of the working tree, filtered. Offline; what the stores hold is the business of ``status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType
from goldenpath.cli.request_place import base_if_any
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.request_list import RequestRow


@click.command("list")
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only this one; repeatable.")
@click.option("--service", "services", multiple=True, help="Only this service; repeatable.")
@click.option("--owner", "owners", multiple=True, help="Only this team's; repeatable.")
@click.option("--tier", "tiers", multiple=True, help="Only this risk tier; repeatable.")
@click.option("--state", "states", multiple=True, help="Only in this lifecycle state; repeatable.")
@click.option("--expiring", "expiring_days", type=click.IntRange(0, 3650), metavar="DAYS", help="Only those whose term ends within DAYS.")
@example("goldenpath request list", "goldenpath request list --owner app-team --state active --expiring 30 -o json")
@pass_state
def list_(state: CliState, /, **options: Any) -> None:
    """List the requests of the working tree.

    A term counts from the first merge or the last renewal; a request that was neither has none yet.
    """
    from goldenpath.app.author import open_author
    from goldenpath.app.request_list import list_requests

    wanted = {
        "environment": state.environments(options["environments"]),
        "service": options["services"],
        "owner": options["owners"],
        "tier": options["tiers"],
        "state": options["states"],
    }
    rows = list_requests(open_author(state.directory), base_if_any(state), wanted=wanted, expiring_days=options["expiring_days"])
    columns = ("ID", "NAME", "SERVICE", "ENV", "OWNER", "TYPE", "TIER", "ROTATION", "STATE", "ENDS")
    text = state.output.table(columns, [_cells(row) for row in rows]) if rows else "No requests."
    state.output.data("RequestList", {"requests": rows}, text=text)


def _cells(row: RequestRow) -> tuple[str, ...]:
    ends = "" if row.ends is None else f"{row.ends} ({row.days_left} d)"
    return (
        row.id,
        row.name,
        row.service,
        row.environment,
        row.owner,
        row.secret_type,
        row.tier,
        row.rotation_class,
        row.state,
        ends,
    )
