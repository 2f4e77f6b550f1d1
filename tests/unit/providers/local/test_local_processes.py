"""Two processes on one store file: one writer at a time, nothing lost, nothing doubled (CASE 45)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.builders import FakeClock, FakeEntropy

from goldenpath.errors import Conflict
from goldenpath.providers.local.opening import open_local_store
from goldenpath.providers.system import SystemClock, SystemEntropy

RUNNER = """
import json, sys
from pathlib import Path
from goldenpath.errors import GoldenpathError
from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.store import DesiredSecret
from goldenpath.providers.local.opening import open_local_store
from goldenpath.providers.system import SystemClock, SystemEntropy

folder, name, mode = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
store = open_local_store(folder, "file", name="store", clock=SystemClock(), entropy=SystemEntropy())
ref = SecretRef(provider="p", environment="dev", path="a")
desired = DesiredSecret(ref=ref, request_id="SEC-1", tags=(("goldenpath:id", "SEC-1"),))
outcomes = []
for number in range(40):
    try:
        fence = store.acquire("dev" if mode == "same" else name, holder=name, lease_seconds=0.05 if mode == "same" else 60)
        if mode == "same":
            store.create(desired, bookkeeping={}, token="t" * 32, fence=fence)
            store.put_version(ref, SecretValue(name.encode()), token=f"{name}-{number}".ljust(32, "0"), stage="current",
                              fence=fence, expected_current=None)
            store.release(fence)
        outcomes.append(fence.generation)
    except GoldenpathError as error:
        outcomes.append(error.code)
print(json.dumps({"identity": store.identity(), "outcomes": outcomes}))
"""


def run_both(folder: Path, mode: str) -> list[dict[str, object]]:
    runners = [
        subprocess.Popen([sys.executable, "-c", RUNNER, str(folder), name, mode], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for name in ("one", "two")
    ]
    answers = []
    for runner in runners:
        out, err = runner.communicate(timeout=60)
        assert runner.returncode == 0, err.decode()
        answers.append(json.loads(out))
    return answers


def test_two_processes_that_start_on_nothing_share_one_store(tmp_path: Path) -> None:
    answers = run_both(tmp_path / "state", "apart")
    assert answers[0]["identity"] == answers[1]["identity"]
    assert [answer["outcomes"] for answer in answers] == [list(range(1, 41))] * 2


def test_two_writers_never_share_a_generation_and_lose_nothing(tmp_path: Path) -> None:
    answers = run_both(tmp_path / "state", "same")
    outcomes = [outcome for answer in answers for outcome in answer["outcomes"]]  # type: ignore[attr-defined]
    won = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(won) == len(set(won))
    assert won
    assert {outcome for outcome in outcomes if isinstance(outcome, str)} <= {"store.writer-active", "store.fenced-out"}


HOLDER = """
import os, sys, time
from pathlib import Path
from goldenpath.providers.local.opening import open_local_store
from goldenpath.providers.system import SystemClock, SystemEntropy

store = open_local_store(Path(sys.argv[1]), "file", name="store", clock=SystemClock(), entropy=SystemEntropy())
store.acquire("dev", holder="first", lease_seconds=3600)
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_writer_does_not_block_the_next_one_and_a_stopped_one_does(tmp_path: Path, how: signal.Signals) -> None:
    clock = SystemClock()
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "state")], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        store = open_local_store(tmp_path / "state", "file", name="store", clock=clock, entropy=SystemEntropy())
        holder.send_signal(signal.SIGSTOP)
        for name in ("second", "third"):
            with pytest.raises(Conflict, match="first"):
                store.acquire("dev", holder=name, lease_seconds=60)
        holder.send_signal(how)
        holder.send_signal(signal.SIGCONT)
        holder.wait(timeout=30)
    assert store.acquire("dev", holder="second", lease_seconds=60).generation == 2
    other = open_local_store(tmp_path / "state", "file", name="store", clock=clock, entropy=SystemEntropy())
    with pytest.raises(Conflict, match="second"):
        other.acquire("dev", holder="third", lease_seconds=60)
    store.close()
    assert other.acquire("dev", holder="third", lease_seconds=60).generation == 3


def test_a_lease_taken_from_a_holder_that_only_sleeps_still_counts(tmp_path: Path) -> None:
    clock = FakeClock()
    sleeper, second, third = (
        open_local_store(tmp_path / "state", "file", name="store", clock=clock, entropy=FakeEntropy(1000 * number)) for number in range(3)
    )
    old = sleeper.acquire("dev", holder="sleeper", lease_seconds=10)
    clock.advance(10)
    second.acquire("dev", holder="second", lease_seconds=60)
    sleeper.release(old)
    sleeper.close()
    with pytest.raises(Conflict, match="second"):
        third.acquire("dev", holder="third", lease_seconds=60)
    clock.advance(60)
    assert third.acquire("dev", holder="third", lease_seconds=60).generation == 3
