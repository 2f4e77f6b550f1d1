"""Proves that a log is what was written, or says where it is not (R51): one pass, constant memory, no write.

A record proves itself by its MAC; its place is proved by sequence and previous hash; the end of the log by signed checkpoints.
Lines that prove nothing are *suspects* until the next good record tells what they are: a torn write that a recovery record
names, an edit, or an insertion.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from goldenpath.audit.chain import RecordHasher, genesis_hash
from goldenpath.audit.checkpoint import Checkpoint
from goldenpath.audit.keys import AuditKeys, public_key_of
from goldenpath.audit.reader import FileView, Line, Snapshot, read_lines, take_snapshot
from goldenpath.audit.record import SEGMENT_OPENED, SYSTEM_PREFIX, split_line
from goldenpath.audit.report import LISTED_MAX, OpenIntent, ProblemList, VerifyReport
from goldenpath.audit.signing import SignatureChecker
from goldenpath.audit.suspects import Suspects
from goldenpath.audit.verify_checkpoints import CheckpointStream, compare_places
from goldenpath.model.base import Record
from goldenpath.ports.clock import Clock

OPEN_INTENTS_MAX: Final = 50_000


class _Head(Record, frozen=True, kw_only=True, gc=False):
    """The members that the check needs; the others are skipped while decoding."""

    id: str
    time: str
    seq: int
    prev_hash: str
    key_id: str
    phase: str
    action: str
    operation_id: str


class _Details(Record, frozen=True, kw_only=True):
    details: dict[str, str]


def verify_log(
    directory: Path,
    keys: AuditKeys,
    *,
    clock: Clock,
    mirror: Path | None = None,
    public_keys: tuple[bytes, ...] = (),
) -> VerifyReport:
    """Check the whole log.

    Args:
        directory: The log's folder, or a copy of it.
        keys: The chain keys that its records were made with.
        clock: Bounds the wait for a writer's lock.
        mirror: The second place of the checkpoints.
        public_keys: Raw Ed25519 keys to trust instead of the ones in ``keys``.

    Raises:
        NotFound: ``audit.log-missing``.
        ProviderUnavailable: ``audit.log-busy``.
        OSError: a file cannot be read.
    """
    snapshot = take_snapshot(directory, mirror, clock=clock)
    problems = ProblemList()
    trusted = public_keys or (public_key_of(keys.signing_key), *keys.retired_public_keys)
    checkpoints = CheckpointStream(_checkpoint_place(snapshot, problems), SignatureChecker(trusted), problems)
    check = _ChainCheck(keys, checkpoints, problems)
    for number, view in snapshot.segments:
        check.segment(number, view)
    check.finish()
    return check.report(checkpoints.count, has_mirror=mirror is not None)


def _checkpoint_place(snapshot: Snapshot, problems: ProblemList) -> FileView:
    for view in (snapshot.checkpoints, snapshot.mirror):
        if view is not None and view.size < 0:
            problems.add("audit.file-unsafe", f"{view.path.name} is not a regular file", seq=1)
    if snapshot.mirror is None:
        return snapshot.checkpoints
    return compare_places(snapshot.checkpoints, snapshot.mirror, problems)


class _ChainCheck:
    """Walks the records in file order and keeps what the next one must be."""

    def __init__(self, keys: AuditKeys, checkpoints: Iterable[Checkpoint], problems: ProblemList) -> None:
        self._keys = keys
        self._hashers = {key_id: RecordHasher(key) for key_id, key in keys.chain_keys.items()}
        self._decode = msgspec.json.Decoder(_Head).decode
        self._problems = problems
        self._checkpoints = iter(checkpoints)
        self._next_checkpoint = next(self._checkpoints, None)
        self._suspects = Suspects()
        self._open: dict[str, tuple[int, str, str]] = {}
        self._key_ids: dict[str, None] = {}
        self._chain_id = ""
        self._expected_seq = 1
        self._last_hash = ""
        self._last_time = ""
        self._key_id = ""
        self._segment = 0
        self._line = 0
        self._segments = 0
        self._records = 0
        self._torn = 0
        self._proven_seq = 0

    def segment(self, number: int, view: FileView) -> None:
        """Check one segment file after the other, in the order of their numbers."""
        if number != self._segment + 1:
            self._report("audit.segment-missing", f"segment {self._segment + 1} is missing")
        self._segment, self._line = number, 0
        self._segments += 1
        if view.size < 0:
            self._report("audit.file-unsafe", f"segment {number} is not a regular file")
            return
        is_linked = False
        for line in read_lines(view):
            self._line += 1
            head = self._authentic(line)
            if head is None:
                continue
            if not is_linked and not self._follow_link(head, line.text):
                return
            is_linked = True
            self._place(head, line)

    def finish(self) -> None:
        """Judge what is still open at the end of the log."""
        self._settle(self._expected_seq + self._suspects.count)
        newest: Checkpoint | None = None
        while self._next_checkpoint is not None:
            newest = self._next_checkpoint
            self._next_checkpoint = next(self._checkpoints, None)
        if newest is not None and newest.seq >= self._expected_seq:
            self._report("audit.log-truncated", f"a checkpoint knows record {newest.seq}; the log ends at {self._expected_seq - 1}")

    def report(self, checkpoints: int, *, has_mirror: bool) -> VerifyReport:
        """Return everything found."""
        intents = [
            OpenIntent(operation_id=operation_id, seq=seq, time=time, action=action)
            for operation_id, (seq, time, action) in list(self._open.items())[:LISTED_MAX]
        ]
        return VerifyReport(
            chain_id=self._chain_id,
            records=self._records,
            segments=self._segments,
            last_seq=self._expected_seq - 1,
            last_time=self._last_time,
            key_ids=tuple(self._key_ids),
            checkpoints=checkpoints,
            proven_seq=self._proven_seq,
            has_mirror=has_mirror,
            torn_fragments=self._torn,
            problem_count=self._problems.count,
            problems=tuple(sorted(self._problems.listed, key=lambda problem: (problem.seq, problem.segment, problem.line))),
            open_intent_count=len(self._open),
            open_intents=tuple(intents),
        )

    def _authentic(self, line: Line) -> _Head | None:
        """Return the head of a record that proves itself; any other line becomes a suspect."""
        code = "audit.record-edited"
        if not line.is_ended:
            self._report("audit.tail-torn", f"segment {self._segment} ends inside a record, and no recovery record says why")
        parts = split_line(line.text)
        if parts is not None:
            try:
                head = self._decode(line.text)
            except (msgspec.DecodeError, UnicodeDecodeError):
                head = None
            if head is not None:
                hasher = self._hashers.get(head.key_id)
                if hasher is None:
                    code = "audit.key-unknown"
                elif hasher.hash(head.prev_hash, parts[0]) == parts[1]:
                    return head
        if line.is_ended or parts is not None:
            self._suspects.add(line.text, code, self._segment, self._line)
        return None

    def _follow_link(self, head: _Head, text: bytes) -> bool:
        """Check the first record of a segment; False when the segment does not belong here and is passed over."""
        details = _details_of(text) if head.action == SEGMENT_OPENED else {}
        if not details:
            self._report("audit.segment-unlinked", f"segment {self._segment} does not begin with its link record")
            return True
        self._chain_id = self._chain_id or details.get("chain_id", "")
        if details.get("chain_id") != self._chain_id:
            self._report("audit.segment-foreign", f"segment {self._segment} belongs to another chain")
            return False
        if details.get("segment") != str(self._segment):
            self._report("audit.segment-misplaced", f"segment {self._segment} is really segment {details.get('segment', '?')}")
            return False
        if self._last_hash == "" and head.seq == 1:
            self._last_hash = genesis_hash(self._chain_id)
        if details.get("previous_key_id") == self._key_id:
            self._key_id = head.key_id
        return True

    def _place(self, head: _Head, line: Line) -> None:
        """Check that an authentic record stands where it belongs, and move on behind it."""
        stated_hash = line.text[-66:-2].decode("ascii")
        self._records += 1
        if head.action.startswith(SYSTEM_PREFIX):
            self._excuse_torn(head, _details_of(line.text))
        if head.seq < self._expected_seq:
            self._settle(self._expected_seq)
            code = "audit.record-repeated" if stated_hash == self._last_hash else "audit.record-misplaced"
            self._report(code, f"record {head.seq} stands behind record {self._expected_seq - 1}", seq=head.seq)
            return
        is_next = head.seq == self._expected_seq
        self._settle(head.seq)
        if is_next and head.prev_hash != self._last_hash:
            self._report("audit.chain-broken", f"record {head.seq} does not continue the record before it")
        if head.key_id != self._key_id:
            self._change_key(head)
        self._key_ids[head.key_id] = None
        self._advance(head, stated_hash)

    def _advance(self, head: _Head, stated_hash: str) -> None:
        self._expected_seq = head.seq + 1
        self._last_hash = stated_hash
        self._last_time = head.time
        if head.phase == "intent":
            if len(self._open) < OPEN_INTENTS_MAX:
                self._open[head.operation_id] = (head.seq, head.time, head.action)
        else:
            self._open.pop(head.operation_id, None)
        checkpoint = self._next_checkpoint
        if checkpoint is not None and checkpoint.seq <= head.seq:
            self._compare(head.seq, stated_hash)

    def _compare(self, seq: int, stated_hash: str) -> None:
        """Compare with every checkpoint up to here."""
        while self._next_checkpoint is not None and self._next_checkpoint.seq <= seq:
            checkpoint, self._next_checkpoint = self._next_checkpoint, next(self._checkpoints, None)
            if checkpoint.chain_id != self._chain_id:
                self._report(
                    "audit.checkpoint-foreign", f"the checkpoint of record {checkpoint.seq} is of another chain", seq=checkpoint.seq
                )
            elif checkpoint.seq == seq and checkpoint.hash == stated_hash:
                self._proven_seq = seq
            else:
                self._report("audit.checkpoint-mismatch", f"record {checkpoint.seq} is not the one that was signed", seq=checkpoint.seq)

    def _change_key(self, head: _Head) -> None:
        if self._key_id or head.seq != 1:
            self._report(
                "audit.key-changed", f"record {head.seq} uses key {head.key_id!r} without a link from {self._key_id!r}", seq=head.seq
            )
        self._key_id = head.key_id

    def _excuse_torn(self, head: _Head, details: dict[str, str]) -> None:
        if "torn_bytes" not in details:
            return
        if self._suspects.are_torn_as(details, self._keys.chain_keys[head.key_id]):
            self._suspects = Suspects()
            self._torn += 1
        elif self._suspects.count == 0:
            self._report("audit.torn-removed", f"record {head.seq} names a torn fragment that is not there", seq=head.seq)

    def _settle(self, next_seq: int) -> None:
        """Say what the suspects before record ``next_seq`` are, and what is missing besides."""
        suspects, self._suspects = self._suspects, Suspects()
        gap = next_seq - self._expected_seq
        if not suspects.count and not gap:
            return
        edited = min(suspects.count, gap)
        for index, (code, segment, line) in enumerate(suspects.codes):
            seq = self._expected_seq + min(index, gap)
            if index < edited:
                self._problems.add(code, f"record {seq} does not prove itself", seq=seq, segment=segment, line=line)
            else:
                self._problems.add(
                    "audit.record-inserted", f"a line before record {seq} is no record of this log", seq=seq, segment=segment, line=line
                )
        self._problems.count += suspects.count - len(suspects.codes)
        if gap > edited:
            first, last = self._expected_seq + edited, next_seq - 1
            self._report("audit.record-missing", f"records {first} to {last} are missing", seq=first)

    def _report(self, code: str, message: str, *, seq: int = 0) -> None:
        self._problems.add(code, message, seq=seq or self._expected_seq, segment=self._segment, line=self._line)


def _details_of(text: bytes) -> dict[str, str]:
    return msgspec.json.decode(text, type=_Details).details
