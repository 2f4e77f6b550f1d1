"""``goldenpath request``: write, change and show reviewed intent. Never a value (those go through ``seed``), never a store."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.help import example
from goldenpath.cli.params import RequestIdType
from goldenpath.cli.request_changes import decommission, deprecate, edit, renew, withdraw
from goldenpath.cli.request_list import list_
from goldenpath.cli.request_place import carry_out, open_desk, place_options, wish_of
from goldenpath.cli.state import CliState, pass_state
from goldenpath.cli.validate import validate


@click.group()
@example(
    "goldenpath request new --service payments --name payments-db --environment dev --owner app-team",
    "goldenpath request show SEC-0007",
)
def request() -> None:
    """Write, change, check and show requests.

    Every change is intent in a file, for review: in the working tree, on a branch of its own (--branch), or in a pull request (--open).
    """


for _command in (validate, list_, edit, renew, deprecate, withdraw, decommission):
    request.add_command(_command)


@request.command()
@click.option("--service", help="Service that the secret belongs to.")
@click.option("--name", help="Name of the secret, unique within service and environment.")
@click.option("--environment", help="dev, test, staging, prod or ephemeral, or an alias.")
@click.option("--owner", help="Accountable team, from the platform's enums.")
@click.option("--provider", default="local", show_default=True, help="Kind of store.")
@click.option("--type", "secret_type", help="Kind of secret, from the platform's enums. [default: generic]")
@click.option("--tier", help="Risk tier. [default: medium]")
@click.option("--rotation", "rotation_class", help="Rotation class. [default: standard]")
@click.option("--namespace", help="Kubernetes namespace. [default: the service]")
@click.option("--k8s-secret", "k8s_secret_name", help="Name of the Kubernetes Secret. [default: the name]")
@click.option("--ttl-days", type=int, default=365, show_default=True, help="Days until it must be renewed.")
@click.option("--key", "keys", multiple=True, metavar="NAME[:FORMAT]", help="A key inside the secret; repeat for more.")
@click.option("--read-principal", "read_principals", multiple=True, metavar="ARN", help="IAM ARN with read access; repeat for more.")
@click.option("--write-principal", "write_principals", multiple=True, metavar="ARN", help="IAM ARN with write access; repeat for more.")
@click.option("--description", help="What it is for, in one line.")
@click.option("--adr", help="Decision record that it rests on.")
@click.option("--requester", help="Who asks.")
@click.option("--id", "request_id", type=RequestIdType(), help="Use this id instead of the next free one.")
@place_options
@example(
    "goldenpath request new --service payments --name payments-db --environment dev --owner app-team --key password",
    "goldenpath request new --service search --name api --environment prod --owner sre-team --tier high --dry-run",
    "goldenpath request new --service payments --name payments-db --environment dev --owner app-team --open",
)
@pass_state
def new(state: CliState, /, **options: Any) -> int:
    """Write a new request with the next free id into the catalog.

    What is missing is asked for on a terminal, with the platform's own words; without one the options are named and nothing is written.
    An existing file is never overwritten. What the gate would refuse is not written either.
    """
    from goldenpath.app.author import draft
    from goldenpath.app.request_tree import request_tree
    from goldenpath.app.steps import judged
    from goldenpath.cli.request_questions import complete

    wish = wish_of(options)
    desk = open_desk(state, wish)
    options["environment"] = options["environment"] or state.environment
    answers = complete(state, desk.author, {name: value for name, value in options.items() if value is not None})
    drafted = draft(desk.author, request_tree(answers))
    return carry_out(state, desk, wish, judged(desk.base, drafted) if desk.base else drafted, verb="request")


@request.command()
@click.argument("request_id", metavar="ID", type=RequestIdType())
@example("goldenpath request show SEC-0007", "goldenpath request show SEC-0007 -o json")
@pass_state
def show(state: CliState, request_id: str) -> None:
    """Show a request of the working tree, in canonical form."""
    import msgspec

    from goldenpath.app.author import find_request, open_author
    from goldenpath.intent.authoring import write_request

    entry = find_request(open_author(state.directory), request_id)
    payload = {"path": entry.path, "request": msgspec.to_builtins(entry.request)}
    state.output.data("Request", payload, text=f"# {entry.path}\n" + write_request(entry.request).decode("utf-8"))
