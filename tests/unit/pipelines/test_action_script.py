"""``tools/action.sh``, what ``action.yml`` runs: arguments arrive as they are, nothing of them is executed, the token stays where it belongs."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.canary import hits_in, new_canary, scan_tree
from tests.house.source_tree import ROOT

from goldenpath import __version__

SCRIPT = ROOT / "tools" / "action.sh"
# stands for the installed command: says its version, else what it was given
STAND_IN = """#!/usr/bin/env python3
import json, os, sys
if sys.argv[1:] == ["--version"]:
    print("goldenpath {version}")
    sys.exit()
with open({log!r}, "w") as log:
    names = ("GITHUB_TOKEN", "GP_TOKEN", "GIT_CONFIG_VALUE_0")
    json.dump({{"arguments": sys.argv[1:], "environment": {{name: os.environ.get(name) for name in names}}}}, log)
print("said")
sys.exit(int(os.environ.get("STAND_IN_CODE", "0")))
"""


class Runner:
    """A folder with a command that stands in for goldenpath, and what a runner has."""

    def __init__(self, root: Path, version: str = __version__) -> None:
        self.log, self.temporary, self.outputs = root / "log.json", root / "temp", root / "outputs"
        self.workspace, commands = root / "workspace", root / "bin"
        for folder in (self.temporary, self.workspace, commands):
            folder.mkdir(parents=True)
        program = commands / "goldenpath"
        program.write_text(STAND_IN.format(version=version, log=str(self.log)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self._path = f"{commands}:{os.environ['PATH']}"

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": self._path,
            "HOME": str(self.temporary),
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_OUTPUT": str(self.outputs),
            "GP_VERSION": __version__,
        }
        return subprocess.run(
            ["bash", str(SCRIPT)], env=environment | variables, cwd=self.workspace, capture_output=True, text=True, check=False
        )

    def seen(self) -> dict[str, Any]:
        seen: dict[str, Any] = json.loads(self.log.read_text())
        return seen


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_one_line_is_one_argument(runner: Runner) -> None:
    done = runner.run(GP_ARGUMENTS="pr\ncheck\n--number\n7\n\n")
    assert (done.returncode, done.stdout) == (0, "said\n")
    assert runner.seen()["arguments"] == ["pr", "check", "--number", "7"]
    assert f"command={runner.log.parent}/bin/goldenpath" in runner.outputs.read_text()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), min_size=1), min_size=1, max_size=4))
def test_no_argument_is_split_expanded_or_run(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    runner = Runner(tmp_path_factory.mktemp("runner"))
    assert runner.run(GP_ARGUMENTS="\n".join(words) + "\n").returncode == 0
    assert runner.seen()["arguments"] == words
    assert list(runner.workspace.iterdir()) == []


def test_hostile_words_do_nothing(runner: Runner) -> None:
    words = ["$(touch owned)", "`touch owned`", "; touch owned", "* ?", "${GP_TOKEN}", "'\"", "!touch owned", "--flag=$(touch owned)"]
    assert runner.run(GP_ARGUMENTS="\n".join(words)).returncode == 0
    assert runner.seen()["arguments"] == words
    assert list(runner.workspace.iterdir()) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"GP_VERSION": "1; touch owned"},
        {"GP_VERSION": ""},
        {"GP_EXTRAS": "aws ../../etc"},
        {"GP_EXTRAS": "-r evil"},
        {"GP_OUTPUT_FILE": "../outside"},
        {"GP_OUTPUT_FILE": "/etc/passwd"},
        {"GP_OUTPUT_FILE": ".hidden"},
        {"GP_ACCEPT": "a[$(touch owned)]"},
        {"GP_ACCEPT": "5\n6"},
    ],
)
def test_an_input_of_another_form_is_refused_and_not_repeated(variables: dict[str, str], runner: Runner) -> None:
    done = runner.run(GP_ARGUMENTS="version", **variables)
    assert done.returncode == 2
    assert not runner.log.exists()
    assert "owned" not in done.stdout + done.stderr
    assert list(runner.workspace.iterdir()) == []


@pytest.mark.parametrize(("code", "accept", "expected"), [(0, "", 0), (5, "5", 0), (1, "5", 1), (5, "", 5), (4, "1 4", 0), (70, "5 1", 70)])
def test_exit_codes_pass_except_those_that_are_accepted(code: int, accept: str, expected: int, runner: Runner) -> None:
    assert runner.run(GP_ARGUMENTS="x", GP_ACCEPT=accept, STAND_IN_CODE=str(code)).returncode == expected


def test_standard_output_goes_to_the_named_file(runner: Runner) -> None:
    assert runner.run(GP_ARGUMENTS="x", GP_OUTPUT_FILE="out.txt").stdout == ""
    assert (runner.temporary / "out.txt").read_text() == "said\n"
    assert f"file={runner.temporary}/out.txt" in runner.outputs.read_text()


def test_the_summary_is_an_option_of_the_command(runner: Runner) -> None:
    runner.run(GP_ARGUMENTS="x", GP_SUMMARY="true", GITHUB_STEP_SUMMARY="/summary")
    assert runner.seen()["arguments"] == ["x", "--summary", "/summary"]


def test_another_version_is_not_used(tmp_path: Path) -> None:
    runner = Runner(tmp_path, version="9.9.9")
    done = runner.run(GP_ARGUMENTS="x")
    assert done.returncode == 2
    assert "neither on this runner" in done.stdout
    assert not runner.log.exists()


def test_the_token_is_in_the_environment_of_the_command_and_nowhere_else(runner: Runner, tmp_path: Path) -> None:
    token = new_canary("token")
    remote = tmp_path / "remote.git"
    for words in (["init", "--quiet", "--bare", str(remote)], ["init", "--quiet", str(runner.workspace)]):
        subprocess.run(["git", *words], check=True)
    subprocess.run(["git", "remote", "add", "origin", str(remote)], cwd=runner.workspace, check=True)
    done = runner.run(GP_ARGUMENTS="x", GP_TOKEN=token, GP_FETCH="true")
    assert done.returncode == 0, done.stderr
    seen = runner.seen()
    assert seen["environment"] == {"GITHUB_TOKEN": token, "GP_TOKEN": None, "GIT_CONFIG_VALUE_0": seen["environment"]["GIT_CONFIG_VALUE_0"]}
    assert token not in str(seen["arguments"]) + seen["environment"]["GIT_CONFIG_VALUE_0"]
    assert hits_in((done.stdout + done.stderr).encode(), [token]) == []
    runner.log.unlink()
    assert scan_tree(tmp_path, [token]) == []


def test_git_gets_the_token_when_the_server_asks(runner: Runner) -> None:
    runner.run(GP_ARGUMENTS="x", GP_TOKEN="lent", GITHUB_SERVER_URL="https://forge.example")
    helper = runner.seen()["environment"]["GIT_CONFIG_VALUE_0"]
    environment = {
        "PATH": os.environ["PATH"], "GITHUB_TOKEN": "lent", "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "credential.https://forge.example.helper", "GIT_CONFIG_VALUE_0": helper, "GIT_TERMINAL_PROMPT": "0",
    }  # fmt: skip
    asked = {host: f"protocol=https\nhost={host}\n\n" for host in ("forge.example", "evil.example")}
    answers = {
        host: subprocess.run(["git", "credential", "fill"], input=text, env=environment, capture_output=True, text=True, check=False).stdout
        for host, text in asked.items()
    }
    assert "password=lent" in answers["forge.example"]
    assert "lent" not in answers["evil.example"]


def test_the_action_hands_over_everything_by_variables() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    step = action["runs"]["steps"][0]
    assert step["run"] == 'bash "$GITHUB_ACTION_PATH/tools/action.sh"'
    used = {text.split("inputs.")[1].split(" ")[0] for text in step["env"].values() if "inputs." in text}
    assert used == set(action["inputs"])
    assert set(step["env"]) >= {f"GP_{name.upper().replace('-', '_')}" for name in action["inputs"]}
    assert action["inputs"]["version"]["default"] == __version__
