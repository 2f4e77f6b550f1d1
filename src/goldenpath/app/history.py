"""Was everything that is on the protected branch approved? Asked again at every apply, from git objects and signed notes (R12, R13).

The first-parent line is cut into segments. A merge is judged as the branch that it brought in, and must bring in exactly that; a run of
plain commits is judged as one change up to a commit that carries approvals. A segment that fails is tried together with what follows, so
that reverting, or approving the whole net change, heals the line. A plain commit that brings exactly what an approved branch holds is that
branch, squashed. Nothing is forgotten: ``verified_to`` is kept by the caller.

Commits that came to the front of the line by a merge with swapped parents never stood on the protected branch: the line is taken up where
it holds what is trusted again, and the whole way from there is one change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from goldenpath.app.check import CheckResult
from goldenpath.errors import GoldenpathError, InvalidIntent, NotFound
from goldenpath.model.approval import Approval
from goldenpath.model.change import CommitInfo
from goldenpath.ports.repository import PathChange, RepositoryReader

LOOK_AHEAD = 50
"""How many later commits may heal a segment; more than any real revert needs, few enough to stay quick."""

Judge = Callable[[str, str, CommitInfo], CheckResult]
Governed = Callable[[str, str, str], tuple[PathChange, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of the line that was judged: from ``base`` (excluded) to ``end``. ``fault`` says why it cannot be judged at all."""

    base: str
    end: str
    result: CheckResult | None = None
    fault: GoldenpathError | None = None

    @property
    def is_good(self) -> bool:
        """True when nothing governed changed, or the gate passes and every needed approval is there."""
        return self.fault is None and (self.result is None or self.result.is_approved)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryResult:
    """How far the line is covered. ``failed`` is the first segment that is not, None when all are."""

    verified_to: str
    segments: tuple[Segment, ...]
    failed: Segment | None = None

    def approvals(self) -> dict[str, tuple[Approval, ...]]:
        """Return the counted approvals of the latest segment that touched each request id."""
        found: dict[str, tuple[Approval, ...]] = {}
        for segment in self.segments:
            if segment.result is not None:
                for change in segment.result.change.requests:
                    found[change.id] = segment.result.counted
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a line is judged with.

    Args:
        reader: The platform repository.
        judge: Judges (base, head) with the governance of base and the approvals kept for head, as of the day of the given commit.
        governed: Returns the catalog and governance paths, as the settings of the first commit name them, that differ between two more.
        noted: Returns every commit that somebody approved; asked only when a plain commit has no approval of its own.
        proposed: Returns the heads of pull requests that the second commit brought, on the forge that the settings of the first name.
            A forge squashes and rebases, so reviews stand beside commits that the line never holds.
    """

    reader: RepositoryReader
    judge: Judge
    governed: Governed
    noted: Callable[[], Sequence[str]]
    proposed: Callable[[str, CommitInfo], Sequence[str]] = lambda _base, _commit: ()


def verify_history(bench: Bench, *, since: str, until: str) -> HistoryResult:
    """Walk the first-parent line from ``since`` (trusted) to ``until``.

    Args:
        bench: What to judge with.
        since: Last commit known to be covered.
        until: Commit to be applied.
    """
    line = _holding(bench.reader, since, bench.reader.first_parents(since, until))
    segments: list[Segment] = []
    good, index = since, 0
    while index < len(line):
        segment, taken = _next_segment(bench, good, line[index : index + LOOK_AHEAD])
        if not segment.is_good:
            return HistoryResult(verified_to=good, segments=tuple(segments), failed=segment)
        segments.append(segment)
        good, index = segment.end, index + taken
    return HistoryResult(verified_to=good, segments=tuple(segments))


def _holding(reader: RepositoryReader, since: str, line: Sequence[CommitInfo]) -> Sequence[CommitInfo]:
    """Return the part of the line whose commits contain ``since``: all of it, unless a merge put another branch first."""
    if not line or since in line[0].parents[:1]:
        return line
    return line[bisect_left(line, True, key=lambda info: reader.is_ancestor(since, info.oid)) :]


def _next_segment(bench: Bench, base: str, ahead: Sequence[CommitInfo]) -> tuple[Segment, int]:
    first = _segment(bench, base, ahead[0])
    if first.is_good:
        return first, 1
    for taken, commit in enumerate(ahead[1:], start=2):
        wider = _net_segment(bench, base, commit)
        if not wider.is_good:
            wider = _rebased(bench, base, commit) or wider
        if wider.is_good:
            return wider, taken
    return first, 1


def _segment(bench: Bench, base: str, commit: CommitInfo) -> Segment:
    """Judge one commit; what cannot be read (a link, an unrelated history) fails as a stretch does, so that a revert heals it too."""
    try:
        return _judged(bench, base, commit)
    except (InvalidIntent, NotFound) as fault:
        return Segment(base=base, end=commit.oid, fault=fault)


def _judged(bench: Bench, base: str, commit: CommitInfo) -> Segment:
    brought = bench.governed(base, base, commit.oid)
    if not brought:
        return Segment(base=base, end=commit.oid)
    if len(commit.parents) == 2 and commit.parents[0] == base:  # noqa: PLR2004 - a merge has two parents
        return _merged(bench, base, commit, brought)
    net = _net_segment(bench, base, commit)
    if net.is_good or commit.parents != (base,):
        return net
    heads = (head for known in (bench.proposed(base, commit), bench.noted()) for head in known)
    return next((found for head in heads if (found := _squashed(bench, base, commit, brought, head))), net)


def _rebased(bench: Bench, base: str, commit: CommitInfo) -> Segment | None:
    """Return a run of plain commits judged as the pull request that a forge rebased; None when it is none, or not approved."""
    try:
        brought, heads = bench.governed(base, base, commit.oid), bench.proposed(base, commit)
    except (InvalidIntent, NotFound):  # what is gone approves nothing, and must not keep a later commit from healing the line
        return None
    return next((found for head in heads if (found := _squashed(bench, base, commit, brought, head))), None)


def _merged(bench: Bench, base: str, commit: CommitInfo, brought: Sequence[PathChange]) -> Segment:
    branch = bench.judge(base, commit.parents[1], commit)
    if not _same_effect(brought, bench.governed(base, branch.change.merge_base, commit.parents[1])):
        return _net_segment(bench, base, commit)
    if branch.is_approved:
        return Segment(base=base, end=commit.oid, result=branch)
    net = _net_segment(bench, base, commit)
    # what is reported as missing is what the branch lacks: approvals that it already has still count there
    return net if net.is_good else Segment(base=base, end=commit.oid, result=branch)


def _squashed(bench: Bench, base: str, commit: CommitInfo, brought: Sequence[PathChange], head: str) -> Segment | None:
    """Return the commit judged as the branch ``head`` when it brings exactly that, and that is approved; None otherwise."""
    try:
        start = bench.reader.merge_base(base, head)
        if not _same_effect(brought, bench.governed(base, start, head)):
            return None
        branch = bench.judge(base, head, commit)
    except (InvalidIntent, NotFound):  # a branch that was never fetched, or another history: not this one
        return None
    return Segment(base=base, end=commit.oid, result=branch) if branch.is_approved else None


def _net_segment(bench: Bench, base: str, end: CommitInfo) -> Segment:
    try:
        if not bench.governed(base, base, end.oid):
            return Segment(base=base, end=end.oid)
        return Segment(base=base, end=end.oid, result=bench.judge(base, end.oid, end))
    except (InvalidIntent, NotFound) as fault:
        return Segment(base=base, end=end.oid, fault=fault)


def _same_effect(first: Sequence[PathChange], second: Sequence[PathChange]) -> bool:
    return set(first) == set(second)
