"""Walks a catalog on disk without ever following a link or waiting on a pipe (R7).

Every folder is opened by its parent's descriptor with ``O_NOFOLLOW``, so that nothing can be swapped in between look and open. What
is listed has the shape that git lists, and both are sorted out by the same code.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from goldenpath.intent.layout import Place
from goldenpath.intent.reader import REQUEST_LIMITS
from goldenpath.ports.repository import TreeEntry

_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST: Final = 32
"""Folders below the root; deeper ones are listed as unreadable instead of walked."""

UNREADABLE: Final = "unreadable"


class Folder:
    """The working tree below ``base``; paths are relative to it, with ``/``. ``unreadable`` gathers files that could not be read."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self.unreadable: list[TreeEntry] = []

    def entries(self, path: str) -> Iterator[TreeEntry]:
        """Yield every entry below ``path`` in path order, the entry itself when it is no folder, nothing when it is missing.

        Modes are git's; what git cannot hold is ``other`` (pipe, socket, device), what cannot be looked at ``unreadable``.
        """
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            part = "/".join(parts[:depth])
            try:
                mode = os.lstat(self._base / part).st_mode
            except FileNotFoundError:
                return
            except OSError:
                yield _entry(part, UNREADABLE)
                return
            if not stat.S_ISDIR(mode):
                yield _entry(part, _mode(mode))
                return
        yield from self._walk(path, 0)

    def read(self, places: Sequence[Place]) -> Iterator[tuple[Place, bytes]]:
        """Yield each place with its bytes, at most one more than a request may have; one that cannot be read goes to ``unreadable``."""
        for place in places:
            data = self.read_file(place.path)
            if data is None:
                self.unreadable.append(_entry(place.path, UNREADABLE))
            else:
                yield place, data

    def read_file(self, path: str, *, max_bytes: int = REQUEST_LIMITS.max_bytes) -> bytes | None:
        """Return the bytes of a regular file, at most ``max_bytes`` and one; None when it is no such file or cannot be read."""
        folder, _, name = path.rpartition("/")
        try:
            with self._opened(folder) as parent:
                descriptor = os.open(name, _FILE_FLAGS, dir_fd=parent)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            try:
                return file.read(max_bytes + 1)
            except OSError:
                return None

    def _walk(self, path: str, depth: int) -> Iterator[TreeEntry]:
        try:
            found = self._scan(path)
        except OSError:
            yield _entry(path, UNREADABLE)
            return
        for name, mode in found:
            below = f"{path}/{name}"
            if mode != "040000":
                yield _entry(below, mode)
            elif depth >= _DEEPEST:
                yield _entry(below, UNREADABLE)
            else:
                yield from self._walk(below, depth + 1)

    def _scan(self, path: str) -> list[tuple[str, str]]:
        with self._opened(path) as folder, os.scandir(folder) as entries:
            return sorted((entry.name, _scanned_mode(entry)) for entry in entries)

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        """Open a folder step by step, so that no part of the way is a link."""
        current = os.open(self._base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in path.split("/") if path else ():
                below = os.open(part, _FOLDER_FLAGS, dir_fd=current)
                os.close(current)
                current = below
            yield current
        finally:
            os.close(current)


def _entry(path: str, mode: str) -> TreeEntry:
    return TreeEntry(path=path, mode=mode, oid="")


def _scanned_mode(entry: os.DirEntry[str]) -> str:
    try:
        return _mode(entry.stat(follow_symlinks=False).st_mode)
    except OSError:
        return UNREADABLE


def _mode(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "040000"
    if stat.S_ISLNK(mode):
        return "120000"
    return "100644" if stat.S_ISREG(mode) else "other"
