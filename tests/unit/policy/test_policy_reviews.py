"""From reviews to approvals: only the newest verdict of each mapped person, for this head and merge base (R12; CASES 25, 27)."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.policy_desk import HEAD, change_of, new

from goldenpath.model.approval import Approval, Approvers
from goldenpath.model.finding import ApprovalNeed
from goldenpath.model.forge import Review, ReviewState
from goldenpath.policy.approvals import evaluate
from goldenpath.policy.reviews import person_of, review_approvals

OLD = "0" * 40
BASED_AT = "2026-06-01T12:00:05.000000Z"
PLATFORM = ApprovalNeed(role="platform")
STATES: tuple[ReviewState, ...] = ("approved", "changes-requested", "commented", "dismissed", "pending")
VERDICTS = {"approved", "changes-requested", "dismissed"}


def approvers(*people: dict[str, Any]) -> Approvers:
    return msgspec.convert({"apiVersion": "goldenpath.io/v1", "kind": "Approvers", "people": list(people)}, Approvers)


def person(who: str, **over: Any) -> dict[str, Any]:
    return {"id": who, "emails": [f"{who}@example.com"], "logins": {"github": f"{who}-gh"}, "roles": ["platform"], **over}


TEAM = approvers(person("pat"), person("sam"), person("robo", isBot=True))


def review(number: int = 1, login: str = "pat-gh", **over: Any) -> Review:
    fields: dict[str, Any] = {
        "author_id": f"#{login.lower()}", "state": "approved", "commit": HEAD, "submitted_at": "2026-06-01T12:00:10.000000Z", **over
    }  # fmt: skip
    return Review(id=number, author=login, **fields)


def judged(
    *reviews: Review, people: Approvers = TEAM, kind: str = "github", based_at: str = BASED_AT, is_complete: bool = True
) -> list[Approval]:
    change = change_of(new())
    found = review_approvals(reviews, approvers=people, change=change, kind=kind, based_at=based_at, is_complete=is_complete)
    return list(evaluate([PLATFORM] * 9, found, people, change).counted)


def who(counted: list[Approval]) -> list[str]:
    return sorted(each.statement.approver for each in counted)


@st.composite
def histories(draw: st.DrawFn) -> list[Review]:
    logins = st.sampled_from(["pat-gh", "PAT-GH", "sam-gh", "robo-gh", "mallory", "pat", ""])
    found = []
    for number in range(draw(st.integers(0, 8))):
        login = draw(logins)
        state = draw(st.sampled_from(STATES))
        found.append(
            Review(
                id=number + 1,
                author=login,
                author_id=f"#{login.lower()}" if login else "",
                state=state,
                commit=draw(st.sampled_from([HEAD, HEAD, OLD, ""])),
                submitted_at="" if state == "pending" else f"2026-06-01T12:00:{draw(st.integers(0, 12)):02d}.000000Z",
                is_stale=draw(st.booleans()) and draw(st.booleans()),
                is_bot=login == "mallory" and draw(st.booleans()),
            )
        )
    return found


def expected(reviews: list[Review], *, is_complete: bool) -> list[str]:
    """Say it once more, the slow way: for each person, look at the last thing that they decided."""
    found = []
    for name in ("pat", "sam"):
        theirs = [each for each in reviews if each.author.lower() == f"{name}-gh" and each.state in VERDICTS]
        last = max(theirs, key=lambda each: (each.submitted_at, each.id), default=None)
        if last is None or last.state != "approved" or last.commit != HEAD or last.is_stale:
            continue
        if last.submitted_at >= BASED_AT and is_complete:
            found.append(name)
    return found


@given(reviews=histories(), is_complete=st.booleans(), seed=st.integers(0, 99))
def test_whatever_was_said_in_whatever_order_the_newest_verdict_decides(reviews: list[Review], is_complete: bool, seed: int) -> None:
    shuffled = random.Random(seed).sample(reviews, len(reviews))  # noqa: S311 - a replayable order
    assert who(judged(*shuffled, is_complete=is_complete)) == expected(reviews, is_complete=is_complete)


@given(reviews=histories())
def test_every_reviewer_is_heard_and_those_who_do_not_count_have_a_reason(reviews: list[Review]) -> None:
    found = review_approvals(reviews, approvers=TEAM, change=change_of(new()), kind="github", based_at=BASED_AT, is_complete=True)
    assert all(each.is_valid != bool(each.reason) and each.is_valid != bool(each.code) for each in found)
    assert {each.author.lower() for each in reviews} == {_login_of(each) for each in found}
    assert {each.source for each in found} <= {"review"}


def _login_of(approval: Approval) -> str:
    name = approval.statement.approver
    return name[1:].lower() if name.startswith("@") else f"{name}-gh"


MAPPING = [
    ({"github": "pat-gh"}, "pat-gh", "1", True),
    ({"github": "Pat-GH"}, "pAT-gh", "1", True),
    ({"github": "pat-gh", "github-id": "1"}, "pat-gh", "1", True),
    ({"github": "pat-gh", "github-id": "1"}, "pat-gh", "2", False),
    ({"github": "pat-gh", "github-id": "1"}, "renamed", "1", False),
    ({"github": "pat-gh"}, "pat-gh ", "1", False),
    ({"github": "pat-gh"}, "@pat-gh", "1", False),
    ({"github": "pat-gh"}, "\N{FULLWIDTH LATIN SMALL LETTER P}at-gh", "1", False),
    ({"github": "\N{LATIN SMALL LETTER LONG S}am"}, "sam", "1", False),
    ({"github": ""}, "", "", False),
    ({"gitea": "pat-gh"}, "pat-gh", "1", False),
    ({}, "pat", "1", False),
]


@pytest.mark.parametrize(("logins", "login", "number", "is_known"), MAPPING)
def test_an_account_is_mapped_exactly_or_not_at_all(logins: dict[str, str], login: str, number: str, is_known: bool) -> None:
    found = person_of(approvers(person("pat", logins=logins)), review(login=login, author_id=number), "github")
    assert (found is not None) == is_known


def test_an_account_that_two_entries_claim_is_nobodys() -> None:
    people = approvers(person("pat"), person("sam", logins={"github": "PAT-gh"}))
    assert judged(review(), people=people) == []


def test_a_person_with_two_accounts_on_the_forge_has_one_voice() -> None:
    """A login that was given up and taken again has another number: the newest of the two decides."""
    early = review(1, submitted_at="2026-06-01T12:00:10.000000Z", author_id="1")
    late = review(2, submitted_at="2026-06-01T12:00:11.000000Z", author_id="2", state="changes-requested")
    assert judged(early, late) == []
    assert who(judged(early, msgspec.structs.replace(late, state="approved"))) == ["pat"]


def test_a_label_of_any_kind_is_no_review() -> None:
    assert judged() == []
