"""What speaks for a change: signed notes, reviews on the forge, or both, as the settings of the base say. Check and apply ask here.

The forge is the one that the base names, so a change cannot bring a forge of its own. Nothing that it says is kept: every run asks again,
and whatever it does not answer is no approval (R15).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from goldenpath.app.revision import Governance
from goldenpath.app.services import Services
from goldenpath.errors import Misconfigured
from goldenpath.model.approval import Approval
from goldenpath.model.change import Change
from goldenpath.model.finding import ApprovalNeed
from goldenpath.model.forge import Contributors, PullRequest, Review
from goldenpath.model.forge_settings import ForgeSettings
from goldenpath.model.instant import to_text
from goldenpath.model.settings import Settings
from goldenpath.model.statement import read_statement
from goldenpath.policy.approvals import evaluate
from goldenpath.policy.reviews import review_approvals
from goldenpath.ports.forge import Forge
from goldenpath.ports.repository import ApprovalNotes, RepositoryReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Every approval that was found, those that do not count too, and the logins of those with a hand in the change."""

    approvals: tuple[Approval, ...] = ()
    hands: tuple[str, ...] = ()


NOTHING: Final = Evidence()

Gather = Callable[["Question"], Evidence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about.

    Args:
        governance: That of the base; it says what counts.
        change: What is to be approved.
        needs: What it needs.
        base: The commit of the protected branch that the change is judged on.
        merged: The commit that brought the change to the protected branch; empty before that.
    """

    governance: Governance
    change: Change
    needs: tuple[ApprovalNeed, ...]
    base: str
    merged: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """What the forge says about one pull request."""

    reviews: tuple[Review, ...]
    contributors: Contributors


class EvidenceDesk:
    """Gathers evidence for one run, which asks the forge about each pull request once.

    Args:
        services: The platform.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._heard: dict[tuple[ForgeSettings, int], _Heard] = {}
        self._brought: dict[tuple[ForgeSettings, str], PullRequest | None] = {}
        self._open: dict[tuple[ForgeSettings, str], tuple[PullRequest, ...]] = {}

    def gather(self, question: Question) -> Evidence:
        """Return what speaks for a change. Statements that suffice by themselves are as good as where there is no forge to ask."""
        source = question.governance.settings.approvals
        notes = collect_notes(self._services.notes(), question.governance, question.change) if source.counts_notes else ()
        if not source.counts_reviews or (notes and _suffice(notes, question)):
            return Evidence(approvals=notes)
        reviewed = self._reviewed(question)
        return Evidence(approvals=(*reviewed.approvals, *notes), hands=reviewed.hands)

    def _reviewed(self, question: Question) -> Evidence:
        settings, change = question.governance.settings, question.change
        heard = [self._hear(settings, each.number) for each in self._pull_requests(settings, change, question.merged)]
        reviews = review_approvals(
            (review for each in heard for review in each.reviews),
            approvers=question.governance.approvers,
            change=change,
            kind=settings.forge.kind,
            based_at=_based_at(self._services.repository(), question.base, change.merge_base) if heard else "",
            is_complete=all(each.contributors.is_complete for each in heard),
        )
        return Evidence(approvals=reviews, hands=tuple(sorted({login for each in heard for login in each.contributors.logins})))

    def proposed_head(self, settings: Settings, merged: str) -> Sequence[str]:
        """Return the head of the pull request that ``merged`` came from, its objects fetched: none where reviews do not count."""
        if not settings.approvals.counts_reviews:
            return ()
        found = self._bringing(settings, merged)
        if found is None:
            return ()
        self._services.pull_request_objects().bring(found.number, found.head_sha)
        return (found.head_sha,)

    def _pull_requests(self, settings: Settings, change: Change, merged: str) -> Sequence[PullRequest]:
        """Return the pull requests whose reviews are about this change: towards the protected branch, with exactly this head."""
        if merged:
            found = self._bringing(settings, merged)
            return [found] if found is not None and found.head_sha == change.head else []
        branch = settings.governance.protected_branch
        key = (settings.forge, branch)
        if key not in self._open:
            self._open[key] = self._forge(settings).open_pull_requests(branch)
        return [each for each in self._open[key] if each.head_sha == change.head]

    def _bringing(self, settings: Settings, merged: str) -> PullRequest | None:
        key = (settings.forge, merged)
        if key not in self._brought:
            self._brought[key] = self._forge(settings).pull_request_of_commit(merged)
        found = self._brought[key]
        return found if found is not None and found.base_ref == settings.governance.protected_branch else None

    def _hear(self, settings: Settings, number: int) -> _Heard:
        key = (settings.forge, number)
        if key not in self._heard:
            forge = self._forge(settings)
            # who had a hand comes first: a push after that moves the head, and reviews of this head do not speak for the new one
            contributors = forge.contributors(number)
            self._heard[key] = _Heard(reviews=forge.reviews(number), contributors=contributors)
        return self._heard[key]

    def _forge(self, settings: Settings) -> Forge:
        if not settings.forge.is_stated:
            raise Misconfigured(
                "forge.not-stated",
                "reviews count, and the reviewed settings do not name the forge that they are on",
                subject="forge",
                hint="set forge.url and forge.repository in goldenpath.yaml; no variable of a workflow chooses whose reviews count",
            )
        return self._services.forge(settings.forge)


def collect_notes(notes: ApprovalNotes, governance: Governance, change: Change) -> tuple[Approval, ...]:
    """Return every statement kept for the head, each with the result of git's own signature check against the base's approvers."""
    return tuple(read_note(notes, governance, signed) for signed in notes.list_signed(change.head))


def read_note(notes: ApprovalNotes, governance: Governance, signed: bytes) -> Approval:
    """Return one signed object with the result of git's own signature check against the base's approvers."""
    signers = {person.id: person.keys for person in governance.approvers.people if person.keys}
    check, payload, bound_to = notes.verify(signed, signers)
    return read_statement(
        payload,
        bound_to=bound_to,
        check_valid=check.is_valid,
        signer=check.principal,
        reason=check.reason,
        fingerprint=check.fingerprint,
    )


def _suffice(notes: tuple[Approval, ...], question: Question) -> bool:
    approvers = question.governance.approvers
    return evaluate(question.needs, notes, approvers, question.change, is_merged=bool(question.merged)).is_satisfied


def _based_at(reader: RepositoryReader, base: str, merge_base: str) -> str:
    """Return when the line of ``base`` came to hold ``merge_base``: a head that stays is another difference once its merge base moves."""
    if not base or not merge_base:
        return ""
    line = reader.first_parents(merge_base, base)
    on_line = not line or merge_base in line[0].parents[:1]
    first = (
        reader.commit(merge_base) if on_line else line[bisect_left(line, True, key=lambda info: reader.is_ancestor(merge_base, info.oid))]
    )
    return to_text(datetime.fromtimestamp(first.time, UTC))
