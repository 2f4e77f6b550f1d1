"""Judges every open pull request again, forks and drafts included: the base moved, or somebody's approval did (R9, R12).

Two pull requests that are green alone clash once one of them is merged: the other one turns red here, and again at apply.
"""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.app.judged import Concern, PullRequestFault
from goldenpath.app.pull_request import Publication, check_pull_request
from goldenpath.app.services import Services
from goldenpath.errors import GoldenpathError


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """One pull request. ``error`` says why it could not be judged or told; its statuses are not green then."""

    number: int
    head: str
    concerns: tuple[Concern, ...] = ()
    error: GoldenpathError | None = None


def refresh_pull_requests(services: Services, publication: Publication | None) -> tuple[Refreshed, ...]:
    """Judge and publish each open pull request towards the protected branch; one that fails does not keep the others from their turn.

    Raises:
        GoldenpathError: the forge does not say which ones are open.
    """
    forge = services.forge(services.settings.forge)
    pulls = forge.open_pull_requests(services.settings.governance.protected_branch)
    done = []
    for pull in pulls:
        services.progress(f"pull request #{pull.number}")
        done.append(_refreshed(services, pull.number, pull.head_sha, publication))
    return tuple(done)


def _refreshed(services: Services, number: int, head: str, publication: Publication | None) -> Refreshed:
    try:
        outcome = check_pull_request(services, number, publication=publication)
    except GoldenpathError as error:
        return Refreshed(number=number, head=head, error=error)
    fault = outcome.error if isinstance(outcome, PullRequestFault) else None
    return Refreshed(number=number, head=outcome.pull.head_sha, concerns=outcome.concerns, error=fault)
