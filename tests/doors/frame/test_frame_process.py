"""The real process, in surroundings that break lesser programs: no home, no locale, closed streams, no reader (CASES 182)."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "goldenpath"]


def environment(**changes: str | None) -> dict[str, str]:
    merged = {**os.environ, **{name: value for name, value in changes.items() if value is not None}}
    return {name: value for name, value in merged.items() if changes.get(name, "") is not None}


def start(*words: str, redirect: str = "", **changes: str | None) -> subprocess.CompletedProcess[bytes]:
    command = ["bash", "-c", f'"$@" {redirect}', "bash", *COMMAND, *words] if redirect else [*COMMAND, *words]
    return subprocess.run(command, env=environment(**changes), capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=60)


@pytest.mark.parametrize("words", [["--version"], ["version"], ["-q", "--version"]])
def test_version_is_one_line(words: list[str]) -> None:
    done = start(*words)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"goldenpath ")


def test_version_is_available_to_machines() -> None:
    assert json.loads(start("version", "-o", "json").stdout)["kind"] == "Version"
    assert json.loads(start("--version", "--json").stdout)["version"]


@pytest.mark.parametrize(
    "changes",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1:strict"},
        {"HOME": None},
        {"HOME": "/nonexistent"},
        {"TERM": None},
        {"COLUMNS": "0"},
        {"COLUMNS": "x"},
        {"PATH": None},
    ],
)
@pytest.mark.parametrize("words", [["explain"], ["explain", "cli.usage", "--json"], ["--help"]])
def test_poor_surroundings_do_not_matter(changes: dict[str, str | None], words: list[str]) -> None:
    done = start(*words, redirect="", **changes)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("closing", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_do_not_matter(closing: str) -> None:
    done = start("explain", redirect=closing)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("words", ["explain", "explain --json", "--help", "version"])
def test_a_reader_that_leaves_gets_no_traceback(words: str) -> None:
    done = start(*words.split(), redirect="| true; exit ${PIPESTATUS[0]}")
    assert done.returncode == 0
    assert done.stderr == b""


def test_a_full_device_is_said_not_ignored() -> None:
    done = start("explain", redirect="> /dev/full")
    assert done.returncode == 4
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


def test_loose_permissions_of_the_caller_are_not_inherited(tmp_path: Path) -> None:
    script = "import os, sys; from goldenpath.cli.entry import tighten_umask; tighten_umask(); open(sys.argv[1], 'w').close()"
    target = tmp_path / "made"
    done = subprocess.run(["bash", "-c", 'umask 000; "$@"', "bash", sys.executable, "-c", script, str(target)], check=False)
    assert done.returncode == 0
    assert stat.S_IMODE(target.stat().st_mode) & 0o022 == 0


@pytest.mark.parametrize(
    "name", ["GOLDENPATH_APPLY_YES", "GOLDENPATH_YES", "GOLDENPATH_EXIT_ZERO", "GOLDENPATH_GET_REVEAL", "GOLDENPATH_DEBUG"]
)
def test_no_variable_confirms_reveals_or_forgives(name: str) -> None:
    done = start("explain", "nope.nope", **{name: "1"})
    assert done.returncode == 6


def test_precedence_is_flag_then_variable_then_default() -> None:
    assert start("version").stdout.startswith(b"goldenpath")
    assert start("version", GOLDENPATH_OUTPUT="json").stdout.startswith(b"{")
    assert start("version", "-o", "yaml", GOLDENPATH_OUTPUT="json").stdout.startswith(b"kind:")
    assert start("-o", "json", "version", "-o", "yaml").stdout.startswith(b"kind:")
    assert start("version", GOLDENPATH_OUTPUT="nonsense-value").returncode == 2
    assert b"nonsense-value" not in start("version", GOLDENPATH_OUTPUT="nonsense-value").stderr


HEAVY = ("rich", "sqlite3", "cryptography", "jsonschema_rs", "orjson", "subprocess", "asyncio", "hashlib", "dataclasses")
EXAMPLE = "catalogs/secrets/search/prod/SEC-0200.yaml"


@pytest.mark.parametrize("words", [["explain", "cli.usage"], ["version"], ["validate", EXAMPLE], ["--help"]], ids=" ".join)
def test_heavy_libraries_are_not_loaded_for_light_work(words: list[str]) -> None:
    script = (
        f"import sys; sys.argv = ['goldenpath', *{words!r}]\n"
        "from goldenpath.cli.entry import main\n"
        "try: main()\n"
        "except SystemExit as ended: assert ended.code == 0, ended.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    examples = Path(__file__).resolve().parents[3] / "examples" / "platform"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=examples)
    assert done.stdout.splitlines()[-1] == "[]"


def script(text: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", text], capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_that_arrives_in_a_destructor_is_not_lost(name: str) -> None:
    done = script(f"""
import os, signal, time
from goldenpath.cli.interruption import raising_on_signals
class Late:
    def __del__(self):
        os.kill(os.getpid(), signal.{name})
        time.sleep(0.01)
with raising_on_signals():
    try:
        Late()
        time.sleep(10)
        print("lost")
    except KeyboardInterrupt as error:
        print("told", *(int(number) for number in error.args))
""")
    assert done.stdout.startswith(b"told"), done
    assert done.stderr == b""


def test_a_time_limit_that_ends_in_a_destructor_is_not_lost() -> None:
    done = script("""
import time
from goldenpath.cli.interruption import raising_on_signals, start_timer
from goldenpath.errors import SyncTimeout
class Late:
    def __del__(self):
        time.sleep(0.2)
with raising_on_signals():
    try:
        start_timer(0.05)
        Late()
        time.sleep(10)
        print("lost")
    except SyncTimeout:
        print("told")
""")
    assert (done.stdout, done.stderr) == (b"told\n", b"")


def test_a_fault_in_a_destructor_is_told_without_its_words() -> None:
    done = script("""
from goldenpath.cli.interruption import raising_on_signals
class Broken:
    def __del__(self):
        raise RuntimeError("hunter2-hunter2")
with raising_on_signals():
    Broken()
""")
    assert (done.returncode, done.stderr) == (0, b"warning: RuntimeError while something was cleaned up\n")


@pytest.mark.parametrize("code", [129, 130, 143])
def test_the_exit_code_of_an_interruption_is_ours_wherever_it_struck(code: int) -> None:
    """Modules make classes with ``eval``; an interruption there must not turn SIGTERM's code into death by SIGINT."""
    done = script(f"""
import sys
from goldenpath.cli import entry
def interrupted(arguments):
    try:
        eval("__import__('signal').raise_signal(2)")
    except KeyboardInterrupt:
        print("said")
        return {code}
entry._dispatch = interrupted
entry.main()
""")
    assert (done.returncode, done.stdout) == (code, b"said\n")
