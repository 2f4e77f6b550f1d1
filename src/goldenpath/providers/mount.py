"""Shows a value to a child process as a file: mode 0600, made by us, gone afterwards.

With a number of reads it is a named pipe, so the value never lies on a disk; each reader gets a pipe of its own.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from goldenpath.errors import Conflict, ProviderUnavailable
from goldenpath.model.secret import SecretValue

_PAUSE_SECONDS = 0.01
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Where and what. ``max_reads``: how often the value may be read; None is a plain file without a limit."""

    path: Path
    content: SecretValue
    max_reads: int | None = None


@contextmanager
def mounted(mount: Mount | None) -> Iterator[None]:
    """Keep the file there for the length of the block.

    Raises:
        Conflict: ``exec.mount-exists``: nothing that is there is ever replaced.
        ProviderUnavailable: ``exec.mount-unwritable``.
    """
    if mount is None:
        yield
        return
    try:
        if mount.max_reads is None:
            _write_file(mount)
        else:
            os.mkfifo(mount.path, 0o600)
    except FileExistsError:
        raise Conflict("exec.mount-exists", "there is something at the path", subject=str(mount.path), hint="choose another path") from None
    except OSError as error:
        raise _unwritable(mount.path, error) from None
    try:
        if mount.max_reads is None:
            yield
        else:
            with _served(mount, mount.max_reads):
                yield
    finally:
        mount.path.unlink(missing_ok=True)


def _write_file(mount: Mount) -> None:
    with os.fdopen(os.open(mount.path, _NEW, 0o600), "wb") as file:
        try:
            os.fchmod(file.fileno(), 0o600)
            file.write(mount.content.reveal())
            file.flush()
        except OSError:
            mount.path.unlink(missing_ok=True)
            raise


@contextmanager
def _served(mount: Mount, reads: int) -> Iterator[None]:
    is_over = threading.Event()
    server = threading.Thread(target=_serve, args=(mount, reads, is_over), name="goldenpath-mount", daemon=True)
    server.start()
    try:
        yield
    finally:
        is_over.set()
        server.join()


def _serve(mount: Mount, reads: int, is_over: threading.Event) -> None:
    for left in range(reads - 1, -1, -1):
        pipe = _reader_of(mount.path, is_over)
        if pipe is None:
            return
        # The next reader must not share this pipe, so it is out of the way before the first byte is written.
        _put_next_pipe(mount.path, left)
        try:
            _write_all(pipe, mount.content.reveal(), is_over)
        finally:
            os.close(pipe)


def _reader_of(path: Path, is_over: threading.Event) -> int | None:
    """Wait for a reader and return the end to write to; None when the child is gone or the pipe was taken away."""
    while not is_over.is_set():
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError:
            # ENXIO: nobody reads yet
            is_over.wait(_PAUSE_SECONDS)
    return None


def _put_next_pipe(path: Path, left: int) -> None:
    if left == 0:
        path.unlink(missing_ok=True)
        return
    draft = path.with_name(f".{path.name}.goldenpath-draft")
    with suppress(FileNotFoundError):
        draft.unlink()
    os.mkfifo(draft, 0o600)
    draft.rename(path)


def _write_all(pipe: int, content: bytes, is_over: threading.Event) -> None:
    view = memoryview(content)
    while view and not is_over.is_set():
        _readable, writable, _failed = select.select([], [pipe], [], 0.1)
        try:
            view = view[os.write(pipe, view) :] if writable else view
        except BlockingIOError:
            continue
        except BrokenPipeError:
            return


def _unwritable(path: Path, error: OSError) -> ProviderUnavailable:
    return ProviderUnavailable(
        "exec.mount-unwritable",
        f"the file could not be made (errno {error.errno})",
        subject=str(path),
        hint="name a path in a folder that exists and that you may write to",
    )
