"""SIGKILL at every byte class of every write, then a restart: nothing acknowledged is lost, nothing is dropped silently (CASES 156)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.unit.audit.logbook import ROTATED, FailingDisk, check, codes, event, lines_of, log_files, open_log, segments, write_log

from goldenpath.audit.directory import CHECKPOINTS_NAME
from goldenpath.errors import AuditUnavailable


@pytest.mark.parametrize("killed_call", range(1, 12))
@pytest.mark.parametrize("kept", [0, 1, 2, 74, 76, 500, 850, 100_000])
def test_kill_matrix_over_the_calls_that_reach_the_disk(tmp_path: Path, killed_call: int, kept: int) -> None:
    folder = tmp_path / "audit"
    disk = FailingDisk({killed_call: (kept, OSError("killed"))})
    acknowledged = 0
    try:
        log = open_log(folder, disk=disk, segment_max_bytes=4096)
        for number in range(5):
            log.append_many([event(number + 50), event(number + 100)])
            acknowledged += 2
    except AuditUnavailable:
        pass  # this writer is never used again, as after a kill
    write_log(folder, 1)
    report = check(folder)
    assert report.is_intact, codes(report)
    assert report.open_intent_count >= acknowledged + 1


def tear(folder: Path, kept: bytes) -> Path:
    path = segments(folder)[-1]
    with path.open("ab") as file:
        file.write(kept)
    return path


def test_a_torn_record_is_kept_terminated_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 3)
    path = tear(folder, b'{"schema_version":1,"id":"hal')
    torn = check(folder)
    assert codes(torn) == ["audit.tail-torn"]
    write_log(folder, 1)
    lines = lines_of(path)
    assert lines[4] == b'{"schema_version":1,"id":"hal\n'
    assert b'"action":"audit.recovered"' in lines[5]
    assert b'"torn_bytes":"29"' in lines[5]
    report = check(folder)
    assert report.is_intact
    assert (report.torn_fragments, report.records) == (1, 6)


@pytest.mark.parametrize(
    "kept", [b"x", b"\x00" * 5000, b"\xff\xfe", b"{", b'{"a":1}', b'"}', b"line\nline\npart", b"line\n", b"y" * 200_000]
)
def test_any_torn_end_is_recovered_and_named(tmp_path: Path, kept: bytes) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 2)
    tear(folder, kept)
    write_log(folder, 2)
    report = check(folder)
    assert report.is_intact, codes(report)
    assert report.torn_fragments == 1


def test_a_record_that_only_misses_its_newline_is_continued(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 3)
    path = segments(folder)[0]
    os.truncate(path, path.stat().st_size - 1)
    write_log(folder, 1)
    report = check(folder)
    assert report.is_intact
    assert (report.torn_fragments, report.records) == (0, 5)


def test_a_torn_recovery_is_recovered(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 2)
    for part in (b"first", b"\nsecond", b"\n", b"third"):
        tear(folder, part)
    write_log(folder, 1)
    report = check(folder)
    assert report.is_intact, codes(report)
    assert report.torn_fragments == 1


def test_a_segment_that_was_created_and_never_written_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 3)
    (folder / "segment-00000002.ndjson").touch(mode=0o600)
    write_log(folder, 2)
    assert check(folder).is_intact
    assert check(folder).segments == 2


def test_a_segment_whose_link_record_is_torn_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 3)
    (folder / "segment-00000002.ndjson").touch(mode=0o600)
    tear(folder, b'{"schema_version":1')
    write_log(folder, 2)
    report = check(folder)
    assert report.is_intact, codes(report)
    assert report.torn_fragments == 1


def test_the_first_segment_of_all_may_be_torn(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    folder.mkdir(mode=0o700)
    (folder / "segment-00000001.ndjson").touch(mode=0o600)
    tear(folder, b"half")
    write_log(folder, 2)
    report = check(folder)
    assert report.is_intact, codes(report)
    assert report.torn_fragments == 1


def test_a_torn_end_before_a_new_key_is_named_by_the_link(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 2)
    tear(folder, b"half")
    write_log(folder, 2, keys=ROTATED)
    report = check(folder, ROTATED)
    assert report.is_intact, codes(report)
    assert (report.torn_fragments, report.segments) == (1, 2)


@pytest.mark.parametrize("position", [200, -100])
def test_an_edit_of_the_last_record_is_not_taken_for_a_torn_write(tmp_path: Path, position: int) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 3)
    path = segments(folder)[0]
    lines = lines_of(path)
    line = bytearray(lines[-1])
    line[position] ^= 1
    path.write_bytes(b"".join([*lines[:-1], bytes(line)]))
    with pytest.raises(AuditUnavailable) as refused:
        open_log(folder).append(event())
    assert refused.value.code == "audit.tail-invalid"


def test_a_cut_end_that_a_checkpoint_knows_is_not_taken_for_a_torn_write(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 3)
    path = segments(folder)[0]
    os.truncate(path, path.stat().st_size - 50)
    with pytest.raises(AuditUnavailable) as refused:
        open_log(folder).append(event())
    assert refused.value.code == "audit.log-behind-checkpoint"


@pytest.mark.parametrize("cut", [1, 40, 300, 430])
def test_a_half_written_checkpoint_is_replaced(tmp_path: Path, cut: int) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 3, mirror=tmp_path / "mirror")
    write_log(folder, 3)
    path = folder / CHECKPOINTS_NAME
    os.truncate(path, path.stat().st_size - cut)
    assert "audit.checkpoint-torn" in codes(check(folder))
    write_log(folder, 1, mirror=tmp_path / "mirror")
    report = check(folder, mirror=tmp_path / "mirror")
    assert report.is_intact, codes(report)
    assert report.checkpoints == 2


WRITER = """
import sys
from pathlib import Path
from tests.unit.audit.logbook import event, open_log
log = open_log(Path(sys.argv[1]), segment_max_bytes=60_000, checkpoint_every=25)
for number in range(100_000):
    print(number, log.append_many([event(number), event(number), event(number)])[0], flush=True)
"""


def test_processes_that_are_killed_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)  # noqa: S311 - a schedule that a failure names, no secret
    acknowledged: set[str] = set()
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            acknowledged.add(writer.stdout.readline().split()[1])
            time.sleep(chance.uniform(0, 0.15))
            writer.send_signal(signal.SIGKILL)
            acknowledged |= {line.split()[1] for line in writer.stdout if line.endswith("\n")}
    write_log(folder, 1)
    report = check(folder)
    assert report.is_intact, (seed, codes(report))
    stored = b"".join(path.read_bytes() for path in log_files(folder)).decode()
    assert [record for record in acknowledged if record not in stored] == []
