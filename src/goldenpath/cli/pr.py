"""``goldenpath pr``: what pipelines call for pull requests. This door writes pages and ends the run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.pull_request import Outcome

_PAGE = click.Path(path_type=Path, dir_okay=False)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?\Z")
_RUN_PARTS = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")


@click.group()
@example("goldenpath pr check --number 12 --publish", "goldenpath pr refresh")
def pr() -> None:
    """Judge pull requests and tell the forge."""


@pr.command()
@click.option("--number", required=True, type=click.IntRange(min=1), metavar="N", help="Pull request.")
@click.option("--publish", "is_published", is_flag=True, help="Write the one comment and the commit statuses.")
@click.option("--sarif", "sarif", type=_PAGE, metavar="FILE", help="Write the findings as SARIF 2.1.0.")
@click.option("--summary", "summary", type=_PAGE, metavar="FILE", help="Append the page to a job summary, such as $GITHUB_STEP_SUMMARY.")
@click.option("--page", "page", type=_PAGE, metavar="FILE", help="Write the whole page, however long it is.")
@click.option("--details-url", metavar="URL", default="", help="Where the statuses lead. [default: the workflow's own run]")
@click.option("--observe-stores", is_flag=True, help="Look at the stores' records too; needs credentials, never for a fork.")
@example(
    "goldenpath pr check --number 12",
    "goldenpath pr check --number 12 --publish -o github --sarif goldenpath.sarif --page goldenpath.md",
)
@pass_state
def check(
    state: CliState,
    *,
    number: int,
    is_published: bool,
    sarif: Path | None,
    summary: Path | None,
    page: Path | None,
    details_url: str,
    observe_stores: bool,
) -> int:
    """Judge a pull request with the code, rules, enums and approvers of its base.

    The pull request is data: its objects are fetched, nothing of it is checked out or run. No store is asked without --observe-stores.

    Exit codes: 0 passes and is approved, 1 blocked by a rule, 2 a file cannot be read as a request or policy, 4 the forge or the remote
    does not answer, 5 approvals missing, 6 it moved meanwhile or is not open.
    """
    from goldenpath.app.pull_request import Publication, check_pull_request
    from goldenpath.cli.pr_pages import comment_text

    url = details_address(details_url, state.services.environment_variables)
    publication = Publication(body=lambda outcome: comment_text(outcome, url=url), url=url) if is_published else None
    outcome = check_pull_request(state.services, number, publication=publication, looks_at_stores=observe_stores)
    _write_pages(outcome, sarif=sarif, summary=summary, page=page)
    return _shown(state, outcome)


def details_address(stated: str, variables: Mapping[str, str]) -> str:
    """Return where the statuses lead: the address given, else the run of a workflow, else nowhere.

    Raises:
        BadParameter: the address given is none.
    """
    if stated and not _ADDRESS.match(stated):
        raise click.BadParameter("expected an http or https address without query", param_hint="--details-url")
    server, repository, run = (variables.get(name, "") for name in _RUN_PARTS)
    address = stated or (f"{server}/{repository}/actions/runs/{run}" if server and repository and run else "")
    return address if _ADDRESS.match(address) else ""


def _write_pages(outcome: Outcome, *, sarif: Path | None, summary: Path | None, page: Path | None) -> None:
    from goldenpath.cli.pr_pages import page_text, summary_text, write_page

    if sarif is not None:
        write_page(sarif, _sarif(outcome))
    if summary is not None:
        write_page(summary, summary_text(outcome), is_appended=True)
    if page is not None:
        write_page(page, page_text(outcome))


def _sarif(outcome: Outcome) -> str:
    from goldenpath.app.judged import Judged
    from goldenpath.cli.formats import make_report
    from goldenpath.cli.formats.sarif import render
    from goldenpath.model.finding import Finding

    if isinstance(outcome, Judged):
        return render(make_report(outcome.findings, kind="Verdict", summary=outcome.concerns[0].summary))
    error = outcome.error
    fault = Finding(rule=error.code, level="block", message=error.message, subject=error.subject, hint=error.hint)
    return render(make_report((fault,), kind="Verdict", summary="could not be judged"))


def _shown(state: CliState, outcome: Outcome) -> int:
    from goldenpath.app.judged import Judged
    from goldenpath.cli.verdict import exit_code_of, render_verdict

    if not isinstance(outcome, Judged):
        raise outcome.error
    render_verdict(state.output, outcome.check)
    return exit_code_of(outcome.check, fails_on_warning=False, needs_approval=True)


# the other two verbs have files of their own; they are part of the group all the same
def _attach() -> None:
    from goldenpath.cli.pr_receipts import receipts
    from goldenpath.cli.pr_refresh import refresh

    pr.add_command(refresh)
    pr.add_command(receipts)


_attach()
