"""Stores and manifests remember the commit they came from. A fresh machine has no other memory, and must not take them back (R19)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from goldenpath.app.reviewed import holds, review_from, rewritten, unreviewed
from goldenpath.app.services import Services
from goldenpath.delivery.message import SOURCE_COMMIT
from goldenpath.errors import Conflict, NotFound
from goldenpath.model.change import CommitInfo
from goldenpath.ports.repository import RepositoryReader


def require_continuous(services: Services, commit: str, sources: Iterable[str]) -> None:
    """Refuse a commit that leaves out, without review, what a store or a manifest was written from.

    Args:
        services: The platform.
        commit: What is about to be applied.
        sources: The commits that records and deliveries name; empty text names none.

    Raises:
        Conflict: ``apply.older-commit`` when a store is ahead, ``history.rewritten`` when the branch lost the commit.
        PolicyBlocked: ``approval.missing`` and its like when a merge put another line first, and nobody approved the difference.
    """
    others = sorted({source for source in sources if source} - {commit})
    if not others:
        return
    reader = services.repository()
    line = {info.oid for info in reader.first_parents("", commit)}
    for source in others:
        if source in line:
            continue
        if not holds(reader, commit, source):
            raise _lost(services, commit, source)
        history = review_from(services, source, commit)
        if history.failed is not None:
            raise unreviewed(history)


def delivered_from(services: Services, environments: Sequence[str]) -> frozenset[str]:
    """Return the commits that the newest deliveries of ``environments`` name as their source, here and as last seen on the remote."""
    reader, settings, projection = services.manifest_reader(), services.settings.delivery, services.settings.projection
    refs = [f"refs/heads/{settings.branch}", *([f"refs/remotes/{settings.remote}/{settings.branch}"] if settings.remote else [])]
    tips = {tip for ref in refs if (tip := _tip(reader, ref))}
    histories = [reader.path_history(tip, f"{settings.directory}/{environment}") for tip in tips for environment in environments]
    sources = {dict(info.trailers).get(SOURCE_COMMIT, "") for history in histories for info in history[-1:]}
    # the base under the overlays is one for all environments: whoever wrote it last counts for each of them
    shared = [reader.path_history(tip, projection.tenants) for tip in tips if projection.is_overlays]
    return frozenset(sources | {_newest_source(history) for history in shared})


def _newest_source(history: Sequence[CommitInfo]) -> str:
    """Return the source that the newest delivery names; other people's commits between are theirs. Empty when there is none."""
    return next((source for info in reversed(history) if (source := dict(info.trailers).get(SOURCE_COMMIT, ""))), "")


def _tip(reader: RepositoryReader, ref: str) -> str:
    try:
        return reader.resolve(ref)
    except NotFound:  # nothing was ever delivered there
        return ""


def _lost(services: Services, commit: str, source: str) -> Conflict:
    if holds(services.repository(), source, commit):
        return Conflict(
            "apply.older-commit",
            f"commit {commit[:12]} is older than {source[:12]}, which was already applied elsewhere",
            subject=commit,
            hint="fetch the protected branch; to go back, revert on it and apply the revert",
        )
    return rewritten(commit, source, what="which was applied before")
