"""While values are injected, no other process sees them, nothing keeps them, and a run that dies is continued (R1, R18, CASE 77)."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

import pytest
from tests.canary import hits_in, new_canary, scan_tree
from tests.e2e.parameters import FOLDER, NAMES, VALUES, Zerotouch
from tests.standins.aws import StrictAws
from tests.standins.faults import When
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures

from goldenpath.providers.local.opening import open_journal

SPY = """#!/bin/sh
{{ env; for argument in "$@"; do echo "argument: $argument"; done; }} >> {log}
exec {git} "$@"
"""


class ProcessSampler:
    """Reads every process's command line, and the environments of all but ours, again and again while something else runs."""

    def __init__(self, canaries: list[str]) -> None:
        self._canaries = canaries
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.hits: set[str] = set()
        self.commands: set[bytes] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.is_set():
            for path in glob.glob("/proc/[0-9]*/cmdline"):  # noqa: PTH207 - a process may end between two steps
                with contextlib.suppress(OSError):
                    content = Path(path).read_bytes()
                    self.commands.add(content)
                    self.hits |= {f"{path}: {hit}" for hit in hits_in(content, self._canaries)}


@pytest.fixture
def zerotouch(tmp_path: Path, aws: StrictAws) -> Zerotouch:  # noqa: F811 - the fixture
    return Zerotouch.make(tmp_path / "world", aws)


def test_no_argument_no_child_and_no_file_holds_a_value(zerotouch: Zerotouch, tmp_path: Path) -> None:
    variable, line = new_canary("variable"), "\n".join([new_canary("first"), new_canary("second")])
    dotenv, log = tmp_path / "values.env", tmp_path / "children.log"
    dotenv.write_text(f"DATABASE_PASSWORD='{line}'\n", encoding="utf-8")
    dotenv.chmod(0o600)
    git = shutil.which("git")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(SPY.format(log=log, git=git), encoding="utf-8")
    (tmp_path / "bin" / "git").chmod(0o755)
    environment = {
        **zerotouch.world.environment("pat"),
        **zerotouch.aws.environment(),
        "API_TOKEN": variable,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "goldenpath", "inject", "--service", "service", "--environment", "prod", "--yes"]
    with ProcessSampler([variable, line]) as sampler:
        done = subprocess.run(
            [*command, "--from-env", "API_TOKEN", "--dotenv", str(dotenv)],
            cwd=zerotouch.world.platform,
            env=environment,
            check=False,
            capture_output=True,
        )
    assert done.returncode == 0, done.stderr
    assert zerotouch.parameter(FOLDER + "api_token")["Value"] == variable
    assert zerotouch.parameter(FOLDER + "database_password")["Value"] == line
    children = log.read_bytes()
    assert b"argument: cat-file" in children, "git ran, and the spy saw it"
    assert any(b"inject" in command for command in sampler.commands), "the sampler saw the run itself"
    assert sampler.hits == set()
    assert hits_in(children + done.stdout + done.stderr, [variable, line]) == []
    assert scan_tree(zerotouch.world.root, [variable, line]) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 4, 5])
def test_a_run_that_is_killed_is_continued(zerotouch: Zerotouch, number: int, when: When) -> None:
    """The writes are: the lease, one for each key, the lease given back."""
    zerotouch.aws.faults.call_back("PutParameter", lambda: os.kill(zerotouch.pid(), signal.SIGKILL), when=when, nth=number)
    killed = zerotouch.inject(VALUES, "--yes")
    assert killed.code == -signal.SIGKILL
    zerotouch.aws.faults.clear()
    done = zerotouch.inject(VALUES, "--yes")
    answer = json.loads(done.out)
    assert (done.code, sorted(answer["written"] + answer["unchanged"])) == (0, list(NAMES)), done.err
    assert {name: zerotouch.parameter(name)["Value"] for name in NAMES} == {FOLDER + key.lower(): value for key, value in VALUES.items()}
    assert set(zerotouch.versions().values()) == {1}
    assert list(open_journal(zerotouch.world.platform / ".goldenpath").unfinished("prod")) == []
    assert zerotouch.cli("audit", "verify").code in {0, 1}, "what the dead run left open is listed, the chain is whole"
