"""Finds the end of a chain on disk: the last whole record, and what a killed writer left behind it.

A damaged end counts as torn only when it does not look like a whole record. A whole record with a wrong hash is an edit,
and nothing is appended to an edited log.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

import msgspec

from goldenpath.audit.chain import record_hash
from goldenpath.audit.directory import LogDirectory
from goldenpath.audit.keys import AuditKeys
from goldenpath.audit.record import LINE_BYTES_MAX, SEGMENT_OPENED, AuditRecord, split_line
from goldenpath.errors import AuditUnavailable

_WINDOWS_BYTES: Final = (65_536, 2_097_152)
TORN_BYTES_MAX: Final = 1_048_576


@dataclass(slots=True, kw_only=True)
class Tail:
    """Where the next record goes. ``segment`` 0 means an empty folder; ``fd`` is open for appending unless it is -1.

    ``torn`` is what lies after the last whole record, None for nothing; ``needs_newline`` says that its last line is not terminated.
    ``needs_link`` says that the segment has no record yet.
    """

    segment: int = 0
    fd: int = -1
    size: int = 0
    seq: int = 0
    hash: str = ""
    key_id: str = ""
    chain_id: str = ""
    torn: bytes | None = None
    needs_newline: bool = False
    needs_link: bool = False

    def close(self) -> None:
        """Release the segment."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def load_tail(directory: LogDirectory, keys: AuditKeys) -> Tail:
    """Return the end of the chain. Call it with the folder locked.

    Raises:
        AuditUnavailable: ``audit.tail-invalid`` or ``audit.key-unknown``: the end is not ours to continue.
        OSError: a file cannot be read.
    """
    numbers = directory.segments()
    if not numbers:
        return Tail()
    tail = Tail(segment=numbers[-1], fd=directory.open_segment(numbers[-1]))
    try:
        _fill(tail, directory, keys, numbers)
    except BaseException:
        tail.close()
        raise
    return tail


def _fill(tail: Tail, directory: LogDirectory, keys: AuditKeys, numbers: list[int]) -> None:
    tail.size = os.fstat(tail.fd).st_size
    last = _read_end(tail, keys)
    if last is None:
        tail.needs_link = True
        last = _last_of_earlier(directory, keys, numbers[:-1])
    if last is not None:
        tail.seq, tail.hash, tail.key_id = last.seq, last.hash, last.key_id
        tail.chain_id = _chain_id(directory, tail, last)


def _last_of_earlier(directory: LogDirectory, keys: AuditKeys, numbers: list[int]) -> AuditRecord | None:
    """Return the last record before a segment that was created and never written to."""
    if not numbers:
        return None
    earlier = Tail(segment=numbers[-1], fd=directory.open_segment(numbers[-1]))
    try:
        earlier.size = os.fstat(earlier.fd).st_size
        last = _read_end(earlier, keys)
    finally:
        earlier.close()
    if last is None or earlier.torn is not None:
        raise _invalid(numbers[-1], "its last record is damaged although a later segment exists")
    return last


def _read_end(tail: Tail, keys: AuditKeys) -> AuditRecord | None:
    """Return the last whole record of the segment, and note in ``tail`` what follows it."""
    for window_bytes in _WINDOWS_BYTES:
        start = max(0, tail.size - window_bytes)
        lines = _end_lines(tail, start)
        for index in range(len(lines) - 1, -1, -1):
            if split_line(lines[index]) is not None:
                _note_torn(tail, lines[index + 1 :])
                return authentic_record(lines[index], keys, tail.segment)
    if start:
        raise _invalid(tail.segment, f"there is no whole record in its last {_WINDOWS_BYTES[-1]} bytes")
    _note_torn(tail, lines)
    return None


def _end_lines(tail: Tail, start: int) -> list[bytes]:
    """Return the lines from ``start`` on, the first one left out when it may be cut, the last one with or without newline."""
    lines = _pread(tail.fd, tail.size - start, start).split(b"\n")
    fragment = lines.pop()
    tail.needs_newline = bool(fragment)
    whole = lines[1:] if start else lines
    return [*whole, fragment] if fragment else whole


def _note_torn(tail: Tail, lines: list[bytes]) -> None:
    torn = b"\n".join(lines)
    if len(torn) > TORN_BYTES_MAX:
        raise _invalid(tail.segment, f"more than {TORN_BYTES_MAX} bytes after its last record are damaged")
    tail.torn = torn or None


def authentic_record(line: bytes, keys: AuditKeys, segment: int) -> AuditRecord:
    """Return the record of a whole line after checking its hash.

    Raises:
        AuditUnavailable: ``audit.tail-invalid`` or ``audit.key-unknown``.
    """
    parts = split_line(line)
    try:
        record = msgspec.json.decode(line, type=AuditRecord)
    except msgspec.DecodeError:
        raise _invalid(segment, "its last record cannot be decoded") from None
    if record.key_id not in keys.chain_keys:
        raise AuditUnavailable(
            "audit.key-unknown",
            f"the audit log's last record was made with chain key {record.key_id!r}, which is not among the keys",
            hint="restore the key file that belongs to this log; keep retired chain keys",
        )
    if parts is None or record_hash(keys.chain_keys[record.key_id], record.prev_hash, parts[0]) != parts[1]:
        raise _invalid(segment, "its last record does not match its hash")
    return record


def _chain_id(directory: LogDirectory, tail: Tail, last: AuditRecord) -> str:
    """Return the chain's id: the first record of every segment is a link that names it."""
    if last.action == SEGMENT_OPENED:
        return last.details.get("chain_id", "")
    number = tail.segment - 1 if tail.needs_link else tail.segment
    fd = directory.open_segment(number)
    try:
        head = _pread(fd, TORN_BYTES_MAX + LINE_BYTES_MAX, 0)
    finally:
        os.close(fd)
    for line in head.split(b"\n"):
        if split_line(line) is not None:
            return msgspec.json.decode(line, type=AuditRecord).details.get("chain_id", "")
    raise _invalid(number, "it has no link record")


def _pread(fd: int, count: int, offset: int) -> bytes:
    pieces: list[bytes] = []
    while count > 0:
        piece = os.pread(fd, count, offset)
        if not piece:
            break
        pieces.append(piece)
        count -= len(piece)
        offset += len(piece)
    return b"".join(pieces)


def _invalid(segment: int, why: str) -> AuditUnavailable:
    return AuditUnavailable(
        "audit.tail-invalid",
        f"the audit log cannot be continued: segment {segment}: {why}",
        hint="run `goldenpath audit verify`; keep the folder as evidence before anything else",
    )
