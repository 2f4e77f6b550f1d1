"""The folder that holds one chain: its segments, its lock, its checkpoints. Opens files safely; knows nothing of records.

Folder 0700, files 0600, all owned by the caller, no symbolic links: whoever can write here can cut the log short.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from goldenpath.errors import AuditUnavailable

LOCK_NAME: Final = "lock"
CHECKPOINTS_NAME: Final = "checkpoints.ndjson"
FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_SEGMENT: Final = re.compile(r"segment-([0-9]{8})\.ndjson")
_LOOSE: Final = 0o077
_OPEN: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def segment_name(number: int) -> str:
    """Return the file name of a segment; numbers count from 1."""
    return f"segment-{number:08d}.ndjson"


def segment_numbers(names: list[str]) -> list[int]:
    """Return the numbers of the segments among file names, ascending."""
    return sorted(int(match.group(1)) for match in map(_SEGMENT.fullmatch, names) if match)


class LogDirectory:
    """One folder, kept open, so that it cannot be swapped unnoticed."""

    def __init__(self, path: Path) -> None:
        """Create the folder if its parent lets us, and check it.

        Raises:
            AuditUnavailable: ``audit.file-unsafe`` for a symbolic link, a foreign owner or a mode looser than 0700.
            OSError: it cannot be created or opened.
        """
        self.path = path
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        try:
            path.mkdir(mode=FOLDER_MODE)
        except FileExistsError:
            pass
        else:
            sync_directory(path.parent)
        if path.is_symlink():
            raise _unsafe(path, "a symbolic link")
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        _check_owned(path, os.fstat(self.fd))

    def close(self) -> None:
        """Release the folder."""
        os.close(self.fd)

    def is_in_place(self) -> bool:
        """Say whether the path still leads to the folder that was opened."""
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return False
        return os.path.samestat(found, os.fstat(self.fd))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one writer. Blocks; callers bound the wait from another thread."""
        fd = self._lock()
        try:
            yield
        finally:
            os.close(fd)

    def _lock(self) -> int:
        # opened anew each time: a lock belongs to the open file, which a forked child would share
        while True:
            fd = self.open(LOCK_NAME, os.O_RDWR | os.O_CREAT)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                found = self.stat(LOCK_NAME)
            except BaseException:
                os.close(fd)
                raise
            if found is not None and os.path.samestat(found, os.fstat(fd)):
                return fd
            os.close(fd)

    def open(self, name: str, flags: int) -> int:
        """Open a file of the folder.

        Raises:
            AuditUnavailable: ``audit.file-unsafe`` when it is not a regular file of ours with mode 0600.
            OSError: it cannot be opened.
        """
        try:
            fd = os.open(name, flags | _OPEN, FILE_MODE, dir_fd=self.fd)
        except OSError as error:
            if (self.path / name).is_symlink():
                raise _unsafe(self.path / name, "a symbolic link") from error
            raise
        try:
            _check_owned(self.path / name, os.fstat(fd))
        except AuditUnavailable:
            os.close(fd)
            raise
        return fd

    def stat(self, name: str) -> os.stat_result | None:
        """Return what stands under ``name``, links not followed; None for nothing."""
        try:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def segments(self) -> list[int]:
        """Return the numbers of the segments that exist, ascending."""
        return segment_numbers(os.listdir(self.fd))  # noqa: PTH208 - of the folder that is open, wherever its path leads now

    def create_segment(self, number: int) -> int:
        """Create and open a new segment; its name is durable on return."""
        fd = self.open(segment_name(number), os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        os.fsync(self.fd)
        return fd

    def open_segment(self, number: int) -> int:
        """Open an existing segment for appending."""
        return self.open(segment_name(number), os.O_RDWR | os.O_APPEND)


def sync_directory(path: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _check_owned(path: Path, found: os.stat_result) -> None:
    if not (stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)):
        raise _unsafe(path, "not a regular file")
    if found.st_uid != os.geteuid():
        raise _unsafe(path, "owned by another user")
    if found.st_mode & _LOOSE:
        raise _unsafe(path, f"open to others (mode {stat.S_IMODE(found.st_mode):04o})")


def _unsafe(path: Path, what: str) -> AuditUnavailable:
    return AuditUnavailable(
        "audit.file-unsafe",
        f"the audit log's {path.name} is {what}",
        subject=str(path),
        hint="the folder must be 0700 and its files 0600, owned by the user who runs the command, without links",
    )
