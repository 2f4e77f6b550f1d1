"""What a verification found, for people and machines."""

from __future__ import annotations

from typing import Final

from goldenpath.model.base import Record

LISTED_MAX: Final = 100


class Problem(Record, frozen=True, kw_only=True):
    """One proof that the log is not what was written. ``seq`` is the first record concerned, ``line`` counts from 1, 0 for none."""

    code: str
    message: str
    seq: int
    segment: int = 0
    line: int = 0


class OpenIntent(Record, frozen=True, kw_only=True):
    """An intent without an outcome: the process was killed, or the act is still going on."""

    operation_id: str
    seq: int
    time: str
    action: str


class VerifyReport(Record, frozen=True, kw_only=True):
    """The whole result. Lists hold the first hundred; the counts are exact.

    ``torn_fragments`` are half-written records that a recovery record names: kept, never acknowledged, no problem.
    ``proven_seq`` is the newest record that a signed checkpoint covers; the end of the log after it rests on the chain alone.
    """

    chain_id: str
    records: int
    segments: int
    last_seq: int
    last_time: str
    key_ids: tuple[str, ...]
    checkpoints: int
    proven_seq: int
    has_mirror: bool
    torn_fragments: int
    problem_count: int
    problems: tuple[Problem, ...]
    open_intent_count: int
    open_intents: tuple[OpenIntent, ...]

    @property
    def is_intact(self) -> bool:
        """True when no problem was found."""
        return self.problem_count == 0

    @property
    def first_bad_seq(self) -> int:
        """The smallest sequence number among the listed problems; 0 for none."""
        return min((problem.seq for problem in self.problems), default=0)


class ProblemList:
    """Collects problems in bounded memory."""

    def __init__(self) -> None:
        self.count = 0
        self.listed: list[Problem] = []

    def add(self, code: str, message: str, *, seq: int, segment: int = 0, line: int = 0) -> None:
        """Take note of one problem."""
        self.count += 1
        if len(self.listed) < LISTED_MAX:
            self.listed.append(Problem(code=code, message=message, seq=seq, segment=segment, line=line))
