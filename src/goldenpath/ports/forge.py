"""Where pull requests live: GitHub, Gitea, Forgejo. One port object is one repository there, asked as one account.

Numbers are those of pull requests and issues; commit ids are full hex. Whatever people wrote (titles, bodies, branches, logins) comes back
as data, never cleaned and never to be trusted. Every method may raise

- ``ProviderUnavailable`` ``forge.unavailable``: no whole answer in time, or a fault of the forge; ``forge.throttled``: it asks to wait;
- ``Unauthenticated`` ``forge.unauthenticated``: the token is not accepted;
- ``AccessDenied`` ``forge.forbidden``: the token lacks a right;
- ``NotFound`` ``forge.not-found``: there is no such thing, or the token may not see it (a forge tells the two alike);
- ``ProviderRefused`` ``forge.refused``: it understood and said no; ``forge.answer-invalid``: the answer is none of this API.

All of them mean *unknown*, and unknown blocks (R15). None carries the forge's own words or the token. Calls that may be repeated are,
within a deadline; a write whose outcome is unknown is looked up before it is sent again, so that nothing is made twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from goldenpath.model.forge import Contributors, ForgeIssue, PullRequest, Review, StatusState


class PullRequests(Protocol):
    """Reads and opens pull requests."""

    def pull_request(self, number: int) -> PullRequest:
        """Return one pull request. Raises ``NotFound`` ``forge.not-found``."""
        ...

    def open_pull_requests(self, base: str) -> tuple[PullRequest, ...]:
        """Return all that are open towards the branch ``base`` (a bare name), by number; drafts too."""
        ...

    def pull_request_of_commit(self, sha: str) -> PullRequest | None:
        """Return the merged pull request whose ``merge_commit`` is ``sha``; None when there is none, and for commits inside its branch."""
        ...

    def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open a pull request from branch ``head`` of this repository to ``base``, or return the one that is open already, as it is.

        Raises:
            ProviderRefused: ``forge.refused`` when the forge will not (no such branch, nothing between the two).
        """
        ...


class ReviewReader(Protocol):
    """Sees who looked at what. It never writes: reviews are for people."""

    def reviews(self, number: int) -> tuple[Review, ...]:
        """Return every review, oldest first, none left out; also dismissed, commented and pending ones."""
        ...

    def contributors(self, number: int) -> Contributors:
        """Return everybody with a hand in the pull request as it is now."""
        ...

    def team_members(self, team: str) -> tuple[str, ...]:
        """Return the logins of a team (``team`` or ``organisation/team``; without one, the repository's owner counts), sorted.

        Raises:
            NotFound: ``forge.not-found``; a team that cannot be seen is not an empty one.
        """
        ...


class ForgeWriter(Protocol):
    """Publishes what we found. Every method can be called again with the same words and changes nothing more."""

    def upsert_comment(self, number: int, *, marker: str, body: str) -> str:
        """Keep exactly one comment of ours with ``marker`` on a pull request or issue, saying ``body``; return its address.

        The marker travels hidden in the comment (an HTML comment at its start). Only comments of our own account count: somebody else's
        with the same marker is neither changed nor taken for ours. The newest of ours stays, older ones are removed.

        Raises:
            InvalidIntent: ``forge.text-too-long`` for a body beyond what the forge takes; nothing was written.
        """
        ...

    def set_status(self, sha: str, *, context: str, state: StatusState, description: str, url: str = "") -> None:
        """Set the commit status ``context``; a description that is too long is cut with an ellipsis."""
        ...

    def upsert_issue(self, *, marker: str, title: str, body: str, labels: Sequence[str] = ()) -> ForgeIssue:
        """Keep exactly one open issue of ours with ``marker``; a closed one is opened again. ``labels`` are made where they are missing."""
        ...

    def close_issue(self, *, marker: str, body: str) -> bool:
        """Close our open issue with ``marker``, with ``body`` as its last comment. False when none is open; then nothing is said."""
        ...


class Forge(PullRequests, ReviewReader, ForgeWriter, Protocol):
    """Everything about one repository of a forge."""
