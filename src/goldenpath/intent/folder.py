"""Walks a catalog on disk without ever following a link or waiting on a pipe (R7).

Every folder is opened by its parent's descriptor with ``O_NOFOLLOW``, so that nothing can be swapped in between look and open. What
is listed has the shape that git lists, and both are sorted out by the same code.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Final

from goldenpath.errors import Conflict, InvalidIntent
from goldenpath.intent.layout import Place
from goldenpath.intent.listing import REGULAR_MODES, refuse_kind
from goldenpath.intent.reader import REQUEST_LIMITS
from goldenpath.model.finding import Finding
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
        for folder, neighbours in groupby(places, key=lambda place: place.path.rpartition("/")[0]):
            for place, data in self._read_in(folder, neighbours):
                if data is None:
                    self.unreadable.append(_entry(place.path, UNREADABLE))
                else:
                    yield place, data

    def read_file(self, path: str, *, max_bytes: int = REQUEST_LIMITS.max_bytes) -> bytes | None:
        """Return the bytes of a regular file, at most ``max_bytes`` and one; None when it is no such file or cannot be read."""
        folder, _, name = path.rpartition("/")
        try:
            with self._opened(folder) as parent:
                return _read_at(parent, name, max_bytes)
        except OSError:
            return None

    def is_folder(self, path: str) -> bool:
        """Say whether a real folder is at ``path``, empty or not."""
        try:
            return stat.S_ISDIR(os.lstat(self._base / path).st_mode)
        except OSError:
            return False

    def make(self, path: str) -> None:
        """Make a folder and those above it; one that is there stays.

        Raises:
            InvalidIntent: ``intent.folder-unsafe`` when a part of the way is a link or cannot be made.
        """
        try:
            with self._opened(path, is_made=True):
                return
        except OSError as error:
            raise _unsafe(path, error) from error

    def _read_in(self, folder: str, places: Iterable[Place]) -> Iterator[tuple[Place, bytes | None]]:
        """Read the files of one folder while it is open: the way there is walked once, not once per file."""
        with ExitStack() as held:
            try:
                parent = held.enter_context(self._opened(folder))
            except OSError:
                parent = None
            for place in places:
                name = place.path.rpartition("/")[2]
                yield place, None if parent is None else _read_at(parent, name, REQUEST_LIMITS.max_bytes)

    def read_regular(self, entry: TreeEntry, *, max_bytes: int = REQUEST_LIMITS.max_bytes) -> bytes | Finding:
        """Return the bytes of a listed entry, at most ``max_bytes`` and one, or the finding that says why it was not opened."""
        if entry.mode not in REGULAR_MODES:
            return refuse_kind(entry)
        data = self.read_file(entry.path, max_bytes=max_bytes)
        return refuse_kind(_entry(entry.path, UNREADABLE)) if data is None else data

    def write_new(self, path: str, data: bytes) -> None:
        """Write a file that does not exist yet, mode 0644 whatever the umask: all of it or nothing. Missing folders are made.

        Raises:
            Conflict: ``intent.file-exists`` when something has this name already; it stays as it is.
            InvalidIntent: ``intent.folder-unsafe`` when a folder on the way is a link or cannot be entered or written.
        """
        folder, _, name = path.rpartition("/")
        temporary = f".{name}.{os.getpid()}.tmp"
        try:
            with self._opened(folder, is_made=True) as parent:
                _write(temporary, data, parent)
                try:
                    os.link(temporary, name, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
                finally:
                    os.unlink(temporary, dir_fd=parent)
                os.fsync(parent)
        except FileExistsError:
            raise Conflict("intent.file-exists", "there is a file of this name already", subject=path, hint="choose another id") from None
        except OSError as error:
            raise _unsafe(path, error) from error

    def write_over(self, path: str, data: bytes, *, expected: bytes) -> None:
        """Put ``data`` in the place of a file that holds ``expected``, in one step; its mode stays.

        Raises:
            Conflict: ``request.file-changed`` when it holds something else by now; it stays as it is.
            InvalidIntent: ``intent.folder-unsafe`` when a folder on the way is a link or cannot be entered or written.
        """
        folder, _, name = path.rpartition("/")
        temporary = f".{name}.{os.getpid()}.tmp"
        try:
            with self._opened(folder) as parent:
                if _read_at(parent, name, len(expected)) != expected:
                    raise Conflict("request.file-changed", "the file changed while it was being edited", subject=path, hint="run again")
                mode = stat.S_IMODE(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
                try:
                    _write(temporary, data, parent, mode=mode)
                    os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
                except OSError:
                    with suppress(FileNotFoundError):
                        os.unlink(temporary, dir_fd=parent)
                    raise
                os.fsync(parent)
        except OSError as error:
            raise _unsafe(path, error) from error

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
    def _opened(self, path: str, *, is_made: bool = False) -> Iterator[int]:
        """Open a folder step by step, so that no part of the way is a link; ``is_made`` makes what is missing."""
        current = os.open(self._base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in path.split("/") if path else ():
                if is_made:
                    with suppress(FileExistsError):
                        os.mkdir(part, 0o755, dir_fd=current)
                below = os.open(part, _FOLDER_FLAGS, dir_fd=current)
                os.close(current)
                current = below
            yield current
        finally:
            os.close(current)


def _unsafe(path: str, error: OSError) -> InvalidIntent:
    return InvalidIntent(
        "intent.folder-unsafe",
        f"the file cannot be written: {os.strerror(error.errno or 0)}",
        subject=path,
        hint="check that every folder on the way is a real folder, not a link, and writable",
    )


def _write(name: str, data: bytes, folder: int, *, mode: int = 0o644) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, 0o644, dir_fd=folder), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read_at(parent: int, name: str, max_bytes: int) -> bytes | None:
    try:
        descriptor = os.open(name, _FILE_FLAGS, dir_fd=parent)
    except OSError:
        return None
    try:
        about = os.fstat(descriptor)
        return _read_up_to(max_bytes + 1, descriptor, about.st_size) if stat.S_ISREG(about.st_mode) else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _read_up_to(most: int, descriptor: int, stated: int) -> bytes:
    """Return the bytes to the end, at most ``most``; the ``stated`` size only saves memory, the end is where nothing more comes."""
    data = os.read(descriptor, min(most, stated + 1))
    while len(data) < most and (more := os.read(descriptor, most - len(data))):
        data += more
    return data


def _entry(path: str, mode: str) -> TreeEntry:
    return TreeEntry(path=path, mode=mode, oid="")


def _scanned_mode(entry: os.DirEntry[str]) -> str:
    """Return the mode from the folder's own listing, which names the kind of each entry: no look at every file."""
    try:
        if entry.is_file(follow_symlinks=False):
            return "100644"
        if entry.is_dir(follow_symlinks=False):
            return "040000"
        return "120000" if entry.is_symlink() else "other"
    except OSError:
        return UNREADABLE


def _mode(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "040000"
    if stat.S_ISLNK(mode):
        return "120000"
    return "100644" if stat.S_ISREG(mode) else "other"
