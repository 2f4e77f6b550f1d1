"""Signals and the overall time limit: every one becomes an exception, so that each ``finally`` on the way out runs (R59)."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from goldenpath.cli.streams import tell
from goldenpath.errors import GoldenpathError, SyncTimeout

_AGAIN_SECONDS = 0.25
"""Long enough for the clean-up that swallowed a signal to be over, on a busy machine too."""

_ENDING = tuple(number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)))


@contextmanager
def raising_on_signals() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` with the signal's number for SIGTERM and SIGHUP, as Python does for SIGINT.

    A signal that the parent chose to ignore (``nohup``) stays ignored. Handlers can be set in the main thread only.
    """
    kept = {}
    with suppress(ValueError):  # not the main thread: whoever runs us there keeps its own handlers
        for number in _ENDING:
            if signal.getsignal(number) is signal.SIG_DFL:
                kept[number] = signal.signal(number, _interrupt)
    hook, sys.unraisablehook = sys.unraisablehook, _while_cleaning_up
    try:
        yield
    finally:
        sys.unraisablehook = hook
        stop_timer()
        for number, handler in kept.items():
            signal.signal(number, handler)


def start_timer(seconds: float) -> None:
    """Raise ``SyncTimeout`` ``cli.timed-out`` in the running verb after ``seconds``."""

    def expire(_number: int, _frame: FrameType | None) -> None:
        raise SyncTimeout(
            "cli.timed-out",
            f"the {seconds:g} s given with --timeout are over",
            hint="run the same command again to resume; finished steps are not repeated",
            retry_after_seconds=0,
        )

    signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def stop_timer() -> None:
    """End the time limit, if there is one."""
    if signal.getitimer(signal.ITIMER_REAL)[0]:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def interruption(error: KeyboardInterrupt) -> tuple[GoldenpathError, int]:
    """Return what to say about an interruption, and the exit code: 128 and the signal's number."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else signal.SIGINT
    code = "cli.interrupted" if number == signal.SIGINT else "cli.terminated"
    name = signal.Signals(number).name
    hint = "run the same command again to resume; finished steps are not repeated"
    return GoldenpathError(code, f"interrupted by {name}", hint=hint), 128 + number


def _while_cleaning_up(found: sys.UnraisableHookArgs) -> None:
    """Send a signal again that arrived in a destructor, where Python drops exceptions; of any other fault there tell the type (R1)."""
    if isinstance(found.exc_value, KeyboardInterrupt):
        import threading

        number = found.exc_value.args[0] if found.exc_value.args else signal.SIGINT
        threading.Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()
    elif isinstance(found.exc_value, SyncTimeout):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
    else:
        tell(sys.stderr, f"warning: {found.exc_type.__name__} while something was cleaned up\n")


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(number)
