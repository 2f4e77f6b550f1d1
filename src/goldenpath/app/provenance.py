"""Which reviewed change brought a request's present state to the protected branch, and who approved it: for receipts and for ``trace``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goldenpath.app.check import CheckResult, collect_approvals, judge_range
from goldenpath.app.dates import day_of
from goldenpath.app.revision import read_governance
from goldenpath.app.services import Services
from goldenpath.model.change import Change, CommitInfo

LOOK_AHEAD = 50
"""How far behind a commit its approval may stand on a line of plain commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The commit of the protected line that last changed a file. ``head`` is the branch it brought in, or itself."""

    merged: CommitInfo
    base: str
    head: str


def origin_of(services: Services, *, until: str, path: str) -> Origin:
    """Return where the present state of ``path`` came from."""
    merged = services.repository().path_history(until, path)[-1]
    base = merged.parents[0] if merged.parents else ""
    return Origin(merged=merged, base=base, head=merged.parents[1] if len(merged.parents) > 1 else merged.oid)


def judged_origin(services: Services, origin: Origin, *, until: str) -> CheckResult | None:
    """Judge the change again as it was when it was merged; None for the commit that founded the platform.

    A run of plain commits may have been approved at its tip: then the change is the whole run.
    """
    if not origin.base:
        return None
    first = _judge(services, origin.base, origin.head, origin.merged)
    if first.is_approved:
        return first
    for base, commit in _noted_ranges(services, origin, until):
        wider = _judge(services, base, commit.oid, commit)
        if wider.is_approved:
            return wider
    return first


def _judge(services: Services, base: str, head: str, end: CommitInfo) -> CheckResult:
    return judge_range(services.repository(), services.notes(), base=base, head=head, today=day_of(end), is_merged=True)


def _noted_ranges(services: Services, origin: Origin, until: str) -> Iterator[tuple[str, CommitInfo]]:
    reader, notes = services.repository(), services.notes()
    noted = set(notes.annotated_commits())
    for commit in reader.first_parents(origin.base, until)[:LOOK_AHEAD]:
        if commit.oid not in noted:
            continue
        governance = read_governance(reader, origin.base)
        for approval in collect_approvals(notes, governance, Change(merge_base="", head=commit.oid)):
            if approval.statement.merge_base and reader.is_ancestor(approval.statement.merge_base, origin.base):
                yield approval.statement.merge_base, commit
