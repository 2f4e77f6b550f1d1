"""Signed statements of how far the log had come, kept beside it and in a second place (R51).

A chain alone cannot show that its end is missing; a checkpoint that knows a later record can, and only its signing key makes one.
The second place holds the same bytes: it may be behind, never ahead and never different.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from goldenpath.audit.directory import CHECKPOINTS_NAME, FILE_MODE, LogDirectory
from goldenpath.audit.keys import AuditKeys, key_fingerprint
from goldenpath.audit.record import timestamp
from goldenpath.audit.signing import CONTEXT
from goldenpath.audit.writer import Position
from goldenpath.errors import AuditUnavailable
from goldenpath.model.base import Record
from goldenpath.ports.clock import Clock

NO_CHECKPOINT: Final = "0" * 64
_SIGNATURE_OPEN: Final = b',"signature":"'
_SIGNATURE_HEX: Final = 128
_SUFFIX_BYTES: Final = len(_SIGNATURE_OPEN) + _SIGNATURE_HEX + 2
_END_BYTES: Final = 4096
_COPY_BYTES: Final = 1_048_576


class CheckpointBody(Record, frozen=True, kw_only=True):
    """What is signed. ``previous`` is the SHA-256 of the checkpoint line before, ``key_id`` the chain key of record ``seq``."""

    schema_version: int = 1
    chain_id: str
    segment: int
    seq: int
    hash: str
    key_id: str
    time: str
    previous: str
    signing_key_id: str


class Checkpoint(CheckpointBody, frozen=True, kw_only=True):
    """A signed checkpoint: an Ed25519 signature in hex over the line without its last member."""

    signature: str


def split_checkpoint(line: bytes) -> tuple[bytes, Checkpoint] | None:
    """Return (signed bytes, checkpoint), or None when the line is not a whole checkpoint in its one spelling."""
    try:
        checkpoint = msgspec.json.decode(line, type=Checkpoint)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if len(checkpoint.signature) != _SIGNATURE_HEX or msgspec.json.encode(_ordered(checkpoint)) != line:
        return None
    return line[:-_SUFFIX_BYTES] + b"}", checkpoint


def line_digest(line: bytes) -> str:
    """Return what the next checkpoint names as ``previous``."""
    return hashlib.sha256(line).hexdigest()


class CheckpointLog:
    """The checkpoint file of one chain and its copy. Used under the folder's lock."""

    def __init__(self, keys: AuditKeys, *, clock: Clock, mirror: Path | None) -> None:
        self._keys = keys
        self._clock = clock
        self._mirror = mirror

    def write(self, directory: LogDirectory, position: Position, *, min_gap: int = 1) -> Checkpoint | None:
        """Return the newest checkpoint, a new one when ``position`` is ``min_gap`` records after the last; None for an empty chain.

        The copy is brought up to date in any case.

        Raises:
            AuditUnavailable: ``audit.mirror-diverged`` or ``audit.log-behind-checkpoint``.
            OSError: one of the two places cannot be written.
        """
        if position.seq == 0:
            return None
        fd = directory.open(CHECKPOINTS_NAME, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            line, checkpoint = _last_line(fd)
            check_reach(position, checkpoint)
            if checkpoint is None or position.seq - checkpoint.seq >= min_gap:
                checkpoint = self._append(fd, position, line)
            if self._mirror is not None:
                _copy_forward(fd, self._mirror)
        finally:
            os.close(fd)
        return checkpoint

    def check(self, directory: LogDirectory, position: Position) -> int:
        """Return the sequence number of the newest checkpoint, 0 for none, after comparing the log's end with both places.

        Raises:
            AuditUnavailable: ``audit.log-behind-checkpoint``: records that a checkpoint has seen are gone.
        """
        newest = _newest_of(directory.path / CHECKPOINTS_NAME)
        check_reach(position, newest)
        check_reach(position, self._newest_in_mirror())
        return newest.seq if newest is not None else 0

    def _newest_in_mirror(self) -> Checkpoint | None:
        """Return the mirror's newest checkpoint; None when it is away, which the next write to it reports."""
        if self._mirror is None:
            return None
        try:
            return _newest_of(self._mirror / CHECKPOINTS_NAME)
        except OSError:
            return None

    def _append(self, fd: int, position: Position, previous_line: bytes) -> Checkpoint:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - 50 ms that readers do not need

        private = Ed25519PrivateKey.from_private_bytes(self._keys.signing_key)
        body = CheckpointBody(
            chain_id=position.chain_id,
            segment=position.segment,
            seq=position.seq,
            hash=position.hash,
            key_id=position.key_id,
            time=timestamp(self._clock.now()),
            previous=line_digest(previous_line) if previous_line else NO_CHECKPOINT,
            signing_key_id=key_fingerprint(private.public_key().public_bytes_raw()),
        )
        signed = msgspec.json.encode(body)
        signature = private.sign(CONTEXT + signed).hex()
        _write_all(fd, signed[:-1] + _SIGNATURE_OPEN + signature.encode("ascii") + b'"}\n')
        os.fsync(fd)
        return Checkpoint(**msgspec.structs.asdict(body), signature=signature)


def check_reach(position: Position, newest: Checkpoint | None) -> None:
    """Refuse a log that is shorter or other than its newest checkpoint says.

    Raises:
        AuditUnavailable: ``audit.log-behind-checkpoint``.
    """
    if newest is None:
        return
    same_record = position.seq != newest.seq or position.hash == newest.hash
    if position.seq < newest.seq or (position.chain_id and position.chain_id != newest.chain_id) or not same_record:
        raise AuditUnavailable(
            "audit.log-behind-checkpoint",
            f"a signed checkpoint knows record {newest.seq} of chain {newest.chain_id}; the log ends at record {position.seq}",
            hint="run `goldenpath audit verify`; put the missing files back, or move folder and mirror away as evidence",
        )


def _ordered(checkpoint: Checkpoint) -> dict[str, object]:
    values = msgspec.structs.asdict(checkpoint)
    return {name: values[name] for name in (*CheckpointBody.__struct_fields__, "signature")}


def _last_line(fd: int) -> tuple[bytes, Checkpoint | None]:
    """Return the newest whole checkpoint; a half-written one after it proves nothing yet and is cut off."""
    size = os.fstat(fd).st_size
    end = os.pread(fd, _END_BYTES, max(0, size - _END_BYTES))
    whole = end[: end.rfind(b"\n") + 1]
    line = whole[:-1].rpartition(b"\n")[2]
    parsed = split_checkpoint(line) if line else None
    if parsed is None and (line or size >= _END_BYTES):
        raise AuditUnavailable(
            "audit.checkpoint-invalid",
            "the newest audit checkpoint is damaged",
            hint="run `goldenpath audit verify`; copy the checkpoint file back from its mirror",
        )
    if len(whole) < len(end):
        os.ftruncate(fd, size - (len(end) - len(whole)))
    return line, parsed[1] if parsed is not None else None


def _newest_of(path: Path) -> Checkpoint | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as file:
        file.seek(max(0, os.fstat(fd).st_size - _END_BYTES))
        lines = file.read().split(b"\n")[:-1]
    parsed = split_checkpoint(lines[-1]) if lines else None
    return parsed[1] if parsed is not None else None


def _copy_forward(fd: int, mirror: Path) -> None:
    """Append to the copy what it does not have yet. It must hold a beginning of our file, byte for byte."""
    mirror.mkdir(mode=0o700, exist_ok=True)  # never its parents: a disk that is not mounted must not be replaced by a folder
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    with os.fdopen(os.open(mirror / CHECKPOINTS_NAME, flags, FILE_MODE), "r+b", buffering=0) as copy:
        have, total = os.fstat(copy.fileno()).st_size, os.fstat(fd).st_size
        overlap = min(have, _END_BYTES)
        if have > total or os.pread(fd, overlap, have - overlap) != os.pread(copy.fileno(), overlap, have - overlap):
            raise AuditUnavailable(
                "audit.mirror-diverged",
                "the copy of the audit checkpoints is not a beginning of the log's own",
                subject=str(mirror),
                hint="each log needs a mirror folder of its own; run `goldenpath audit verify --mirror` to see where they part",
            )
        while have < total:
            piece = os.pread(fd, min(_COPY_BYTES, total - have), have)
            _write_all(copy.fileno(), piece)
            have += len(piece)
        _sync(copy)


def _sync(file: BinaryIO) -> None:
    os.fsync(file.fileno())


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
