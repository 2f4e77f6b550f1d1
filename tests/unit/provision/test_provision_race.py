"""Two runs of the same commit in the same second, as two processes (CASE 45)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.apply_rig import many, open_rig

ROOT = Path(__file__).resolve().parents[3]
RUNNER = """
import json, sys
from pathlib import Path
from goldenpath.providers.system import SystemClock, SystemEntropy
from goldenpath.provision.executor import execute
from goldenpath.provision.fence import hold_fence
from tests.apply_rig import many, open_rig

rig = open_rig(Path(sys.argv[1]), entropy_seed=int(sys.argv[2]))
rig.clock, rig.entropy = SystemClock(), SystemEntropy()
plan = rig.plan(many(15))
sys.stdin.readline()
with hold_fence(rig.store, "dev", holder=f"run-{sys.argv[2]}", lease_seconds=60, clock=rig.clock, wait_seconds=60) as fence:
    receipt = execute(plan, store=rig.store, fence=fence, journal=rig.journal, clock=rig.clock, entropy=rig.entropy, correlation_id="x")
print(json.dumps({"complete": receipt.is_complete, "generation": receipt.generation}))
"""


def test_one_works_the_other_waits_and_finds_it_done(tmp_path: Path) -> None:
    runners = [
        subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(tmp_path / "state"), str(number * 10_000)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in (1, 2)
    ]
    answers = []
    for runner in runners:
        assert runner.stdin is not None
        runner.stdin.write(b"\n")
        runner.stdin.flush()
    for runner in runners:
        out, err = runner.communicate(timeout=90)
        assert runner.returncode == 0, err.decode()
        answers.append(json.loads(out))
    assert [answer["complete"] for answer in answers] == [True, True]
    assert {answer["generation"] for answer in answers} == {1, 2}
    rig = open_rig(tmp_path / "state")
    records = list(rig.store.list_records("dev"))
    assert [record.request_id for record in records] == [desired.request_id for desired in many(15)]
    assert {record.generation for record in records} == {1}
    assert rig.apply(many(15)).mutating_calls == 0
