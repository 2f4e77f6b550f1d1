"""Which reviewed change brought a request's present state to the protected branch, and who approved it: for receipts and for ``trace``."""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.app.check import CheckResult
from goldenpath.app.history import LOOK_AHEAD
from goldenpath.app.reviewed import review_from
from goldenpath.app.services import Services
from goldenpath.model.change import CommitInfo


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
    alone = _judged(services, origin.base, origin.merged.oid)
    if alone is not None and alone.is_approved:
        return alone
    ahead = services.repository().first_parents(origin.base, until)[:LOOK_AHEAD]
    wider = _judged(services, origin.base, ahead[-1].oid) if len(ahead) > 1 else None
    return wider if wider is not None and wider.is_approved else alone


def _judged(services: Services, base: str, until: str) -> CheckResult | None:
    history = review_from(services, base, until)
    results = (segment.result for segment in (*history.segments[:1], history.failed) if segment is not None)
    return next((result for result in results if result is not None), None)
