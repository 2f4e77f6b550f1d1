"""One measured figure, how it is printed, and the file that keeps it. ``reached`` is computed from this run and nothing else."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True, kw_only=True)
class Result:
    """One row of PERFORMANCE section 2. ``baseline`` and ``measured`` are in ``base_unit``; ``figure`` in ``unit``."""

    id: str
    name: str
    figure: float | None
    unit: str
    baseline: float | None
    baseline_name: str
    measured: float | None
    base_unit: str
    reach: str
    reached: bool
    runs: tuple[float, ...] = ()
    note: str = ""


def ratio(
    *, figure_id: str, name: str, baseline: Sequence[float], baseline_name: str, measured: Sequence[float], at_most: float, note: str = ""
) -> Result:
    """Return how often the baseline fits into ours: the median over rounds, each the ratio of two runs taken one after the other.

    A busy machine slows both runs of a round alike, and a round that met a burst does not move the median. ``runs`` keeps every round;
    ``baseline`` and ``measured`` are the medians of each series of seconds.
    """
    rounds = [ours / base for base, ours in zip(baseline, measured, strict=True)]
    figure = statistics.median(rounds)
    return Result(
        id=figure_id,
        name=name,
        figure=round(figure, 3),
        unit="x",
        baseline=statistics.median(baseline),
        baseline_name=baseline_name,
        measured=statistics.median(measured),
        base_unit="s",
        reach=f"<= {at_most:g}",
        reached=figure <= at_most,
        runs=tuple(round(each, 3) for each in rounds),
        note=note,
    )


def amount(
    *,
    figure_id: str,
    name: str,
    value: float,
    unit: str,
    at_most: float,
    baseline: float | None,
    baseline_name: str,
    runs: Sequence[float] = (),
    note: str = "",
) -> Result:
    """Return an absolute figure with a limit; the baseline stands beside it for comparison."""
    return Result(
        id=figure_id,
        name=name,
        figure=round(value, 3),
        unit=unit,
        baseline=baseline,
        baseline_name=baseline_name,
        measured=value,
        base_unit=unit,
        reach=f"<= {at_most:g}",
        reached=value <= at_most,
        runs=tuple(round(run, 3) for run in runs),
        note=note,
    )


def missing(*, figure_id: str, name: str, unit: str, reach: str, baseline_name: str, why: str) -> Result:
    """Return the row of a figure that this machine cannot measure; it is not reached, and says why."""
    return Result(
        id=figure_id,
        name=name,
        figure=None,
        unit=unit,
        baseline=None,
        baseline_name=baseline_name,
        measured=None,
        base_unit=unit,
        reach=reach,
        reached=False,
        note=why,
    )


def row(result: Result) -> str:
    """Return one line for people: the figure beside its baseline."""
    if result.figure is None:
        return f"{result.id:4} {result.name}: not measured ({result.note})"
    verdict = "reached" if result.reached else "NOT reached"
    beside = f"baseline {result.baseline_name} {result.baseline:.3f} {result.base_unit}, " if result.baseline is not None else ""
    measured = f"measured {result.measured:.3f} {result.base_unit}; " if result.measured is not None else ""
    note = f" ({result.note})" if result.note else ""
    return f"{result.id:4} {result.name}: {beside}{measured}{result.figure:g} {result.unit} {result.reach}: {verdict}{note}"


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "git": subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.strip(),
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def save(results: Sequence[Result]) -> None:
    """Write ``bench/results.json``; rows of an earlier run that were not measured again are not kept."""
    document = {"machine": machine(), "results": [{**asdict(result), "runs": list(result.runs)} for result in results]}
    RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def markdown(document: dict[str, object]) -> str:
    """Return the last measured table as a page of the documentation."""
    about = document["machine"]
    rows = document["results"]
    assert isinstance(about, dict)
    assert isinstance(rows, list)
    lines = [
        "# Performance",
        "",
        "<!-- Generated by `python -m bench --markdown` from the last `make bench`; run it again instead of editing. -->",
        "",
        f"Measured {about['time']} with Python {about['python']} on {about['system']}, {about['cpus']} cores. Each figure and its baseline",
        "come from one run on one machine, so the ratios count, not the seconds. A ratio is the median over rounds; in each, baseline and",
        "program run one after the other. The seconds are medians too. In brackets: how many rounds, and how far they lie apart.",
        "",
        "| # | figure | baseline | measured | result | reach | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {entry['id']} | {entry['name']} | {_baseline(entry)} "
        f"| {_number(entry['measured'], entry['base_unit'])} | {_number(entry['figure'], entry['unit'])}{_rounds(entry)} "
        f"| {entry['reach']} "
        f"| {'reached' if entry['reached'] else 'not reached'}{'; ' + entry['note'] if entry['note'] else ''} |"
        for entry in sorted(rows, key=lambda entry: int(entry["id"][1:]))
    ]
    return "\n".join(lines) + "\n"


def _baseline(entry: dict[str, Any]) -> str:
    return "-" if entry["baseline"] is None else f"{entry['baseline_name']}: {_number(entry['baseline'], entry['base_unit'])}"


def _number(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.3f} {unit}"


def _rounds(entry: dict[str, Any]) -> str:
    """Return how far the rounds of a ratio lie apart."""
    rounds = entry["runs"]
    return f" ({len(rounds)}: {min(rounds):.2f} to {max(rounds):.2f})" if entry["unit"] == "x" and rounds else ""
