"""``goldenpath init``: a platform repository from nothing, or what one lacks. Shown first; nothing that is there is changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.output import printable
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.cli.output import Output
    from goldenpath.model.scaffold import Choices, Scaffold, ScaffoldFile
    from goldenpath.ports.founding import Founding

_SIGNS = {"new": ("+", "green"), "same": ("=", "dim"), "kept": ("~", "yellow")}
_PROFILES = ("goldenpath", "zerotouch", "tcs")
_FORGES = ("github", "gitlab", "all")


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--profile", type=click.Choice(_PROFILES), default="goldenpath", show_default=True, help="Family of platform.")
@click.option("--forge", type=click.Choice(_FORGES), default="all", show_default=True, help="Whose pipelines to write.")
@click.option("--branch", default="", metavar="NAME", help="The protected branch. [default: the repository's own, or main]")
@click.option("--catalog", default="catalogs/secrets", show_default=True, metavar="PATH", help="Root of the catalog.")
@click.option("--action", default="", metavar="OWNER/NAME@COMMIT", help="Copy of the action to use. [default: the project's own]")
@click.option("--organisation", default="example", show_default=True, metavar="NAME", help="Owner of the teams in CODEOWNERS.")
@click.option("--remote", default="", metavar="NAME", help="Git remote that takes manifests. [default: origin, where there is one]")
@click.option("-n", "--dry-run", "is_dry_run", is_flag=True, help="Show what would be written, and how kept files differ; write nothing.")
@click.option("-y", "--yes", "is_confirmed", is_flag=True, help="Do not ask.")
@example("goldenpath init platform", "goldenpath init --profile zerotouch --dry-run", "goldenpath init --forge github --yes")
@pass_state
def init(state: CliState, /, folder: Path | None, is_dry_run: bool, is_confirmed: bool, **options: str) -> int:
    """Make a platform repository in FOLDER, or add what the one there lacks: settings, words, governance, pipelines, Terraform.

    A file that is there is never changed, and nothing is committed. Profiles: goldenpath (Secrets Manager and External Secrets), zerotouch
    (Parameter Store and overlays), tcs (OpenBao, mounted Secrets, Secrets Manager).
    """
    from goldenpath.app.scaffold import plan_scaffold, write_scaffold
    from goldenpath.bootstrap import open_founding, open_templates
    from goldenpath.cli.confirm import confirm_change
    from goldenpath.model.counting import counted

    root = (folder or state.directory).absolute()
    founding = open_founding(root)
    choices = _choices(options, founding)
    scaffold = plan_scaffold(root, founding, open_templates(choices.profile), choices)
    shown = "\n".join(_lines(state.output, scaffold))
    if is_dry_run:
        differences = "".join(line for file in scaffold.of("kept") for line in _difference(file))
        state.output.data("Init", _payload(scaffold, is_dry_run=True), text=f"{shown}\n{differences}".rstrip())
        return Exit.DONE
    count = len(scaffold.of("new"))
    if count and not is_confirmed:
        state.output.stderr.write(shown + "\n")
        confirm_change(state.output, environment=str(root), action=f"write {counted(count, 'file')}", is_confirmed=False)
    write_scaffold(root, founding, scaffold)
    state.output.data("Init", _payload(scaffold, is_dry_run=False), text="\n".join([shown, *_farewell(scaffold, root)]))
    return Exit.DONE


def _choices(options: dict[str, str], founding: Founding) -> Choices:
    from goldenpath import __version__
    from goldenpath.model.scaffold import Choices

    remote = options["remote"] or ("origin" if "origin" in founding.remotes() else "")
    branch = options["branch"] or founding.branch() or "main"
    return msgspec.convert({**options, "branch": branch, "remote": remote, "version": __version__}, Choices)


def _lines(output: Output, scaffold: Scaffold) -> Iterator[str]:
    for file in scaffold.files:
        sign, color = _SIGNS[file.state]
        note = "  (yours stays; it differs from what ships)" if file.state == "kept" else ""
        yield f"{output.paint(sign, color)} {printable(file.path)}{note}"
    counts = {state: len(scaffold.of(state)) for state in ("new", "same", "kept")}
    yield f"{counts['new']} to add, {counts['same']} already there, {counts['kept']} kept as they are."


def _difference(file: ScaffoldFile) -> Iterator[str]:
    """Yield what the shipped file would change in the one that is there."""
    found, shipped = (data.decode("utf-8", "replace").splitlines(keepends=True) for data in (file.found, file.data))
    for line in difflib.unified_diff(found, shipped, fromfile=file.path, tofile=f"{file.path} (as shipped)"):
        yield printable(line.rstrip("\n")) + "\n"


def _farewell(scaffold: Scaffold, root: Path) -> Iterator[str]:
    from goldenpath.app.backstage import TEMPLATE_FILE

    if not scaffold.of("new"):
        yield "Nothing was missing."
        return
    yield f"Next, in {printable(str(root))}:"
    yield "  list who approves in governance/approvers.yaml"
    if scaffold.without_account:
        names = ", ".join(scaffold.without_account)
        yield f"  state the account of {names} in goldenpath.yaml: their stores are at AWS, and apply waits for it"
    yield f"  git add --all && git commit, push, and protect {scaffold.branch} at the forge"
    yield "  goldenpath doctor"
    if TEMPLATE_FILE in {file.path for file in scaffold.of("new")}:
        yield f"  where Backstage is the front door, register {TEMPLATE_FILE} there; goldenpath backstage template makes it anew"


def _payload(scaffold: Scaffold, *, is_dry_run: bool) -> dict[str, object]:
    return {
        "branch": scaffold.branch,
        "is_dry_run": is_dry_run,
        "without_account": scaffold.without_account,
        "files": [{"path": file.path, "state": file.state} for file in scaffold.files],
        "counts": {state: len(scaffold.of(state)) for state in ("new", "same", "kept")},
    }
