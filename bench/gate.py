"""P3: the gate on one changed file in a large repository. What counts is the second run: the first may index the base once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import catalog
from bench.result import Result, amount, missing

SIZE = 100_000
RUNS = 3
NOT_INSTALLED = "goldenpath is not installed beside this Python"
AT_MOST_SECONDS = 2.0
NAME = f"gate one changed file in a {SIZE:,}-request repository, second run"
BASELINE = "git diff --stat base...head"


def measure_p3() -> list[Result]:
    """``goldenpath policy check`` as a process, start included, beside git's own diff; and beside a small repository."""
    program = shutil.which("goldenpath", path=str(Path(sys.executable).parent))
    if program is None:
        return [
            missing(
                figure_id="P3",
                name=NAME,
                unit="s",
                reach="<= 2",
                baseline_name=BASELINE,
                why="goldenpath is not installed beside this Python",
            )
        ]
    large, small = catalog.repository(SIZE), catalog.repository(SIZE // 100)
    gate = [program, "-C", ".", "policy", "check", "--base", "main", "--head", "change", "-o", "json"]
    first = _seconds(gate, large)
    _seconds(gate, small)
    runs = [_seconds(gate, large) for _ in range(RUNS)]
    beside = min(_seconds(gate, small) for _ in range(RUNS))
    diff = [_seconds(["git", "diff", "--stat", "main...change"], large) for _ in range(RUNS)]
    note = f"first run {first:.2f} s; the same change in a {SIZE // 100:,}-request repository {beside:.2f} s"
    return [
        amount(
            figure_id="P3",
            name=NAME,
            value=sorted(runs)[len(runs) // 2],
            unit="s",
            at_most=AT_MOST_SECONDS,
            baseline=sorted(diff)[len(diff) // 2],
            baseline_name=BASELINE,
            runs=runs,
            note=note,
        ),
    ]


def _seconds(command: Sequence[str], folder: Path) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 5):  # passed, or waiting for approvals: both mean that everything was judged
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stderr.decode(errors='replace')}")
    return seconds
