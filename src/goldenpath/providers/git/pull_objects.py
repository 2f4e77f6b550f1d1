"""The commits of pull requests, from the ref that GitHub, Gitea and Forgejo keep for each, and of their base: objects alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from goldenpath.errors import NotFound, ProviderUnavailable
from goldenpath.providers.git.objects import is_object_id
from goldenpath.providers.git.place import Place

REMOTE: Final = "origin"
_OPTIONS: Final = (
    "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance", "--refmap=",
)  # fmt: skip
_CHECKED: Final = {"fetch.fsckObjects": "true", "transfer.unpackLimit": "1"}


class PullRequestFetcher:
    """PullRequestObjects over the remote that the platform repository was cloned from.

    Args:
        place: The platform repository.
        remote: The remote's name.
    """

    def __init__(self, place: Place, remote: str = REMOTE) -> None:
        self._here = place.git
        self._git = replace(place.git.online(), folder=place.root)
        self._remote = remote

    def bring(self, number: int, commit: str) -> None:
        """Fetch the head of a pull request. The ref is named by number, so nothing that a stranger chose is part of the command."""
        if not is_object_id(commit) or number < 1:
            raise _missing(number)
        if self._is_here(commit):
            return
        fetched = self._git.run("fetch", *_OPTIONS, self._remote, f"refs/pull/{number}/head", settings=_CHECKED, allowed=range(256))
        if fetched.status:
            raise ProviderUnavailable(
                "git.remote-unavailable",
                f"the head of pull request #{number} could not be fetched (git fetch ended with status {fetched.status})",
                subject=self._remote,
                hint=f"try it by hand: git fetch {self._remote} refs/pull/{number}/head",
                retry_after_seconds=5.0,
            )
        if not self._is_here(commit):
            raise _missing(number)

    def newest(self, branch: str) -> str:
        """Fetch what pull requests go to, below a ref of our own where no branch of a stranger can stand for it."""
        if self._here.run("config", "--get", f"remote.{self._remote}.url", allowed=(0, 1)).status:
            return self._commit(f"refs/heads/{branch}")
        kept = f"refs/goldenpath/base/{branch}"
        fetched = self._git.run("fetch", *_OPTIONS, self._remote, f"+refs/heads/{branch}:{kept}", settings=_CHECKED, allowed=range(256))
        if fetched.status:
            raise ProviderUnavailable(
                "git.remote-unavailable",
                f"the branch {branch} could not be fetched (git fetch ended with status {fetched.status})",
                subject=self._remote,
                hint=f"try it by hand: git fetch {self._remote} {branch}",
                retry_after_seconds=5.0,
            )
        return self._commit(kept)

    def _commit(self, ref: str) -> str:
        found = self._here.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", allowed=(0, 1, 128))
        if found.status:
            raise NotFound("git.ref-missing", "the branch is not in this clone", subject=ref, hint="fetch the branch first")
        return found.line

    def _is_here(self, commit: str) -> bool:
        return self._here.run("cat-file", "-e", f"{commit}^{{commit}}", allowed=(0, 1, 128)).status == 0


def _missing(number: int) -> NotFound:
    return NotFound(
        "git.ref-missing",
        f"refs/pull/{number}/head does not lead to the commit that the forge names",
        subject=f"#{number}",
        hint="somebody pushed in this moment: run the command again; else fetch the commit by hand",
    )
