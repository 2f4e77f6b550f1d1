"""Writes single files below a folder so that no link leads out of it and no reader ever sees half of one.

Every step down is taken with an open folder and without following links, so nobody can swap a folder for a link in between.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from goldenpath.errors import Conflict

NOT_A_FILE = "not-a-file"
FOLDER = "folder"
"""What :func:`blob_id` says of a folder, and of anything else that is there and is no regular file."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SHA1_LENGTH = 40


def blob_id(root: str, path: str, *, id_length: int) -> str:
    """Return the id that git would give the file's bytes as they are; empty when nothing is there, or a file in place of a parent."""
    try:
        with _parent(root, path, create=False) as (folder, name):
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if not stat.S_ISREG(mode):
                return FOLDER if stat.S_ISDIR(mode) else NOT_A_FILE
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return ""
    except OSError:
        return NOT_A_FILE if _is_linked(root, path) else ""
    with os.fdopen(descriptor, "rb") as file:
        content = file.read()
    function = hashlib.sha1(usedforsecurity=False) if id_length == _SHA1_LENGTH else hashlib.sha256()
    function.update(b"blob %d\0" % len(content) + content)
    return function.hexdigest()


def _is_linked(root: str, path: str) -> bool:
    """Say whether anything but folders and plain files is on the way to ``path``, or the file itself cannot be read."""
    above = os.path.join(root, *path.split("/"))  # noqa: PTH118 - text with surrogate escapes
    while above != root:
        with suppress(OSError):
            mode = os.lstat(above).st_mode
            return not stat.S_ISREG(mode) or above.endswith("/" + path)
        above = os.path.dirname(above)  # noqa: PTH120
    return True


def files_below(root: str, path: str) -> list[str]:
    """Return the path of everything but folders below the folder ``path``; links are named, not followed."""
    top = os.path.join(root, path)  # noqa: PTH118
    return [os.path.relpath(os.path.join(folder, name), root) for folder, _folders, names in os.walk(top) for name in names]  # noqa: PTH118


def replace_file(root: str, path: str, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step; folders are made as needed.

    Raises:
        Conflict: ``delivery.checkout-unwritable`` (a full disk, a link in the way, no right to write); the old file is as it was.
    """
    try:
        with _parent(root, path, create=True) as (folder, name):
            # The name is fixed, so that a run after a killed one replaces what that one left.
            draft = f".{name}.goldenpath-draft"
            with suppress(FileNotFoundError):
                os.unlink(draft, dir_fd=folder)
            try:
                _write_new(folder, draft, content)
                os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                with suppress(OSError):
                    os.unlink(draft, dir_fd=folder)
                raise
            os.fsync(folder)
    except OSError as error:
        raise unwritable(path, error) from None


def _write_new(folder: int, name: str, content: bytes) -> None:
    with os.fdopen(os.open(name, _NEW_FILE, 0o644, dir_fd=folder), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def remove_file(root: str, path: str) -> None:
    """Remove ``path`` and the folders that become empty; nothing happens when it is gone already.

    Raises:
        Conflict: ``delivery.checkout-unwritable``.
    """
    try:
        with _parent(root, path, create=False) as (folder, name):
            os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise unwritable(path, error) from None
    while "/" in path:
        path = path.rpartition("/")[0]
        try:
            with _parent(root, path, create=False) as (folder, name):
                os.rmdir(name, dir_fd=folder)
        except OSError:
            return


@contextmanager
def _parent(root: str, path: str, *, create: bool) -> Iterator[tuple[int, str]]:
    """Open the folder that ``path`` is in, one step at a time, and hand out (its descriptor, the last name)."""
    *above, name = path.split("/")
    with ExitStack() as opened:
        folder = _opened(opened, root, None)
        for step in above:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(step, 0o755, dir_fd=folder)
            folder = _opened(opened, step, folder)
        yield folder, name


def _opened(stack: ExitStack, name: str, above: int | None) -> int:
    descriptor = os.open(name, _FOLDER, dir_fd=above)
    stack.callback(os.close, descriptor)
    return descriptor


def unwritable(path: str, error: OSError) -> Conflict:
    """Return the error of a file that could not be written; the operating system's number says why."""
    return Conflict(
        "delivery.checkout-unwritable",
        f"a file of the checkout could not be replaced (errno {error.errno})",
        subject=path,
        hint="free space, or remove what is in the way, then run again: a commit that was made is kept, and the old file is as it was",
    )
