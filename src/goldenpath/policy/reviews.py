"""From reviews on a forge to approvals (R12): the newest verdict of each person, for this head and merge base, by an account we know.

What comes out is judged by :mod:`goldenpath.policy.approvals` like every other approval. A review holds no digest: it is bound to a commit,
which holds the content, and to the time at which that commit's merge base became what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from goldenpath.model.approval import Approval, ApprovalStatement, Approvers, Person
from goldenpath.model.change import EFFECTS_VERSION, Change
from goldenpath.model.forge import Review, ReviewState
from goldenpath.model.statement import STATEMENT_VERSION

SOURCE: Final = "review"
_VERDICTS: Final = frozenset({"approved", "changes-requested", "dismissed"})
"""What a person says with a later review of one of these kinds takes the place of what they said before; a comment takes nothing back."""
_VOID: Final[Mapping[ReviewState, str]] = {
    "changes-requested": "the newest review asks for changes",
    "commented": "a comment is not an approval",
    "dismissed": "the review was dismissed",
    "pending": "the review was not submitted",
}

Fault = tuple[str, str]


def review_approvals(
    reviews: Iterable[Review], *, approvers: Approvers, change: Change, kind: str, based_at: str, is_complete: bool
) -> tuple[Approval, ...]:
    """Return one approval for each reviewer, valid or with the reason why it does not count.

    Args:
        reviews: Every review of the pull request, in any order.
        approvers: The approvers file of the base; accounts are mapped by ``logins.<kind>``, and by ``logins.<kind>-id`` where it is there.
        change: What is to be approved.
        kind: The forge's kind, ``github`` or ``gitea``.
        based_at: When the protected branch came to hold the change's merge base; a review from before was of another difference.
        is_complete: Everybody with a hand in the pull request is known. Without that nobody can be ruled out, so nobody counts (R15).
    """
    newest: dict[str, Review] = {}
    for review in sorted(reviews, key=lambda each: (each.submitted_at, each.id)):
        who = review.author_id or f"gone:{review.id}"
        if who not in newest or review.state in _VERDICTS:
            newest[who] = review
    people = {who: person_of(approvers, review, kind) for who, review in newest.items()}
    return tuple(
        _approval(review, people[who], change, _fault(review, people[who], based_at, is_complete=is_complete))
        for who, review in _newest_of_each_person(newest, people)
    )


def person_of(approvers: Approvers, review: Review, kind: str) -> Person | None:
    """Return the one person with the reviewer's account; None when nobody has it, more than one, or one whose number is another.

    A login is compared as forges do, without case and otherwise exactly: here, being generous would make an approver of a stranger.
    """
    found = [person for person in approvers.people if _has_account(person, review, kind)]
    return found[0] if len(found) == 1 else None


def _has_account(person: Person, review: Review, kind: str) -> bool:
    login, number = person.logins.get(kind, ""), person.logins.get(f"{kind}-id", "")
    is_named = bool(login) and login.isascii() and login.lower() == review.author.lower()
    return is_named and (not number or number == review.author_id)


def _newest_of_each_person(newest: Mapping[str, Review], people: Mapping[str, Person | None]) -> Iterator[tuple[str, Review]]:
    """Yield the newest of each person; one whose entry fits two accounts has one voice."""
    last: dict[str, str] = {}
    for who, person in people.items():
        if person is None:
            yield who, newest[who]
            continue
        other = last.get(person.id)
        if other is None or _moment(newest[who]) > _moment(newest[other]):
            last[person.id] = who
    yield from ((who, newest[who]) for who in last.values())


def _moment(review: Review) -> tuple[str, int]:
    return review.submitted_at, review.id


def _fault(review: Review, person: Person | None, based_at: str, *, is_complete: bool) -> Fault | None:
    if review.state != "approved":
        return "approval.review-void", _VOID[review.state]
    if review.is_bot:
        return "approval.by-bot", "the account is a bot's"
    if person is None:
        who = "an account that is gone" if not review.author else "this account"
        return "approval.approver-unknown", f"{who} is nobody in the approvers file of the base"
    if review.is_stale or review.submitted_at < based_at:
        return "approval.stale", "given for another difference: the base or the content changed since"
    if not is_complete:
        return "approval.pusher-unknown", "the forge does not tell who pushed the change, so nobody can be ruled out"
    return None


def _approval(review: Review, person: Person | None, change: Change, fault: Fault | None) -> Approval:
    code, reason = fault or ("", "")
    statement = ApprovalStatement(
        schema_version=STATEMENT_VERSION,
        change_digest=change.digest,
        content_digest=change.content_digest,
        effects_digest=change.effects_digest,
        effects_version=EFFECTS_VERSION,
        head=review.commit,
        merge_base=change.merge_base,
        # an account that nobody has is told from a person of that name
        approver=person.id if person is not None else f"@{review.author}",
        time=review.submitted_at,
    )
    return Approval(statement=statement, is_valid=fault is None, reason=reason, code=code, source=SOURCE)
