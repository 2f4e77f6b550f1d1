"""``goldenpath version``: who we are, for people and for bug reports."""

from __future__ import annotations

import platform

import click

from goldenpath import __version__
from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state


@click.command()
@example("goldenpath version", "goldenpath version --json")
@pass_state
def version(state: CliState) -> None:
    """Print the version."""
    payload = {"version": __version__, "python": platform.python_version(), "platform": platform.system().lower()}
    state.output.data("Version", payload, text=f"goldenpath {__version__}")
