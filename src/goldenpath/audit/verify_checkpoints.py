"""Checks the checkpoints themselves, and hands them to the chain check one by one. Constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from goldenpath.audit.checkpoint import NO_CHECKPOINT, Checkpoint, line_digest, split_checkpoint
from goldenpath.audit.reader import FileView, read_lines
from goldenpath.audit.report import ProblemList
from goldenpath.audit.signing import SignatureChecker


class CheckpointStream:
    """Yields checkpoints in the order of the file, with every fault of their own reported."""

    def __init__(self, view: FileView, checker: SignatureChecker, problems: ProblemList) -> None:
        self._lines = read_lines(view)
        self._checker = checker
        self._problems = problems
        self._previous = NO_CHECKPOINT
        self._last_seq = 0
        self.count = 0

    def __iter__(self) -> Iterator[Checkpoint]:
        for number, line in enumerate(self._lines, 1):
            parsed = split_checkpoint(line.text)
            if not line.is_ended:
                self._report("audit.checkpoint-torn", "the last checkpoint line is incomplete", number)
            if parsed is None:
                if line.is_ended:
                    self._report("audit.checkpoint-invalid", "the line is no checkpoint", number)
            else:
                self._check(*parsed, number)
                yield parsed[1]
            self._previous = line_digest(line.text)

    def _check(self, signed: bytes, checkpoint: Checkpoint, number: int) -> None:
        self.count += 1
        if not self._checker.is_signed(signed, signing_key_id=checkpoint.signing_key_id, signature=checkpoint.signature):
            self._report("audit.checkpoint-signature", "no trusted key signed it", number)
        if checkpoint.previous != self._previous:
            self._report("audit.checkpoint-chain", "it does not follow the checkpoint before it", number)
        if checkpoint.seq <= self._last_seq:
            self._report("audit.checkpoint-chain", "it is not later than the checkpoint before it", number)
        self._last_seq = max(self._last_seq, checkpoint.seq)

    def _report(self, code: str, message: str, number: int) -> None:
        self._problems.add(code, f"checkpoint {number}: {message}", seq=self._last_seq + 1, line=number)


def compare_places(local: FileView, mirror: FileView, problems: ProblemList) -> FileView:
    """Return the place that knows more, after reporting where the two differ. One must be a beginning of the other."""
    known = 0
    for number, (ours, theirs) in enumerate(zip_longest(read_lines(local), read_lines(mirror)), 1):
        if ours == theirs:
            parsed = split_checkpoint(ours.text)
            known = parsed[1].seq if parsed is not None else known
            continue
        if theirs is None:
            problems.add("audit.mirror-behind", f"the mirror has no checkpoint {number}", seq=known + 1, line=number)
        elif ours is None:
            problems.add("audit.log-rolled-back", f"the mirror has a checkpoint {number} that the log lost", seq=known + 1, line=number)
            return mirror
        else:
            problems.add("audit.mirror-diverged", f"checkpoint {number} differs between log and mirror", seq=known + 1, line=number)
        return local
    return local
