"""``goldenpath get``: a secret's metadata; its values only with ``--reveal``, and on record."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import RequestIdType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.reveal import SecretView
    from goldenpath.model.secret import SecretValue


@click.command()
@click.argument("request_id", metavar="ID", type=RequestIdType())
@click.option("--reveal", "wants_value", is_flag=True, help="Show the value; the read is recorded first.")
@click.option("--key", metavar="NAME", help="With --reveal: only this key, its bytes alone and exactly.")
@click.option("--version", "version_id", metavar="ID", default="", help="With --reveal: this version. [default: the current one]")
@click.option("--reason", metavar="TEXT", default="", help="With --reveal: why, for the audit log.")
@example("goldenpath get SEC-0007", "goldenpath get SEC-0007 --reveal --key password --reason 'INC-42: login fails'")
@pass_state
def get(state: CliState, request_id: str, wants_value: bool, key: str | None, version_id: str, reason: str) -> int:
    """Show what is known about a secret. Values stay hidden unless --reveal asks for them.

    With --key the bytes are written to stdout exactly as stored, without a newline: fit for a pipe.
    """
    if not wants_value:
        return _metadata(state, request_id)
    from goldenpath.app.reveal import reveal

    if sys.stdout.isatty():
        state.output.warn("values will be shown on this terminal; the read is recorded")
    values, version = reveal(state.services, request_id, version_id=version_id, reason=reason)
    if key is not None:
        _write_exactly(state, _one(request_id, values, key))
        return Exit.DONE
    texts = {name: value.reveal().decode("utf-8") for name, value in sorted(values.items())}
    lines = "\n".join(f"{name}={text}" for name, text in texts.items())
    state.output.data("SecretValues", {"request_id": request_id, "version_id": version.id, "values": texts}, text=lines)
    return Exit.DONE


def _metadata(state: CliState, request_id: str) -> int:
    from goldenpath.app.reveal import look
    from goldenpath.model.secret import MASK

    view = look(state.services, request_id)
    rows = [(name, text) for name, text in _facts(view).items() if isinstance(text, str) and text]
    rows += [(f"key {spec.name}", f"{MASK}  ({spec.format})") for spec in view.request.spec.keys]
    state.output.data(
        "Secret", _facts(view) | {"keys": view.request.spec.keys, "record": view.record}, text=state.output.table(("FIELD", "VALUE"), rows)
    )
    return Exit.DONE


def _facts(view: SecretView) -> dict[str, Any]:
    request, current = view.request, view.current
    state = "no record: run goldenpath apply" if view.record is None else "present" if current else "awaiting-value"
    return {
        "id": request.id,
        "name": request.metadata.name,
        "service": request.metadata.service,
        "environment": request.environment,
        "owner": request.metadata.owner,
        "file": view.path,
        "lifecycle": request.spec.lifecycle.status,
        "store": "" if view.record is None else str(view.record.ref),
        "value": state,
        "version": current.id if current else "",
        "written": current.created_at if current else "",
    }


def _one(request_id: str, values: dict[str, SecretValue], key: str) -> SecretValue:
    from goldenpath.errors import NotFound

    if key not in values:
        raise NotFound("value.key-missing", f"the secret has no key {key!r}; it has {', '.join(sorted(values))}", subject=request_id)
    return values[key]


def _write_exactly(state: CliState, value: SecretValue) -> None:
    if state.output.format in {"json", "yaml", "ndjson"}:
        state.output.data("SecretValue", {"value": value.reveal().decode("utf-8")}, text="")
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(value.reveal())
    sys.stdout.buffer.flush()
