"""``goldenpath mask``: tell a runner to hide values in its log. The values come from a pipe and go to the runner's pipe only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.model.secret import SecretValue


@click.command()
@click.option(
    "--fd", "descriptors", multiple=True, type=click.IntRange(min=3), metavar="N", help="Read from file descriptor N; repeatable."
)
@click.option(
    "--input",
    "form",
    type=click.Choice(["raw", "lines", "dotenv", "json"]),
    default="raw",
    show_default=True,
    help="What comes in: one value byte for byte, one value a line, or named values.",
)
@example(
    "cat token.txt | goldenpath mask",
    'printf "%s" "$DB_PASSWORD" | goldenpath mask',
    "goldenpath mask --input dotenv --fd 3 3< .env",
)
@pass_state
def mask(state: CliState, *, descriptors: tuple[int, ...], form: str) -> int:
    """Print an add-mask command for every form of each value: raw, each line, base64, hex, URL and JSON.

    Values come from stdin or a descriptor, never from the command line. It refuses to run where no runner reads its output, because there
    the commands would show what they are to hide. Ends with 1 when a value is too short to be masked.
    """
    from goldenpath.injection.mask_commands import SHORTEST_BYTES, is_maskable, mask_commands
    from goldenpath.model.counting import counted

    _require_runner(state)
    values = [value for source in _sources(descriptors) for value in _values(source, form)]
    _require_values(values)
    stream = sys.stdout.buffer
    for line in mask_commands(values):
        stream.write(line)
    stream.flush()
    short = sum(not is_maskable(value) for value in values)
    if short:
        state.output.warn(f"{counted(short, 'value')} shorter than {SHORTEST_BYTES} bytes cannot be masked: keep it out of every log")
    return Exit.FINDINGS if short else Exit.DONE


def _require_runner(state: CliState) -> None:
    from goldenpath.errors import InvalidIntent

    if state.output.environment.get("GITHUB_ACTIONS") == "true" and not sys.stdout.isatty():
        return
    raise InvalidIntent(
        "mask.no-runner",
        "no workflow runner reads what this prints (GITHUB_ACTIONS is not true, or the output is a terminal), so it would show the values",
        hint="call it in a workflow step; elsewhere use goldenpath exec --redact, or goldenpath redact",
    )


def _sources(descriptors: tuple[int, ...]) -> Iterator[SecretValue]:
    from goldenpath.injection.sources import read_descriptor, read_stream

    if not descriptors:
        yield read_stream(sys.stdin.buffer)
    for number in descriptors:
        yield read_descriptor(number)


def _values(source: SecretValue, form: str) -> list[SecretValue]:
    from goldenpath.injection.batch_files import parse_dotenv, parse_json
    from goldenpath.model.secret import SecretValue

    if form == "dotenv":
        return list(parse_dotenv(source.reveal(), subject="input").values())
    if form == "json":
        return list(parse_json(source.reveal(), subject="input").values())
    if form == "lines":
        return [SecretValue(line) for line in source.reveal().splitlines() if line.strip()]
    return [source]


def _require_values(values: list[SecretValue]) -> None:
    from goldenpath.errors import InvalidIntent

    if not any(value.reveal().strip() for value in values):
        raise InvalidIntent(
            "mask.nothing-given", "nothing came in, so nothing would be hidden", hint="pipe a value, or name a descriptor with --fd"
        )
