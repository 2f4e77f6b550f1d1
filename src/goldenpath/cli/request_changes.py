"""``goldenpath request edit|renew|deprecate|withdraw|decommission``: changes of a request, in the lines that change."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.help import example
from goldenpath.cli.params import RequestIdType
from goldenpath.cli.request_place import carry_out, open_desk, place_options, wish_of
from goldenpath.cli.state import CliState, pass_state

_FIELDS = {
    "owner": ("metadata", "owner"),
    "description": ("metadata", "description"),
    "adr": ("metadata", "adr"),
    "requester": ("metadata", "requester"),
    "secret_type": ("spec", "secretType"),
    "tier": ("spec", "risk", "tier"),
    "rotation_class": ("spec", "rotation", "rotationClass"),
    "rotator": ("spec", "rotation", "rotator"),
    "recovery_window": ("spec", "lifecycle", "recoveryWindowInDays"),
    "namespace": ("spec", "access", "namespace"),
    "k8s_secret_name": ("spec", "access", "k8sSecretName"),
    "ttl_days": ("spec", "ttlDays"),
}
_OPTIONAL = frozenset({"description", "adr", "requester", "rotator"})
_LISTS = {
    "key": ("spec", "keys"),
    "read_principal": ("spec", "access", "readPrincipals"),
    "write_principal": ("spec", "access", "writePrincipals"),
    "break_glass_principal": ("spec", "access", "breakGlassPrincipals"),
}


@click.command()
@click.argument("request_id", metavar="ID", type=RequestIdType())
@click.option("--owner", help="Accountable team.")
@click.option("--description", help="What it is for, in one line; '' takes it away.")
@click.option("--adr", help="Decision record that it rests on; '' takes it away.")
@click.option("--requester", help="Who asks; '' takes it away.")
@click.option("--type", "secret_type", help="Kind of secret.")
@click.option("--tier", help="Risk tier.")
@click.option("--rotation", "rotation_class", help="Rotation class.")
@click.option("--rotator", help="Which rotator changes the value; '' takes it away.")
@click.option("--recovery-window", type=int, metavar="DAYS", help="Days between deletion and destruction.")
@click.option("--namespace", help="Kubernetes namespace.")
@click.option("--k8s-secret", "k8s_secret_name", help="Name of the Kubernetes Secret.")
@click.option("--ttl-days", type=int, metavar="DAYS", help="Days until it must be renewed.")
@click.option("--add-key", multiple=True, metavar="NAME[:FORMAT]", help="Declare a key; repeatable.")
@click.option("--remove-key", multiple=True, metavar="NAME", help="Take a declared key away; repeatable.")
@click.option("--add-read-principal", multiple=True, metavar="ARN", help="Give read access; repeatable.")
@click.option("--remove-read-principal", multiple=True, metavar="ARN", help="Take read access away; repeatable.")
@click.option("--add-write-principal", multiple=True, metavar="ARN", help="Give write access; repeatable.")
@click.option("--remove-write-principal", multiple=True, metavar="ARN", help="Take write access away; repeatable.")
@click.option("--add-break-glass-principal", multiple=True, metavar="ARN", help="Give emergency access; repeatable.")
@click.option("--remove-break-glass-principal", multiple=True, metavar="ARN", help="Take emergency access away; repeatable.")
@place_options
@example(
    "goldenpath request edit SEC-0007 --owner sre-team --tier high",
    "goldenpath request edit SEC-0007 --add-key API_URL:url --branch request/api-url --dry-run",
)
@pass_state
def edit(state: CliState, /, request_id: str, **options: Any) -> int:
    """Change fields of a request; comments and layout of its file stay as they are.

    Service, environment, name, provider and id never change: the store path is made of them. A sidecar that states owner or tier is
    changed with the request.
    """
    from goldenpath.app.revise import revise
    from goldenpath.app.steps import judged
    from goldenpath.errors import InvalidIntent

    wish = wish_of(options)
    edits = _edits(options)
    if not (edits.fields or edits.added or edits.removed):
        raise InvalidIntent("cli.missing-argument", "no field was named", subject=request_id, hint="goldenpath request edit --help")
    desk = open_desk(state, wish, branch=f"request/edit-{request_id.lower()}")
    drafted = revise(desk.author, request_id, edits)
    return carry_out(state, desk, wish, judged(desk.base, drafted) if desk.base else drafted, verb="edit")


@click.command()
@click.argument("request_id", metavar="ID", type=RequestIdType())
@place_options
@example("goldenpath request renew SEC-0007", "goldenpath request renew SEC-0007 --open")
@pass_state
def renew(state: CliState, /, request_id: str, **options: Any) -> int:
    """Renew a request as of today (UTC): its term of ttlDays starts anew once the change is merged."""
    from goldenpath.app.steps import renew as renewed

    wish = wish_of(options)
    desk = open_desk(state, wish, branch=f"request/renew-{request_id.lower()}", needs_base=True)
    assert desk.base is not None  # noqa: S101 - asked for above
    return carry_out(state, desk, wish, renewed(desk.author, request_id, desk.base), verb="renew")


@click.command()
@click.argument("request_id", metavar="ID", type=RequestIdType())
@place_options
@example("goldenpath request deprecate SEC-0007", "goldenpath request deprecate SEC-0007 --branch request/retire-old-key")
@pass_state
def deprecate(state: CliState, /, request_id: str, **options: Any) -> int:
    """Say that a secret should not be used any more; it goes on working."""
    return _move(state, request_id, "deprecated", options, verb="deprecate", is_backward=False)


@click.command()
@click.argument("request_id", metavar="ID", type=RequestIdType())
@place_options
@example("goldenpath request withdraw SEC-0007", "goldenpath request withdraw SEC-0007 --open")
@pass_state
def withdraw(state: CliState, /, request_id: str, **options: Any) -> int:
    """Take a requested decommission back to deprecated, while nothing was deleted yet."""
    return _move(state, request_id, "deprecated", options, verb="withdraw", is_backward=True)


@click.command()
@click.argument("request_id", metavar="ID", type=RequestIdType())
@place_options
@example("goldenpath request decommission SEC-0007", "goldenpath request decommission SEC-0007 --open")
@pass_state
def decommission(state: CliState, /, request_id: str, **options: Any) -> int:
    """Ask for the end of a deprecated secret; its manifests go first, its value only after proof of non-use.

    A secret that is not deprecated yet, or not long enough, is refused with the earliest date.
    """
    return _move(state, request_id, "decommission_requested", options, verb="decommission", is_backward=False)


def _move(state: CliState, request_id: str, status: str, options: dict[str, Any], *, verb: str, is_backward: bool) -> int:
    from goldenpath.app.steps import move

    wish = wish_of(options)
    desk = open_desk(state, wish, branch=f"request/{verb}-{request_id.lower()}", needs_base=True)
    assert desk.base is not None  # noqa: S101 - asked for above
    return carry_out(state, desk, wish, move(desk.author, request_id, status, desk.base, is_backward=is_backward), verb=verb)


def _edits(options: dict[str, Any]) -> Any:
    from goldenpath.app.request_tree import key_tree
    from goldenpath.app.revise import Edits

    given = {name: value for name, value in options.items() if value is not None and name in _FIELDS}
    fields = {_FIELDS[name]: None if value == "" and name in _OPTIONAL else value for name, value in given.items()}
    added = {path: options[f"add_{name}"] for name, path in _LISTS.items() if options[f"add_{name}"]}
    if options["add_key"]:
        added[_LISTS["key"]] = tuple(key_tree(text) for text in options["add_key"])
    removed = {path: options[f"remove_{name}"] for name, path in _LISTS.items() if options[f"remove_{name}"]}
    return Edits(fields=fields, added=added, removed=removed)
