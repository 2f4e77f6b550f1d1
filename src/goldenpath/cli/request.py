"""``goldenpath request new|validate|show``: write a request file, check it, show it. Never a value: those go through ``seed``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import RequestIdType
from goldenpath.cli.state import CliState, pass_state
from goldenpath.cli.validate import validate

if TYPE_CHECKING:
    from goldenpath.app.author import Author, Drafted

_ALWAYS_NEEDED = ("service", "name", "environment", "owner")


@click.group()
@example(
    "goldenpath request new --service payments --name payments-db --environment dev --owner app-team",
    "goldenpath request show SEC-0007",
)
def request() -> None:
    """Write, check and show requests."""


request.add_command(validate)


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
@click.option("--dry-run", is_flag=True, help="Print the file to stdout and write nothing.")
@example(
    "goldenpath request new --service payments --name payments-db --environment dev --owner app-team --key password",
    "goldenpath request new --service search --name api --environment prod --owner sre-team --tier high --dry-run",
)
@pass_state
def new(state: CliState, /, *, dry_run: bool, **options: Any) -> int:
    """Write a new request with the next free id into the catalog.

    What is missing is asked for on a terminal; without one the options are named and nothing is written. An existing file is never
    overwritten.
    """
    from goldenpath.app.author import default_words, draft, open_author, write

    author = open_author(state.directory)
    options["environment"] = options["environment"] or state.environment
    answers = _complete(state, {**default_words(author), **{name: value for name, value in options.items() if value is not None}})
    drafted = draft(author, _tree(answers))
    if drafted.request is None:
        return _refuse(state, drafted)
    if dry_run:
        state.output.document(drafted.data.decode("utf-8"))
        return Exit.DONE
    write(author, drafted)
    _report(state, drafted)
    return Exit.DONE


@request.command()
@click.argument("request_id", metavar="ID", type=RequestIdType())
@example("goldenpath request show SEC-0007", "goldenpath request show SEC-0007 -o json")
@pass_state
def show(state: CliState, request_id: str) -> None:
    """Show a request of the working tree, in canonical form."""
    import msgspec

    from goldenpath.app.author import find_request, open_author
    from goldenpath.intent.authoring import write_request

    author: Author = open_author(state.directory)
    entry = find_request(author, request_id)
    payload = {"path": entry.path, "request": msgspec.to_builtins(entry.request)}
    state.output.data("Request", payload, text=f"# {entry.path}\n" + write_request(entry.request).decode("utf-8"))


def _complete(state: CliState, answers: dict[str, Any]) -> dict[str, Any]:
    """Ask for what is missing, or refuse with the names of the options."""
    from goldenpath.cli.confirm import ask, is_interactive
    from goldenpath.errors import InvalidIntent

    missing = [name for name in _ALWAYS_NEEDED if not answers.get(name)]
    if missing and not is_interactive():
        flags = ", ".join(f"--{name}" for name in missing)
        raise InvalidIntent("cli.missing-argument", f"{flags}: needed, and nobody can be asked here", hint=f"pass {flags}")
    return {**answers, **{name: ask(state.output, f"{name}: ").strip() for name in missing}}


def _tree(answers: dict[str, Any]) -> dict[str, Any]:
    """Return the request as its file would state it."""
    optional = {name: answers[name] for name in ("description", "adr", "requester") if answers.get(name)}
    metadata = {name: answers[name] for name in ("name", "owner", "service", "environment")}
    if answers.get("request_id"):
        metadata["id"] = answers["request_id"]
    access: dict[str, Any] = {
        "namespace": answers.get("namespace") or answers["service"],
        "k8sSecretName": answers.get("k8s_secret_name") or answers["name"],
    }
    lists = {"readPrincipals": answers["read_principals"], "writePrincipals": answers["write_principals"]}
    spec: dict[str, Any] = {
        "provider": answers["provider"],
        "secretType": answers["secret_type"],
        "risk": {"tier": answers["tier"]},
        "rotation": {"rotationClass": answers["rotation_class"]},
        "lifecycle": {"status": "active"},
        "access": {**access, **{name: list(arns) for name, arns in lists.items() if arns}},
        "ttlDays": answers["ttl_days"],
    }
    keys = [_key(text) for text in answers["keys"]]
    return {"metadata": {**metadata, **optional}, "spec": {**spec, "keys": keys} if keys else spec}


def _key(text: str) -> dict[str, str]:
    name, separator, kind = text.partition(":")
    return {"name": name, "format": kind} if separator else {"name": name}


def _refuse(state: CliState, drafted: Drafted) -> int:
    from goldenpath.cli.findings import render_findings
    from goldenpath.model.counting import counted

    summary = f"nothing was written: {counted(len(drafted.findings), 'fault')}"
    render_findings(state.output, drafted.findings, summary=summary, kind="Validation")
    return Exit.USAGE


def _report(state: CliState, drafted: Drafted) -> None:
    assert drafted.request is not None  # noqa: S101 - the caller refused a draft without one
    request_id = drafted.request.id
    text = f"wrote {drafted.path}\nnext: git add {drafted.path}, commit it on a branch, then: goldenpath policy check --base main"
    state.output.data("NewRequest", {"id": request_id, "path": drafted.path}, text=text)
