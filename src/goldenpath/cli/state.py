"""What every verb shares: the global flags, and lazy access to the wired platform and the output.

Global options stand before the verb or after it (``goldenpath status -o json``); the one nearest to the end wins.
Precedence: flag, ``GOLDENPATH_*`` variable, file, default. Only the options of :data:`VARIABLES` have a variable: a switch that
confirms, reveals or forgives is never read from the environment (CASES 183), and neither is ``--config``: to name another platform is
a deliberate act. It names a folder and no more: gate, approvers, audit and stores still come from the protected branch of that
repository, so an edited file steers nothing that ``-C`` would not let it steer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from goldenpath.cli.params import EnvironmentType, SecondsType, SettingsFileType

if TYPE_CHECKING:
    from goldenpath.app.services import Services
    from goldenpath.cli.output import Output

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("table", "json", "yaml", "ndjson", "sarif", "junit", "github", "markdown")

LONGEST_SECONDS = 31_536_000
"""The longest ``--timeout``, a year; a timer of the operating system takes no infinity."""

MOST_RETRIES = 100
"""The highest ``--retries``: a limit, and no way to go on for ever; the deadline of the settings holds beside it."""

VARIABLES = {
    "directory": "GOLDENPATH_DIRECTORY",
    "output_format": "GOLDENPATH_OUTPUT",
    "is_quiet": "GOLDENPATH_QUIET",
    "is_verbose": "GOLDENPATH_VERBOSE",
    "no_color": "GOLDENPATH_NO_COLOR",
    "timeout_seconds": "GOLDENPATH_TIMEOUT",
    "retry_limit": "GOLDENPATH_RETRIES",
    "is_offline": "GOLDENPATH_OFFLINE",
    "environment": "GOLDENPATH_ENV",
}
"""Environment variable of each global option that has one."""


class _Flags(NamedTuple):
    output_format: str | None = None
    is_quiet: bool = False
    is_verbose: bool = False
    no_color: bool = False
    directory: Path = Path()
    is_debug: bool = False
    timeout_seconds: float | None = None
    retry_limit: int | None = None
    is_offline: bool = False
    environment: str | None = None
    is_environment_typed: bool = False
    config_file: Path | None = None


class CliState(_Flags):
    """The global flags, parsed once. ``timeout_seconds`` limits the whole run, ``retry_limit`` the repeats of one call; ``None``: no limit.

    ``environment`` is the default of ``-e``; ``is_environment_typed`` when a flag said so and not a variable.

    A tuple with a few members of its own: a dataclass would cost every start the time to write its methods (P4).
    """

    @staticmethod
    def from_options(options: Mapping[str, Any]) -> CliState:
        """Build the state from click's parameters; what was not given keeps its default."""
        return CliState().with_options(options)

    def with_options(self, options: Mapping[str, Any]) -> CliState:
        """Return this state with the options that were given; ``None`` means not given."""
        given = {name: value for name, value in options.items() if name in self._fields and value is not None}
        if options.get("is_json"):
            given["output_format"] = "json"
        if given.get("is_debug"):
            given["is_verbose"] = True
        if "directory" in given:
            given["directory"] = Path(given["directory"])
        if "config_file" in given:
            given["directory"] = given["config_file"].parent
        return self._replace(**given) if given else self

    def environments(self, chosen: tuple[str, ...]) -> tuple[str, ...]:
        """Return the environments that a verb is for: those of its own ``-e``, else the default one, else none (all).

        A default that nobody typed is told on stderr: it leaves the other environments out.
        """
        if chosen or self.environment is None:
            return chosen
        if not self.is_environment_typed:
            self.output.progress(f"only {self.environment}, as {VARIABLES['environment']} says")
        return (self.environment,)

    def start_limits(self) -> None:
        """Start the time limit of the run, if there is one."""
        if self.timeout_seconds is not None:
            from goldenpath.cli.interruption import start_timer

            start_timer(self.timeout_seconds)

    @cached_property
    def output(self) -> Output:
        """The one writer to stdout and stderr."""
        from goldenpath.cli.output import Output

        output = Output.create(self)
        _when_the_run_ends(output.close)
        return output

    @cached_property
    def services(self) -> Services:
        """The platform of the current directory, wired with the settings of the working tree's commit."""
        from goldenpath.bootstrap import open_platform

        services = open_platform(self.directory, progress=self.output.progress, retry_limit=self.retry_limit, is_offline=self.is_offline)
        _when_the_run_ends(services.close)
        return services


def _when_the_run_ends(end: Callable[[], None]) -> None:
    context = click.get_current_context(silent=True)
    if context is not None:
        context.find_root().call_on_close(end)


def _specifications() -> tuple[tuple[tuple[str, ...], dict[str, Any]], ...]:
    flag: dict[str, Any] = {"is_flag": True, "default": None}
    return (
        (("-C", "--directory"), {"metavar": "DIR", "help": "Platform repository. [default: .]"}),
        (("-o", "--output", "output_format"), {"type": click.Choice(FORMATS), "help": "Output format. [default: table]"}),
        (("--json", "is_json"), {**flag, "help": "The same as -o json."}),
        (("-q", "--quiet", "is_quiet"), {**flag, "help": "Only data and errors."}),
        (("-v", "--verbose", "is_verbose"), {**flag, "help": "More about what happens; never a value."}),
        (("--debug", "is_debug"), {**flag, "help": "Like -v; an internal fault also shows its frames, never locals."}),
        (("--no-color", "no_color"), {**flag, "help": "No colour; NO_COLOR does the same."}),
        (
            ("--timeout", "timeout_seconds"),
            {
                "type": SecondsType(min=0, min_open=True, max=LONGEST_SECONDS),
                "metavar": "SECONDS",
                "help": "End the run after this time; it can be resumed.",
            },
        ),
        (
            ("--retries", "retry_limit"),
            {"type": click.IntRange(0, MOST_RETRIES), "metavar": "N", "help": "Try a failed call again at most N times; 0 for never."},
        ),
        (("--offline", "is_offline"), {**flag, "help": "Ask no store and no remote; verbs that need one refuse."}),
        (("--config", "config_file"), {"type": SettingsFileType(), "metavar": "FILE", "help": "The goldenpath.yaml of the platform."}),
        (
            ("--profile", "--env", "environment"),
            {"type": EnvironmentType(), "metavar": "NAME", "help": "Environment of verbs that take -e. [default: all]"},
        ),
    )


def global_options(function: F) -> F:
    """Add the flags that work before every verb, with their environment variables."""
    for names, settings in reversed(_specifications()):
        variable = VARIABLES.get(_parameter_name(names))
        function = click.option(*names, **settings, envvar=variable, show_envvar=variable is not None)(function)
    return function


def accept_global_options(command: click.Command) -> None:
    """Let ``command`` take the global options too, hidden from its help; its own options of the same name win."""
    taken = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    for names, settings in _specifications():
        flags = tuple(name for name in names if name.startswith("-") and name not in taken)
        if flags:
            merged = {**settings, "hidden": True, "expose_value": False, "callback": _merge_into_state}
            command.params.append(click.Option((*flags, f"global_{_parameter_name(names)}"), **merged))


def _merge_into_state(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None and isinstance(ctx.obj, CliState):
        name = (param.name or "").removeprefix("global_")
        require_one_folder(ctx, name)
        ctx.obj = ctx.obj.with_options({name: value, "is_environment_typed": True if name == "environment" else None})
        ctx.obj.start_limits()


_FOLDER_OPTIONS = {"directory": "config_file", "config_file": "directory"}


def require_one_folder(ctx: click.Context, name: str) -> None:
    """Refuse ``-C`` beside ``--config``: either says which platform is meant, and two answers are one too many."""
    other = _FOLDER_OPTIONS.get(name)
    if other is not None and is_typed(ctx, other):
        raise click.UsageError("-C and --config both name the platform: give one of them", ctx=ctx)


def is_typed(ctx: click.Context, name: str) -> bool:
    """Say whether a global option was given on the command line, before the verb or after it."""
    line = click.core.ParameterSource.COMMANDLINE
    context: click.Context | None = ctx
    while context is not None:
        if line in (context.get_parameter_source(f"global_{name}"), context.get_parameter_source(name)):
            return True
        context = context.parent
    return False


def _parameter_name(names: tuple[str, ...]) -> str:
    explicit = [name for name in names if not name.startswith("-")]
    return explicit[0] if explicit else names[-1].removeprefix("--").replace("-", "_")


pass_state = click.make_pass_decorator(CliState)
