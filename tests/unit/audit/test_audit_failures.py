"""A disk that fails, fills up or hangs: bounded, never acknowledged, and the next record recovers the log (R50, CASES 151)."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from tests.unit.audit.logbook import FailingDisk, check, codes, event, open_log, segments

from goldenpath.audit.file_log import FileAuditLog
from goldenpath.errors import AuditUnavailable

EIO = OSError(errno.EIO, "input/output error")
ENOSPC = OSError(errno.ENOSPC, "no space left on device")


@pytest.mark.parametrize("failing_call", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize(("kept", "error"), [(0, EIO), (1, ENOSPC), (40, ENOSPC), (700, EIO), (100_000, EIO)])
def test_a_failed_append_is_not_acknowledged_and_the_next_one_recovers(
    tmp_path: Path, failing_call: int, kept: int, error: OSError
) -> None:
    log = open_log(tmp_path / "audit", disk=FailingDisk({failing_call: (kept, error)}))
    refusals = [refusal_of(log, number) for number in range(4)]
    log.close()
    report = check(tmp_path / "audit")
    assert report.is_intact, codes(report)
    assert [refusal for refusal in refusals if refusal] == [f"audit.unwritable {errno.errorcode[error.errno or 0]}"]
    assert report.open_intent_count in {3, 4}


def refusal_of(log: FileAuditLog, number: int) -> str:
    """Append; the code and error name of the refusal, empty when the record was taken."""
    try:
        log.append(event(number))
    except AuditUnavailable as error:
        return f"{error.code} {error.message.partition('(')[2].partition(')')[0]}"
    return ""


def test_failure_after_failure_is_recovered(tmp_path: Path) -> None:
    failures = {call: (call * 17, ENOSPC) for call in range(2, 12)}
    log = open_log(tmp_path / "audit", disk=FailingDisk(failures), segment_max_bytes=4096)
    acknowledged = 0
    for number in range(30):
        try:
            log.append(event(number))
            acknowledged += 1
        except AuditUnavailable:
            continue
    log.close()
    report = check(tmp_path / "audit")
    assert report.is_intact, codes(report)
    assert report.open_intent_count >= acknowledged > 15


def test_a_full_disk_refuses_for_as_long_as_it_is_full(tmp_path: Path) -> None:
    script = f"""
        import resource, signal, sys
        from pathlib import Path
        from goldenpath.errors import AuditUnavailable
        from tests.unit.audit.logbook import event, open_log
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
        log = open_log(Path({str(tmp_path / "audit")!r}))
        done = 0
        for number in range(6):
            try:
                log.append(event(number)); done += 1
            except AuditUnavailable as error:
                assert error.code == "audit.unwritable" and "EFBIG" in error.message, error
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        log.append(event(99)); log.close()
        sys.exit(done)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    report = check(tmp_path / "audit")
    assert report.is_intact, codes(report)
    assert report.torn_fragments == 1
    assert report.open_intent_count == 2


@pytest.mark.parametrize("folder", ["/proc/goldenpath/audit", "/dev/null/audit", "{tmp}/file/audit", "{tmp}/file"])
def test_a_place_that_cannot_hold_a_log_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AuditUnavailable) as refused:
        open_log(Path(folder.format(tmp=tmp_path))).append(event())
    assert refused.value.code == "audit.unwritable"


def test_a_read_only_log_is_refused(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser may write everywhere; the cases above cover the refusal")
    (tmp_path / "audit").mkdir(mode=0o500)
    with pytest.raises(AuditUnavailable):
        open_log(tmp_path / "audit").append(event())


class HangingDisk:
    """A disk whose flush hangs until it is released."""

    def __init__(self) -> None:
        self.is_released = threading.Event()

    def write(self, fd: int, data: memoryview) -> int:
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        self.is_released.wait(30)


def test_a_disk_that_hangs_is_given_up_in_time_and_used_again_when_it_works(tmp_path: Path) -> None:
    disk = HangingDisk()
    log = open_log(tmp_path / "audit", disk=disk, timeout=0.3)
    started = time.monotonic()
    for _ in range(20):
        with pytest.raises(AuditUnavailable) as refused:
            log.append(event())
        assert refused.value.code == "audit.timeout"
    assert time.monotonic() - started < 3, "only the first caller waits; the others are told at once"
    disk.is_released.set()
    deadline = time.monotonic() + 5
    while True:
        try:
            log.append(event(1))
            break
        except AuditUnavailable:
            assert time.monotonic() < deadline
    log.close()
    assert check(tmp_path / "audit").is_intact


def test_many_callers_of_a_hanging_disk_wait_together(tmp_path: Path) -> None:
    log = open_log(tmp_path / "audit", disk=HangingDisk(), timeout=0.3)
    refused: list[str] = []

    def write() -> None:
        try:
            log.append(event())
        except AuditUnavailable as error:
            refused.append(error.code)

    threads = [threading.Thread(target=write) for _ in range(20)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < 3
    assert refused == ["audit.timeout"] * 20


def test_a_lock_that_another_process_keeps_is_given_up_in_time(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    log = open_log(folder, timeout=0.3)
    log.append(event(1))
    with (folder / "lock").open() as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(AuditUnavailable) as refused:
            log.append(event(2))
    assert refused.value.code == "audit.timeout"
    assert refused.value.retry_after_seconds == 0.3
    deadline = time.monotonic() + 5
    while True:
        try:
            log.append(event(3))
            break
        except AuditUnavailable:
            assert time.monotonic() < deadline
    log.close()
    assert check(folder).is_intact


def test_a_mirror_that_cannot_be_written_spares_the_records_and_is_reported_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    log = open_log(tmp_path / "audit", mirror=tmp_path / "file" / "mirror", checkpoint_every=2)
    for number in range(6):
        log.append(event(number))
    with pytest.raises(AuditUnavailable) as refused:
        log.close()
    assert refused.value.code == "audit.unwritable"
    assert check(tmp_path / "audit").open_intent_count == 6


def test_a_mirror_whose_disk_is_not_mounted_is_not_replaced_by_a_folder(tmp_path: Path) -> None:
    log = open_log(tmp_path / "audit", mirror=tmp_path / "not-mounted" / "mirror")
    log.append(event())
    with pytest.raises(AuditUnavailable):
        log.checkpoint()
    assert not (tmp_path / "not-mounted").exists()


def test_a_mirror_that_was_away_is_brought_up_to_date(tmp_path: Path) -> None:
    mirror = tmp_path / "disk" / "mirror"
    for attempt in range(3):
        log = open_log(tmp_path / "audit", mirror=mirror)
        log.append(event(attempt))
        if attempt == 2:
            (tmp_path / "disk").mkdir()
            log.close()
        else:
            with pytest.raises(AuditUnavailable):
                log.close()
    report = check(tmp_path / "audit", mirror=mirror)
    assert report.is_intact
    assert report.checkpoints == 3
    assert segments(tmp_path / "audit") != []
