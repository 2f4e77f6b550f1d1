"""What both kinds of forge do alike: pull requests, sticky comments, statuses and issues. GitHub and Gitea share these paths and bodies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from goldenpath.errors import GoldenpathError, ProviderRefused
from goldenpath.model.forge import ForgeIssue, PullRequest, StatusState
from goldenpath.providers.forge.calls import ForgeCalls
from goldenpath.providers.forge.failures import Errand
from goldenpath.providers.forge.marking import carries, fitting
from goldenpath.providers.forge.reading import address, login, part, read_issue, read_pull_request, text, whole_number

DESCRIPTION_MAX: Final = 140
LABEL: Final = "goldenpath"
"""On every issue of ours, so that they are found without reading all others."""
_LABEL_COLOUR: Final = "d4a017"


class PublishingForge(ABC):
    """One repository of a forge, as far as the two kinds are alike.

    Args:
        calls: The door to the forge.
        repository: ``owner/name``.
        name: What people call the place, for messages.
    """

    def __init__(self, calls: ForgeCalls, *, repository: str, name: str) -> None:
        self._calls = calls
        self._repository = repository
        self._name = name
        self._account = ""
        owner, _, short = repository.partition("/")
        self._owner = owner
        self._path = f"/repos/{quote(owner, safe='')}/{quote(short, safe='')}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name} {self._repository})"

    @abstractmethod
    def _own_login(self) -> str:
        """Return the login that our token stands for."""

    @abstractmethod
    def _label_keys(self, names: Sequence[str]) -> list[str] | list[int]:
        """Return what this forge wants labels to be named by, when they are set on an issue; all of them exist."""

    def open_pull_requests(self, base: str) -> tuple[PullRequest, ...]:
        """Return all that are open towards ``base``, by number."""
        errand = Errand("list open pull requests", base)
        trees = self._calls.pages(f"{self._path}/pulls", errand, query={"state": "open"})
        found = (read_pull_request(tree, errand) for tree in trees)
        return tuple(sorted((each for each in found if each.base_ref == base and each.state == "open"), key=lambda each: each.number))

    def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open a pull request, or return the one that is open already."""
        errand = Errand("open a pull request", head)

        def look() -> PullRequest | None:
            return next((each for each in self.open_pull_requests(base) if each.head_ref == head and not each.is_fork), None)

        wanted = {"title": title, "head": head, "base": base, "body": body}
        found = look()
        if found is not None:
            return found
        try:
            return self._calls.make(f"{self._path}/pulls", errand, wanted, look=look, read=lambda tree: read_pull_request(tree, errand))
        except ProviderRefused:
            found = look()  # somebody else was faster
            if found is None:
                raise
            return found

    def upsert_comment(self, number: int, *, marker: str, body: str) -> str:
        """Keep exactly one comment of ours with ``marker``."""
        errand, wanted = Errand("keep a comment", f"#{number}"), fitting(marker, body)
        comments = f"{self._path}/issues/{number}/comments"

        def ours() -> list[Any]:
            return self._ours(self._calls.pages(comments, errand), marker)

        found = ours()
        if not found:
            self._calls.make(comments, errand, {"body": wanted}, look=lambda: next(iter(ours()), None), read=lambda tree: tree)
            found = ours()  # another run may have made one in the same moment
        return self._settled(found, wanted, errand)

    def set_status(self, sha: str, *, context: str, state: StatusState, description: str, url: str = "") -> None:
        """Set a commit status; the newest of a context counts, so setting it twice does no harm."""
        short = description if len(description) <= DESCRIPTION_MAX else f"{description[: DESCRIPTION_MAX - 1]}…"
        body = {"state": state, "context": context, "description": short, **({"target_url": url} if url else {})}
        self._calls.put("POST", f"{self._path}/statuses/{quote(sha, safe='')}", Errand("set a status", context), body)

    def upsert_issue(self, *, marker: str, title: str, body: str, labels: Sequence[str] = ()) -> ForgeIssue:
        """Keep exactly one open issue of ours with ``marker``."""
        errand, wanted = Errand("keep an issue", marker), fitting(marker, body)
        names = sorted({LABEL, *labels})
        self._make_labels(names)
        found = self._issues(marker, errand)
        if not found:
            made = {"title": title, "body": wanted, "labels": self._label_keys(names)}
            look = self._issues
            tree = self._calls.make(
                f"{self._path}/issues", errand, made, look=lambda: next(iter(look(marker, errand)), None), read=lambda tree: tree
            )
            return read_issue(tree, errand)
        kept, path = found[0], f"{self._path}/issues/{whole_number(found[0], errand, 'number')}"
        missing = [name for name in names if name not in {text(label, "name") for label in part(kept, "labels") or []}]
        if missing:
            self._calls.put("POST", f"{path}/labels", errand, {"labels": self._label_keys(missing)})
        if (text(kept, "title"), _plain(text(kept, "body")), text(kept, "state")) != (title, wanted, "open"):
            kept = self._calls.put("PATCH", path, errand, {"title": title, "body": wanted, "state": "open"})
        return read_issue(kept, errand)

    def close_issue(self, *, marker: str, body: str) -> bool:
        """Close our open issue with ``marker``, with ``body`` as its last comment."""
        errand = Errand("close an issue", marker)
        found = [tree for tree in self._issues(marker, errand) if text(tree, "state") == "open"]
        for tree in found:
            path = f"{self._path}/issues/{whole_number(tree, errand, 'number')}"

            def said(comments: str = f"{path}/comments") -> Any:
                return next(
                    (each for each in self._calls.pages(comments, errand) if self._is_ours(each) and text(each, "body") == body), None
                )

            if said() is None:
                self._calls.make(f"{path}/comments", errand, {"body": body}, look=said, read=lambda tree: tree)
            self._calls.put("PATCH", path, errand, {"state": "closed"})
        return bool(found)

    def _settled(self, found: list[Any], wanted: str, errand: Errand) -> str:
        """Bring the newest of our comments to what is wanted, and remove the older ones."""
        if not found:
            raise _lost(errand)
        newest, *older = found
        for each in older:
            self._calls.put("DELETE", self._comment(each, errand), errand)
        if _plain(text(newest, "body")) != wanted:
            newest = self._calls.put("PATCH", self._comment(newest, errand), errand, {"body": wanted})
        return address(newest)

    def _comment(self, tree: Any, errand: Errand) -> str:
        return f"{self._path}/issues/comments/{whole_number(tree, errand, 'id')}"

    def _issues(self, marker: str, errand: Errand) -> list[Any]:
        """Return our issues with the marker: open ones first, newest first."""
        listed = self._calls.pages(f"{self._path}/issues", errand, query={"state": "all", "labels": LABEL})
        ours = self._ours([tree for tree in listed if not part(tree, "pull_request")], marker)
        return sorted(ours, key=lambda tree: text(tree, "state") != "open")

    def _ours(self, trees: list[Any], marker: str) -> list[Any]:
        """Return those of our own account that begin with the marker, newest first."""
        found = [tree for tree in trees if carries(text(tree, "body"), marker) and self._is_ours(tree)]
        return sorted(found, key=lambda tree: part(tree, "id") or 0, reverse=True)

    def _is_ours(self, tree: Any) -> bool:
        self._account = self._account or self._own_login()
        return login(part(tree, "user")).casefold() == self._account.casefold()

    def _make_labels(self, names: Sequence[str]) -> None:
        errand, path = Errand("keep labels", ", ".join(names)), f"{self._path}/labels"

        def known() -> set[str]:
            return {text(tree, "name").casefold() for tree in self._calls.pages(path, errand)}

        there = known()
        for name in names:
            if name.casefold() in there:
                continue

            def look(name: str = name) -> Any:
                return True if name.casefold() in known() else None

            self._calls.make(path, errand, {"name": name, "color": _LABEL_COLOUR}, look=look, read=lambda tree: tree)


def _plain(body: str) -> str:
    return body.replace("\r\n", "\n")


def _lost(errand: Errand) -> GoldenpathError:
    return ProviderRefused(
        "forge.refused", "the comment was taken, and is not there", subject=errand.subject, hint="does something remove comments there?"
    )
