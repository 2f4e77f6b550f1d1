"""Steps on stderr: one rewritten line on a terminal, one line per step elsewhere, folded groups on GitHub's runner.

No thread and no timer: a line changes when the work says something, so a prompt or a signal never meets a half-drawn spinner.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TextIO

from goldenpath.cli.streams import tell

_CLEAR = "\r\x1b[2K"
_HEARTBEAT_SECONDS = 10.0


class Progress(Protocol):
    """Where steps are told. Messages are printable already."""

    def step(self, message: str) -> None:
        """A new step begins; the one before it is done."""
        ...

    def note(self, message: str) -> None:
        """A line that stays."""
        ...

    def beat(self, what: str, seconds_left: float) -> None:
        """A wait goes on; ``seconds_left`` until it gives up."""
        ...

    def close(self) -> None:
        """The run is over."""
        ...


def open_progress(stream: TextIO, environment: Mapping[str, str]) -> Progress:
    """Return the form that fits the place: GitHub's runner, a terminal, or a log."""
    if environment.get("GITHUB_ACTIONS"):
        return GroupedProgress(stream)
    if stream.isatty() and not environment.get("CI") and environment.get("TERM") != "dumb":
        return LiveProgress(stream)
    return LineProgress(stream)


class LineProgress:
    """One line per step, and a heartbeat in long waits: what a log wants."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next_beat: float | None = None

    def step(self, message: str) -> None:
        """Write the step."""
        self._next_beat = None
        self.note(message)

    def note(self, message: str) -> None:
        """Write the line at once: a log is read while the run goes on."""
        tell(self._stream, message + "\n")

    def beat(self, what: str, seconds_left: float) -> None:
        """Write at the start of a wait and then every ten seconds."""
        if self._next_beat is None or seconds_left <= self._next_beat:
            self._next_beat = seconds_left - _HEARTBEAT_SECONDS
            self.note(f"waiting for {what} ({seconds_left:.0f} s left)")

    def close(self) -> None:
        """Nothing is open."""


class GroupedProgress(LineProgress):
    """Folded groups of GitHub's log; what belongs to a step folds under it, and no text of ours can become another command."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._is_open = False

    def step(self, message: str) -> None:
        """Close the group before, open one for the step."""
        self.close()
        self._next_beat = None
        tell(self._stream, f"::group::{_harmless(message)}\n")
        self._is_open = True

    def note(self, message: str) -> None:
        """Write a line that is no command."""
        super().note(_harmless(message))

    def close(self) -> None:
        """Close the open group."""
        if self._is_open:
            tell(self._stream, "::endgroup::\n")
            self._is_open = False


class LiveProgress:
    """One line that is rewritten; it is gone when the run ends, so that only results stay."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = ""

    def step(self, message: str) -> None:
        """Show the step in place of the one before."""
        self._show(f"... {message}")

    def note(self, message: str) -> None:
        """Write a line above the live one."""
        tell(self._stream, f"{_CLEAR}{message}\n{self._line}")

    def beat(self, what: str, seconds_left: float) -> None:
        """Show what is waited for."""
        self._show(f"... waiting for {what} ({seconds_left:.0f} s left)")

    def close(self) -> None:
        """Clear the live line."""
        if self._line:
            self._show("")

    def _show(self, line: str) -> None:
        import shutil

        self._line = line[: max(shutil.get_terminal_size().columns - 1, 1)]
        tell(self._stream, _CLEAR + self._line)


def _harmless(message: str) -> str:
    from goldenpath.cli.output import neutralise

    return neutralise(message)
