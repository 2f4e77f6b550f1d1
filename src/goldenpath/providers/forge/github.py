"""GitHub, and GitHub Enterprise Server, over its REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from msgspec.structs import replace

from goldenpath.errors import NotFound
from goldenpath.model.forge import Contributors, PullRequest, Review, ReviewState
from goldenpath.providers.forge.failures import Errand, answer_invalid
from goldenpath.providers.forge.publishing import PublishingForge
from goldenpath.providers.forge.reading import commit, login, moment, part, read_pull_request, read_review, repository, text

STATES: Final[Mapping[str, ReviewState]] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "changes-requested",
    "COMMENTED": "commented",
    "DISMISSED": "dismissed",
    "PENDING": "pending",
}
_NO_SUCH_COMMIT: Final = frozenset({422})
_AIMED_ANEW: Final = frozenset({"base_ref_changed", "automatic_base_change_succeeded"})


class GitHubForge(PublishingForge):
    """One repository at GitHub."""

    def pull_request(self, number: int) -> PullRequest:
        """Return one pull request."""
        errand = Errand("show a pull request", f"#{number}")
        return read_pull_request(self._calls.get(f"{self._path}/pulls/{number}", errand), errand)

    def pull_request_of_commit(self, sha: str) -> PullRequest | None:
        """Return the merged pull request whose merge commit is ``sha``."""
        errand = Errand("find the pull request of a commit", sha[:12])
        path = f"{self._path}/commits/{quote(sha, safe='')}/pulls"
        if self._calls.get(f"{self._path}/commits/{quote(sha, safe='')}", errand, missing=_NO_SUCH_COMMIT) is None:
            return None
        found = (tree for tree in self._calls.pages(path, errand) if text(tree, "merge_commit_sha") == sha and text(tree, "merged_at"))
        tree = next(found, None)
        return None if tree is None else read_pull_request(tree, errand)

    def reviews(self, number: int) -> tuple[Review, ...]:
        """Return every review, oldest first; those from before the pull request was aimed at another base are stale."""
        errand = Errand("list reviews", f"#{number}")
        trees = self._calls.pages(f"{self._path}/pulls/{number}/reviews", errand)
        aimed = self._aimed_anew(number, errand) if trees else ""
        found = [read_review(tree, errand, STATES) for tree in trees]
        return tuple(
            replace(each, is_stale=bool(aimed) and each.submitted_at <= aimed)
            for each in sorted(found, key=lambda each: (each.submitted_at, each.id))
        )

    def contributors(self, number: int) -> Contributors:
        """Return who opened, wrote, committed or pushed it.

        GitHub lists 250 commits of a pull request, and tells who pushed in the activity of the repository that the branch is in.
        """
        errand = Errand("list who had a hand in a pull request", f"#{number}")
        tree = self._calls.get(f"{self._path}/pulls/{number}", errand)
        listed = self._calls.pages(f"{self._path}/pulls/{number}/commits", errand)
        people = {login(part(each, role)) for each in listed for role in ("author", "committer")}
        pushers = self._pushers(tree, errand)
        logins = {login(part(tree, "user")), *people, *(pushers or ())}
        is_complete = len(listed) == part(tree, "commits") and pushers is not None and "" not in pushers
        return Contributors(logins=tuple(sorted(logins - {""})), is_complete=is_complete)

    def team_members(self, team: str) -> tuple[str, ...]:
        """Return the logins of a team."""
        organisation, _, name = team.rpartition("/")
        errand = Errand("list the members of a team", team)
        path = f"/orgs/{quote(organisation or self._owner, safe='')}/teams/{quote(name, safe='')}/members"
        return tuple(sorted(filter(None, (login(tree) for tree in self._calls.pages(path, errand)))))

    def _pushers(self, tree: Any, errand: Errand) -> set[str] | None:
        """Return who pushed the branch (an empty login for somebody who is gone); None where GitHub does not tell of the head's push."""
        where, branch = repository(tree, "head"), text(tree, "head", "ref")
        if not where or not branch:
            return None
        try:
            activity = self._calls.pages(
                f"/repos/{quote(where)}/activity", errand, query={"ref": f"refs/heads/{branch}"}, is_numbered=False
            )
        except NotFound:  # a fork that this token may not see
            return None
        head = commit(tree, errand, "head", "sha")
        until = max((moment(each, errand, "timestamp") for each in activity if text(each, "after") == head), default="")
        if not until:
            return None
        # a branch of the same name that somebody pushed later is another one
        return {login(part(each, "actor")) for each in activity if moment(each, errand, "timestamp") <= until}

    def _aimed_anew(self, number: int, errand: Errand) -> str:
        """Return when the pull request was last aimed at another base; empty for never."""
        events = self._calls.pages(f"{self._path}/issues/{number}/events", errand)
        return max((moment(each, errand, "created_at") for each in events if text(each, "event") in _AIMED_ANEW), default="")

    def _own_login(self) -> str:
        """Return our login. GraphQL is the one place that answers this for people, apps and workflows alike."""
        errand = Errand("say who we are", self._repository)
        found = text(self._calls.put("POST", "/graphql", errand, {"query": "{ viewer { login } }"}), "data", "viewer", "login")
        if not found:
            raise answer_invalid(errand, "no login")
        return found

    def _label_keys(self, names: Sequence[str]) -> list[str]:
        return list(names)
