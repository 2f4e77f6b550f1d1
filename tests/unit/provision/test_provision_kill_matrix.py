"""However and wherever an apply dies, running it again ends as a clean run would (R59)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.faults import KILLED

ROOT = Path(__file__).resolve().parents[3]


def test_dying_at_any_call_and_running_again_ends_as_a_clean_run(tmp_path: Path) -> None:
    driver = subprocess.run(
        [sys.executable, "-m", "tests.unit.provision.kill_driver", str(tmp_path)], cwd=ROOT, capture_output=True, timeout=100, check=False
    )
    assert driver.returncode == 0, driver.stderr.decode()
    deaths = [json.loads(line) for line in driver.stdout.splitlines()]
    assert [death for death in deaths if death["status"] != KILLED or death["wrong"]] == []
    died_at = Counter(death["call"] for death in deaths)
    assert died_at == {
        "identity": 4, "list_records": 2, "describe": 2 * (3 + 2 + 1), "acquire": 2, "release": 2,
        "journal": 2 * 8, "create": 2 * 3, "update": 2 * 1,
    }  # fmt: skip
