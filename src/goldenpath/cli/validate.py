"""``goldenpath validate``: check request files and the platform's own files against their contracts. Offline, changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.ports.repository import IndexReader


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@example(
    "goldenpath validate",
    "goldenpath validate catalogs/secrets/payments/dev/SEC-0007.yaml",
    "goldenpath validate -o sarif > goldenpath.sarif",
)
@pass_state
def validate(state: CliState, paths: tuple[Path, ...]) -> int:
    """Check files against the contract.

    Without PATHS the whole working tree: goldenpath.yaml, the governance files and every request, with uniqueness over the whole
    catalog and its tombstones. With PATHS only those files, each by itself. In a Git repository, links and submodules that only the
    index holds are found as well.

    Every fault of every file is listed in one run. Exit code 0: clean; 2: faults, or nothing to check.
    """
    from goldenpath.app.validate import validate_paths, validate_tree
    from goldenpath.app.working_tree import find_root
    from goldenpath.cli.findings import render_findings
    from goldenpath.model.counting import counted

    root = find_root(state.directory)
    found = validate_paths(root, paths, index=_index) if paths else validate_tree(root, index=_index)
    if not found.files and not found.findings:
        raise _nothing_checked(str(root))
    faults = counted(len(found.findings), "fault") if found.findings else "no faults"
    summary = f"{counted(found.files, 'file')} checked, {faults}"
    render_findings(state.output, found.findings, summary=summary, kind="Validation", details={"files": found.files})
    return Exit.USAGE if any(finding.is_blocking for finding in found.findings) else Exit.DONE


def _index(folder: Path) -> IndexReader:
    from goldenpath.bootstrap import open_index

    return open_index(folder)


def _nothing_checked(place: str) -> Exception:
    """Return the refusal of a run that saw no file: in the wrong folder, a pipeline would be green for ever."""
    from goldenpath.errors import InvalidIntent

    return InvalidIntent(
        "intent.nothing-checked",
        "there is no settings file, governance file or request here, so nothing was checked",
        subject=place,
        hint="go to your platform repository, or name it: goldenpath -C FOLDER validate",
    )
