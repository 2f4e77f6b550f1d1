"""Commands in the documentation are real: every verb and option in a console block exists, and every file that a page names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from tests.house.source_tree import ROOT

from goldenpath.cli.root import VERBS, cli

PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if (ROOT / "docs" / "reference") not in page.parents or "projections" in page.parts
)
MAKE_TARGETS = frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
NAMED_FILE = re.compile(r"`((?:src|tests|tools|docs|requirements|examples)/[A-Za-z0-9_./-]+)`")


def commands_of(page: Path) -> list[str]:
    """What a reader types: the lines of console blocks that begin with a dollar sign."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def words_of(command: str, program: str) -> list[str]:
    """The words after ``program``, up to a pipe, a redirection or the child of ``exec``."""
    words = shlex.split(command)
    if program not in words:
        return []
    rest = words[words.index(program) + 1 :]
    ends = [rest.index(mark) for mark in ("|", ">", "--", "&&") if mark in rest]
    return rest[: min(ends)] if ends else rest


def command_for(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that ``words`` call, and what is left of them."""
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        found = command.get_command(click.Context(command), name)
        assert found is not None, f"no verb {name}"
        command = found
    return command, rest


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_verbs_and_options_exist(page: Path) -> None:
    for line in commands_of(page):
        words = words_of(line, "goldenpath")
        if not words:
            continue
        command, rest = command_for(words)
        known = {name for param in (*command.params, *cli.params) for name in (*param.opts, *param.secondary_opts)} | {"--help", "-h"}
        unknown = [word for word in rest if word.startswith("-") and word != "-" and word.split("=")[0] not in known]
        assert unknown == [], line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_and_files_exist(page: Path) -> None:
    wrong = [line for line in commands_of(page) for target in words_of(line, "make") if target not in MAKE_TARGETS and "=" not in target]
    wrong += [name for name in NAMED_FILE.findall(page.read_text()) if not (ROOT / name).exists()]
    assert wrong == []


def test_every_verb_of_the_readme_exists() -> None:
    table = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("## ")[0]
    named = set(re.findall(r"`([a-z]+)`", table))
    assert named == set(VERBS)
