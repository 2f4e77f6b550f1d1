"""An in-memory forge behind the ``Forge`` port. The contract suite holds it to what a real Gitea does.

Tests arrange what people do there with the methods of :class:`FakeForge` that the port lacks (``propose``, ``push``, ``review`` ...), and
look at ``comments``, ``statuses`` and ``issues`` afterwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace
from tests.builders import FakeClock

from goldenpath.errors import GoldenpathError, NotFound, ProviderRefused
from goldenpath.model.forge import Contributors, ForgeIssue, PullRequest, Review, ReviewState, StatusState
from goldenpath.model.instant import to_text
from goldenpath.providers.forge.marking import carries, fitting
from goldenpath.providers.forge.publishing import LABEL

OUR_ACCOUNT: Final = "goldenpath-bot"
ADDRESS: Final = "https://forge.example"


@dataclass
class FakeComment:
    """A comment on a pull request or issue."""

    id: int
    number: int
    author: str
    body: str


@dataclass
class FakeIssue:
    """An issue."""

    number: int
    author: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    is_open: bool = True


@dataclass
class FakeForge:
    """One repository. ``faults`` are raised by the next calls of the port, in order; None lets one through.

    ``brought`` maps a commit to the pull request whose merge brought it; ``statuses`` holds the last one of each (commit, context).
    ``heads`` are the branches that exist, with their commits; while it is empty every branch does. ``aimed`` is when pull requests were
    retargeted. What people do takes a second each.
    """

    repository: str = "acme/platform"
    account: str = OUR_ACCOUNT
    clock: FakeClock = field(default_factory=FakeClock)
    pull_requests: dict[int, PullRequest] = field(default_factory=dict)
    hands: dict[int, set[str]] = field(default_factory=dict)
    unknown_hands: set[int] = field(default_factory=set)
    given: dict[int, list[Review]] = field(default_factory=dict)
    teams: dict[str, tuple[str, ...]] = field(default_factory=dict)
    comments: list[FakeComment] = field(default_factory=list)
    issues: dict[int, FakeIssue] = field(default_factory=dict)
    statuses: dict[tuple[str, str], tuple[StatusState, str, str]] = field(default_factory=dict)
    brought: dict[str, int] = field(default_factory=dict)
    commits: dict[int, list[str]] = field(default_factory=dict)
    aimed: dict[int, list[str]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    faults: list[GoldenpathError | None] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._ids = itertools.count(1001)

    # --- what people do

    def propose(
        self,
        head_sha: str,
        *,
        by: str,
        head_ref: str = "request/x",
        base_ref: str = "main",
        base_sha: str = "",
        fork: str = "",
        **over: str,
    ) -> int:
        """Somebody opens a pull request from a branch here, or of the repository ``fork``; return its number."""
        number = self.new_number()
        self.pull_requests[number] = PullRequest(
            number=number,
            title=over.get("title", "Request a secret"),
            body=over.get("body", ""),
            author=by,
            state="open",
            head_sha=head_sha,
            head_ref=head_ref,
            head_repository=fork or self.repository,
            base_ref=base_ref,
            base_sha=base_sha,
            is_fork=bool(fork),
            url=f"{ADDRESS}/{self.repository}/pulls/{number}",
            updated_at=self._now(),
        )
        self.hands[number] = {by}
        self.given[number] = []
        self.commits[number] = [head_sha]
        return number

    def push(self, number: int, head_sha: str, *, by: str) -> None:
        """Somebody pushes to the branch, forced or not."""
        if self.pull_requests[number].state == "merged":
            return  # the branch moves, and what was merged does not
        self._change(number, head_sha=head_sha)
        self.hands[number].add(by)
        self.commits[number].append(head_sha)

    def review(
        self, number: int, *, by: str, state: ReviewState = "approved", commit: str = "", is_bot: bool = False, author_id: str = ""
    ) -> int:
        """Somebody reviews the head, or an older ``commit``; return the review's id."""
        found = self.pull_requests[number]
        review = Review(
            id=next(self._ids),
            author=by,
            author_id=author_id or f"id-of-{by.lower()}",
            state=state,
            commit=commit or found.head_sha,
            submitted_at="" if state == "pending" else self._now(),
            is_bot=is_bot,
        )
        self.given[number].append(review)
        return review.id

    def dismiss(self, number: int, review_id: int) -> None:
        """A maintainer dismisses a review."""
        self.given[number] = [replace(each, state="dismissed") if each.id == review_id else each for each in self.given[number]]

    def retarget(self, number: int, base_ref: str) -> None:
        """Somebody aims the pull request at another base."""
        self._change(number, base_ref=base_ref)
        self.aimed.setdefault(number, []).append(self.pull_requests[number].updated_at)
        self.given[number] = [replace(each, is_stale=True) for each in self.given[number]]

    def merge(self, number: int, commit: str) -> None:
        """Somebody merges it: ``commit`` is what the base got."""
        self._change(number, state="merged", merge_commit=commit, merged_at=self._now())
        self.brought[commit] = number

    def close(self, number: int) -> None:
        """Somebody closes it without a merge."""
        self._change(number, state="closed")

    def add_comment(self, number: int, *, by: str, body: str) -> int:
        """Somebody comments; return the comment's id."""
        comment = FakeComment(next(self._ids), number, by, body)
        self.comments.append(comment)
        return comment.id

    def comments_of(self, number: int) -> list[FakeComment]:
        """Return the comments of a pull request or issue, oldest first."""
        return [comment for comment in self.comments if comment.number == number]

    def new_number(self) -> int:
        """Return the next number of a pull request or issue."""
        return next(self._numbers)

    # --- the port

    def pull_request(self, number: int) -> PullRequest:
        self._asked("pull_request")
        return self._existing(number)

    def open_pull_requests(self, base: str) -> tuple[PullRequest, ...]:
        self._asked("open_pull_requests")
        return tuple(each for each in self.pull_requests.values() if each.state == "open" and each.base_ref == base)

    def pull_request_of_commit(self, sha: str) -> PullRequest | None:
        self._asked("pull_request_of_commit")
        number = self.brought.get(sha)
        return None if number is None else self.pull_requests[number]

    def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        self._asked("open_pull_request")
        for each in self.pull_requests.values():
            if (each.state, each.head_ref, each.base_ref, each.is_fork) == ("open", head, base, False):
                return each
        if self.heads and head not in self.heads:
            raise ProviderRefused("forge.refused", "the forge answered with HTTP 422", subject=head)
        number = self.propose(self.heads.get(head, "0" * 40), by=self.account, head_ref=head, base_ref=base, title=title, body=body)
        return self.pull_requests[number]

    def reviews(self, number: int) -> tuple[Review, ...]:
        self._asked("reviews")
        self._existing(number)
        return tuple(self.given[number])

    def contributors(self, number: int) -> Contributors:
        self._asked("contributors")
        self._existing(number)
        return Contributors(logins=tuple(sorted(filter(None, self.hands[number]))), is_complete=number not in self.unknown_hands)

    def team_members(self, team: str) -> tuple[str, ...]:
        self._asked("team_members")
        name = team.rpartition("/")[2]
        if name not in self.teams:
            raise NotFound("forge.not-found", "the forge shows no such team", subject=team)
        return tuple(sorted(self.teams[name]))

    def upsert_comment(self, number: int, *, marker: str, body: str) -> str:
        self._asked("upsert_comment")
        text = fitting(marker, body)
        if number not in self.issues:
            self._existing(number)
        ours = [each for each in self.comments_of(number) if each.author == self.account and carries(each.body, marker)]
        for older in ours[:-1]:
            self.comments.remove(older)
        if ours:
            ours[-1].body = text
        else:
            self.add_comment(number, by=self.account, body=text)
        return f"{ADDRESS}/{self.repository}/pulls/{number}#comment-{ours[-1].id if ours else self.comments[-1].id}"

    def set_status(self, sha: str, *, context: str, state: StatusState, description: str, url: str = "") -> None:
        self._asked("set_status")
        self.statuses[sha, context] = (state, description, url)

    def upsert_issue(self, *, marker: str, title: str, body: str, labels: Sequence[str] = ()) -> ForgeIssue:
        self._asked("upsert_issue")
        text = fitting(marker, body)
        found = self._issue(marker)
        if found is None:
            found = FakeIssue(self.new_number(), self.account, title, text)
            self.issues[found.number] = found
        found.title, found.body, found.is_open = title, text, True
        found.labels = tuple(sorted({LABEL, *found.labels, *labels}))
        return ForgeIssue(number=found.number, url=f"{ADDRESS}/{self.repository}/issues/{found.number}", is_open=True)

    def close_issue(self, *, marker: str, body: str) -> bool:
        self._asked("close_issue")
        found = self._issue(marker)
        if found is None or not found.is_open:
            return False
        self.add_comment(found.number, by=self.account, body=body)
        found.is_open = False
        return True

    # --- inside

    def _asked(self, method: str) -> None:
        self.calls.append(method)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault

    def _existing(self, number: int) -> PullRequest:
        if number not in self.pull_requests:
            raise NotFound("forge.not-found", "the forge shows no such pull request", subject=str(number))
        return self.pull_requests[number]

    def _issue(self, marker: str) -> FakeIssue | None:
        ours = [each for each in self.issues.values() if each.author == self.account and carries(each.body, marker)]
        return max(ours, key=lambda each: (each.is_open, each.number), default=None)

    def _change(self, number: int, **fields: str) -> None:
        self.pull_requests[number] = replace(self.pull_requests[number], **fields, updated_at=self._now())

    def _now(self) -> str:
        self.clock.advance(1)
        return to_text(self.clock.now())
