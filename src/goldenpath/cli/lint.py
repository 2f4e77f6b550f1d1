"""``goldenpath lint``: render Kustomize overlays and refuse what must not reach a cluster. Offline, changes nothing."""

from __future__ import annotations

from pathlib import Path

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType
from goldenpath.cli.state import CliState, pass_state


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only this one; repeatable.")
@example("goldenpath lint", "goldenpath lint tenants/service/overlays/production", "goldenpath lint tenants -e prod -o github")
@pass_state
def lint(state: CliState, folder: Path | None, environments: tuple[str, ...]) -> int:
    """Render each Kustomize overlay and judge it: placeholders, environments, stores, entries, patches.

    FOLDER is an overlay, or holds folders named overlays; without one the tenants of the GitOps repository's working tree. Overlays
    written by hand are judged like our own. Copies of the files are rendered with kustomize or kubectl, without plugins, Helm or network.

    Ends with 1 when anything is refused.
    """
    from goldenpath.app.lint import lint_overlays
    from goldenpath.cli.findings import render_findings
    from goldenpath.model.counting import counted

    found = lint_overlays(state.services, folder, environments=state.environments(environments))
    faults = counted(len(found.findings), "finding") if found.findings else "no findings"
    summary = f"{counted(len(found.overlays), 'overlay')} checked, {faults}"
    details = {"root": str(found.root), "overlays": found.overlays}
    render_findings(state.output, found.findings, summary=summary, kind="Lint", details=details)
    return Exit.FINDINGS if any(finding.is_blocking for finding in found.findings) else Exit.DONE
