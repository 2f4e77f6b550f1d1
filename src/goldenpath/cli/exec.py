"""``goldenpath exec``: run a program with exactly the declared keys in its environment."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from goldenpath.cli.help import example
from goldenpath.cli.params import RequestIdType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.exec import Injection, Wanted
    from goldenpath.providers.process import Injected, Watch


class _SubjectType(RequestIdType):
    """A request's id; with ``--from-mount`` there is none, and the first word is the program."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the id, or the program."""
        return value if ctx is not None and ctx.params.get("from_mount") else super().convert(value, param, ctx)


@click.command("exec")
@click.argument("request_id", metavar="[ID]", type=_SubjectType())
@click.option(
    "--from-mount",
    type=click.Path(path_type=Path),
    is_eager=True,
    metavar="DIR",
    help="Take the keys of the Kubernetes Secret that is mounted at DIR instead of those of a request; no ID then.",
)
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
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@example(
    "goldenpath exec SEC-0007 -- ./server",
    "goldenpath exec SEC-0007 --only password --prefix DB_ --pristine -- /usr/bin/env",
    "goldenpath exec --from-mount /etc/secrets/payments --watch -- ./server",
)
@pass_state
def exec_(
    state: CliState,
    request_id: str,
    from_mount: Path | None,
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
    With --from-mount neither a platform nor a store is needed, and nothing is recorded; with --watch the program is started again when
    the kubelet swaps the files.
    """
    from goldenpath.app.exec import Wanted
    from goldenpath.bootstrap import run_program

    if max_reads is not None and mount is None:
        raise click.UsageError("--max-reads goes with --mount")
    if from_mount is not None:
        command = (request_id, *command)
    if from_mount is not None and reason:
        raise click.UsageError("--reason goes with a request: reading a mounted Secret is not recorded")
    if not command:
        raise click.UsageError("the program to run is missing: write it after --")
    wanted = Wanted(only=only, prefix=prefix, is_pristine=is_pristine, allow_missing=allow_missing)
    shown = _Shown(mount=mount, max_reads=max_reads)
    source: _Source
    if from_mount is None:
        source = _RequestSource(state, request_id, wanted, shown, reason)
    else:
        source = _MountSource(state, from_mount, wanted, shown)
    first = source.read()
    watch = source.watch() if is_watching else None
    return run_program(command, first, redact=is_redacting, watch=watch, progress=state.output.progress)


class _Shown(NamedTuple):
    """How the keys are shown to the program beside its environment."""

    mount: Path | None
    max_reads: int | None


class _Source(ABC):
    """Reads what to inject, again whenever there is a new version."""

    def __init__(self, shown: _Shown) -> None:
        self._shown = shown
        self._version_id = ""

    def read(self) -> Injected:
        """Return what the program gets now."""
        from goldenpath.bootstrap import child_input

        found = self._injection()
        self._version_id = found.version_id
        return child_input(found, mount=self._shown.mount, max_reads=self._shown.max_reads)

    def watch(self) -> Watch:
        """Return when to start the program again: whenever another version is current."""
        from goldenpath.bootstrap import child_watch

        return child_watch(self._poll)

    def _poll(self) -> Injected | None:
        return None if self._current() == self._version_id else self.read()

    @abstractmethod
    def _injection(self) -> Injection:
        """Read the values."""

    @abstractmethod
    def _current(self) -> str:
        """Return the version that is current, without reading a value."""


class _RequestSource(_Source):
    """A request's secret, from its store; each read is recorded."""

    def __init__(self, state: CliState, request_id: str, wanted: Wanted, shown: _Shown, reason: str) -> None:
        super().__init__(shown)
        self._services = state.services
        self._request_id = request_id
        self._wanted = wanted
        self._reason = reason

    def _injection(self) -> Injection:
        from goldenpath.app.exec import injection_for

        return injection_for(self._services, self._request_id, self._wanted, parent=os.environ, reason=self._reason)

    def _current(self) -> str:
        from goldenpath.app.exec import current_version

        return current_version(self._services, self._request_id)


class _MountSource(_Source):
    """A Secret that the kubelet mounted."""

    def __init__(self, state: CliState, folder: Path, wanted: Wanted, shown: _Shown) -> None:
        from goldenpath.bootstrap import open_mount

        super().__init__(shown)
        self._tell = state.output.detail
        self._source = open_mount(folder)
        self._wanted = wanted

    def _injection(self) -> Injection:
        from goldenpath.app.exec import injection_from

        return injection_from(self._source, self._wanted, parent=os.environ, tell=self._tell)

    def _current(self) -> str:
        return self._source.version()
