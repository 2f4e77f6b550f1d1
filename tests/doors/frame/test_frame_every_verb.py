"""What holds for every verb alike: nothing typed comes back, stdout is JSON when asked, global options work after the verb."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from tests.canary import hits_in, new_canary
from tests.commands import every_command, every_leaf

from goldenpath.cli.root import run

Capture = pytest.CaptureFixture[str]
CANARY = new_canary("typed")
LEAVES = [pytest.param(path.split()[1:], command, id=path) for path, command in every_leaf()]
TAKES_ANY_WORDS = {"exec"}
"""What follows belongs to the child program."""


def run_in(folder: Path, words: list[str]) -> int:
    return run(["-C", str(folder), *words])


@pytest.mark.parametrize(("words", "command"), LEAVES)
@pytest.mark.parametrize(
    "typed",
    [
        ["--{}"],
        ["--value={}"],
        ["--password={}"],
        ["--value", "{}"],
        ["-X{}"],
        ["SEC-0007", "--token={}"],
        ["--output", "{}"],
        ["--timeout", "{}"],
        ["--retries", "{}"],
        ["--env={}"],
        ["--profile", "{}"],
        ["--config", "{}"],
    ],
    ids=" ".join,
)
def test_an_option_that_is_not_known_is_refused_unseen(
    words: list[str], command: click.Command, typed: list[str], tmp_path: Path, capsys: Capture
) -> None:
    assert run_in(tmp_path, [*words, *(word.format(CANARY) for word in typed)]) in (2, 6)
    shown = capsys.readouterr()
    assert hits_in((shown.out + shown.err).encode(), [CANARY]) == [], command.name


@pytest.mark.parametrize(("words", "command"), LEAVES)
def test_too_many_words_are_refused_unseen(words: list[str], command: click.Command, tmp_path: Path, capsys: Capture) -> None:
    if words[0] in TAKES_ANY_WORDS or any(param.nargs == -1 for param in command.params):
        assert isinstance(command, click.Command)
        return
    assert run_in(tmp_path, [*words, *[CANARY] * 4]) == 2
    shown = capsys.readouterr()
    assert hits_in((shown.out + shown.err).encode(), [CANARY]) == []


@pytest.mark.parametrize(("words", "command"), LEAVES)
@pytest.mark.parametrize("typed", ["hunter2-hunter2", "KEY={}", "{}"])
def test_an_id_that_is_none_is_refused_unseen(
    words: list[str], command: click.Command, typed: str, tmp_path: Path, capsys: Capture
) -> None:
    takes_id = any(isinstance(param, click.Argument) and getattr(param.type, "name", "") == "id" for param in command.params)
    if not takes_id:
        assert command.params
        return
    assert run_in(tmp_path, [*words, typed.format(CANARY)]) == 2
    shown = capsys.readouterr()
    assert typed.format(CANARY) not in shown.out + shown.err


@pytest.mark.parametrize(("words", "command"), LEAVES)
def test_stdout_is_json_when_asked_whatever_happens(words: list[str], command: click.Command, tmp_path: Path, capsys: Capture) -> None:
    code = run_in(tmp_path, [*words, "--no-such-option", "-o", "json"])
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["exit_code"]) == ("Error", code), command.name


@pytest.mark.parametrize(("path", "command"), [pytest.param(*found, id=found[0]) for found in every_command()])
def test_help_works_at_every_depth(path: str, command: click.Command, capsys: Capture) -> None:
    assert run([*path.split()[1:], "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert path in shown.out, command.name


@pytest.mark.parametrize(("path", "command"), [pytest.param(*found, id=found[0]) for found in every_command()])
def test_every_verb_takes_the_global_options(path: str, command: click.Command) -> None:
    taken = {name for param in command.params for name in param.opts}
    assert {"--output", "--json", "--quiet", "--verbose", "--debug", "--no-color", "--timeout"} <= taken, path


@pytest.mark.parametrize(("words", "command"), LEAVES)
def test_no_option_takes_a_value_of_a_secret(words: list[str], command: click.Command) -> None:
    names = {name for param in command.params for name in param.opts}
    assert names & {"--value", "--password", "--secret", "--token", "--passphrase"} == set(), words


@pytest.mark.parametrize(("words", "command"), LEAVES)
def test_no_variable_answers_for_a_verb(words: list[str], command: click.Command) -> None:
    assert [param.name for param in command.params if param.envvar is not None] == [], words
    assert command.context_settings.get("auto_envvar_prefix") is None
