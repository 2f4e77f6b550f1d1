"""``goldenpath doctor``: what is missing here, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.output import Output, printable
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.doctor import Check

_COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@example("goldenpath doctor", "goldenpath doctor -C ../platform --json")
@pass_state
def doctor(state: CliState) -> int:
    """Check the surroundings: tools, repository, keys, stores, audit log. Changes nothing; exits 1 when a check fails."""
    from goldenpath.app.doctor import examine
    from goldenpath.providers.surroundings import SystemSurroundings

    checks = examine(SystemSurroundings(), lambda: state.services)
    counts = {name: sum(1 for check in checks if check.state == name) for name in _COLORS}
    state.output.data("Doctor", {"checks": checks, "counts": counts}, text="\n".join([*_lines(state.output, checks), _total(counts)]))
    return Exit.FINDINGS if counts["fail"] else Exit.DONE


def _lines(output: Output, checks: Iterable[Check]) -> Iterator[str]:
    for check in checks:
        yield f"{output.paint(check.state.ljust(4), _COLORS[check.state])}  {check.name}: {printable(check.message)}"
        if check.fix and check.state != "ok":
            yield f"      fix: {printable(check.fix)}"


def _total(counts: dict[str, int]) -> str:
    return f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} to fix"
