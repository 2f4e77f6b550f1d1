"""``goldenpath demo``: the main path, walked for real with the embedded store in a new folder."""

from __future__ import annotations

import time
from pathlib import Path

import click

from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state

DEFAULT_FOLDER = "goldenpath-demo"


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@example("goldenpath demo", "goldenpath demo /tmp/try-goldenpath")
@pass_state
def demo(state: CliState, folder: Path | None) -> None:
    """Walk a request from Git to a governed secret, its manifests and its proof, in a new folder.

    Nothing outside FOLDER is touched and no cloud is needed. Without FOLDER, a new goldenpath-demo folder is made here.
    """
    from goldenpath.cli.demo_walk import Walk

    started = time.monotonic()
    walk = Walk(root=new_folder(folder), say=click.echo, has_color=state.output.has_color)
    walk.run()
    click.echo(f"\nDone in {time.monotonic() - started:.0f} s.")


def new_folder(folder: Path | None) -> Path:
    """Return the folder to work in: ``folder`` if it is new or empty, else the next free default. Raises ``cli.folder-not-empty``."""
    if folder is not None:
        _refuse_filled(folder)
        return folder.absolute()
    number = 1
    while (candidate := Path(DEFAULT_FOLDER if number == 1 else f"{DEFAULT_FOLDER}-{number}")).exists():
        number += 1
    return candidate.absolute()


def _refuse_filled(folder: Path) -> None:
    from goldenpath.errors import InvalidIntent

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidIntent(
            "cli.folder-not-empty",
            f"{folder} exists and is not an empty folder; the demo only works in a new one",
            subject=str(folder),
            hint="name a folder that does not exist yet",
        )
