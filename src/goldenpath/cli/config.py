"""``goldenpath config show``: every setting with its value and where it came from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.help import example
from goldenpath.cli.state import VARIABLES, CliState, is_typed, pass_state

if TYPE_CHECKING:
    from goldenpath.settings import SettingLine


@click.group()
@example("goldenpath config show", "goldenpath config show --json")
def config() -> None:
    """Show settings and where each came from."""


@config.command("show")
@click.option("--changed", "is_changed_only", is_flag=True, help="Only what is not a default.")
@example("goldenpath config show", "goldenpath config show --changed", "goldenpath config show -C ../platform -o yaml")
@pass_state
@click.pass_context
def show(ctx: click.Context, state: CliState, is_changed_only: bool) -> None:
    """Print each setting, its value and its source: flag, variable, file and line, or default."""
    lines = [*_flags(ctx, state), *_settings(state.directory)]
    shown = [line for line in lines if line.source != "default" or not is_changed_only]
    payload = {"settings": [{"name": line.name, "value": _plain(line.value), "source": line.source} for line in shown]}
    state.output.data("Configuration", payload, text=state.output.table(("SETTING", "VALUE", "SOURCE"), shown))


def _settings(directory: Path) -> list[SettingLine]:
    from goldenpath.settings import SETTINGS_FILE, explain_settings

    path = _settings_file(directory, SETTINGS_FILE)
    return explain_settings(path.read_bytes() if path else None, variables=os.environ)


def _settings_file(directory: Path, name: str) -> Path | None:
    """Return the nearest settings file at or above ``directory``, not beyond its repository."""
    for folder in (directory.absolute(), *directory.absolute().parents):
        if (folder / name).is_file():
            return folder / name
        if (folder / ".git").exists():
            return None
    return None


def _flags(ctx: click.Context, state: CliState) -> list[SettingLine]:
    from goldenpath.settings import SettingLine

    defaults = CliState()
    return [
        SettingLine(f"command.{name}", _json(getattr(state, name)), _source(ctx, name, getattr(state, name) == getattr(defaults, name)))
        for name in (*VARIABLES, "config_file")
    ]


_ALSO_SET_BY = {"directory": "config_file", "output_format": "is_json", "is_verbose": "is_debug"}


def _source(ctx: click.Context, name: str, is_default: bool) -> str:
    if is_default:
        return "default"
    if is_typed(ctx, name) or is_typed(ctx, _ALSO_SET_BY.get(name, name)):
        return "flag"
    is_variable = ctx.find_root().get_parameter_source(name) is click.core.ParameterSource.ENVIRONMENT
    return VARIABLES[name] if is_variable else "flag"


def _json(value: Any) -> str:
    import msgspec

    return msgspec.json.encode(str(value) if isinstance(value, Path) else value).decode()


def _plain(value: str) -> Any:
    import msgspec

    return msgspec.json.decode(value)
