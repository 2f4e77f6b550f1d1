"""The three standard streams as a careful program finds them: perhaps closed, perhaps not UTF-8, perhaps without a reader.

Nothing here knows a format or a verb.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO


def open_missing_descriptors() -> None:
    """Give closed descriptors 0 to 2 to the null device, so that no database or key file ever becomes "stdout"."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def accept_any_text(stream: TextIO, *, is_machine_readable: bool = False) -> None:
    """Make writing text never fail: machine formats are UTF-8 by their standards, people get escapes for what they cannot see."""
    if not isinstance(stream, io.TextIOWrapper):
        return
    if is_machine_readable and stream.encoding.lower().replace("-", "") != "utf8":
        stream.reconfigure(encoding="utf-8")
    stream.reconfigure(errors="backslashreplace")


def drop(stream: TextIO) -> None:
    """Send the rest of ``stream`` to the null device: its reader went away."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def write_or_drop(stream: TextIO, text: str = "") -> None:
    """Write and flush; when the reader went away there is nobody left to tell, and the exit code still says what happened."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        drop(stream)


def tell(stream: TextIO, text: str) -> None:
    """Write and flush what is only told: no work stops, and no exit code changes, because nobody can be told."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        drop(stream)


def has_reader(stream: TextIO) -> bool:
    """Say whether somebody still holds the other end of ``stream``; a file or terminal always has a reader."""
    import select

    watch = select.poll()
    watch.register(stream.fileno(), 0)
    return not any(events & (select.POLLERR | select.POLLHUP) for _, events in watch.poll(0))
