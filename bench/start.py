"""P4: how long a command takes to start, beside a Python that does nothing. Byte code is compiled, as in any regular install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import catalog
from bench.result import Result, missing, ratio

ROUNDS = 31


def measure_p4() -> list[Result]:
    """``goldenpath --version`` and ``goldenpath validate`` on one file."""
    program = shutil.which("goldenpath", path=str(Path(sys.executable).parent))
    if program is None:
        why = "goldenpath is not installed beside this Python"
        return [missing(figure_id="P4", name="start time", unit="x", reach="<= 4; <= 9", baseline_name="python -c pass", why=why)]
    folder = catalog.folder(20)
    request = next(catalog.requests(1))[0]
    rows = []
    for name, arguments, at_most in (("--version", ["--version"], 4.0), ("validate on one file", ["validate", request], 9.0)):
        nothing, ours = _side_by_side([sys.executable, "-c", "pass"], [program, *arguments], folder)
        rows.append(
            ratio(
                figure_id="P4",
                name=f"goldenpath {name}",
                baseline=nothing,
                baseline_name="python -c pass",
                measured=ours,
                at_most=at_most,
            )
        )
    return rows


def _side_by_side(first: Sequence[str], second: Sequence[str], folder: Path) -> tuple[list[float], list[float]]:
    """Return the seconds of both, taken in turns so that both meet the same machine."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 1):
        for command, seconds in zip((first, second), times, strict=True):
            started = time.perf_counter()
            subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
            if number:  # the first round compiles
                seconds.append(time.perf_counter() - started)
    return times
