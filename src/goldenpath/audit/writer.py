"""Appends records to a chain on disk, one writer at a time across processes. Used from one thread only; never acknowledges early.

After any failure the end of the log is read again from disk: what a failed write left there is kept, terminated and named by a
recovery record, and nothing is overwritten.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from goldenpath.audit.chain import genesis_hash, torn_mac
from goldenpath.audit.directory import LogDirectory, segment_name
from goldenpath.audit.keys import AuditKeys
from goldenpath.audit.record import RECOVERED, SEGMENT_OPENED, Identity, RecordContent, encode_content, seal, timestamp
from goldenpath.audit.tail import Tail, load_tail
from goldenpath.errors import AuditUnavailable
from goldenpath.model.audit import Actor
from goldenpath.ports.clock import Clock, Entropy

WRITER_ACTOR: Final = Actor(id="goldenpath-audit", kind="automation")


class Disk(Protocol):
    """The two calls that a failing disk fails."""

    def write(self, fd: int, data: memoryview) -> int:
        """Append; return how many bytes were taken."""
        ...

    def sync(self, fd: int) -> None:
        """Make what was appended durable."""
        ...


class SystemDisk:
    """The operating system's disk."""

    def write(self, fd: int, data: memoryview) -> int:
        """Append; return how many bytes were taken."""
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        """Make what was appended durable, power loss included."""
        os.fdatasync(fd)


@dataclass(frozen=True, slots=True)
class Position:
    """A record's place in its chain."""

    chain_id: str
    segment: int
    seq: int
    hash: str
    key_id: str


class ChainWriter:
    """The end of one chain, held in memory between calls and compared with the disk before each."""

    def __init__(
        self,
        keys: AuditKeys,
        *,
        clock: Clock,
        entropy: Entropy,
        segment_max_bytes: int,
        writer_id: str,
        disk: Disk,
        on_first_load: Callable[[Position], None],
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._entropy = entropy
        self._segment_max_bytes = segment_max_bytes
        self._writer_id = writer_id
        self._disk = disk
        self._on_first_load = on_first_load
        self._tail: Tail | None = None
        self._acknowledged: Position | None = None
        self._pending: list[bytes] = []
        self._pending_bytes = 0

    def append(self, directory: LogDirectory, contents: Sequence[bytes]) -> list[str]:
        """Write the contents as records and return their ids, all durable. Call it with the folder locked.

        Raises:
            AuditUnavailable: the chain on disk is not the one we wrote, or cannot be continued.
            OSError: the disk refused; nothing of the batch is acknowledged.
        """
        try:
            tail = self._refresh(directory)
            ids = [self._add(self._room(directory, tail), content) for content in contents]
            self._flush(tail)
        except BaseException:
            self.forget()
            raise
        self._acknowledged = _position(tail)
        return ids

    def position(self, directory: LogDirectory) -> Position:
        """Return the place of the newest record, ``seq`` 0 for none. Call it with the folder locked."""
        try:
            return _position(self._refresh(directory))
        except BaseException:
            self.forget()
            raise

    def forget(self) -> None:
        """Drop what is known about the end of the log, so that the next call reads it from disk."""
        if self._tail is not None:
            self._tail.close()
        self._tail = None
        self._pending.clear()
        self._pending_bytes = 0

    def _refresh(self, directory: LogDirectory) -> Tail:
        """Return the end of the log, read again when another process appended."""
        if self._tail is not None and self._is_current(directory, self._tail):
            return self._tail
        self.forget()
        tail = load_tail(directory, self._keys)
        self._tail = tail
        known = self._acknowledged
        if known is not None and (tail.chain_id != known.chain_id or tail.seq < known.seq):
            raise _replaced("it ends before a record that this process has written, or is another chain")
        if known is None:
            self._on_first_load(_position(tail))
        return tail

    def _is_current(self, directory: LogDirectory, tail: Tail) -> bool:
        if tail.segment == 0:
            return False
        found = directory.stat(segment_name(tail.segment))
        if found is None or not os.path.samestat(found, os.fstat(tail.fd)):
            raise _replaced(f"{segment_name(tail.segment)} was removed or replaced while it was open")
        if found.st_size < tail.size:
            raise _replaced(f"{segment_name(tail.segment)} is shorter than what was written to it")
        return found.st_size == tail.size and directory.stat(segment_name(tail.segment + 1)) is None

    def _room(self, directory: LogDirectory, tail: Tail) -> Tail:
        """Prepare the tail for one more record: link record, recovery record, new segment, as it needs them."""
        if tail.needs_link:
            self._link(tail, self._torn_details(tail))
        elif tail.segment == 0 or tail.key_id != self._keys.current or self._is_full(tail):
            self._open_next(directory, tail)
        elif tail.torn is not None or tail.needs_newline:
            self._recover(tail)
        return tail

    def _is_full(self, tail: Tail) -> bool:
        return tail.size + self._pending_bytes >= self._segment_max_bytes

    def _open_next(self, directory: LogDirectory, tail: Tail) -> None:
        torn_details = self._torn_details(tail)
        self._flush(tail)
        fd = directory.create_segment(tail.segment + 1)
        tail.close()
        tail.fd, tail.segment, tail.size = fd, tail.segment + 1, 0
        self._link(tail, torn_details)

    def _link(self, tail: Tail, torn_details: dict[str, str]) -> None:
        """Write the record that opens a segment and ties it to the one before, across a change of key as well."""
        record_id = self._entropy.sortable_id()
        tail.chain_id = tail.chain_id or record_id
        tail.hash = tail.hash or genesis_hash(tail.chain_id)
        tail.needs_link = False
        details = {"chain_id": tail.chain_id, "segment": str(tail.segment), "previous_key_id": tail.key_id, **torn_details}
        self._add_own(tail, SEGMENT_OPENED, record_id, details)

    def _recover(self, tail: Tail) -> None:
        """Terminate and name what a killed or failed writer left; an intact record only misses its newline."""
        details = self._torn_details(tail)
        if details:
            self._add_own(tail, RECOVERED, self._entropy.sortable_id(), details)

    def _torn_details(self, tail: Tail) -> dict[str, str]:
        """End the last line on disk and return what names the torn bytes before it, nothing when none are."""
        if tail.needs_newline:
            self._pending.append(b"\n")
            self._pending_bytes += 1
        torn, tail.torn, tail.needs_newline = tail.torn, None, False
        if torn is None:
            return {}
        return {"torn_bytes": str(len(torn)), "torn_mac": torn_mac(self._keys.current_key, torn)}

    def _add_own(self, tail: Tail, action: str, record_id: str, details: dict[str, str]) -> None:
        """Add a record that the log writes about itself."""
        content = RecordContent(
            phase="outcome",
            outcome="success",
            action=action,
            operation_id=record_id,
            actor=WRITER_ACTOR,
            details={**details, "writer": self._writer_id},
        )
        self._add(tail, encode_content(content), record_id=record_id)

    def _add(self, tail: Tail, content: bytes, *, record_id: str = "") -> str:
        identity = Identity(
            id=record_id or self._entropy.sortable_id(),
            time=timestamp(self._clock.now()),
            seq=tail.seq + 1,
            prev_hash=tail.hash,
            key_id=self._keys.current,
        )
        line, tail.hash = seal(content, identity, self._keys.current_key)
        tail.seq, tail.key_id = identity.seq, identity.key_id
        self._pending.append(line + b"\n")
        self._pending_bytes += len(line) + 1
        return identity.id

    def _flush(self, tail: Tail) -> None:
        if not self._pending:
            return
        view = memoryview(b"".join(self._pending))
        while view:
            taken = self._disk.write(tail.fd, view)
            view = view[taken:]
            tail.size += taken
        self._disk.sync(tail.fd)
        self._pending.clear()
        self._pending_bytes = 0


def _position(tail: Tail) -> Position:
    return Position(tail.chain_id, tail.segment, tail.seq, tail.hash, tail.key_id)


def _replaced(why: str) -> AuditUnavailable:
    return AuditUnavailable(
        "audit.log-replaced",
        f"the audit log was changed behind its writer: {why}",
        hint="run `goldenpath audit verify`; put the original files back, or move the folder away as evidence to start a new chain",
    )
