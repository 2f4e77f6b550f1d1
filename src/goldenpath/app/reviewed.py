"""How far the protected branch was reviewed, as Git and signed notes prove it (R10, R12). What lies beyond steers no store and no manifest.

The start is what this machine verified before, else the commit that founded the platform. A branch that no longer holds what was verified,
or that holds two foundings, proves nothing and is refused: which of the two lines is the reviewed one cannot be told from inside.
"""

from __future__ import annotations

from collections.abc import Sequence

from goldenpath.app.change import governed_changes
from goldenpath.app.check import CheckResult, judge_range
from goldenpath.app.dates import day_of
from goldenpath.app.evidence import EvidenceDesk
from goldenpath.app.history import Bench, HistoryResult, verify_history
from goldenpath.app.revision import is_founded, read_settings
from goldenpath.app.services import Services
from goldenpath.errors import Conflict, GoldenpathError, Misconfigured, NotFound, PolicyBlocked
from goldenpath.model.change import CommitInfo
from goldenpath.model.finding import Finding
from goldenpath.ports.repository import PathChange, RepositoryReader
from goldenpath.settings import SETTINGS_FILE

VERIFIED = "history.verified"


def review(services: Services, commit: str) -> HistoryResult:
    """Return how far the line up to ``commit`` is reviewed; what was found is kept for the next run.

    Raises:
        Misconfigured: ``platform.not-founded``.
        Conflict: ``history.rewritten``, ``platform.two-foundings``.
    """
    history = review_from(services, _trusted_start(services, commit), commit)
    if _is_news(services, history.verified_to):
        services.journal().remember(VERIFIED, history.verified_to)
    return history


def review_from(services: Services, since: str, commit: str) -> HistoryResult:
    """Return how far the line from ``since`` (trusted) to ``commit`` is reviewed."""
    reader, notes, now = services.repository(), services.notes(), services.clock.now().date()
    desk = EvidenceDesk(services)

    def judge(base: str, head: str, end: CommitInfo) -> CheckResult:
        # a commit states its own time: one that lies ahead of the clock must not end a waiting period early
        return judge_range(reader, desk.gather, base=base, head=head, today=min(day_of(end), now), merged=end.oid)

    def governed(base: str, old: str, new: str) -> tuple[PathChange, ...]:
        return governed_changes(reader, read_settings(reader, base), old=old, new=new)

    def proposed(base: str, end: CommitInfo) -> Sequence[str]:
        return desk.proposed_head(read_settings(reader, base), end.oid)

    bench = Bench(reader=reader, judge=judge, governed=governed, noted=notes.annotated_commits, proposed=proposed)
    return verify_history(bench, since=since, until=commit)


def require_reviewed(services: Services, commit: str) -> HistoryResult:
    """Return the review of the line up to ``commit``, all of it good.

    Raises:
        PolicyBlocked: ``apply.policy-blocked`` or ``approval.missing`` for the first stretch that is not.
    """
    history = review(services, commit)
    if history.failed is not None:
        raise unreviewed(history)
    return history


def require_reviewed_settings(services: Services, commit: str) -> None:
    """Refuse to act with settings of this run that are not those of the reviewed ``commit``, unless they were reviewed themselves.

    They say where audit log, stores and manifests are, so a branch nobody reviewed could otherwise move them.

    Raises:
        PolicyBlocked: ``platform.settings-unreviewed``.
    """
    reader, used = services.repository(), services.settings_commit
    if not used or reader.tree_oid(used, SETTINGS_FILE) == reader.tree_oid(commit, SETTINGS_FILE):
        return
    if review_from(services, _trusted_start(services, used), used).failed is not None:
        raise PolicyBlocked(
            "platform.settings-unreviewed",
            f"{SETTINGS_FILE} at {used[:12]} was changed without review, so nothing is done with it",
            subject=SETTINGS_FILE,
            hint="have the change approved or revert it; a branch that is checked out cannot name itself the protected one",
        )


def unreviewed(history: HistoryResult) -> GoldenpathError:
    """Return the error for the stretch at which the review stopped."""
    failed = history.failed
    assert failed is not None  # noqa: S101 - the caller checked
    if failed.fault is not None:
        return failed.fault
    assert failed.result is not None  # noqa: S101 - only judged segments fail
    where = f"{failed.base[:12]}..{failed.end[:12]}"
    blocking = [finding for finding in failed.result.verdict.findings if finding.is_blocking]
    if blocking:
        return blocked("apply.policy-blocked", f"{where} reached the protected branch although the gate blocks it", blocking, hint=_HEAL)
    missing = ", ".join(sorted({need.owner or need.role for need in failed.result.approvals.missing}))
    return PolicyBlocked(
        "approval.missing",
        f"these commits reached the protected branch without approval by: {missing}",
        subject=where,
        hint=_hint(failed.result, _range(failed.base, failed.result.change.head)),
    )


def _hint(result: CheckResult, which: str) -> str:
    if result.governance.settings.approvals.counts_notes:
        return f"goldenpath approve {which}, by eligible people, or revert the change"
    uncounted = ", ".join(sorted({f"{each.approval.statement.approver} [{each.code}]" for each in result.approvals.rejected})[:5])
    not_counted = f"; reviews that do not count: {uncounted}" if uncounted else ""
    return f"only reviews of the merged head count here: revert the change, and propose it again{not_counted}"


_HEAL = "revert the change on the protected branch, then apply again"


def blocked(code: str, what: str, findings: list[Finding], *, hint: str) -> PolicyBlocked:
    """Return the error that names the first blocking findings."""
    shown = "; ".join(f"{finding.subject or finding.file}: {finding.message} [{finding.rule}]" for finding in findings[:5])
    return PolicyBlocked(code, f"{what}: {shown}", subject=findings[0].subject, hint=hint)


def holds(reader: RepositoryReader, commit: str, older: str) -> bool:
    """Say whether ``commit`` contains ``older``; False also when this clone has never seen ``older``."""
    try:
        return reader.is_ancestor(older, commit)
    except NotFound:
        return False


def rewritten(commit: str, lost: str, *, what: str) -> Conflict:
    """Return the error for a branch that lost a commit that counted before."""
    return Conflict(
        "history.rewritten",
        f"commit {commit[:12]} does not contain {lost[:12]}, {what}; the protected branch was rewritten",
        subject=commit,
        hint=f"merge {lost[:12]} into the branch again (fetch it where it is missing) and have the result reviewed",
    )


def _range(base: str, head: str) -> str:
    return f"--base {base[:12]} --head {head[:12]}"


def _is_news(services: Services, verified_to: str) -> bool:
    """Say whether more is verified than before; looking at an older commit must not make this machine forget."""
    known = services.journal().recall(VERIFIED)
    return not known or (known != verified_to and holds(services.repository(), verified_to, known))


def _trusted_start(services: Services, commit: str) -> str:
    reader, verified = services.repository(), services.journal().recall(VERIFIED)
    if not verified:
        return _founding(reader, commit)
    if holds(reader, commit, verified):
        return verified
    if not holds(reader, verified, commit):
        raise rewritten(commit, verified, what="which was verified here before")
    return _founding(reader, commit)


def _founding(reader: RepositoryReader, commit: str) -> str:
    """Return the commit that founded the platform: the root of trust where nothing was verified yet."""
    founding = next((info for info in reader.first_parents("", commit) if is_founded(reader, info.oid)), None)
    if founding is None:
        raise Misconfigured(
            "platform.not-founded",
            "no commit of the protected branch holds settings, enums, policy and approvers together",
            hint="goldenpath doctor says what is missing",
        )
    _require_only_founding(reader, founding.oid, commit)
    return founding.oid


def _require_only_founding(reader: RepositoryReader, founding: str, commit: str) -> None:
    """Refuse a history into which a platform was merged that this founding did not found: a merge may put either of them first."""
    descending = {founding}
    for info in reader.commits(founding, commit):
        if descending.isdisjoint(info.parents):
            continue
        descending.add(info.oid)
        for parent in info.parents:
            if parent not in descending and is_founded(reader, parent) and not _shares_founding(reader, founding, parent):
                raise Conflict(
                    "platform.two-foundings",
                    f"merge {info.oid[:12]} joins the platform founded by {founding[:12]} with {parent[:12]}, which has another founding",
                    subject=info.oid,
                    hint="take the merge off the protected branch; copy files of another platform instead of merging its history",
                )


def _shares_founding(reader: RepositoryReader, founding: str, other: str) -> bool:
    """Say whether ``other`` grew from what ``founding`` merged, as a branch stacked on the founding one does."""
    try:
        return is_founded(reader, reader.merge_base(founding, other))
    except NotFound:
        return False
