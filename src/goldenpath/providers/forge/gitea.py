"""Gitea and Forgejo, over their common API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from msgspec.structs import replace

from goldenpath.errors import NotFound
from goldenpath.model.forge import Contributors, PullRequest, Review, ReviewState
from goldenpath.providers.forge.calls import PAGE_SIZE
from goldenpath.providers.forge.failures import Errand, answer_invalid
from goldenpath.providers.forge.publishing import PublishingForge
from goldenpath.providers.forge.reading import commit, login, moment, part, read_pull_request, read_review, text, whole_number

STATES: Final[Mapping[str, ReviewState]] = {
    "APPROVED": "approved",
    "REQUEST_CHANGES": "changes-requested",
    "COMMENT": "commented",
    "PENDING": "pending",
}
_ASKED_FOR: Final = "REQUEST_REVIEW"
_MISSING: Final = frozenset({404})
_FEED_PAGES: Final = 20


class GiteaForge(PublishingForge):
    """One repository at a Gitea or Forgejo server."""

    def pull_request(self, number: int) -> PullRequest:
        """Return one pull request."""
        errand = Errand("show a pull request", f"#{number}")
        return self._as_merged(self._calls.get(f"{self._path}/pulls/{number}", errand), errand)

    def pull_request_of_commit(self, sha: str) -> PullRequest | None:
        """Return the merged pull request whose merge commit is ``sha``."""
        errand = Errand("find the pull request of a commit", sha[:12])
        tree = self._calls.get(f"{self._path}/commits/{quote(sha, safe='')}/pull", errand, missing=_MISSING)
        if tree is None:
            return None
        found = self._as_merged(tree, errand)
        return found if found.state == "merged" and found.merge_commit == sha else None

    def reviews(self, number: int) -> tuple[Review, ...]:
        """Return every review, oldest first; a dismissed one is so whatever it said, and a request for one is none."""
        errand = Errand("list reviews", f"#{number}")
        trees = [tree for tree in self._calls.pages(f"{self._path}/pulls/{number}/reviews", errand) if text(tree, "state") != _ASKED_FOR]
        aimed = self._aimed_anew(self._timeline(number, errand), errand) if trees else ""
        found = [self._review(tree, errand, aimed) for tree in trees]
        return tuple(sorted(found, key=lambda each: (each.submitted_at, each.id)))

    def contributors(self, number: int) -> Contributors:
        """Return who opened, wrote, committed or pushed it. Pushes are in its timeline; those from before, in the repository's feed."""
        errand = Errand("list who had a hand in a pull request", f"#{number}")
        tree = self._calls.get(f"{self._path}/pulls/{number}", errand)
        request = self._as_merged(tree, errand)
        listed = self._calls.pages(f"{self._path}/pulls/{number}/commits", errand)
        people = {login(part(each, role)) for each in listed for role in ("author", "committer")}
        pushes = _Pushes({commit(each, errand, "sha") for each in listed} | {request.head_sha}, request.head_sha)
        for each in self._timeline(number, errand):
            if text(each, "type") == "pull_push":
                pushes.add(login(part(each, "user")), _pushed_in_timeline(text(each, "body")))
        self._read_feed(request, pushes, errand)
        logins = {request.author, *people, *pushes.logins}
        return Contributors(logins=tuple(sorted(logins - {""})), is_complete=pushes.is_head_known and "" not in pushes.logins)

    def team_members(self, team: str) -> tuple[str, ...]:
        """Return the logins of a team."""
        organisation, _, name = team.rpartition("/")
        errand = Errand("list the members of a team", team)
        owner = quote(organisation or self._owner, safe="")
        teams = self._calls.pages(f"/orgs/{owner}/teams", errand)
        found = next((tree for tree in teams if text(tree, "name").casefold() == name.casefold()), None)
        if found is None:
            raise NotFound(
                "forge.not-found",
                "the forge shows no such team to this token",
                subject=team,
                hint="name it as organisation/team; the token's account has to be in the organisation",
            )
        members = self._calls.pages(f"/teams/{whole_number(found, errand, 'id')}/members", errand)
        return tuple(sorted(filter(None, (login(tree) for tree in members))))

    def upsert_comment(self, number: int, *, marker: str, body: str) -> str:
        """Keep exactly one comment of ours with ``marker``. Asked for the comments of nothing, Gitea answers as if it had broken down."""
        self._calls.get(f"{self._path}/issues/{number}", Errand("keep a comment", f"#{number}"))
        return super().upsert_comment(number, marker=marker, body=body)

    def _as_merged(self, tree: Any, errand: Errand) -> PullRequest:
        """Return a pull request. Gitea shows the branch as its head even after the merge; the ref that it keeps itself stands still."""
        found = read_pull_request(tree, errand)
        if found.state != "merged":
            return found
        refs = self._calls.get(f"{self._path}/git/refs/pull/{found.number}/head", errand)
        ref = next((each for each in (refs if isinstance(refs, list) else [refs]) if text(each, "ref").endswith("/head")), None)
        return replace(found, head_sha=commit(ref, errand, "object", "sha"))

    def _review(self, tree: Any, errand: Errand, aimed: str) -> Review:
        found = read_review(tree, errand, STATES)
        state: ReviewState = "dismissed" if part(tree, "dismissed") is True else found.state
        is_early = bool(aimed) and found.submitted_at <= aimed
        return replace(found, state=state, is_stale=part(tree, "stale") is not False or is_early)

    def _timeline(self, number: int, errand: Errand) -> list[Any]:
        """Return everything that happened to a pull request. Gitea names no pages here, and gives all of it where none is asked for."""
        found = self._calls.get(f"{self._path}/issues/{number}/timeline", errand)
        if found is not None and not isinstance(found, list):
            raise answer_invalid(errand, "a timeline that is no list")
        return found or []

    def _aimed_anew(self, timeline: list[Any], errand: Errand) -> str:
        times = (moment(each, errand, "created_at") for each in timeline if text(each, "type") == "change_target_branch")
        return max(times, default="")

    def _read_feed(self, request: PullRequest, pushes: _Pushes, errand: Errand) -> None:
        """Look through the newest part of the feed until every commit's push is known, or what the feed has to tell is over.

        What comes before the head's own push is newer: a branch of the same name that somebody pushed later is another one.
        """
        if not request.head_repository:
            return
        path, later = f"/repos/{quote(request.head_repository)}/activities/feeds", True
        for page in range(1, _FEED_PAGES + 1):
            if pushes.is_whole:
                return
            items = self._calls.get(path, errand, query={"limit": PAGE_SIZE, "page": page}, missing=_MISSING)
            if not isinstance(items, list) or not items:
                return
            for each in items:
                if text(each, "op_type") == "commit_repo" and text(each, "ref_name").removeprefix("refs/heads/") == request.head_ref:
                    pushed = set(_pushed_in_feed(text(each, "content")))
                    later = later and request.state == "merged" and request.head_sha not in pushed
                    if not later:
                        pushes.add(login(part(each, "act_user")), pushed)

    def _own_login(self) -> str:
        errand = Errand("say who we are", self._repository)
        found = login(self._calls.get("/user", errand))
        if not found:
            raise answer_invalid(errand, "no login")
        return found

    def _label_keys(self, names: Sequence[str]) -> list[int]:
        errand = Errand("keep labels", ", ".join(names))
        wanted = {name.casefold() for name in names}
        trees = self._calls.pages(f"{self._path}/labels", errand)
        return [whole_number(tree, errand, "id") for tree in trees if text(tree, "name").casefold() in wanted]


class _Pushes:
    """Who pushed which of a pull request's commits, as far as it is known."""

    def __init__(self, commits: set[str], head: str) -> None:
        self.logins: set[str] = set()
        self._open = set(commits)
        self._head = head

    @property
    def is_whole(self) -> bool:
        return not self._open

    @property
    def is_head_known(self) -> bool:
        return self._head not in self._open

    def add(self, login: str, commits: Iterable[str]) -> None:
        self.logins.add(login)
        self._open -= set(commits)


def _pushed_in_timeline(body: str) -> Iterator[str]:
    found = part(_json(body), "commit_ids")
    yield from (each for each in (found if isinstance(found, list) else []) if isinstance(each, str))


def _pushed_in_feed(content: str) -> Iterator[str]:
    tree = _json(content)
    listed = part(tree, "Commits")
    for each in (*(listed if isinstance(listed, list) else []), part(tree, "HeadCommit")):
        yield text(each, "Sha1")


def _json(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
