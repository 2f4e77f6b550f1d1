"""P1 and P2: the whole authoring path over many requests in one process, beside PyYAML's C loader alone on the same files.

The worker is a process of its own, so that memory and caches of one run do not flatter the next.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import yaml
from bench import catalog
from bench.result import Result, amount, ratio

from goldenpath.cli.entry import relax_collector
from goldenpath.intent.catalog import read_folder
from goldenpath.intent.contract import load
from goldenpath.intent.enums import load_enums
from goldenpath.model.policy import Policy
from goldenpath.model.tombstones import Tombstones
from goldenpath.policy.context import GateContext
from goldenpath.policy.gate import judge_catalog
from goldenpath.projection.render import render_environment
from goldenpath.settings import load_settings

SMALL = 10_000
LARGE = 100_000
MEMORY_MAX_MIB = 1536.0
TODAY = date(2026, 1, 15)

Figures = dict[str, float]
Job = tuple[str, Path]


def measure_p1() -> list[Result]:
    """10,000 requests: our whole path against parsing alone."""
    folder = catalog.folder(SMALL)
    _worker("pipeline", folder)  # writes the manifests once; from then on they are compared
    pairs = _in_turns(("parse", folder), ("pipeline", folder), rounds=7)
    return [
        ratio(
            figure_id="P1",
            name=f"load, validate, judge and render {SMALL:,} requests",
            baseline=[parse["seconds"] for parse, _ in pairs],
            baseline_name="PyYAML CSafeLoader alone",
            measured=[pipeline["seconds"] for _, pipeline in pairs],
            at_most=1.5,
            note=_note(pairs[-1][1]),
        ),
    ]


def measure_p2() -> list[Result]:
    """100,000 requests: time grows with the count, memory stays bounded."""
    small, large = catalog.folder(SMALL), catalog.folder(LARGE)
    _worker("pipeline", small)
    _worker("pipeline", large)
    pairs = _in_turns(("pipeline", small), ("pipeline", large), rounds=5)
    before = [run["seconds"] for run, _ in pairs]
    runs = [run for _, run in pairs]
    memory = [run["peak_mib"] for run in runs]
    return [
        ratio(
            figure_id="P2",
            name=f"the same for {LARGE:,} requests",
            baseline=before,
            baseline_name=f"the {SMALL:,} run",
            measured=[run["seconds"] for run in runs],
            at_most=11,
            note=_note(runs[-1]),
        ),
        amount(
            figure_id="P2",
            name=f"peak memory for {LARGE:,} requests",
            value=max(memory),
            unit="MiB",
            at_most=MEMORY_MAX_MIB,
            baseline=None,
            baseline_name="none",
            runs=memory,
        ),
    ]


def _in_turns(first: Job, second: Job, *, rounds: int) -> list[tuple[Figures, Figures]]:
    """Return the figures of both jobs, round by round; every other round runs them in reverse, so that neither always comes first."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            after, before = _worker(*second), _worker(*first)
        else:
            before, after = _worker(*first), _worker(*second)
        pairs.append((before, after))
    return pairs


def _worker(job: str, folder: Path) -> Figures:
    done = subprocess.run([sys.executable, "-m", "bench.throughput", job, str(folder)], check=True, capture_output=True, text=True)
    answer: Figures = json.loads(done.stdout.splitlines()[-1])
    return answer


def _note(run: Figures) -> str:
    stages = ", ".join(f"{name} {run[name]:.2f} s" for name in ("load", "judge", "render", "compare"))
    return f"{stages}; {run['files']:.0f} files compared, {run['written']:.0f} written"


def parse_alone(folder: Path) -> Figures:
    """The baseline: read and parse each request file, nothing else."""
    started = time.perf_counter()
    count = 0
    for place, folders, names in os.walk(folder / "catalogs"):
        folders.sort()
        for name in sorted(names):
            yaml.load(_bytes_of(f"{place}/{name}"), Loader=yaml.CSafeLoader)
            count += 1
    return {"seconds": time.perf_counter() - started, "files": count}


def pipeline(folder: Path) -> Figures:
    """Load and validate the folder's catalog, judge it, render every environment, compare with what lies in ``out``."""
    clock = Stopwatch()
    settings = load_settings((folder / "goldenpath.yaml").read_bytes())
    enums = load_enums((folder / settings.governance.enums).read_bytes(), file=settings.governance.enums).value
    policy = load((folder / settings.governance.policy).read_bytes(), Policy, file=settings.governance.policy).value
    assert enums is not None
    assert policy is not None
    loaded = read_folder(folder, settings=settings, enums=enums, tombstones=Tombstones())
    assert loaded.findings == ()
    requests = [entry.request for entry in loaded.entries]
    clock.lap("load")
    verdict = judge_catalog(requests, GateContext(policy=policy, settings=settings, today=TODAY, enums=enums))
    assert not verdict.is_blocked, verdict.findings[:3]
    clock.lap("judge")
    files = {
        f"{environment}/{path}": content
        for environment in catalog.ENVIRONMENTS
        for path, content in render_environment(requests, environment=environment, settings=settings).items()
    }
    clock.lap("render")
    written = _write_changed(folder.with_name(folder.name + "-out"), files)
    clock.lap("compare")
    assert len(requests) == len(files) - _aggregates(files)
    return {**clock.laps, "seconds": clock.total, "files": len(files), "written": written, "peak_mib": _peak_mib()}


def _aggregates(files: dict[str, bytes]) -> int:
    return sum(1 for path in files if "/external-secrets/" not in f"/{path}" and "externalsecret" not in path)


def _write_changed(out: Path, files: dict[str, bytes]) -> int:
    written = 0
    for path, content in files.items():
        target = f"{out}/{path}"
        try:
            if _bytes_of(target) == content:
                continue
        except FileNotFoundError:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).write_bytes(content)
        written += 1
    return written


def _bytes_of(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a Path for each file would cost as much as the reading
        return file.readall()


class Stopwatch:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._started = self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End a stage."""
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now

    @property
    def total(self) -> float:
        """Seconds from the start to the last lap."""
        return self._last - self._started


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024


JOBS: dict[str, Callable[[Path], Figures]] = {"parse": parse_alone, "pipeline": pipeline}


def main(arguments: Sequence[str]) -> None:
    """Do one job in this process, set up as the command sets itself up, and print its figures as JSON."""
    relax_collector()
    print(json.dumps(JOBS[arguments[0]](Path(arguments[1]))))


if __name__ == "__main__":
    main(sys.argv[1:])
