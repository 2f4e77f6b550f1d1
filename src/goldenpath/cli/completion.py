"""``goldenpath completion SHELL``, and the answers to the shell while somebody presses Tab. Offline; never starts a process."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from goldenpath.cli.entry import COMPLETION_VARIABLE
from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state

SHELLS = ("bash", "zsh", "fish", "powershell")
_PROGRAM = "goldenpath"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@example(
    'eval "$(goldenpath completion bash)"',
    "goldenpath completion zsh > ~/.zfunc/_goldenpath",
    "goldenpath completion fish > ~/.config/fish/completions/goldenpath.fish",
    "goldenpath completion powershell >> $PROFILE",
)
@pass_state
def completion(state: CliState, shell: str) -> None:
    """Print a shell completion script."""
    script = _completer(shell)
    state.output.data("Completion", {"shell": shell, "script": script}, text=script)


def _completer(shell: str) -> str:
    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - SHELLS names only shells that click knows
    completer = found(click.Command(_PROGRAM), {}, _PROGRAM, COMPLETION_VARIABLE)
    return ShellComplete.source(completer)  # bash's own would start bash to ask for its version


def answer_shell(instruction: str) -> int:
    """Write the completions for the line being typed (``COMP_WORDS``, ``COMP_CWORD``); a broken line has none."""
    from click.shell_completion import shell_complete

    from goldenpath.cli.root import cli

    try:
        return shell_complete(cli, {}, _PROGRAM, COMPLETION_VARIABLE, instruction)
    except (click.ClickException, KeyError, ValueError):
        return 1
