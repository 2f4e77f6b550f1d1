"""The command tree: verbs are imported when they are called, errors become one message and one exit code."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.help import example, write_epilog
from goldenpath.cli.offline import NEED_STORES, refuse_offline
from goldenpath.cli.params import give_known_types
from goldenpath.cli.state import CliState, accept_global_options, global_options, is_typed, require_one_folder

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VERBS: dict[str, tuple[str, str]] = {
    "init": ("goldenpath.cli.init:init", "Make a platform repository, or add what one lacks"),
    "validate": ("goldenpath.cli.validate:validate", "Check request files against the contract"),
    "lint": ("goldenpath.cli.lint:lint", "Render Kustomize overlays and judge them"),
    "schema": ("goldenpath.cli.schema:schema", "Print a JSON Schema"),
    "request": ("goldenpath.cli.request:request", "Write, change and show requests"),
    "policy": ("goldenpath.cli.policy:policy", "Judge a change; explain rules; list waivers"),
    "preview": ("goldenpath.cli.preview:preview", "Show everything that a change would do"),
    "pr": ("goldenpath.cli.pr:pr", "Judge pull requests and tell the forge"),
    "approve": ("goldenpath.cli.approve:approve", "Sign off a change"),
    "apply": ("goldenpath.cli.apply:apply", "Make the stores and manifests match the catalog"),
    "adopt": ("goldenpath.cli.adopt:adopt", "Take over a record that the platform did not create"),
    "restore": ("goldenpath.cli.restore:restore", "Bring back a record that is scheduled for deletion"),
    "seed": ("goldenpath.cli.seed:seed", "Give a secret its value"),
    "inject": ("goldenpath.cli.inject:inject", "Put a service's values into Parameter Store"),
    "materialize": ("goldenpath.cli.materialize:materialize", "Make Kubernetes Secrets where no External Secrets runs"),
    "get": ("goldenpath.cli.get:get", "Show a secret's metadata, or reveal its value"),
    "exec": ("goldenpath.cli.exec:exec_", "Run a program with declared keys in its environment"),
    "sync": ("goldenpath.cli.sync:sync", "Bring what the stores hold into the cluster now, with proof"),
    "consumers": ("goldenpath.cli.consumers:consumers", "Show which workloads use a secret, and which would need a restart"),
    "rollout": ("goldenpath.cli.rollout:rollout", "Restart the workloads that use changed secrets, on request only"),
    "ci": ("goldenpath.cli.ci:ci", "Check that a build has its secrets"),
    "mask": ("goldenpath.cli.mask:mask", "Make a workflow runner hide values in its log"),
    "scan": ("goldenpath.cli.scan:scan", "Look for values in files and changes"),
    "redact": ("goldenpath.cli.redact:redact", "Hide values in what is piped through"),
    "status": ("goldenpath.cli.status:status", "Show every request and its state"),
    "trace": ("goldenpath.cli.trace:trace", "Follow one secret from commit to reader"),
    "drift": ("goldenpath.cli.drift:drift", "Show records that differ from their requests"),
    "orphans": ("goldenpath.cli.orphans:orphans", "Show records that no request explains"),
    "report": ("goldenpath.cli.report:report", "Gather what is due: expiry, rotation, drift, orphans, exceptions"),
    "diff": ("goldenpath.cli.diff:diff", "Compare the secrets of two environments"),
    "backstage": ("goldenpath.cli.backstage:backstage", "Write the request form and the catalog entities for Backstage"),
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
        """Import and return one verb, fitted into the frame."""
        entry = VERBS.get(cmd_name)
        if entry is None:
            return None
        command = fitted(load_verb(entry[0]))
        return refuse_offline(command) if cmd_name in NEED_STORES else command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in VERBS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete verbs without importing any, and options as usual."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [CompletionItem(name, help=summary) for name, (_, summary) in VERBS.items() if name.startswith(incomplete)]

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; a wrong one is met with the nearest names, which click cannot know as verbs are not loaded."""
        if args[0] not in VERBS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=VERBS, ctx=ctx)
        return super().resolve_command(ctx, args)


def load_verb(entry: str) -> click.Command:
    """Import ``module:attribute``."""
    module, _, attribute = entry.partition(":")
    command: click.Command = getattr(importlib.import_module(module), attribute)
    return command


def fitted(command: click.Command) -> click.Command:
    """Give a verb and everything below it the global options, known argument types and its examples; once."""
    if getattr(command, "is_fitted", False):
        return command
    command.is_fitted = True  # type: ignore[attr-defined]
    command.context_settings.setdefault("help_option_names", ["-h", "--help"])
    accept_global_options(command)
    give_known_types(command)
    write_epilog(command)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            fitted(below)
    return command


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from goldenpath import __version__

        click.echo(f"goldenpath {__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@global_options
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Print the version.")
@example("goldenpath demo", "goldenpath validate catalogs/", "goldenpath status --json")
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> None:
    """Take a platform secret through its whole life, with proof at every seam."""
    if options["config_file"] is not None:
        require_one_folder(ctx, "config_file")
    state = CliState.from_options({**options, "is_environment_typed": is_typed(ctx, "environment")})
    state.start_limits()
    ctx.obj = state


write_epilog(cli, is_root=True)


def run(arguments: list[str]) -> int:
    """Run the tree and return the exit code; every way to fail ends here."""
    from goldenpath.cli.failure import guarded

    return guarded(cli, arguments)
