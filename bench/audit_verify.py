"""P12: prove a log of a million records, with segments and a key change in between, beside `sha256sum` of the same bytes (CASES 160)."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from bench.result import Result, amount

from goldenpath.audit.file_log import FileAuditLog
from goldenpath.audit.keys import AuditKeys
from goldenpath.model.audit import Actor, AuditDecision, AuditEvent, Joins, Source, Target
from goldenpath.model.settings import AuditSettings
from goldenpath.providers.system import SystemClock, SystemEntropy

RECORDS = 1_000_000
ROUNDS = 3
OLD_KEYS = AuditKeys({"old": b"o" * 32}, "old", b"s" * 32)
KEYS = AuditKeys({"old": b"o" * 32, "new": b"n" * 32}, "new", b"s" * 32)
SETTINGS = AuditSettings(segment_max_bytes=67_108_864)

_VERIFY = """
import sys
from pathlib import Path
from bench.audit_verify import KEYS
from goldenpath.audit.verify import verify_log
from goldenpath.providers.system import SystemClock
root = Path(sys.argv[1])
report = verify_log(root / "audit", KEYS, clock=SystemClock(), mirror=root / "mirror")
assert report.is_intact and report.key_ids == ("old", "new") and report.segments > 2, report
print(report.records)
"""


def measure_p12() -> list[Result]:
    """Seconds and peak memory of a whole `audit verify`, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="goldenpath-audit-") as folder:
        root = Path(folder)
        records = _write(root)
        files = sorted(map(str, (root / "audit").glob("segment-*.ndjson")))
        rounds = [(_run(["sha256sum", *files])[0], *_run([sys.executable, "-c", _VERIFY, folder])) for _ in range(ROUNDS)]
    baseline = statistics.median(base for base, _, _ in rounds)
    note = f"{records} records, {len(files)} segments, two chain keys, a mirror"
    seconds = [seconds for _, seconds, _ in rounds]
    memory = [mebibytes for _, _, mebibytes in rounds]
    return [
        amount(
            figure_id="P12",
            name="audit verify",
            value=statistics.median(seconds),
            unit="s",
            at_most=60,
            baseline=baseline,
            baseline_name="sha256sum of the same bytes",
            runs=seconds,
            note=note,
        ),
        amount(
            figure_id="P12",
            name="audit verify, peak memory",
            value=max(memory),
            unit="MiB",
            at_most=200,
            baseline=None,
            baseline_name="",
            runs=memory,
        ),
    ]


def _write(root: Path) -> int:
    half = RECORDS // 2
    written = 0
    for keys in (OLD_KEYS, KEYS):
        with FileAuditLog.open(
            root / "audit",
            keys,
            clock=SystemClock(),
            entropy=SystemEntropy(),
            settings=SETTINGS,
            mirror=root / "mirror",
            timeout_seconds=120,
        ) as log:
            for chunk in _chunks(_events(half), 1_000):
                written += len(log.append_many(chunk))
    return written


def _chunks(events: Iterator[AuditEvent], size: int) -> Iterator[Sequence[AuditEvent]]:
    while chunk := tuple(islice(events, size)):
        yield chunk


def _events(count: int) -> Iterator[AuditEvent]:
    """Pairs as the platform writes them."""
    actor = Actor(id="app-team/payments", kind="workload", auth_method="oidc", session_id="s-1")
    target = Target(
        intent_id="SEC-0007", service="payments", environment="prod", backend="local", backend_ref="goldenpath/payments/prod/db"
    )
    decision = AuditDecision(rules=("access.read-principal",), roles=("reader",))
    joins = Joins(correlation_id="01a207bd-138c-786e-9d5f-138509c9061a", repository="platform", commit="c" * 40)
    for number in range(count // 2):
        event = AuditEvent(
            phase="intent",
            action="secret.read",
            operation_id=f"{number:036d}",
            actor=actor,
            target=target,
            decision=decision,
            joins=joins,
            source=Source(ip="10.0.0.1", user_agent="goldenpath-cli"),
        )
        yield event
        yield AuditEvent(
            phase="outcome",
            action="secret.read",
            operation_id=event.operation_id,
            actor=actor,
            target=target,
            outcome="success",
            duration_ms=3,
            decision=decision,
            joins=joins,
            source=event.source,
        )


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Return seconds and peak MiB of one process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1])
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return elapsed, usage.ru_maxrss / 1024
