"""``goldenpath ci``: what a build asks before it starts. Names only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType, RequestIdType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.ci_check import Presence


@click.group()
@example("goldenpath ci check --environment dev --service payments", "goldenpath ci check --environment dev --variables")
def ci() -> None:
    """Check that a build has its secrets."""


@ci.command()
@click.argument("request_ids", metavar="[ID]...", nargs=-1, type=RequestIdType())
@click.option("-e", "--environment", "environment", type=EnvironmentType(), help="Environment of the build. [default: --env]")
@click.option("--service", metavar="NAME", default="", help="Requests of this service only.")
@click.option(
    "--variables", "looks_at_variables", is_flag=True, help="Look for each declared key in this process's environment, not in the stores."
)
@click.option("--prefix", metavar="TEXT", default="", help="What stands before each key in the environment.")
@example(
    "goldenpath ci check --environment dev --service payments",
    "goldenpath ci check SEC-0007 --environment dev -o github",
    "goldenpath ci check --environment dev --variables --prefix APP_",
)
@pass_state
def check(
    state: CliState, *, request_ids: tuple[str, ...], environment: str | None, service: str, looks_at_variables: bool, prefix: str
) -> int:
    """Check that every declared secret is there before a build needs it. No value is read or shown.

    The stores are asked whether a current version exists; with --variables, this process's environment is asked for each declared key.
    Ends with 1 when something is missing, with 5 when all that is missing are first values, with 6 when no request fits.
    """
    from goldenpath.app.ci_check import Wanted, check_environment, check_presence

    chosen = environment or state.environment
    if chosen is None:
        raise click.UsageError("name the environment of the build with --environment")
    wanted = Wanted(environment=chosen, service=service, request_ids=request_ids)
    found = check_environment(state.services, wanted, prefix=prefix) if looks_at_variables else check_presence(state.services, wanted)
    _show(state, found)
    if found.is_only_awaiting:
        return Exit.WAITING
    return Exit.FINDINGS if found.findings else Exit.DONE


def _show(state: CliState, found: Presence) -> None:
    from goldenpath.cli.findings import render_findings
    from goldenpath.model.counting import counted

    asked = f"{counted(len(found.requests), 'secret')} with {counted(found.keys, 'declared key')}"
    summary = f"{counted(len(found.findings), 'thing')} missing of {asked}" if found.findings else f"everything is there: {asked}"
    render_findings(
        state.output, found.findings, summary=summary, kind="Presence", details={"requests": found.requests, "keys": found.keys}
    )
