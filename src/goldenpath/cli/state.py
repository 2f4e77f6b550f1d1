"""What every verb shares: the global flags, and lazy access to the wired platform and the output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from goldenpath.app.services import Services
    from goldenpath.cli.output import Output

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("table", "json", "yaml", "ndjson", "sarif", "junit", "github", "markdown")


@dataclass(frozen=True)
class CliState:
    """The global flags, parsed once."""

    output_format: str | None
    is_quiet: bool
    is_verbose: bool
    no_color: bool
    directory: Path

    @staticmethod
    def from_options(options: Mapping[str, Any]) -> CliState:
        """Build the state from click's parameters."""
        return CliState(
            output_format=options["output_format"],
            is_quiet=options["quiet"],
            is_verbose=options["verbose"],
            no_color=options["no_color"],
            directory=Path(options["directory"]),
        )

    @cached_property
    def output(self) -> Output:
        """The one writer to stdout and stderr."""
        from goldenpath.cli.output import Output

        return Output.create(self)

    @cached_property
    def services(self) -> Services:
        """The platform of the current directory, wired with the settings of the working tree's commit."""
        from goldenpath.bootstrap import open_platform

        return open_platform(self.directory, progress=self.output.progress)


def global_options(function: F) -> F:
    """Add the flags that work before every verb."""
    for option in reversed(
        (
            click.option("-C", "--directory", default=".", metavar="DIR", help="Platform repository. [default: .]"),
            click.option(
                "-o",
                "--output",
                "output_format",
                type=click.Choice(FORMATS),
                help="Output format; table on a terminal.",
            ),
            click.option("-q", "--quiet", is_flag=True, help="Only data and errors."),
            click.option("-v", "--verbose", "--debug", "verbose", is_flag=True, help="More about what happens; never a value."),
            click.option("--no-color", is_flag=True, help="No colour; NO_COLOR does the same."),
        ),
    ):
        function = option(function)
    return function


pass_state = click.make_pass_decorator(CliState)
