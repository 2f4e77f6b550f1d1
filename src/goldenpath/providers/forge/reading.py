"""From JSON to our records. What decides (numbers, commits, states, times) is checked; an answer that lacks it is refused (R15)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from goldenpath.model.forge import ForgeIssue, PullRequest, PullRequestState, Review, ReviewState
from goldenpath.model.instant import from_text, to_text
from goldenpath.providers.forge.failures import Errand, answer_invalid

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9._-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_LOGIN_MAX: Final = 100


def text(tree: Any, *path: str) -> str:
    """Return the text at ``path``; empty where there is none, or something else."""
    found = part(tree, *path)
    return found if isinstance(found, str) else ""


def part(tree: Any, *path: str) -> Any:
    """Return what is at ``path``; None where there is nothing."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def login(user: Any) -> str:
    """Return an account's login; empty for one that is gone (null at GitHub, a number below 1 at Gitea)."""
    number = part(user, "id")
    is_real = isinstance(number, int) and not isinstance(number, bool) and number > 0
    name = text(user, "login")
    return name if is_real and len(name) <= _LOGIN_MAX else ""


def account_id(user: Any) -> str:
    """Return the number that no other account ever gets; empty for an account that is gone."""
    return str(part(user, "id")) if login(user) else ""


def whole_number(tree: Any, errand: Errand, *path: str) -> int:
    """Return the number at ``path``, which has to be there."""
    found = part(tree, *path)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise answer_invalid(errand, f"no number at {'.'.join(path)}")
    return found


def commit(tree: Any, errand: Errand, *path: str) -> str:
    """Return the commit id at ``path``, which has to be there."""
    found = text(tree, *path)
    if not _COMMIT.fullmatch(found):
        raise answer_invalid(errand, f"no commit at {'.'.join(path)}")
    return found


def moment(tree: Any, errand: Errand, *path: str) -> str:
    """Return the time at ``path`` as we write times; empty where there is none."""
    found = text(tree, *path)
    if not found:
        return ""
    try:
        return to_text(from_text(found))
    except (ValueError, OverflowError):
        raise answer_invalid(errand, f"no time at {'.'.join(path)}") from None


def address(tree: Any) -> str:
    """Return the address of a page for people; empty for anything that is none."""
    found = text(tree, "html_url")
    return found if re.fullmatch(r"https?://[!-~]{1,2000}", found) else ""


def repository(tree: Any, side: str) -> str:
    """Return ``owner/name`` of a side of a pull request; empty where it is gone, or names no repository."""
    found = text(tree, side, "repo", "full_name")
    return found if _REPOSITORY.fullmatch(found) else ""


def read_pull_request(tree: Any, errand: Errand) -> PullRequest:
    """Return a pull request."""
    merged_at = moment(tree, errand, "merged_at")
    head, base = repository(tree, "head"), repository(tree, "base")
    return PullRequest(
        number=whole_number(tree, errand, "number"),
        title=text(tree, "title"),
        body=text(tree, "body"),
        author=login(part(tree, "user")),
        state=_state(tree, errand, is_merged=bool(merged_at)),
        head_sha=commit(tree, errand, "head", "sha"),
        head_ref=text(tree, "head", "ref"),
        head_repository=head,
        base_ref=text(tree, "base", "ref"),
        base_sha=text(tree, "base", "sha"),
        is_fork=head.casefold() != base.casefold(),
        url=address(tree),
        updated_at=moment(tree, errand, "updated_at"),
        merge_commit=commit(tree, errand, "merge_commit_sha") if merged_at else "",
        merged_at=merged_at,
        is_draft=part(tree, "draft") is True,
    )


def read_review(tree: Any, errand: Errand, states: Mapping[str, ReviewState]) -> Review:
    """Return a review; ``states`` are the forge's words for what we know."""
    state = states.get(text(tree, "state"))
    if state is None:
        raise answer_invalid(errand, "a review in a state that is not known here")
    user = part(tree, "user")
    submitted_at = moment(tree, errand, "submitted_at") if state != "pending" else ""
    if state != "pending" and not submitted_at:
        raise answer_invalid(errand, "a review without a time")
    return Review(
        id=whole_number(tree, errand, "id"),
        author=login(user),
        author_id=account_id(user),
        state=state,
        commit=text(tree, "commit_id"),
        submitted_at=submitted_at,
        is_bot=text(user, "type") == "Bot",
    )


def read_issue(tree: Any, errand: Errand) -> ForgeIssue:
    """Return an issue."""
    return ForgeIssue(number=whole_number(tree, errand, "number"), url=address(tree), is_open=text(tree, "state") == "open")


def _state(tree: Any, errand: Errand, *, is_merged: bool) -> PullRequestState:
    state = text(tree, "state")
    if state not in {"open", "closed"}:
        raise answer_invalid(errand, "a pull request in a state that is not known here")
    if is_merged:
        return "merged"
    return "open" if state == "open" else "closed"
