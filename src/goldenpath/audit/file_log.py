"""The audit log as files: the AuditSink that the platform uses without any server (R50, R51, R52).

Wires the pieces: callers wait in :mod:`group_commit`, one worker appends through :mod:`writer` under the folder's lock, checkpoints
follow. Everything that goes wrong with the disk becomes ``AuditUnavailable``; opening the log touches no disk at all.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from goldenpath.audit.chain import Hashable, keyed_hash
from goldenpath.audit.checkpoint import Checkpoint, CheckpointLog
from goldenpath.audit.directory import LogDirectory
from goldenpath.audit.group_commit import GroupCommit
from goldenpath.audit.keys import AuditKeys
from goldenpath.audit.record import content_of, encode_content
from goldenpath.audit.writer import ChainWriter, Disk, Position, SystemDisk
from goldenpath.errors import AuditUnavailable
from goldenpath.model.audit import AuditEvent
from goldenpath.model.settings import AuditSettings
from goldenpath.ports.clock import Clock, Entropy

TIMEOUT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Request:
    contents: tuple[bytes, ...] = ()
    wants_checkpoint: bool = False


@dataclass(frozen=True, slots=True)
class _Result:
    ids: tuple[str, ...] = ()
    checkpoint: Checkpoint | None = None
    failure: AuditUnavailable | None = None


class FileAuditLog:
    """One chain in one folder, shared by any number of threads and processes."""

    def __init__(
        self,
        directory: Path,
        keys: AuditKeys,
        *,
        clock: Clock,
        entropy: Entropy,
        settings: AuditSettings,
        mirror: Path | None,
        timeout_seconds: float,
        disk: Disk,
    ) -> None:
        self.directory = directory
        self.keys = keys
        self.mirror = mirror
        self._checkpoint_every = settings.checkpoint_every
        self._checkpoints = CheckpointLog(keys, clock=clock, mirror=mirror)
        self._checkpoint_seq = 0
        self._writer = ChainWriter(
            keys,
            clock=clock,
            entropy=entropy,
            segment_max_bytes=settings.segment_max_bytes,
            writer_id=f"{socket.gethostname()}:{os.getpid()}",
            disk=disk,
            on_first_load=self._compare_with_checkpoints,
        )
        self._folder: LogDirectory | None = None
        self._commit_group: GroupCommit[_Request, _Result] = GroupCommit(self._commit, timeout_seconds=timeout_seconds)
        self._has_written = False

    @staticmethod
    def open(
        directory: Path,
        keys: AuditKeys,
        *,
        clock: Clock,
        entropy: Entropy,
        settings: AuditSettings,
        mirror: Path | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        disk: Disk | None = None,
    ) -> FileAuditLog:
        """Return the log of ``directory``; the folder is created and checked by the first append.

        Args:
            directory: Folder of the chain, created with mode 0700.
            keys: Chain and signing keys.
            clock: Time of the records.
            entropy: Ids of the records.
            settings: Segment size, checkpoint interval, mirror.
            mirror: Second place for checkpoints, instead of the one in ``settings`` (which is taken as it stands).
            timeout_seconds: How long a caller waits for a disk or a lock that hangs.
            disk: The calls that reach the disk; the system's own by default.
        """
        configured = Path(settings.checkpoint_mirror) if settings.checkpoint_mirror else None
        return FileAuditLog(
            directory,
            keys,
            clock=clock,
            entropy=entropy,
            settings=settings,
            mirror=mirror or configured,
            timeout_seconds=timeout_seconds,
            disk=disk or SystemDisk(),
        )

    def append(self, event: AuditEvent) -> str:
        """Return the record's id once it is durable.

        Raises:
            AuditUnavailable: the record is not durable; the caller must not act.
        """
        return self.append_many((event,))[0]

    def append_many(self, events: Iterable[AuditEvent]) -> tuple[str, ...]:
        """Return the ids of all records, in order, once all are durable.

        Raises:
            AuditUnavailable: not all of them are; the caller must not act.
        """
        contents = tuple(encode_content(content_of(event)) for event in events)
        result = self._commit_group.submit(_Request(contents))
        self._has_written = True
        return result.ids

    def keyed_hash(self, text: Hashable) -> str:
        """Return a keyed, truncated digest for anything derived from a value, of whatever type (R52)."""
        return keyed_hash(self.keys.current, self.keys.current_key, text)

    def checkpoint(self) -> Checkpoint | None:
        """Sign the newest record and return the checkpoint; None for an empty log.

        Raises:
            AuditUnavailable: the log's folder or the mirror could not take it.
        """
        result = self._commit_group.submit(_Request(wants_checkpoint=True))
        if result.failure is not None:
            raise result.failure
        return result.checkpoint

    def close(self) -> None:
        """Checkpoint what this process wrote, and release the files. The log can be used again.

        Raises:
            AuditUnavailable: the checkpoint could not be written; the records themselves are durable.
        """
        try:
            if self._has_written:
                self.checkpoint()
                self._has_written = False
        finally:
            if self._commit_group.stop():
                self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _commit(self, requests: list[_Request]) -> list[_Result]:
        try:
            return self._commit_locked(requests)
        except OSError as error:
            self._release()
            raise _unwritable(error) from error
        except AuditUnavailable:
            self._release()
            raise

    def _commit_locked(self, requests: list[_Request]) -> list[_Result]:
        folder = self._open_folder()
        with folder.locked():
            ids = iter(self._writer.append(folder, [content for request in requests for content in request.contents]))
            proof = self._checkpoint(folder, is_asked=any(request.wants_checkpoint for request in requests))
        return [
            _Result(
                tuple(next(ids) for _ in request.contents),
                proof.checkpoint if request.wants_checkpoint else None,
                proof.failure if request.wants_checkpoint else None,
            )
            for request in requests
        ]

    def _checkpoint(self, folder: LogDirectory, *, is_asked: bool) -> _Result:
        """Write a checkpoint when one is asked for or due.

        A failure reaches only those who asked: the records are durable already, the checkpoint stays due, and the end of
        every command asks.
        """
        position = self._writer.position(folder)
        if not is_asked and position.seq - self._checkpoint_seq < self._checkpoint_every:
            return _Result()
        try:
            checkpoint = self._checkpoints.write(folder, position, min_gap=1 if is_asked else self._checkpoint_every)
        except OSError as error:
            return _Result(failure=_unwritable(error))
        self._checkpoint_seq = checkpoint.seq if checkpoint is not None else 0
        return _Result(checkpoint=checkpoint)

    def _compare_with_checkpoints(self, position: Position) -> None:
        self._checkpoint_seq = self._checkpoints.check(self._open_folder(), position)

    def _open_folder(self) -> LogDirectory:
        if self._folder is None:
            self._folder = LogDirectory(self.directory)
        elif not self._folder.is_in_place():
            raise AuditUnavailable(
                "audit.log-replaced",
                "the audit log's folder was removed or replaced while it was open",
                subject=str(self.directory),
                hint="run `goldenpath audit verify`; put the original folder back",
            )
        return self._folder

    def _release(self) -> None:
        self._writer.forget()
        if self._folder is not None:
            self._folder.close()
        self._folder = None


def _unwritable(error: OSError) -> AuditUnavailable:
    name = errno.errorcode.get(error.errno or 0, "unknown error")
    return AuditUnavailable(
        "audit.unwritable",
        f"the audit log cannot be written ({name}), so nothing was done",
        hint="free space on its disk or repair it; `goldenpath doctor` shows where the log lies",
    )
