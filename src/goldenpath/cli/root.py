"""The command tree: verbs are imported when they are called, errors become one message and one exit code."""

from __future__ import annotations

import importlib
from typing import Any

import click

from goldenpath.cli.state import CliState, global_options

VERBS: dict[str, tuple[str, str]] = {
    "validate": ("goldenpath.cli.validate:validate", "Check request files against the contract"),
    "schema": ("goldenpath.cli.schema:schema", "Print a JSON Schema"),
    "request": ("goldenpath.cli.request:request", "Write and show requests"),
    "policy": ("goldenpath.cli.policy:policy", "Judge a change; explain rules; list waivers"),
    "preview": ("goldenpath.cli.preview:preview", "Show everything that a change would do"),
    "approve": ("goldenpath.cli.approve:approve", "Sign off a change"),
    "apply": ("goldenpath.cli.apply:apply", "Make the stores and manifests match the catalog"),
    "adopt": ("goldenpath.cli.adopt:adopt", "Take over a record that the platform did not create"),
    "restore": ("goldenpath.cli.restore:restore", "Bring back a record that is scheduled for deletion"),
    "seed": ("goldenpath.cli.seed:seed", "Give a secret its value"),
    "get": ("goldenpath.cli.get:get", "Show a secret's metadata, or reveal its value"),
    "exec": ("goldenpath.cli.exec:exec_", "Run a program with declared keys in its environment"),
    "status": ("goldenpath.cli.status:status", "Show every request and its state"),
    "trace": ("goldenpath.cli.trace:trace", "Follow one secret from commit to reader"),
    "drift": ("goldenpath.cli.drift:drift", "Show records that differ from their requests"),
    "audit": ("goldenpath.cli.audit:audit", "Read, verify and export the audit log"),
    "doctor": ("goldenpath.cli.doctor:doctor", "Check the surroundings"),
    "config": ("goldenpath.cli.config:config", "Show settings and where each came from"),
    "explain": ("goldenpath.cli.explain:explain", "Explain an error or rule code"),
    "demo": ("goldenpath.cli.demo:demo", "Walk the main path in a new folder"),
    "completion": ("goldenpath.cli.completion:completion", "Print a shell completion script"),
    "version": ("goldenpath.cli.version:version", "Print the version"),
}


class LazyGroup(click.Group):
    """A group that knows its verbs by name and imports one only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the main path."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        entry = VERBS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry[0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in VERBS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "GOLDENPATH"})
@global_options
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> None:
    """Take a platform secret through its whole life, with proof at every seam."""
    ctx.obj = CliState.from_options(options)


def run(arguments: list[str]) -> int:
    """Run the tree and return the exit code; every way to fail ends here."""
    from goldenpath.cli.failure import guarded

    return guarded(cli, arguments)
