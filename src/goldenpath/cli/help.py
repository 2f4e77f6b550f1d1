"""How a verb documents itself, and the one way it shows in ``--help``.

Every verb carries at least two worked examples, each a whole command line::

    @click.command()
    @example("goldenpath status", "goldenpath status --environment prod -o json")
    @pass_state
    def status(state: CliState) -> int: ...

``@example`` also works above ``@click.command()`` and on groups. The frame turns the examples into the ``Examples:`` section when the
verb is loaded; a house test refuses a verb without them. This module must not import a verb.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

T = TypeVar("T", bound="Callable[..., Any] | click.Command")

_ATTRIBUTE = "__goldenpath_examples__"
_HEADING = "Examples:"
_GLOBAL_NOTE = "The global options (-C, -o, --json, -q, -v, --debug, --no-color, ...) also stand after the verb: goldenpath --help"


def example(*lines: str) -> Callable[[T], T]:
    """Attach whole command lines to a verb, shown under ``Examples:`` in its help."""

    def attach(target: T) -> T:
        setattr(target, _ATTRIBUTE, lines)
        return target

    return attach


def examples_of(command: click.Command) -> tuple[str, ...]:
    """Return the examples attached to a command or to its function; empty when it has none."""
    found: tuple[str, ...] = getattr(command, _ATTRIBUTE, ()) or getattr(command.callback, _ATTRIBUTE, ())
    return found


def write_epilog(command: click.Command, *, is_root: bool = False) -> None:
    """Give ``command`` its ``Examples:`` section, after any epilog of its own; doing it twice changes nothing."""
    epilog = command.epilog or ""
    if _GLOBAL_NOTE in epilog:
        return
    lines = examples_of(command)
    if lines and _HEADING not in epilog:
        epilog += "\n\n\b\n" + "\n".join([_HEADING, *(f"  {line}" for line in lines)])
    if not is_root:
        epilog += f"\n\n{_GLOBAL_NOTE}"
    command.epilog = epilog.strip("\n")
