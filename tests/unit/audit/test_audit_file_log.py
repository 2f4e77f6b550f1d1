"""The log as files: gapless over threads, writers and restarts; private; never fooled by what happens behind its back (R51, R52)."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.audit.logbook import KEYS, ROTATED, check, event, open_log, segments, write_log

from goldenpath.errors import AuditUnavailable


def records_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in segments(folder) for line in path.read_text().splitlines()]


def test_ids_are_those_of_the_records_and_sequence_has_no_gap(tmp_path: Path) -> None:
    with open_log(tmp_path / "audit") as log:
        ids = [log.append(event(number)) for number in range(5)]
    records = records_of(tmp_path / "audit")
    assert [record["id"] for record in records[1:]] == ids
    assert [record["seq"] for record in records] == [1, 2, 3, 4, 5, 6]
    assert records[0]["action"] == "audit.segment-opened"


def test_opening_touches_nothing(tmp_path: Path) -> None:
    log = open_log(tmp_path / "deep" / "audit")
    assert not (tmp_path / "deep").exists()
    log.close()
    assert not (tmp_path / "deep").exists()


def test_an_empty_batch_writes_nothing(tmp_path: Path) -> None:
    with open_log(tmp_path / "audit") as log:
        assert log.append_many(()) == ()
        assert log.checkpoint() is None
    assert segments(tmp_path / "audit") == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_folder_and_files_are_private_under_any_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_log(tmp_path / "audit", 3, mirror=tmp_path / "mirror")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "audit").stat().st_mode) == 0o700
    files = [path for folder in ("audit", "mirror") for path in (tmp_path / folder).iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert len(files) == 4


def loosen_folder(folder: Path) -> None:
    folder.chmod(0o750)


def loosen_segment(folder: Path) -> None:
    segments(folder)[0].chmod(0o640)


def loosen_lock(folder: Path) -> None:
    (folder / "lock").chmod(0o602)


def link_folder(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))


def link_segment(folder: Path) -> None:
    segments(folder)[0].rename(folder / "elsewhere")
    (folder / "segment-00000001.ndjson").symlink_to(folder / "elsewhere")


def dangling_next_segment(folder: Path) -> None:
    (folder / "segment-00000002.ndjson").symlink_to(folder / "nowhere")


def link_lock(folder: Path) -> None:
    (folder / "lock").unlink()
    (folder / "lock").symlink_to(folder / "other-lock")


def fifo_segment(folder: Path) -> None:
    os.mkfifo(folder / "segment-00000002.ndjson", 0o600)


def folder_as_segment(folder: Path) -> None:
    (folder / "segment-00000002.ndjson").mkdir(mode=0o700)


@pytest.mark.parametrize(
    "spoil",
    [
        loosen_folder,
        loosen_segment,
        loosen_lock,
        link_folder,
        link_segment,
        dangling_next_segment,
        link_lock,
        fifo_segment,
        folder_as_segment,
    ],
)
def test_what_others_could_change_is_refused(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 2)
    spoil(folder)
    with pytest.raises(AuditUnavailable) as refused:
        open_log(folder).append(event())
    assert refused.value.code in {"audit.file-unsafe", "audit.unwritable"}
    assert not (folder / "nowhere").exists()
    assert not (folder / "other-lock").exists()


def test_a_restart_continues_the_chain(tmp_path: Path) -> None:
    for _ in range(4):
        write_log(tmp_path / "audit", 3)
    report = check(tmp_path / "audit")
    assert report.is_intact
    assert (report.records, report.segments, report.checkpoints, report.proven_seq) == (13, 1, 4, 13)


def test_segments_rotate_by_size_and_are_linked(tmp_path: Path) -> None:
    write_log(tmp_path / "audit", 30, segment_max_bytes=5000)
    sizes = [path.stat().st_size for path in segments(tmp_path / "audit")]
    report = check(tmp_path / "audit")
    assert report.is_intact
    assert report.segments == len(sizes) >= 5
    assert max(sizes) < 5000 + 1500


def test_a_new_key_starts_a_segment_that_names_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_log(folder, 3)
    write_log(folder, 3, keys=ROTATED)
    link = records_of(folder)[4]
    assert (link["action"], link["key_id"]) == ("audit.segment-opened", "k2")
    assert link["details"]["previous_key_id"] == "k1"  # type: ignore[index]
    report = check(folder, ROTATED)
    assert report.is_intact
    assert report.key_ids == ("k1", "k2")


def test_a_log_of_an_unknown_key_is_not_continued(tmp_path: Path) -> None:
    write_log(tmp_path / "audit", 3, keys=ROTATED)
    with pytest.raises(AuditUnavailable) as refused:
        open_log(tmp_path / "audit", KEYS).append(event())
    assert refused.value.code == "audit.key-unknown"


def test_two_open_logs_take_turns_without_a_gap(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    with open_log(folder, segment_max_bytes=8000) as first, open_log(folder, segment_max_bytes=8000) as second:
        for number in range(20):
            first.append(event(number))
            second.append_many([event(number), event(number)])
    report = check(folder)
    assert report.is_intact
    assert report.records == 60 + report.segments


def test_many_threads_share_a_log(tmp_path: Path) -> None:
    ids: list[str] = []

    def write(worker: int) -> None:
        ids.extend([log.append(event(worker * 100 + number)) for number in range(20)])

    with open_log(tmp_path / "audit", checkpoint_every=50) as log:
        threads = [threading.Thread(target=write, args=(worker,)) for worker in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    report = check(tmp_path / "audit")
    assert report.is_intact
    assert (report.records, len(set(ids)), report.open_intent_count) == (321, 320, 320)
    assert report.checkpoints >= 5


def test_a_forked_child_writes_to_the_same_chain(tmp_path: Path) -> None:
    log = open_log(tmp_path / "audit")
    log.append(event(1))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            log.append(event(2))
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    log.append(event(3))
    log.close()
    report = check(tmp_path / "audit")
    assert report.is_intact
    assert report.records == 4


def unlink_segment(folder: Path) -> None:
    segments(folder)[-1].unlink()


def rotate_away(folder: Path) -> None:
    segments(folder)[-1].rename(folder / "segment-00000001.ndjson.1")


def replace_segment(folder: Path) -> None:
    path = segments(folder)[-1]
    content = path.read_bytes()
    path.unlink()
    path.touch(mode=0o600)
    path.write_bytes(content)


def truncate_segment(folder: Path) -> None:
    path = segments(folder)[-1]
    os.truncate(path, path.stat().st_size - 10)


def empty_segment(folder: Path) -> None:
    os.truncate(segments(folder)[-1], 0)


def remove_folder(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))


def swap_folder(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))
    write_log(folder, 9)


def restore_older_copy(folder: Path) -> None:
    path = segments(folder)[-1]
    lines = path.read_bytes().splitlines(keepends=True)
    path.unlink()
    path.touch(mode=0o600)
    path.write_bytes(b"".join(lines[:-1]))


@pytest.mark.parametrize(
    "spoil",
    [unlink_segment, rotate_away, truncate_segment, empty_segment, remove_folder, swap_folder, restore_older_copy],
)
def test_a_log_that_changes_behind_its_writer_is_noticed_at_the_next_record(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    log = open_log(tmp_path / "audit")
    for number in range(3):
        log.append(event(number))
    spoil(tmp_path / "audit")
    for _ in range(2):
        with pytest.raises(AuditUnavailable) as refused:
            log.append(event())
        assert refused.value.code in {"audit.log-replaced", "audit.tail-invalid"}


def test_a_file_that_is_replaced_is_noticed_although_nothing_is_missing(tmp_path: Path) -> None:
    log = open_log(tmp_path / "audit")
    log.append(event(1))
    replace_segment(tmp_path / "audit")
    with pytest.raises(AuditUnavailable) as refused:
        log.append(event(2))
    assert refused.value.code == "audit.log-replaced"
    log.append(event(3))
    log.close()
    assert check(tmp_path / "audit").is_intact, "the new file holds every acknowledged record, so the chain goes on in it"


def test_a_lock_that_is_replaced_does_not_let_two_writers_in(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    with open_log(folder) as first, open_log(folder) as second:
        first.append(event(1))
        (folder / "lock").unlink()
        second.append(event(2))
        first.append(event(3))
    assert check(folder).is_intact


def test_the_log_can_be_used_again_after_closing(tmp_path: Path) -> None:
    log = open_log(tmp_path / "audit")
    for number in range(3):
        log.append(event(number))
        log.close()
    assert check(tmp_path / "audit").records == 4
