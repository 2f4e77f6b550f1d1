"""Fetches pull requests by the ref that GitHub, Gitea and Forgejo all keep for them. Objects only: no tag, no submodule, no checkout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from goldenpath.errors import NotFound, ProviderUnavailable
from goldenpath.providers.git.place import find_place

_REMOTE = "origin"
_OPTIONS = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance", "--refmap=")


class GitPullHeads:
    """Pull requests of the remote ``origin``; kept below refs of our own, where no branch of a stranger can stand for one of ours."""

    def __init__(self, folder: Path) -> None:
        place = find_place(folder)
        self._local = place.git
        self._git = replace(place.git.online(), folder=place.root)
        self._has_remote = place.git.run("config", "--get", f"remote.{_REMOTE}.url", allowed=(0, 1)).status == 0

    def fetch_base(self, branch: str) -> str:
        """See the port."""
        if not self._has_remote:
            return self._commit(f"refs/heads/{branch}")
        self._fetch(f"refs/heads/{branch}", f"refs/goldenpath/base/{branch}")
        return self._commit(f"refs/goldenpath/base/{branch}")

    def fetch_head(self, number: int) -> str:
        """See the port."""
        if not self._has_remote:
            return ""
        self._fetch(f"refs/pull/{number}/head", f"refs/goldenpath/pull/{number}")
        return self._commit(f"refs/goldenpath/pull/{number}")

    def _fetch(self, source: str, target: str) -> None:
        fetched = self._git.run("fetch", *_OPTIONS, _REMOTE, f"+{source}:{target}", allowed=range(256))
        if fetched.status:
            raise ProviderUnavailable(
                "pr.fetch-failed",
                f"the remote did not hand out {source} (git ended with status {fetched.status})",
                subject=_REMOTE,
                hint=f"try `git fetch {_REMOTE} {source}` by hand: network, credentials, or a ref that is not there",
                retry_after_seconds=5.0,
            )

    def _commit(self, ref: str) -> str:
        found = self._local.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", allowed=(0, 1, 128))
        if found.status:
            raise NotFound("git.ref-missing", "the branch is not in this clone", subject=ref, hint="fetch the branch first")
        return found.line
