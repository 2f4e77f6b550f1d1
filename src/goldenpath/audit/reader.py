"""Reads a log from outside, as it stood at one moment, in constant memory. Checks nothing and changes nothing.

Works on a folder in use, on a copy, and on a folder that this user may only read.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from goldenpath.audit.directory import CHECKPOINTS_NAME, LOCK_NAME, segment_name, segment_numbers
from goldenpath.errors import NotFound, ProviderUnavailable
from goldenpath.ports.clock import Clock

CHUNK_BYTES: Final = 1_048_576
LOCK_SECONDS: Final = 5.0
_LOCK_POLL_SECONDS: Final = 0.02


class FileView(NamedTuple):
    """The first ``size`` bytes of a file; -1 when something else than a regular file has its name."""

    path: Path
    size: int


class Snapshot(NamedTuple):
    """What a log consisted of at one moment. ``mirror`` is None when there is no second place."""

    segments: tuple[tuple[int, FileView], ...]
    checkpoints: FileView
    mirror: FileView | None


class Line(NamedTuple):
    """One line. ``is_ended`` is False for a last line without newline."""

    text: bytes
    is_ended: bool


def take_snapshot(directory: Path, mirror: Path | None, *, clock: Clock) -> Snapshot:
    """Note which files there are and how long each is, between two appends.

    Raises:
        NotFound: ``audit.log-missing``: there is no such folder.
        ProviderUnavailable: ``audit.log-busy``: a writer held the lock for longer than ``LOCK_SECONDS``.
    """
    if not directory.is_dir():
        raise NotFound(
            "audit.log-missing",
            "there is no audit log here",
            subject=str(directory),
            hint="the first audited command creates it; `goldenpath config show` tells where it is expected",
        )
    with _shared_lock(directory / LOCK_NAME, clock):
        numbers = segment_numbers([entry.name for entry in directory.iterdir()])
        return Snapshot(
            tuple((number, _view(directory / segment_name(number))) for number in numbers),
            _view(directory / CHECKPOINTS_NAME),
            _view(mirror / CHECKPOINTS_NAME) if mirror is not None else None,
        )


def read_lines(view: FileView, *, start: int = 0) -> Iterator[Line]:
    """Yield the lines of a view from byte ``start`` on; of a line longer than two chunks only the beginning."""
    if view.size <= start:
        return
    carry = b""
    with view.path.open("rb") as file:
        file.seek(start)
        left = view.size - start
        while left > 0:
            chunk = file.read(min(CHUNK_BYTES, left))
            if not chunk:
                break
            left -= len(chunk)
            lines = (carry + chunk).split(b"\n")
            carry = lines.pop()[: 2 * CHUNK_BYTES]
            for line in lines:
                yield Line(line, is_ended=True)
    if carry:
        yield Line(carry, is_ended=False)


@contextmanager
def _shared_lock(path: Path, clock: Clock) -> Iterator[None]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, PermissionError):
        yield  # a copy has no lock, and nobody writes to it
        return
    try:
        _wait_for(fd, clock)
        yield
    finally:
        os.close(fd)


def _wait_for(fd: int, clock: Clock) -> None:
    deadline = clock.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.monotonic() >= deadline:
                raise ProviderUnavailable(
                    "audit.log-busy",
                    f"a writer has held the audit log's lock for {LOCK_SECONDS:g} seconds",
                    hint="another goldenpath process may hang; look for it, then try again",
                    retry_after_seconds=LOCK_SECONDS,
                ) from None
            clock.sleep(_LOCK_POLL_SECONDS)
        else:
            return


def _view(path: Path) -> FileView:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return FileView(path, 0)
    is_regular = path.is_file() and not path.is_symlink()
    return FileView(path, found.st_size if is_regular else -1)
