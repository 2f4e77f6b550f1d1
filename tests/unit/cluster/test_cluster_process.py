"""A server as a child process, tried with a shell: what it wrote is shown when it fails, and no child outlives its end."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cluster.process import Process, ServerFailed, free_port, http_answers, port_answers, wait_until

Make = Callable[..., Process]
READY = "echo up; touch ready; exec sleep 600"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made = []

    def new(script: str, *, ready: str = "ready", **environment: str) -> Process:
        command = ["sh", "-c", script]
        made.append(Process("tiny", command, folder=tmp_path, is_ready=(tmp_path / ready).exists, environment=environment))
        return made[-1]

    yield new
    for process in made:
        process.kill()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def state_of(pid: int) -> str:
    """T is held; anything else is not."""
    return subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout.strip()[0]


def test_it_starts_once_and_ends_by_its_own_id(make: Make) -> None:
    process = make(READY)
    assert not process.is_running
    process.start()
    pid = process.pid
    process.start()
    assert process.pid == pid
    process.stop()
    assert not process.is_running
    assert not is_alive(pid)
    with pytest.raises(ServerFailed, match="tiny does not run"):
        process.pid  # noqa: B018 - asking is what is refused


def test_the_log_keeps_what_every_start_wrote(make: Make) -> None:
    process = make(READY)
    process.start()
    process.restart()
    assert wait_until(lambda: process.log == "up\nup\n", what="both starts in the log", seconds=10)


def test_one_that_ends_by_itself_is_reported_with_the_end_of_its_log(make: Make) -> None:
    process = make("seq 1 100; echo 'no such flag' >&2; exit 3")
    started = time.monotonic()
    with pytest.raises(ServerFailed) as failed:
        process.start(seconds=60)
    assert time.monotonic() - started < 30, "nobody waits for what has ended"
    assert "tiny ended with 3" in str(failed.value)
    assert "no such flag" in str(failed.value)
    assert "\n    100\n" in str(failed.value)
    assert "\n    1\n" not in str(failed.value)


def test_one_that_never_answers_is_ended_in_bounded_time(make: Make) -> None:
    process = make("echo waiting for nobody; exec sleep 600", ready="never")
    with pytest.raises(ServerFailed, match=r"not ready within 1 s(.|\n)*waiting for nobody"):
        process.start(seconds=1)
    assert not process.is_running


def test_a_held_one_stands_still_and_can_be_ended(make: Make) -> None:
    process = make(READY)
    process.start()
    pid = process.pid
    process.pause()
    wait_until(lambda: state_of(pid) == "T", what="held", seconds=10)
    process.resume()
    wait_until(lambda: state_of(pid) != "T", what="going on", seconds=10)
    process.pause()
    process.stop()
    assert not is_alive(pid)


def test_one_that_ignores_the_request_to_end_is_killed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.cluster.process._STOP_SECONDS", 1)
    process = make("trap '' TERM; touch ready; while :; do sleep 1; done")
    process.start()
    pid = process.pid
    process.stop()
    assert not is_alive(pid)


@pytest.mark.parametrize("broken", [Process.pause, Process.kill, Process.stop])
def test_it_recovers_from_what_a_test_did_to_it(make: Make, broken: Callable[[Process], None]) -> None:
    process = make(READY)
    process.start()
    broken(process)
    process.recover()
    assert process.is_running
    assert state_of(process.pid) != "T"


def test_it_sees_its_own_folder_and_nothing_of_the_tests_environment(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")
    process = make("env; pwd; touch ready; exec sleep 600", GREETING="hello")
    process.start()
    lines = set(process.log.splitlines())
    assert {"GREETING=hello", f"HOME={tmp_path}", f"TMPDIR={tmp_path / 'tmp'}", str(tmp_path)} <= lines
    assert "proxy.invalid" not in process.log


def test_waiting_says_what_did_not_happen_and_what_was_seen() -> None:
    with pytest.raises(ServerFailed, match=r"the moon is full: not within 0 s; last seen: None"):
        wait_until(lambda: None, what="the moon is full", seconds=0.2)


def test_free_ports_are_free_and_never_the_same() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert not port_answers(ports[0])
    assert not http_answers(f"http://127.0.0.1:{ports[0]}/healthz")
