"""A server as a child process: a log, a bounded wait until it answers, and an end by its own id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

Found = TypeVar("Found")

TAIL_LINES: Final = 40
_POLL_SECONDS: Final = 0.1
_PROBE_SECONDS: Final = 2
_STOP_SECONDS: Final = 15
# a test run that is killed takes its servers with it; the kernel means the thread that started one, so start them in the main thread
_WITH_PARENT: Final = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()
_handed_out: set[int] = set()


class ServerFailed(Exception):
    """A server did not come up, or did not do in time what it was waited for."""


def free_port() -> int:
    """Return a loopback port that nobody listens on now, and that was not handed out before."""
    while True:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = int(taken.getsockname()[1])
        if port not in _handed_out:
            _handed_out.add(port)
            return port


def http_answers(url: str) -> bool:
    """Say whether a plain loopback URL answers with success now."""
    # no proxy stands between a test and its own machine
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_PROBE_SECONDS):
            return True
    except OSError:
        return False


def port_answers(port: int) -> bool:
    """Say whether somebody listens on a loopback port now."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PROBE_SECONDS):
            return True
    except OSError:
        return False


def wait_until(look: Callable[[], Found | None], *, what: str, seconds: float, poll_seconds: float = _POLL_SECONDS) -> Found:
    """Return the first true answer of ``look``. Raises ``ServerFailed`` with ``what`` when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise ServerFailed(f"{what}: not within {seconds:.0f} s; last seen: {found!r}")
        time.sleep(poll_seconds)


class Process:
    """A server that can be started again, stopped and held.

    Args:
        name: For messages, and the name of its log.
        command: The binary and its arguments.
        folder: Where it works and where its log lies; it is its home too.
        is_ready: Says whether it answers.
        environment: All that it sees beside ``PATH``, ``HOME`` and ``TMPDIR``.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, folder: Path, is_ready: Callable[[], bool], environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log_path = folder / f"{name}.log"
        self._command = [*_WITH_PARENT, *command]
        self._folder = folder
        self._is_ready = is_ready
        self._environment = dict(environment or {})
        self._child: subprocess.Popen[bytes] | None = None
        self._is_held = False
        self.starts = 0

    @property
    def pid(self) -> int:
        """The id of the running process. Raises ``ServerFailed`` when it does not run."""
        if self._child is None or not self.is_running:
            raise ServerFailed(f"{self.name} does not run")
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def log(self) -> str:
        """Everything that it wrote, over all its starts."""
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def start(self, *, seconds: float = 90) -> None:
        """Start and wait until it is ready. Raises ``ServerFailed`` with the end of its log."""
        if self.is_running:
            return
        scratch = self._folder / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder), "TMPDIR": str(scratch), **self._environment}
        with self.log_path.open("ab") as log:
            # a session of its own: Ctrl-C ends the tests, and the tests end their servers
            self._child = subprocess.Popen(
                self._command, cwd=self._folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._is_held = False
        self.starts += 1
        self.wait_until_ready(seconds=seconds)

    def wait_until_ready(self, *, seconds: float = 90) -> None:
        """Wait until it answers. Raises ``ServerFailed`` with the end of its log; then it does not run any more."""
        deadline = time.monotonic() + seconds
        while not self._is_ready():
            ended = self._child.poll() if self._child else None
            if ended is not None or time.monotonic() > deadline:
                self.kill()
                reason = f"ended with {ended}" if ended is not None else f"was not ready within {seconds:.0f} s"
                raise ServerFailed(f"{self.name} {reason}; the end of {self.log_path}:\n{self.log_tail()}")
            time.sleep(_POLL_SECONDS)

    def stop(self, *, seconds: float = _STOP_SECONDS) -> None:
        """End it as a supervisor would: it may finish, and is killed when it does not."""
        self.resume()
        self._end(signal.SIGTERM, seconds=seconds)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._end(signal.SIGKILL, seconds=_STOP_SECONDS)

    def restart(self, *, seconds: float = 90) -> None:
        self.stop()
        self.start(seconds=seconds)

    def pause(self) -> None:
        """Hold it: its connections stay open and nothing answers, as on a machine that hangs."""
        os.kill(self.pid, signal.SIGSTOP)
        self._is_held = True

    def resume(self) -> None:
        """Let it go on; nothing happens when it is not held."""
        if self._is_held and self.is_running:
            os.kill(self.pid, signal.SIGCONT)
        self._is_held = False

    def recover(self) -> None:
        """Bring it back to running and answering, whatever a test did to it."""
        self.resume()
        self.start()
        self.wait_until_ready()

    def log_tail(self) -> str:
        return "\n".join(f"    {line}" for line in self.log.splitlines()[-TAIL_LINES:])

    def _end(self, how: signal.Signals, *, seconds: float) -> None:
        if self._child is None:
            return
        if self._child.poll() is None:
            self._child.send_signal(how)
            try:
                self._child.wait(seconds)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait(seconds)
        self._child = None
        self._is_held = False
