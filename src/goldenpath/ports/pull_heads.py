"""Brings the commits of a pull request into this clone, as objects only: nothing is checked out, run or merged (R10, R11)."""

from __future__ import annotations

from typing import Protocol


class PullHeads(Protocol):
    """The pull requests of the repository that this is a clone of."""

    def fetch_base(self, branch: str) -> str:
        """Return the newest commit of ``branch`` at the remote, fetched; the local branch's where there is no remote.

        Raises:
            ProviderUnavailable: ``pr.fetch-failed``.
            NotFound: ``git.ref-missing``.
        """
        ...

    def fetch_head(self, number: int) -> str:
        """Return the newest commit of a pull request, fetched; empty where there is no remote to ask.

        Raises:
            ProviderUnavailable: ``pr.fetch-failed``.
        """
        ...
