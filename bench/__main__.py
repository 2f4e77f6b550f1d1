"""``make bench``: measure each figure beside its baseline, print it, keep it in ``bench/results.json``.

``python -m bench P1 P4`` measures only those; ``python -m bench --markdown`` writes the documentation's table from the last results.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

from bench.result import RESULTS, Result, markdown, row, save

MEASURES = {
    "P1": "bench.throughput:measure_p1",
    "P2": "bench.throughput:measure_p2",
    "P3": "bench.gate:measure_p3",
    "P4": "bench.start:measure_p4",
    "P5": "bench.aws:measure_p5",
    "P6": "bench.aws:measure_p6",
    "P12": "bench.audit_verify:measure_p12",
    "P13": "bench.aws:measure_p13",
    "P14": "bench.cluster:measure_p14",
}
PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "performance.md"


def main(arguments: list[str]) -> int:
    """Measure what was asked for; 1 when a figure was not reached."""
    if arguments == ["--markdown"]:
        PAGE.write_text(markdown(json.loads(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")
        return 0
    wanted = [word for argument in arguments for word in argument.replace(",", " ").split()] or list(MEASURES)
    unknown = [word for word in wanted if word not in MEASURES]
    if unknown:
        print(f"unknown figure: {', '.join(unknown)}; known: {', '.join(MEASURES)}", file=sys.stderr)
        return 2
    results: list[Result] = []
    for word in wanted:
        for result in _measure(MEASURES[word])():
            print(row(result), flush=True)
            results.append(result)
    save(results)
    return 0 if all(result.reached for result in results) else 1


def _measure(entry: str) -> Callable[[], list[Result]]:
    module, _, name = entry.partition(":")
    found: Callable[[], list[Result]] = getattr(importlib.import_module(module), name)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
