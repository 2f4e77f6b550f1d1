"""``goldenpath seed``: give a secret its value, from where no other process can read it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import RequestIdType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.seed import Seeded
    from goldenpath.model.request import KeySpec
    from goldenpath.model.secret import SecretValue


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("request_id", metavar="ID", type=RequestIdType())
@click.option("--stdin", "stdin_key", metavar="KEY", help="Read KEY's value from standard input, byte for byte.")
@click.option("--fd", "descriptors", multiple=True, metavar="KEY=N", help="Read KEY's value from open file descriptor N; repeatable.")
@click.option("--from-file", "files", multiple=True, metavar="KEY=FILE", help="Read KEY's value from a private file (0600); repeatable.")
@click.option("--batch", type=click.Path(path_type=Path), metavar="FILE", help="Read many keys from a private dotenv or .json file.")
@click.option("--generate", "generated", multiple=True, metavar="KEY", help="Make KEY's value; repeatable. Declared generators run anyway.")
@click.option("--trim-newline", is_flag=True, help="Take one newline from the end of what stdin, descriptors and files hold.")
@click.option("--reason", metavar="TEXT", default="", help="Why, for the audit log.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Check everything; write nothing.")
@click.option("-y", "--yes", "is_confirmed", is_flag=True, help="Do not ask; prod asks for its name otherwise.")
@click.argument("misplaced", nargs=-1, type=click.UNPROCESSED, metavar="")
@example(
    "printf payments_app | goldenpath seed SEC-0007 --stdin username --generate password",
    "goldenpath seed SEC-0100 --batch ~/private/sec-0100.env --yes",
)
@pass_state
def seed(
    state: CliState,
    request_id: str,
    stdin_key: str | None,
    descriptors: tuple[str, ...],
    files: tuple[str, ...],
    batch: Path | None,
    generated: tuple[str, ...],
    trim_newline: bool,
    reason: str,
    is_dry_run: bool,
    is_confirmed: bool,
    misplaced: tuple[str, ...],
) -> int:
    """Write a value for every declared key as the secret's new version; then its manifests are committed.

    A declared key without a source is generated if it declares a generator, else asked for without echo. Everything is checked before
    the first write. Values are never taken from the command line, where other processes could read them.
    """
    _refuse_misplaced(misplaced)
    from goldenpath.app.seed import declared_keys, seed_secret
    from goldenpath.cli.confirm import confirm_change

    environment, declared = declared_keys(state.services, request_id)
    collector = _Collector(state, {spec.name: spec for spec in declared}, trim_newline=trim_newline)
    collector.from_batch(batch)
    collector.from_stdin(stdin_key)
    collector.from_descriptors(descriptors)
    collector.from_files(files)
    collector.generate(generated)
    collector.fill()
    if environment == "prod" and not is_dry_run:
        confirm_change(state.output, environment=environment, action=f"write a new value of {request_id}", is_confirmed=is_confirmed)
    seeded = seed_secret(state.services, request_id, collector.values, is_dry_run=is_dry_run, reason=reason)
    state.output.data("Seeded", _payload(seeded), text="\n".join(_lines(seeded, is_dry_run=is_dry_run)))
    return Exit.DONE


class _Collector:
    """Gathers one value per key; a key given twice is refused."""

    def __init__(self, state: CliState, declared: dict[str, KeySpec], *, trim_newline: bool) -> None:
        self.values: dict[str, SecretValue] = {}
        self._state = state
        self._declared = declared
        self._trim = trim_newline

    def from_batch(self, path: Path | None) -> None:
        from goldenpath.injection.sources import read_batch_file

        for key, value in (read_batch_file(path) if path is not None else {}).items():
            self._take(key, partial(_itself, value))

    def from_stdin(self, key: str | None) -> None:
        from goldenpath.injection.sources import read_stream

        if key is not None:
            self._take(key, partial(read_stream, sys.stdin.buffer, trim_newline=self._trim))

    def from_descriptors(self, pairs: tuple[str, ...]) -> None:
        from goldenpath.injection.sources import read_descriptor

        for key, text in _pairs(pairs, "--fd", "KEY=N"):
            if not (text.isascii() and text.isdigit()):
                raise click.BadParameter("expected KEY=N with the number of an open descriptor", param_hint="--fd")
            self._take(key, partial(read_descriptor, int(text), trim_newline=self._trim))

    def from_files(self, pairs: tuple[str, ...]) -> None:
        from goldenpath.injection.sources import read_value_file

        for key, text in _pairs(pairs, "--from-file", "KEY=FILE"):
            self._take(key, partial(read_value_file, Path(text), trim_newline=self._trim))

    def generate(self, keys: tuple[str, ...]) -> None:
        from goldenpath.injection.generate import generate_value
        from goldenpath.model.request import KeySpec

        for key in keys:
            spec = self._declared.get(key) or KeySpec(name=key)
            self._take(key, partial(generate_value, spec, self._state.services.entropy))

    def fill(self) -> None:
        """Generate or ask for what is declared and still has no value."""
        from goldenpath.cli.confirm import is_interactive
        from goldenpath.injection.sources import prompt_value

        self.generate(tuple(spec.name for spec in self._declared.values() if spec.generator and spec.name not in self.values))
        is_refused_anyway = bool(self._declared) and not self.values.keys() <= self._declared.keys()
        for key in [name for name in self._declared if name not in self.values and not is_refused_anyway]:
            self._take(key, partial(prompt_value, key, is_terminal=is_interactive()))

    def _take(self, key: str, read: Callable[[], SecretValue]) -> None:
        from goldenpath.errors import InvalidIntent
        from goldenpath.injection.sources import newline_note

        if key in self.values:
            raise InvalidIntent("value.key-repeated", f"the key {key!a} is given twice", subject=key, hint="neither value was used")
        self.values[key] = read()
        note = newline_note(key, self.values[key])
        if note:
            self._state.output.warn(note)


def _itself(value: SecretValue) -> SecretValue:
    return value


def _pairs(pairs: tuple[str, ...], option: str, form: str) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not key or not text:
            raise click.BadParameter(f"expected {form}", param_hint=option)
        yield key, text


def _refuse_misplaced(arguments: tuple[str, ...]) -> None:
    from goldenpath.injection.sources import refuse_argument_values

    if arguments:
        refuse_argument_values(arguments)
        raise click.UsageError("unexpected arguments; values come from stdin, descriptors, private files, a prompt or a generator")


def _payload(seeded: Seeded) -> dict[str, object]:
    return {
        "request_id": seeded.request_id,
        "environment": seeded.environment,
        "version_id": seeded.version_id,
        "is_new": seeded.is_new,
        "keys": seeded.keys,
        "delivery": seeded.delivery,
        "awaits_rotation": seeded.awaits_rotation,
    }


def _lines(seeded: Seeded, *, is_dry_run: bool) -> Iterator[str]:
    keys = ", ".join(seeded.keys)
    if is_dry_run:
        yield f"{seeded.request_id}: the values of {keys} pass every check; nothing was written."
        return
    if seeded.is_new:
        yield f"{seeded.request_id}: version {seeded.version_id[:8]} is current in {seeded.environment} ({keys})."
    else:
        yield f"{seeded.request_id}: unchanged, version {seeded.version_id[:8]} already holds exactly this ({keys})."
    if seeded.delivery is not None and seeded.delivery.commit:
        yield f"Manifests: commit {seeded.delivery.commit[:12]}"
        yield from (f"  {path}" for path in seeded.delivery.written)
    if seeded.awaits_rotation:
        yield "Native rotation is set by the next goldenpath apply."
