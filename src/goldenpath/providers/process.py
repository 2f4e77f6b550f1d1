"""Runs the program of ``goldenpath exec``: passes signals on, hands back its exit code, restarts it when values change.

Values travel in the child's environment or a mounted file, never in an argument. Nothing here decides which ones.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import IO, Self

from goldenpath.errors import GoldenpathError, InvalidIntent, Misconfigured, NotFound, ProviderUnavailable
from goldenpath.model.secret import SecretValue
from goldenpath.providers.mount import Mount, mounted
from goldenpath.providers.redaction import Redactor

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)
_FROM_THE_TERMINAL = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGWINCH})
_ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT})
_DRAIN_SECONDS = 2.0
_GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """What a child gets. ``environment`` is all of it; ``secrets`` are the values in it, for redaction."""

    environment: Mapping[bytes, bytes]
    secrets: tuple[SecretValue, ...] = ()
    mount: Mount | None = None

    def __repr__(self) -> str:
        return f"Injected(variables={len(self.environment)}, secrets={len(self.secrets)}, mount={self.mount is not None})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """When to start the program again.

    Args:
        poll: Returns what to inject now if it changed, else None. ``ProviderUnavailable`` keeps the program as it is;
            any other error (a denied read) stops it and is raised.
        interval_seconds: Between two polls.
        settle_seconds: A change must stand this long, so that several at once restart the program once.
        grace_seconds: From TERM to KILL.
    """

    poll: Callable[[], Injected | None]
    interval_seconds: float = 5.0
    settle_seconds: float = 1.0
    grace_seconds: float = 10.0


def _silent(_message: str) -> None:
    return


def run_child(
    argv: Sequence[str],
    injected: Injected,
    *,
    redact: bool = False,
    watch: Watch | None = None,
    progress: Callable[[str], None] = _silent,
) -> int:
    """Run a program to its end and return its exit code; 128 plus the number when a signal ended it.

    Signals that this process gets are passed on; those that a terminal sends to both of us are not passed on a second time.

    Args:
        argv: The program and its arguments; looked up on our own ``PATH``.
        injected: Environment, values and mount.
        redact: Mask the values in what the program prints; it then has no terminal for its output.
        watch: Start the program again when values change.
        progress: Told about restarts; never a value.

    Raises:
        NotFound: ``exec.command-missing``.
        Misconfigured: ``exec.command-not-runnable``.
        InvalidIntent: ``exec.environment-too-large``.
        Conflict, ProviderUnavailable: ``exec.mount-exists``, ``exec.mount-unwritable``.
    """
    program = _program(argv)
    with _Signals() as signals:
        while True:
            with mounted(injected.mount), _started(program, argv, injected, redact=redact) as child:
                signals.attach(child)
                changed = _wait(child, watch)
                signals.attach(None)
                if watch is not None and changed is not None:
                    progress("values changed: starting the program again")
                    _stop(child, watch.grace_seconds)
            if changed is None:
                return child.returncode if child.returncode >= 0 else 128 - child.returncode
            if signals.ending:
                return 128 + signals.ending
            injected = changed


def _program(argv: Sequence[str]) -> str:
    found = shutil.which(argv[0]) if argv and argv[0] else None
    if found is None:
        raise NotFound(
            "exec.command-missing",
            "the program is not on PATH, or is not executable",
            subject=argv[0] if argv else "",
            hint="write it after `--`, as in: goldenpath exec SEC-0007 -- ./server --port 8080",
        )
    return found


@contextmanager
def _started(program: str, argv: Sequence[str], injected: Injected, *, redact: bool) -> Iterator[subprocess.Popen[bytes]]:
    """Start the program; whatever happens in the block, it is not left behind."""
    stream = subprocess.PIPE if redact else None
    _flush_own_output()
    try:
        child = subprocess.Popen(list(argv), executable=program, env=dict(injected.environment), stdout=stream, stderr=stream)
    except OSError as error:
        raise _not_started(program, error) from None
    with ExitStack() as stack:
        if redact:
            stack.enter_context(_redacted(child, injected.secrets))
        stack.callback(_stop, child, _GRACE_SECONDS)
        yield child


def _not_started(program: str, error: OSError) -> GoldenpathError:
    if error.errno == errno.E2BIG:
        return InvalidIntent(
            "exec.environment-too-large",
            "arguments and environment together are larger than the operating system takes",
            subject=program,
            hint="inject fewer keys with --only, drop the parent's environment with --pristine, or use --mount",
        )
    return Misconfigured(
        "exec.command-not-runnable",
        f"the program could not be started (errno {error.errno})",
        subject=program,
        hint="is it built for this machine, and does its first line name an interpreter that is there?",
    )


def _wait(child: subprocess.Popen[bytes], watch: Watch | None) -> Injected | None:
    """Wait for the end of ``child`` and return None; or return early what to start it with again."""
    if watch is None:
        child.wait()
        return None
    while not _has_ended(child, watch.interval_seconds):
        changed = _polled(watch)
        if changed is None:
            continue
        while not _has_ended(child, watch.settle_seconds) and (newer := _polled(watch)) is not None:
            changed = newer
        return changed if child.poll() is None else None
    return None


def _polled(watch: Watch) -> Injected | None:
    try:
        return watch.poll()
    except ProviderUnavailable:
        # an outage of the store is no reason to take a running program down
        return None


def _has_ended(child: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _stop(child: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """TERM, wait, KILL; nothing when it has ended."""
    if child.poll() is not None:
        return
    child.terminate()
    if not _has_ended(child, grace_seconds):
        child.kill()
        child.wait()


class _Signals:
    """Passes signals on to whichever child runs. A signal between two children, or before the first, reaches the next one."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._before: dict[signal.Signals, object] = {}

    @property
    def ending(self) -> int:
        """The first signal that asked for the end while no child ran; 0 when none did."""
        return next((number for number in self._early if number in _ENDING), 0)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._pass_on) for number in FORWARDED}
        return self

    def __exit__(self, *_exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)  # type: ignore[arg-type]

    def attach(self, child: subprocess.Popen[bytes] | None) -> None:
        """Pass signals on to ``child`` from now on, those that came too early first."""
        self._child = child
        while child is not None and self._early:
            child.send_signal(self._early.pop(0))

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if self._child is None:
            self._early.append(number)
        elif not (number in _FROM_THE_TERMINAL and _has_terminal()):
            self._child.send_signal(number)


def _has_terminal() -> bool:
    """Say whether we are in the foreground of a terminal: it then sends its signals to the child as well."""
    with suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
    return False


@contextmanager
def _redacted(child: subprocess.Popen[bytes], secrets: Sequence[SecretValue]) -> Iterator[None]:
    """Copy what the child prints to our own streams, masked."""
    pumps = [
        threading.Thread(target=_pump, args=(source, target, Redactor(secrets)), name="goldenpath-redact", daemon=True)
        for source, target in ((child.stdout, 1), (child.stderr, 2))
        if source is not None
    ]
    for pump in pumps:
        pump.start()
    try:
        yield
    finally:
        # a grandchild that keeps the pipe open must not keep us here for ever
        for pump in pumps:
            pump.join(_DRAIN_SECONDS if child.poll() is not None else 0.0)


def _pump(source: IO[bytes], target: int, redactor: Redactor) -> None:
    with source:
        while chunk := os.read(source.fileno(), 1 << 16):
            if not _write(target, redactor.feed(chunk)):
                return
        _write(target, redactor.finish())


def _write(target: int, data: bytes) -> bool:
    """Write everything; False when nobody reads us any more."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(target, view) :]
    except OSError:
        return False
    return True


def _flush_own_output() -> None:
    """Let what we printed come before what the child prints."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
