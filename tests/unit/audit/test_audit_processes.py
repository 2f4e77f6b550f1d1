"""Several processes with many threads each write one chain: gapless, nothing interleaved (CASES 157)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.audit.logbook import check, codes, segments

WRITER = """
import sys, threading
from pathlib import Path
from tests.unit.audit.logbook import event, open_log
folder, name, workers, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
log = open_log(folder, segment_max_bytes=2_000_000, timeout=60)
def write(worker):
    for number in range(count):
        log.append(event(operation_id=f"{name}-{worker}-{number}"))
threads = [threading.Thread(target=write, args=(worker,)) for worker in range(workers)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
log.close()
"""


def write_together(folder: Path, *, processes: int, workers: int, count: int) -> None:
    commands = [[sys.executable, "-c", WRITER, str(folder), f"p{process}", str(workers), str(count)] for process in range(processes)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    for process in running:
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors


@pytest.mark.parametrize(
    ("processes", "workers", "count"),
    [
        pytest.param(2, 50, 10, id="small"),
        pytest.param(4, 5, 20, id="more-processes"),
        pytest.param(2, 50, 1000, id="full", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
    ],
)
def test_processes_and_threads_write_one_gapless_chain(tmp_path: Path, processes: int, workers: int, count: int) -> None:
    folder = tmp_path / "audit"
    write_together(folder, processes=processes, workers=workers, count=count)
    report = check(folder)
    assert report.is_intact, codes(report)
    assert report.records == processes * workers * count + report.segments
    operations = [json.loads(line)["operation_id"] for path in segments(folder) for line in path.read_bytes().splitlines()]
    for process in range(processes):
        for worker in range(workers):
            mine = [operation for operation in operations if operation.startswith(f"p{process}-{worker}-")]
            assert mine == [f"p{process}-{worker}-{number}" for number in range(count)], "each thread's records stand in its own order"
