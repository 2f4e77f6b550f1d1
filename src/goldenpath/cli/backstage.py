"""``goldenpath backstage template|catalog``: the form that requests a secret, and the secrets that there are, for Backstage."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType
from goldenpath.cli.state import CliState, pass_state


@click.group()
@example("goldenpath backstage template", "goldenpath backstage catalog --source https://github.com/acme/platform/blob/main/")
def backstage() -> None:
    """Write what Backstage reads: a form and catalog entities."""


@backstage.command()
@click.option("--repository", metavar="LOCATION", help="Where pull requests are opened, in Backstage's words. [default: the forge's]")
@click.option("--owner", help="Team that answers for the form. [default: platform-team]")
@click.option("--check", "is_check", is_flag=True, help="Write nothing; end with 1 when a file is not current.")
@click.option("--dry-run", is_flag=True, help="Print the template and write nothing.")
@example(
    "goldenpath backstage template --repository 'github.com?owner=acme&repo=platform'",
    "goldenpath backstage template --check -o github",
)
@pass_state
def template(state: CliState, /, repository: str | None, owner: str | None, *, is_check: bool, dry_run: bool) -> int:
    """Write the software template of the request form into the platform repository.

    Fields, patterns and words come from the contract and the platform's enums, so run it again when those change; --check tells when.
    The form writes the same bytes as request new, and has no field for a value.
    """
    from goldenpath.app.backstage import TEMPLATE_FILE, portal_files, stale_findings, write_portal_files
    from goldenpath.cli.findings import render_findings

    found = portal_files(state.directory, repository=repository or "", owner=owner or "")
    if dry_run:
        state.output.document(found.files[TEMPLATE_FILE].decode("utf-8"))
        return Exit.DONE
    if is_check:
        findings = stale_findings(found)
        summary = f"{len(findings)} of {len(found.files)} files not current" if findings else "the form is current"
        render_findings(state.output, findings, summary=summary, kind="BackstageCheck")
        return Exit.FINDINGS if findings else Exit.DONE
    write_portal_files(state.directory, found)
    text = "\n".join(f"wrote {path}" for path in found.stale) or "the form is current; nothing was written"
    state.output.data("BackstageTemplate", {"files": sorted(found.files), "written": list(found.stale)}, text=text)
    return Exit.DONE


@backstage.command()
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only this one; repeatable.")
@click.option("--component", default="{service}", show_default=True, metavar="NAME", help="Component that uses a secret; '' for none.")
@click.option("--system", default="", metavar="NAME", help="System that secrets belong to, such as '{service}'. [default: none]")
@click.option("--owner", metavar="TEAM", help="Team that answers for the stores. [default: platform-team]")
@click.option("--source", default="", metavar="URL", help="Address of the repository's files, for links. [default: none]")
@example(
    "goldenpath backstage catalog > catalog-secrets.yaml",
    "goldenpath backstage catalog -e prod --system '{service}' --source https://github.com/acme/platform/blob/main/",
)
@pass_state
def catalog(state: CliState, /, **options: Any) -> None:
    """Print a Resource for every secret on the protected branch, and one for each store, as one YAML file.

    {service} and {environment} in a name stand for those of the request. No store is asked and no value is there to be read.
    """
    from goldenpath.app.backstage import portal_catalog

    options["environments"] = state.environments(options["environments"])
    state.output.document(portal_catalog(state.services, **options).decode("utf-8"))
