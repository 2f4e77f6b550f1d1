"""The command tree as data: every verb and everything below it, fitted as the root serves it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from goldenpath.cli.root import VERBS, cli


def every_command() -> Iterator[tuple[str, click.Command]]:
    """(``goldenpath audit verify``, command) for the root, every verb and everything below."""
    yield "goldenpath", cli
    context = click.Context(cli, info_name="goldenpath")
    for name in VERBS:
        command = cli.get_command(context, name)
        assert command is not None
        yield from _below(f"goldenpath {name}", command)


def every_leaf() -> Iterator[tuple[str, click.Command]]:
    """The commands that do something themselves."""
    return ((path, command) for path, command in every_command() if not isinstance(command, click.Group))


def _below(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            yield from _below(f"{path} {name}", child)
