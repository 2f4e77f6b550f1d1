"""``goldenpath pr refresh``: every open pull request judged again, after the base moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.exit_codes import Exit, exit_code
from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.refresh import Refreshed

_GONE = frozenset({"pr.not-open", "pr.moved"})
"""Closed or pushed to while its turn came: whoever did that starts a run of their own."""


@click.command()
@click.option("--details-url", metavar="URL", default="", help="Where the statuses lead. [default: the workflow's own run]")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Judge; tell the forge nothing.")
@example("goldenpath pr refresh", "goldenpath pr refresh --dry-run -o json")
@pass_state
def refresh(state: CliState, *, details_url: str, is_dry_run: bool) -> int:
    """Judge every open pull request again and publish what changed: the base moved, or two that were green alone clash now.

    Exit codes: 0 all were judged and told, also those that are blocked; 4 when one could not be judged or told: it is not green then.
    """
    from goldenpath.app.pull_request import Publication
    from goldenpath.app.refresh import refresh_pull_requests
    from goldenpath.cli.pr import details_address
    from goldenpath.cli.pr_pages import comment_text

    url = details_address(details_url, state.services.environment_variables)
    publication = None if is_dry_run else Publication(body=lambda outcome: comment_text(outcome, url=url), url=url)
    done = refresh_pull_requests(state.services, publication)
    rows = [_cells(each) for each in done]
    text = state.output.table(("PULL REQUEST", "HEAD", "POLICY", "PREVIEW", "APPROVAL", "NOTE"), rows) if rows else "no open pull request"
    state.output.data("Refreshed", {"pull_requests": [_entry(each) for each in done]}, text=text)
    codes = [exit_code(each.error) for each in done if each.error is not None and each.error.code not in _GONE]
    return max(codes, default=Exit.DONE)


def _cells(each: Refreshed) -> tuple[str, ...]:
    states = tuple(str(concern.state) for concern in each.concerns) or ("-", "-", "-")
    return (f"#{each.number}", each.head[:12], *states, "" if each.error is None else each.error.code)


def _entry(each: Refreshed) -> dict[str, Any]:
    return {
        "number": each.number,
        "head": each.head,
        "statuses": [{"context": concern.name, "state": concern.state, "description": concern.summary} for concern in each.concerns],
        "code": "" if each.error is None else each.error.code,
    }
