"""``goldenpath exec``: run a program with exactly the declared keys in its environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.help import example
from goldenpath.cli.params import RequestIdType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.exec import Wanted
    from goldenpath.providers.process import Injected, Watch


@click.command("exec")
@click.argument("request_id", metavar="ID", type=RequestIdType())
@click.option("--only", multiple=True, metavar="KEY", help="Only this key; repeatable. [default: every declared key]")
@click.option("--prefix", default="", metavar="TEXT", help="Put this before every variable's name.")
@click.option("--pristine", "is_pristine", is_flag=True, help="Pass on nothing of the present environment, PATH included.")
@click.option("--allow-missing", is_flag=True, help="Leave out a key without value instead of failing.")
@click.option(
    "--mount", type=click.Path(path_type=Path), metavar="FILE", help="Also give the keys as a JSON file (0600), removed at the end."
)
@click.option("--max-reads", type=click.IntRange(min=1), metavar="N", help="With --mount: a pipe that can be read N times, never a file.")
@click.option("--watch", "is_watching", is_flag=True, help="Restart the program when the secret has a new version.")
@click.option("--redact", "is_redacting", is_flag=True, help="Mask the values in what the program prints.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the audit log.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@example(
    "goldenpath exec SEC-0007 -- ./server",
    "goldenpath exec SEC-0007 --only password --prefix DB_ --pristine -- /usr/bin/env",
)
@pass_state
def exec_(
    state: CliState,
    request_id: str,
    only: tuple[str, ...],
    prefix: str,
    is_pristine: bool,
    allow_missing: bool,
    mount: Path | None,
    max_reads: int | None,
    is_watching: bool,
    is_redacting: bool,
    reason: str,
    command: tuple[str, ...],
) -> int:
    """Run COMMAND with the secret's declared keys as environment variables; signals are passed on, its exit code is returned.

    The read is recorded first. Values are in the program's environment and nowhere else: no argument, no file unless --mount.
    """
    from goldenpath.app.exec import Wanted
    from goldenpath.bootstrap import run_program

    if max_reads is not None and mount is None:
        raise click.UsageError("--max-reads goes with --mount")
    wanted = Wanted(only=only, prefix=prefix, is_pristine=is_pristine, allow_missing=allow_missing)
    source = _Source(state, request_id, wanted, mount=mount, max_reads=max_reads, reason=reason)
    first = source.read()
    watch = source.watch() if is_watching else None
    return run_program(command, first, redact=is_redacting, watch=watch, progress=state.output.progress)


class _Source:
    """Reads what to inject, again whenever there is a new version."""

    def __init__(self, state: CliState, request_id: str, wanted: Wanted, *, mount: Path | None, max_reads: int | None, reason: str) -> None:
        self._state = state
        self._request_id = request_id
        self._wanted = wanted
        self._mount = mount
        self._max_reads = max_reads
        self._reason = reason
        self._version_id = ""

    def read(self) -> Injected:
        """Return what the program gets now; the read is recorded."""
        from goldenpath.app.exec import injection_for
        from goldenpath.bootstrap import child_input

        found = injection_for(self._state.services, self._request_id, self._wanted, parent=os.environ, reason=self._reason)
        self._version_id = found.version_id
        return child_input(found, mount=self._mount, max_reads=self._max_reads)

    def watch(self) -> Watch:
        """Return when to start the program again: whenever another version is current."""
        from goldenpath.bootstrap import child_watch

        return child_watch(self._poll)

    def _poll(self) -> Injected | None:
        from goldenpath.app.exec import current_version

        return None if current_version(self._state.services, self._request_id) == self._version_id else self.read()
