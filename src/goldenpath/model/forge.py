"""What a forge says about pull requests and reviews. Titles, bodies, branches and logins are data that strangers wrote (R11)."""

from __future__ import annotations

from typing import Literal

from goldenpath.model.base import Record

PullRequestState = Literal["open", "merged", "closed"]
ReviewState = Literal["approved", "changes-requested", "commented", "dismissed", "pending"]
StatusState = Literal["pending", "success", "failure", "error"]


class PullRequest(Record, frozen=True, kw_only=True):
    """One pull request as the forge has it now.

    ``author`` is the login of whoever opened it; empty for an account that is gone. ``head_repository`` is ``owner/name``, empty for a fork
    that was deleted. ``head_sha`` is the newest commit of the branch, of a merged one the commit that was merged. ``merge_commit`` is what
    the merge made on the base (a merge, a squash, or the last of a rebase); empty while it is not merged. Times are RFC 3339 in UTC; empty
    means that the forge says none.
    """

    number: int
    title: str
    body: str
    author: str
    state: PullRequestState
    head_sha: str
    head_ref: str
    head_repository: str
    base_ref: str
    base_sha: str
    is_fork: bool
    url: str
    updated_at: str
    merge_commit: str = ""
    merged_at: str = ""
    is_draft: bool = False


class Review(Record, frozen=True, kw_only=True):
    """One review, in the words that all forges share.

    ``author`` is the reviewer's login and ``author_id`` the number that no other account ever gets; both are empty for an account that is
    gone. ``commit`` is what was looked at. ``is_stale`` is True when the forge itself says that the content changed since, or that the pull
    request was aimed at another base later. ``submitted_at`` is RFC 3339 in UTC, empty while the review is pending.
    """

    id: int
    author: str
    author_id: str
    state: ReviewState
    commit: str
    submitted_at: str
    is_stale: bool = False
    is_bot: bool = False


class Contributors(Record, frozen=True, kw_only=True):
    """The logins of everybody with a hand in a pull request: who opened it, wrote, committed or pushed it; sorted, without repeats.

    ``is_complete`` is False where the forge does not tell who pushed the head, or who somebody is: then nobody can be ruled out.
    """

    logins: tuple[str, ...]
    is_complete: bool


class ForgeIssue(Record, frozen=True, kw_only=True):
    """An issue that we keep."""

    number: int
    url: str
    is_open: bool
