"""``goldenpath inject``: put a service's values into Parameter Store, from where no other process can read them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.inject_parameters import Injected, Wanted
    from goldenpath.model.secret import SecretValue

_SIGNS = {"written": "✓", "unchanged": "=", "pruned": "-", "refused": "!", "not-written": "✗"}
_STDIN = Path("-")


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--service", required=True, metavar="NAME", help="The service whose parameters are written.")
@click.option("-e", "--environment", required=True, type=EnvironmentType(), help="The environment.")
@click.option("--from-env", "variables", multiple=True, metavar="KEY", help="Take KEY from the variable of exactly this name; repeatable.")
@click.option("--dotenv", type=click.Path(path_type=Path), metavar="FILE", help="Read many keys from a private dotenv file; - is stdin.")
@click.option("--json-file", type=click.Path(path_type=Path), metavar="FILE", help="Read many keys from a private JSON file; - is stdin.")
@click.option("--prune", "is_pruning", is_flag=True, help="Remove the service's parameters that no request declares any more.")
@click.option("--allow-empty", "is_empty_allowed", is_flag=True, help="Giving no key at all is no error.")
@click.option("--reason", metavar="TEXT", default="", help="Why, for the audit log.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Check everything and compare; write nothing.")
@click.option("-y", "--yes", "is_confirmed", is_flag=True, help="Do not ask; prod and --prune ask otherwise.")
@click.argument("misplaced", nargs=-1, type=click.UNPROCESSED, metavar="")
@example(
    "goldenpath inject --service payments --environment prod --from-env DATABASE_URL --from-env API_KEY --yes",
    "goldenpath inject --service payments --environment staging --dotenv ~/private/payments.env --dry-run",
    "cat secrets.json | goldenpath inject --service payments --environment dev --json-file -",
)
@pass_state
def inject(
    state: CliState,
    service: str,
    environment: str,
    variables: tuple[str, ...],
    dotenv: Path | None,
    json_file: Path | None,
    is_pruning: bool,
    is_empty_allowed: bool,
    reason: str,
    is_dry_run: bool,
    is_confirmed: bool,
    misplaced: tuple[str, ...],
) -> int:
    """Write a service's values as SecureString parameters, one for each key, before the service is deployed.

    Keys are lower-cased (DATABASE_URL becomes database_url) and must be declared by reviewed requests. The whole batch is judged before
    the first write. Only what changed is written, so running it again writes nothing, or what an interrupted run left.
    """
    _refuse_misplaced((*misplaced, *(name for name in variables if "=" in name)))
    values = _collected(state, variables, dotenv, json_file)
    from goldenpath.app.inject_parameters import Wanted, plan_injection
    from goldenpath.app.inject_parameters import inject as inject_parameters

    wanted = Wanted(
        service=service,
        environment=environment,
        values=values,
        is_pruning=is_pruning,
        is_empty_allowed=is_empty_allowed or (is_pruning and not values),
        reason=reason,
    )
    if is_dry_run:
        _show(state, plan_injection(state.services, wanted), is_dry_run=True)
        return Exit.DONE
    if not is_confirmed and (environment == "prod" or is_pruning):
        _confirm(state, wanted, plan_injection(state.services, wanted))
    done = inject_parameters(state.services, wanted)
    _show(state, done, is_dry_run=False)
    return _exit_code(done)


def _exit_code(done: Injected) -> Exit:
    if not done.unfinished:
        return Exit.DONE
    return Exit.UNAVAILABLE if all(receipt.is_retryable for receipt in done.unfinished) else Exit.FINDINGS


def _collected(state: CliState, variables: tuple[str, ...], dotenv: Path | None, json_file: Path | None) -> dict[str, SecretValue]:
    """Return the values by key. Variables go first, and leave the environment: no child process inherits them (R1)."""
    from goldenpath.errors import InvalidIntent
    from goldenpath.injection.sources import newline_note, take_variables

    values: dict[str, SecretValue] = {}
    for given in (take_variables(os.environ, variables), *_files(dotenv, json_file)):
        repeated = sorted(given.keys() & values.keys())
        if repeated:
            raise InvalidIntent(
                "value.key-repeated", f"the key {repeated[0]!a} is given twice", subject=repeated[0], hint="neither value was used"
            )
        values |= given
    for note in filter(None, (newline_note(key, value) for key, value in sorted(values.items()))):
        state.output.warn(note.partition(";")[0])
    return values


def _files(dotenv: Path | None, json_file: Path | None) -> Iterator[dict[str, SecretValue]]:
    from goldenpath.injection.batch_files import parse_dotenv, parse_json
    from goldenpath.injection.sources import read_stream, read_value_file

    if dotenv == _STDIN and json_file == _STDIN:
        raise click.UsageError("stdin can be read once: give - to one of --dotenv and --json-file")
    for path, parse in ((dotenv, parse_dotenv), (json_file, parse_json)):
        if path is not None:
            raw = read_stream(sys.stdin.buffer) if path == _STDIN else read_value_file(path)
            yield parse(raw.reveal(), subject="stdin" if path == _STDIN else str(path))


def _refuse_misplaced(arguments: tuple[str, ...]) -> None:
    from goldenpath.injection.sources import refuse_argument_values

    if arguments:
        refuse_argument_values(arguments)
        raise click.UsageError("unexpected arguments; values come from named variables, private files or stdin")


def _confirm(state: CliState, wanted: Wanted, planned: Injected) -> None:
    """Ask, after showing which parameters would go; nothing to do asks nothing."""
    from goldenpath.cli.confirm import confirm_change
    from goldenpath.model.counting import counted

    writes, removals = len(planned.names("not-written")), planned.prunable if wanted.is_pruning else ()
    parts = [f"write {counted(writes, 'parameter')}"] if writes else []
    parts += [f"delete {counted(len(removals), 'parameter')} for good"] if removals else []
    if not parts:
        return
    for name in removals:
        state.output.warn(f"to be deleted: {name}")
    confirm_change(state.output, environment=wanted.environment, action=f"{' and '.join(parts)} of {wanted.service}", is_confirmed=False)


def _show(state: CliState, done: Injected, *, is_dry_run: bool) -> None:
    for key in done.missing:
        state.output.warn(f"the declared key {key} has no parameter and was given no value")
    state.output.data("Injected", _payload(done, is_dry_run=is_dry_run), text="\n".join(_lines(done, is_dry_run=is_dry_run)))


def _payload(done: Injected, *, is_dry_run: bool) -> dict[str, object]:
    return {
        "service": done.service,
        "environment": done.environment,
        "commit": done.commit,
        "is_dry_run": is_dry_run,
        "is_complete": not done.unfinished,
        "written": done.names("written"),
        "unchanged": done.names("unchanged"),
        "not_written": done.names("not-written", "refused"),
        "pruned": done.names("pruned"),
        "prunable": done.prunable,
        "missing_keys": done.missing,
        "parameters": done.receipts,
    }


def _lines(done: Injected, *, is_dry_run: bool) -> Iterator[str]:
    where = f"{done.service} in {done.environment}"
    for receipt in done.receipts:
        sign = "~" if is_dry_run and receipt.outcome == "not-written" else _SIGNS[receipt.outcome]
        why = f": {receipt.message} [{receipt.code}]" if receipt.code else ""
        yield f"{sign} {receipt.name}{f' (version {receipt.version})' if receipt.version else ''}{why}"
    yield from (f"- {name} (no longer declared; --prune removes it)" for name in done.prunable if name not in done.names("pruned"))
    if is_dry_run:
        yield f"{where}: {len(done.names('not-written'))} to write, {len(done.names('unchanged'))} unchanged; nothing was written."
        return
    if any(receipt.outcome == "written" and receipt.version == 1 for receipt in done.receipts):
        yield "These are first values: goldenpath apply commits the manifests that waited for them."
    left = len(done.unfinished)
    yield (
        f"{where}: {len(done.names('written'))} written, {len(done.names('unchanged'))} unchanged, {left} not written"
        + (f", {len(done.names('pruned'))} removed" if done.names("pruned") else "")
        + ("; run the same command again, it writes the rest." if left else ".")
    )
