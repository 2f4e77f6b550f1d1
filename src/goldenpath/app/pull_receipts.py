"""The receipts of a merge: where every request that a pull request changed stands now, seam by seam. Reads no value."""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.app.change import read_change
from goldenpath.app.protected import protected_commit
from goldenpath.app.revision import read_governance
from goldenpath.app.services import Services
from goldenpath.app.trace import Trace, trace_request
from goldenpath.errors import GoldenpathError, NotFound
from goldenpath.model.change import RequestChange
from goldenpath.model.forge import PullRequest

MARKER = "receipts"
"""Of the one comment that says what became of a merge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReceipt:
    """One changed request. ``trace`` is None for a request whose file is gone, and where ``error`` says why it cannot be followed."""

    change: RequestChange
    trace: Trace | None = None
    error: GoldenpathError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReceipts:
    """All of them. ``commit`` is what the merge made on the protected branch."""

    pull: PullRequest
    commit: str
    receipts: tuple[RequestReceipt, ...]

    @property
    def is_arrived(self) -> bool:
        """True when every request can be followed and none is behind or waiting."""
        return all(each.error is None and (each.trace is None or each.trace.first_behind is None) for each in self.receipts)


def merge_receipts(services: Services, commit: str) -> MergeReceipts:
    """Return where the requests of a merge stand.

    Raises:
        NotFound: ``pr.no-merge`` when no merged pull request made the commit.
        Conflict: ``apply.not-protected``.
    """
    reader = services.repository()
    merged = protected_commit(reader, services.settings, commit)
    pull = services.forge(services.settings.forge).pull_request_of_commit(merged)
    if pull is None:
        raise NotFound("pr.no-merge", "no merged pull request made this commit", subject=merged[:12], hint="name a merge commit in full")
    base = reader.resolve(f"{merged}^1")
    change = read_change(reader, read_governance(reader, base), base=base, head=merged).change
    return MergeReceipts(pull=pull, commit=merged, receipts=tuple(_receipt(services, each) for each in change.requests))


def _receipt(services: Services, change: RequestChange) -> RequestReceipt:
    if change.after is None:
        return RequestReceipt(change=change)
    try:
        return RequestReceipt(change=change, trace=trace_request(services, change.id))
    except GoldenpathError as error:
        return RequestReceipt(change=change, error=error)


def publish_receipts(services: Services, found: MergeReceipts, body: str) -> str:
    """Keep the receipts as one comment on the merged pull request; return its address."""
    return services.forge(services.settings.forge).upsert_comment(found.pull.number, marker=MARKER, body=body)
