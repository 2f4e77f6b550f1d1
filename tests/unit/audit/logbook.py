"""A log to write, break and prove in tests: small segments, fixed keys, a clock that stands still."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.builders import FakeClock

from goldenpath.audit.directory import CHECKPOINTS_NAME
from goldenpath.audit.file_log import FileAuditLog
from goldenpath.audit.keys import AuditKeys
from goldenpath.audit.report import VerifyReport
from goldenpath.audit.verify import verify_log
from goldenpath.model.audit import Actor, AuditEvent
from goldenpath.model.settings import AuditSettings
from goldenpath.providers.system import SystemClock, SystemEntropy

KEYS = AuditKeys({"k1": b"1" * 32}, "k1", b"s" * 32)
ROTATED = AuditKeys({"k1": b"1" * 32, "k2": b"2" * 32}, "k2", b"s" * 32)
ALICE = Actor(id="alice")


def event(number: int = 0, **over: Any) -> AuditEvent:
    return AuditEvent(**{"phase": "intent", "action": "secret.read", "operation_id": f"op-{number}", "actor": ALICE, **over})


def open_log(
    folder: Path, keys: AuditKeys = KEYS, *, mirror: Path | None = None, disk: Any = None, timeout: float = 5.0, **settings: Any
) -> FileAuditLog:
    return FileAuditLog.open(
        folder,
        keys,
        clock=FakeClock(),
        entropy=SystemEntropy(),
        settings=AuditSettings(**settings),
        mirror=mirror,
        disk=disk,
        timeout_seconds=timeout,
    )


def write_log(folder: Path, count: int, *, mirror: Path | None = None, keys: AuditKeys = KEYS, **settings: Any) -> None:
    """``count`` events, then the checkpoint that ends every command."""
    with open_log(folder, keys, mirror=mirror, **settings) as log:
        log.append_many(event(number) for number in range(count))


def check(folder: Path, keys: AuditKeys = KEYS, *, mirror: Path | None = None, public_keys: tuple[bytes, ...] = ()) -> VerifyReport:
    return verify_log(folder, keys, clock=SystemClock(), mirror=mirror, public_keys=public_keys)


def codes(report: VerifyReport) -> list[str]:
    return [problem.code for problem in report.problems]


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("segment-*.ndjson"))


def log_files(folder: Path) -> list[Path]:
    return [*segments(folder), folder / CHECKPOINTS_NAME]


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def set_lines(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(lines))


class FailingDisk:
    """A disk that does what it is told to do at its n-th call, then works again."""

    def __init__(self, failures: dict[int, Any]) -> None:
        self.failures = failures
        self.calls = 0

    def _next(self) -> Any:
        self.calls += 1
        return self.failures.get(self.calls)

    def write(self, fd: int, data: memoryview) -> int:
        failure = self._next()
        if failure is None:
            return os.write(fd, data)
        kept, error = failure
        if kept:
            os.write(fd, data[:kept])
        raise error

    def sync(self, fd: int) -> None:
        failure = self._next()
        if failure is not None:
            raise failure[1]
        os.fdatasync(fd)
