"""Private folders and files: made 0700 and 0600 whatever the umask says, refused when looser, linked or somebody else's.

Nothing here repairs loose permissions: a file that others could read may have been read, and a person has to know.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from goldenpath.errors import Misconfigured, ProviderUnavailable

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_OTHERS = 0o077
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE, errno.ETIMEDOUT})
_BUSY_ERRORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EBUSY, errno.ENOLCK})


def private_folder(path: Path) -> Path:
    """Return ``path`` as a folder only we can enter, made (with its parents) when missing.

    Raises:
        Misconfigured: ``state.not-private`` for loose permissions, a link, another owner or something that is no folder;
            ``state.unusable`` when it cannot be made.
        ProviderUnavailable: ``state.unavailable`` when the disk or the system cannot take it now, as everywhere in this module.
    """
    if not os.path.lexists(path):
        _make_folder(path)
    try:
        found = path.lstat()
    except OSError as error:
        raise unusable(path, error) from error
    _require_private(path, found, is_folder=True)
    return path


def private_file(path: Path) -> bool:
    """Say whether the file exists.

    Raises:
        Misconfigured: ``state.not-private`` when it does, but is not a plain file that only we can read.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unusable(path, error) from error
    _require_private(path, found, is_folder=False)
    return True


def create_private_file(path: Path, content: bytes = b"") -> bool:
    """Create the file whole or not at all: written and fsynced beside it, then linked into place.

    Returns:
        False when it was already there; its content is then left alone.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        try:
            _write_draft(draft, content)
            os.link(draft, path, follow_symlinks=False)
        except FileExistsError:
            return False
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise unusable(path, error) from error
    return True


def replace_private_file(path: Path, content: bytes) -> None:
    """Put ``content`` in the file's place in one step; readers see the old or the new bytes, also after a power cut."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        _write_draft(draft, content)
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):  # the first error is the one to tell
            draft.unlink(missing_ok=True)
        raise unusable(path, error) from error


def read_private_file(path: Path, *, max_bytes: int) -> bytes:
    """Return the bytes of a file that passes :func:`private_file`; the check is made on the open file, so it cannot be swapped."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        private_file(path)
        raise unusable(path, error) from error
    try:
        _require_private(path, os.fstat(descriptor), is_folder=False)
        content = _read_up_to(descriptor, max_bytes + 1)
    except OSError as error:
        raise unusable(path, error) from error
    finally:
        os.close(descriptor)
    if len(content) > max_bytes:
        raise Misconfigured("state.unusable", f"the file is larger than {max_bytes} bytes", subject=str(path))
    return content


def sync_folder(path: Path) -> None:
    """Make names in the folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked_folder(path: Path) -> Iterator[None]:
    """Keep other processes of this machine out of the block, for as long as the folder's files are being made or exchanged."""
    try:
        descriptor = os.open(private_folder(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise unusable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def unusable(path: Path, error: OSError) -> Misconfigured | ProviderUnavailable:
    """Return the error for a path that the operating system does not let us use.

    A full, failing or read-only disk and a system that is out of something pass, and running again is safe: ``state.unavailable``.
    Anything else is for a person to put right: ``state.unusable``.
    """
    said = os.strerror(error.errno or 0)
    if error.errno in _DISK_ERRORS | _BUSY_ERRORS:
        return ProviderUnavailable(
            "state.unavailable",
            f"the platform's state cannot be used now: {said}",
            subject=str(path),
            hint="mend the disk or free some space; running again continues where this stopped",
        )
    return Misconfigured(
        "state.unusable",
        f"the platform's state cannot be used: {said}",
        subject=str(path),
        hint="check the folder and its owner",
    )


def _read_up_to(descriptor: int, count: int) -> bytes:
    content = b""
    while len(content) < count and (part := os.read(descriptor, count - len(content))):
        content += part
    return content


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=FOLDER_MODE)
        path.chmod(FOLDER_MODE)
        sync_folder(path.parent)
    except FileExistsError:
        return
    except OSError as error:
        raise unusable(path, error) from error


def _write_draft(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), FILE_MODE)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _require_private(path: Path, found: os.stat_result, *, is_folder: bool) -> None:
    wanted, mode = ("folder", FOLDER_MODE) if is_folder else ("file", FILE_MODE)
    fault = _privacy_fault(found, is_folder=is_folder)
    if fault:
        raise Misconfigured(
            "state.not-private",
            f"expected a {wanted} that only you can use, got {fault}",
            subject=str(path),
            hint=f"find out who could read it, then: chmod {mode:o} {path}",
        )


def _privacy_fault(found: os.stat_result, *, is_folder: bool) -> str:
    if stat.S_ISLNK(found.st_mode):
        return "a symbolic link"
    if not (stat.S_ISDIR(found.st_mode) if is_folder else stat.S_ISREG(found.st_mode)):
        return "something else"
    if found.st_uid != os.geteuid():
        return f"one that belongs to user {found.st_uid}"
    if found.st_mode & _OTHERS:
        return f"mode {stat.S_IMODE(found.st_mode):04o}"
    return ""
