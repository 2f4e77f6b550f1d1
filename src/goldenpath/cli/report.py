"""``goldenpath report``: what is due, by class; with --issues as one issue each, updated in place and closed when there is nothing left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.report import Due, IssueText
    from goldenpath.model.finding import Finding


class _Class(NamedTuple):
    name: str
    title: str
    findings: Sequence[Finding]


@click.command()
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only this one; repeatable.")
@click.option("--issues", "keeps_issues", is_flag=True, help="Keep one issue per class on the forge, and close it when nothing is left.")
@click.option("--label", "labels", multiple=True, metavar="NAME", help="One more label of those issues, beside goldenpath; repeatable.")
@example("goldenpath report", "goldenpath report --issues --label secrets", "goldenpath report --environment prod -o sarif")
@pass_state
def report(state: CliState, *, environments: tuple[str, ...], keeps_issues: bool, labels: tuple[str, ...]) -> int:
    """Gather what is due: terms that run out, rotations, drift, orphans and exceptions that end. Nothing is changed.

    Everything is looked at before anything is told, so an issue is never closed because a store did not answer. With --issues all
    environments count. Ends with 1 when there is anything to do.
    """
    from goldenpath.app.report import gather

    if keeps_issues and state.environments(environments):
        raise click.UsageError("--issues tells of all environments: leave --environment out")
    due = gather(state.services, environments=state.environments(environments))
    classes = _classes(due)
    _show(state, classes, _published(state, classes, labels) if keeps_issues else ())
    return Exit.FINDINGS if any(each.findings for each in classes) else Exit.DONE


def _classes(due: Due) -> list[_Class]:
    from goldenpath.cli.drift_page import findings_of as drift_findings
    from goldenpath.cli.orphans import findings_of as orphan_findings

    drift = [finding for finding in drift_findings(due.drift) if finding.level != "info"]
    return [
        _Class("expiry", "secrets whose term runs out", due.expiry),
        _Class("rotation", "values that are due for rotation", due.rotation),
        _Class("drift", "records that were changed outside the platform", drift),
        _Class("orphans", "records that no request explains", orphan_findings(due.orphans)),
        _Class("waivers", "exceptions that end", due.waivers),
    ]


def _published(state: CliState, classes: Sequence[_Class], labels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    from goldenpath.app.report import publish_issues

    services = state.services
    return publish_issues(services.forge(services.settings.forge), [issue_text(each) for each in classes], labels=labels)


def issue_text(each: _Class) -> IssueText:
    """Return a class as an issue."""
    from goldenpath.app.report import IssueText
    from goldenpath.cli.comment_blocks import Block, assemble
    from goldenpath.cli.pr_comment import finding_blocks
    from goldenpath.cli.pr_pages import COMMENT_MAX
    from goldenpath.model.counting import counted

    marker, title = f"report/{each.name}", f"Goldenpath: {each.title}"
    if not each.findings:
        return IssueText(marker=marker, title=title, body="")
    head = (
        f"{counted(len(each.findings), 'finding')}: {each.title}. This text is written anew by each run, and the issue closes by itself.\n"
    )
    blocks = [Block("", head), *finding_blocks(each.findings)]
    return IssueText(
        marker=marker, title=title, body=assemble(blocks, limit=COMMENT_MAX, pointer="<code>goldenpath report</code> shows all.")
    )


def _show(state: CliState, classes: Sequence[_Class], issues: tuple[tuple[str, str], ...]) -> None:
    from goldenpath.cli.findings import render_findings
    from goldenpath.cli.formats import Section

    findings = [finding for each in classes for finding in each.findings]
    told = ", ".join(f"{len(each.findings)} {each.name}" for each in classes)
    sections = [Section(title="Issues", columns=("CLASS", "ISSUE"), rows=issues)] if issues else []
    details = {"classes": {each.name: len(each.findings) for each in classes}, "issues": dict(issues)}
    render_findings(state.output, findings, summary=f"Due: {told}", kind="Report", details=details, sections=sections)
