"""What can be generated is generated, and what is generated is current; every verb shows how it is used (ARCHITECTURE section 4)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.commands import every_command
from tests.house.source_tree import ROOT

from goldenpath.cli.exit_codes import MEANINGS, Exit
from goldenpath.cli.root import VERBS, cli

REFERENCE = ROOT / "docs" / "reference"


def help_of(path: str, command: click.Command) -> str:
    return command.get_help(click.Context(command, info_name=path))


@pytest.mark.parametrize(("path", "command"), [pytest.param(*found, id=found[0]) for found in every_command()])
def test_every_command_has_help_with_two_examples(path: str, command: click.Command) -> None:
    text = help_of(path, command)
    _, _, shown = text.partition("Examples:\n")
    lines = [line.strip() for line in shown.splitlines()]
    assert (
        sum(
            "goldenpath" in line and line.startswith(("goldenpath ", "eval ", "printf ", "echo ", "cat ", "openssl ", "git "))
            for line in lines
        )
        >= 2
    )
    assert (command.help or "").strip(), "a verb says what it does"


@pytest.mark.parametrize(("path", "command"), [pytest.param(*found, id=found[0]) for found in every_command()])
def test_every_option_is_described(path: str, command: click.Command) -> None:
    silent = [param.name for param in command.params if isinstance(param, click.Option) and not param.hidden and not param.help]
    assert silent == []


def test_examples_use_options_that_exist() -> None:
    commands = dict(every_command())
    wrong = []
    for path, command in commands.items():
        for line in re.findall(r"^ +(goldenpath .*)$", command.epilog or "", re.MULTILINE):
            words = line.split(" -- ")[0].split("|")[0].split()
            target = max((known for known in commands if (line + " ").startswith(known + " ")), key=len)
            known = {name for param in (*commands[target].params, *cli.params) for name in (*param.opts, *param.secondary_opts)} | {
                "--help"
            }
            wrong += [f"{path}: {word}" for word in words if word.startswith("--") and word.split("=")[0] not in known]
    assert wrong == []


def test_the_readme_lists_the_verbs_of_help() -> None:
    readme = (ROOT / "README.md").read_text()
    missing = [name for name in VERBS if not re.search(rf"`(?:goldenpath )?{re.escape(name)}(?:[ `]|$)", readme)]
    assert missing == []


def test_reference_pages_are_current() -> None:
    done = subprocess.run([sys.executable, "tools/reference.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_exit_code_has_a_meaning_and_a_place_in_the_reference() -> None:
    page = (REFERENCE / "exit-codes.md").read_text()
    assert set(MEANINGS) == set(Exit)
    assert [code for code in Exit if f"| {int(code)} |" not in page] == []


def test_internal_links_of_the_documentation_lead_somewhere() -> None:
    pages = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_shipped_example_is_found() -> None:
    assert (Path(ROOT) / "examples" / "platform" / "goldenpath.yaml").is_file()
