"""``goldenpath scan``: values where they must not be, found by form and by keyed fingerprint; shown by place, never by text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.leak_index import Learned
    from goldenpath.app.scan import Scanned


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--staged", "is_staged", is_flag=True, help="The lines that the next commit would add.")
@click.option("--base", metavar="REF", default="", help="The lines that were added since this revision.")
@click.option("--head", metavar="REF", default="HEAD", show_default=True, help="The end of --base.")
@click.option("--require-index", is_flag=True, help="Fail where this machine has no fingerprints of managed values.")
@click.option("--update-index", is_flag=True, help="Learn the fingerprints of current values, each read on record; prod only if named.")
@click.option(
    "-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only these for --update-index; repeatable."
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1.")
@example(
    "goldenpath scan --staged",
    "goldenpath scan --base main -o sarif",
    "goldenpath scan config.yaml deploy/values.yaml",
    "goldenpath scan --update-index --environment dev",
)
@pass_state
def scan(
    state: CliState,
    *,
    files: tuple[Path, ...],
    is_staged: bool,
    base: str,
    head: str,
    require_index: bool,
    update_index: bool,
    environments: tuple[str, ...],
    exit_zero: bool,
) -> int:
    """Look for known kinds of tokens, private keys and the platform's own values; say where, never what.

    Works offline. Managed values are known by keyed fingerprints in a sealed index of this machine, which --update-index makes; without
    one only known kinds of tokens are found. A line with the comment "goldenpath: not-a-secret" may hold a sample token, never a value
    of ours. Ends with 1 when something was found.
    """
    _require_one_source(files=bool(files), staged=is_staged, base=bool(base), update_index=update_index)
    if update_index:
        return _learn(state, environments)
    found = _scanned(state, files, base=base, head=head, is_staged=is_staged, requires_index=require_index)
    _show(state, found)
    is_clean = not any(finding.is_blocking for finding in found.findings)
    return Exit.DONE if is_clean or exit_zero else Exit.FINDINGS


def _require_one_source(**sources: bool) -> None:
    if sum(sources.values()) != 1:
        raise click.UsageError("say what to look at: files, --staged, --base or --update-index, and one of them only")


def _scanned(state: CliState, files: tuple[Path, ...], *, base: str, head: str, is_staged: bool, requires_index: bool) -> Scanned:
    from goldenpath.app.scan import known_for_scan, scan_files, scan_range, scan_staged
    from goldenpath.bootstrap import open_index

    known = known_for_scan(state.services, requires_index=requires_index)
    if files:
        return scan_files(known, files)
    if is_staged:
        return scan_staged(state.services, known, open_index(state.services.root))
    return scan_range(state.services, known, base=base, head=head)


def _show(state: CliState, found: Scanned) -> None:
    from goldenpath.cli.findings import render_findings
    from goldenpath.model.counting import counted

    known = found.known
    looked = f"{counted(found.lines, 'line')} in {counted(found.files, 'file')}"
    values = (
        f"values of {counted(known.secrets, 'secret')} as of {known.made_at[:10]}" if known.is_there else "no managed values, no index here"
    )
    details = {
        "files": found.files,
        "lines": found.lines,
        "has_index": known.is_there,
        "index_made_at": known.made_at,
        "secrets": known.secrets,
    }
    leaks = sum(finding.is_blocking for finding in found.findings)
    summary = f"{counted(leaks, 'leak') if leaks else 'no leak'} in {looked}; looked for known tokens and {values}"
    render_findings(state.output, found.findings, summary=summary, kind="Leaks", details=details)


def _learn(state: CliState, environments: tuple[str, ...]) -> int:
    from goldenpath.app.leak_index import learn

    learned = learn(state.services, environments=state.environments(environments))
    state.output.data("LeakIndex", _payload(learned), text="\n".join(_lines(learned)))
    return Exit.DONE


def _payload(learned: Learned) -> dict[str, object]:
    return {
        "environments": learned.environments,
        "secrets": learned.secrets,
        "keys": learned.keys,
        "fingerprints": learned.fingerprints,
        "left_out": learned.left_out,
        "unread": learned.unread,
    }


def _lines(learned: Learned) -> list[str]:
    from goldenpath.model.counting import counted

    told = [f"  no fingerprint: {name} ({why})" for name, why in learned.left_out.items()]
    told += [f"  not read: {name} ({why})" for name, why in learned.unread.items()]
    what = f"{counted(learned.fingerprints, 'fingerprint')} of {counted(learned.keys, 'key')} in {counted(learned.secrets, 'secret')}"
    return [f"Learned {what} of {', '.join(learned.environments)}; sealed on this machine", *told]
