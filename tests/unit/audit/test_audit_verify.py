"""What a check proves: every kind of change is found, named and placed; what is whole is called whole (R51, CASES 152, 154, 160)."""

from __future__ import annotations

import hmac
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.audit.logbook import KEYS, ROTATED, check, codes, event, lines_of, log_files, open_log, segments, set_lines, write_log

from goldenpath.audit.directory import CHECKPOINTS_NAME
from goldenpath.audit.keys import AuditKeys, public_key_of
from goldenpath.audit.signing import load_public_keys, public_key_pem
from goldenpath.errors import AuditUnavailable, Misconfigured, NotFound
from goldenpath.model.audit import AuditEvent

STOLEN = AuditKeys({"k1": b"1" * 32, "k2": b"2" * 32}, "k2", b"t" * 32)
"""The chain keys in the hands of somebody who cannot sign."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with three sessions, five segments, two keys, a torn write, and a mirror."""
    root = tmp_path_factory.mktemp("original")
    folder, mirror = root / "audit", root / "mirror"
    write_log(folder, 14, mirror=mirror, segment_max_bytes=4096)
    with segments(folder)[-1].open("ab") as file:
        file.write(b'{"torn')
    write_log(folder, 4, mirror=mirror, segment_max_bytes=4096)
    write_log(folder, 6, mirror=mirror, keys=ROTATED, segment_max_bytes=4096, checkpoint_every=2)
    return root


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    shutil.copytree(original, tmp_path / "log")
    return tmp_path / "log"


def verified(root: Path, keys: AuditKeys = ROTATED) -> list[str]:
    return codes(check(root / "audit", keys, mirror=root / "mirror"))


def test_the_whole_log_is_intact(root: Path) -> None:
    report = check(root / "audit", ROTATED, mirror=root / "mirror")
    assert report.is_intact
    assert report.first_bad_seq == 0
    assert (report.torn_fragments, report.key_ids, report.has_mirror) == (1, ("k1", "k2"), True)
    assert report.records == report.last_seq == report.proven_seq
    assert report.segments == len(segments(root / "audit")) >= 5


def seq_in(line: bytes) -> int:
    return int(json.loads(line)["seq"])


def flip(line: bytes, position: int) -> bytes:
    changed = bytearray(line)
    changed[position] ^= 1
    return bytes(changed)


Change = Callable[[list[bytes]], list[bytes]]
CHANGES: dict[str, tuple[Change, str, int]] = {
    "edit one byte of the time": (lambda lines: [*lines[:2], flip(lines[2], 70), *lines[3:]], "audit.record-edited", 2),
    "edit one byte of the hash": (lambda lines: [*lines[:2], flip(lines[2], -30), *lines[3:]], "audit.record-edited", 2),
    "edit the sequence number": (lambda lines: [*lines[:2], lines[2].replace(b'"seq":', b'"seq":1'), *lines[3:]], "audit.record-edited", 2),
    "edit the key id": (lambda lines: [*lines[:2], lines[2].replace(b'"k1"', b'"kx"'), *lines[3:]], "audit.key-unknown", 2),
    "swap the key id": (lambda lines: [*lines[:2], lines[2].replace(b'"k1"', b'"k2"'), *lines[3:]], "audit.record-edited", 2),
    "change the outcome": (
        lambda lines: [*lines[:2], lines[2].replace(b'"outcome":""', b'"outcome":"success"'), *lines[3:]],
        "audit.record-edited",
        2,
    ),
    "add a member": (lambda lines: [*lines[:2], lines[2].replace(b"{", b'{"x":1,', 1), *lines[3:]], "audit.record-edited", 2),
    "repeat a member": (lambda lines: [*lines[:2], lines[2].replace(b"{", b'{"seq":9,', 1), *lines[3:]], "audit.record-edited", 2),
    "add a blank": (lambda lines: [*lines[:2], b" " + lines[2], *lines[3:]], "audit.record-edited", 2),
    "use another newline": (lambda lines: [*lines[:2], lines[2][:-1] + b"\r\n", *lines[3:]], "audit.record-edited", 2),
    "delete the first line": (lambda lines: lines[1:], "audit.record-missing", 0),
    "delete a line": (lambda lines: [*lines[:2], *lines[3:]], "audit.record-missing", 2),
    "delete two lines": (lambda lines: [lines[0], *lines[3:]], "audit.record-missing", 1),
    "delete the last line": (lambda lines: lines[:-1], "audit.record-missing", -1),
    "insert a line": (lambda lines: [*lines[:2], b'{"a":1}\n', *lines[2:]], "audit.record-inserted", 2),
    "insert an empty line": (lambda lines: [*lines[:2], b"\n", *lines[2:]], "audit.record-inserted", 2),
    "insert a forged record": (lambda lines: [*lines[:2], flip(lines[2], 200), *lines[2:]], "audit.record-inserted", 2),
    "insert at the end": (lambda lines: [*lines, b"{}\n"], "audit.record-inserted", 99),
    "duplicate a line": (lambda lines: [*lines[:2], lines[1], *lines[2:]], "audit.record-repeated", 1),
    "duplicate a line further on": (lambda lines: [*lines, lines[1]], "audit.record-misplaced", 1),
    "swap two lines": (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "audit.record-missing", 1),
    "reverse the lines": (lambda lines: lines[::-1], "audit.segment-unlinked", 0),
    "join two lines": (lambda lines: [*lines[:1], lines[1][:-1], *lines[2:]], "audit.record-edited", 1),
    "split a line": (lambda lines: [*lines[:2], lines[2][:100] + b"\n" + lines[2][100:], *lines[3:]], "audit.record-edited", 2),
    "empty the file": (lambda lines: [], "audit.record-missing", 0),
}


@pytest.mark.parametrize("segment", [0, 1])
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found_and_placed(root: Path, name: str, segment: int) -> None:
    change, code, where = CHANGES[name]
    path = segments(root / "audit")[segment]
    before = lines_of(path)
    expected = seq_in(before[-1]) + 1 if where == 99 else seq_in(before[where])
    set_lines(path, change(before))
    report = check(root / "audit", ROTATED, mirror=root / "mirror")
    assert code in codes(report)
    assert report.first_bad_seq == expected
    assert any(problem.code == code and problem.seq == expected for problem in report.problems), report.problems


def delete_last_segment(folder: Path) -> None:
    segments(folder)[-1].unlink()


def delete_first_segment(folder: Path) -> None:
    segments(folder)[0].unlink()


def delete_middle_segment(folder: Path) -> None:
    segments(folder)[2].unlink()


def swap_segments(folder: Path) -> None:
    first, second = segments(folder)[1:3]
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)


def add_foreign_segment(folder: Path) -> None:
    other = folder.parent / "other"
    write_log(other, 3, keys=KEYS)
    shutil.copy(segments(other)[0], folder / f"segment-{len(segments(folder)) + 1:08d}.ndjson")


def replace_with_foreign_segment(folder: Path) -> None:
    other = folder.parent / "other"
    write_log(other, 30, keys=KEYS, segment_max_bytes=4096)
    shutil.copy(segments(other)[1], segments(folder)[1])


def replace_whole_log(folder: Path) -> None:
    shutil.rmtree(folder)
    write_log(folder, 30, keys=ROTATED, segment_max_bytes=4096)


def truncate_tail(folder: Path) -> None:
    path = segments(folder)[-1]
    set_lines(path, lines_of(path)[:-1])


def roll_back(folder: Path) -> None:
    """An older copy of the whole folder, checkpoints included: only the mirror knows better."""
    shutil.rmtree(folder)
    (folder.parent / "copy").rename(folder)


def link_segment(folder: Path) -> None:
    path = segments(folder)[1]
    path.rename(folder / "x")
    path.symlink_to(folder / "x")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (delete_last_segment, "audit.log-truncated"),
        (delete_first_segment, "audit.segment-missing"),
        (delete_middle_segment, "audit.segment-missing"),
        (swap_segments, "audit.segment-misplaced"),
        (add_foreign_segment, "audit.segment-foreign"),
        (replace_with_foreign_segment, "audit.segment-foreign"),
        (replace_whole_log, "audit.mirror-diverged"),
        (truncate_tail, "audit.log-truncated"),
        (link_segment, "audit.file-unsafe"),
    ],
)
def test_a_change_of_whole_files_is_found(root: Path, spoil: Callable[[Path], None], code: str) -> None:
    spoil(root / "audit")
    report = check(root / "audit", ROTATED, mirror=root / "mirror")
    assert code in codes(report)
    assert report.first_bad_seq > 0


def test_a_rollback_to_an_older_copy_is_seen_by_the_mirror(root: Path) -> None:
    folder, mirror = root / "audit", root / "mirror"
    shutil.copytree(folder, root / "copy")
    last = check(folder, ROTATED).last_seq
    write_log(folder, 2, mirror=mirror, keys=ROTATED)
    roll_back(folder)
    assert check(folder, ROTATED).is_intact, "the folder alone cannot know"
    report = check(folder, ROTATED, mirror=mirror)
    assert set(codes(report)) == {"audit.log-rolled-back", "audit.log-truncated"}
    assert report.first_bad_seq == last + 1


def test_the_writer_refuses_a_log_that_was_rolled_back(root: Path) -> None:
    folder, mirror = root / "audit", root / "mirror"
    shutil.copytree(folder, root / "copy")
    write_log(folder, 2, mirror=mirror, keys=ROTATED)
    roll_back(folder)
    with pytest.raises(AuditUnavailable) as refused:
        open_log(folder, ROTATED, mirror=mirror).append(event())
    assert refused.value.code == "audit.log-behind-checkpoint"


def test_a_new_chain_does_not_start_beside_the_mirror_of_an_older_one(root: Path) -> None:
    shutil.rmtree(root / "audit")
    with pytest.raises(AuditUnavailable) as refused:
        open_log(root / "audit", ROTATED, mirror=root / "mirror").append(event())
    assert refused.value.code == "audit.log-behind-checkpoint"
    assert segments(root / "audit") == []


def test_a_mirror_that_is_gone_is_filled_again(root: Path) -> None:
    shutil.rmtree(root / "mirror")
    write_log(root / "audit", 1, mirror=root / "mirror", keys=ROTATED)
    assert verified(root) == []


def test_a_wrong_chain_key_proves_nothing(root: Path) -> None:
    swapped = AuditKeys({"k1": b"x" * 32, "k2": b"2" * 32}, "k2", b"s" * 32)
    report = check(root / "audit", swapped, mirror=root / "mirror")
    assert "audit.record-edited" in codes(report)
    assert report.first_bad_seq == 1
    assert len(report.problems) <= 100 <= report.problem_count + 100


def test_a_log_rechained_without_the_key_is_found(root: Path) -> None:
    """Every hash is recomputed by somebody who knows everything but the key."""
    previous = ""
    for path in segments(root / "audit"):
        lines = []
        for line in lines_of(path):
            if not line.endswith(b'"}\n'):
                continue
            tree = json.loads(line)
            tree["actor"]["id"] = "mallory"
            tree["prev_hash"] = previous or tree["prev_hash"]
            tree.pop("hash")
            body = json.dumps(tree, separators=(",", ":")).encode()
            previous = hmac.digest(b"guessed" * 5, tree["prev_hash"].encode() + body, "sha256").hex()
            lines.append(body[:-1] + b',"hash":"' + previous.encode() + b'"}\n')
        set_lines(path, lines)
    report = check(root / "audit", ROTATED, mirror=root / "mirror")
    assert report.first_bad_seq == 1
    assert "audit.record-edited" in codes(report)
    assert "audit.log-truncated" in codes(report)


def test_a_log_rewritten_with_a_stolen_chain_key_fails_the_signatures(root: Path) -> None:
    folder = root / "audit"
    shutil.rmtree(folder)
    write_log(folder, 40, keys=STOLEN, segment_max_bytes=4096, checkpoint_every=2)
    assert "audit.checkpoint-signature" in codes(check(folder, ROTATED))
    assert "audit.mirror-diverged" in verified(root)
    (folder / CHECKPOINTS_NAME).write_bytes((root / "mirror" / CHECKPOINTS_NAME).read_bytes())
    assert set(verified(root)) == {"audit.checkpoint-foreign"}


def test_records_rewritten_with_a_stolen_chain_key_do_not_match_what_was_signed(tmp_path: Path) -> None:
    """The same chain id, the same number of records, other content: only a signed hash can tell."""

    class FixedIds:
        def __init__(self) -> None:
            self.count = 0

        def sortable_id(self) -> str:
            self.count += 1
            return f"id-{self.count:06d}"

    def write(folder: Path, actor: str) -> None:
        log = open_log(folder)
        log._writer._entropy = FixedIds()  # type: ignore[assignment]
        log.append_many(event(number, action=actor) for number in range(5))
        log.close()

    write(tmp_path / "true", "secret.read")
    write(tmp_path / "false", "secret.list")
    shutil.copy(tmp_path / "true" / CHECKPOINTS_NAME, tmp_path / "false" / CHECKPOINTS_NAME)
    report = check(tmp_path / "false")
    assert codes(report) == ["audit.checkpoint-mismatch"]
    assert report.first_bad_seq == 6


def test_the_middle_of_another_copy_of_the_log_breaks_the_chain(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    log = open_log(folder)
    log.append_many(event(number) for number in range(4))
    shutil.copytree(folder, tmp_path / "copy")
    for name, count in (("audit", 3), ("copy", 4)):
        with open_log(tmp_path / name) as branch:
            branch.append_many(event(number) for number in range(count))
    ours, theirs = segments(folder)[0], segments(tmp_path / "copy")[0]
    set_lines(ours, [*lines_of(ours)[:6], *lines_of(theirs)[6:]])
    report = check(folder)
    assert "audit.chain-broken" in codes(report)
    assert report.first_bad_seq == 7


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda lines: [flip(lines[0], 40), *lines[1:]], "audit.checkpoint-signature"),
        (lambda lines: [flip(lines[0], -20), *lines[1:]], "audit.checkpoint-signature"),
        (lambda lines: [b"x\n", *lines[1:]], "audit.checkpoint-invalid"),
        (lambda lines: lines[1:], "audit.checkpoint-chain"),
        (lambda lines: [lines[0], lines[0], *lines[1:]], "audit.checkpoint-chain"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "audit.checkpoint-chain"),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], "audit.checkpoint-torn"),
        (lambda lines: [*lines[:-1], lines[-1].replace(b'"seq"', b' "seq"')], "audit.checkpoint-invalid"),
    ],
)
def test_a_change_of_the_checkpoints_is_found(root: Path, change: Change, code: str) -> None:
    path = root / "audit" / CHECKPOINTS_NAME
    set_lines(path, change(lines_of(path)))
    assert code in codes(check(root / "audit", ROTATED))
    assert "audit.mirror-diverged" in verified(root)


@pytest.mark.parametrize("lost", [0, 2])
def test_checkpoints_that_one_place_lost_are_found(root: Path, lost: int) -> None:
    ours, theirs = root / "audit" / CHECKPOINTS_NAME, root / "mirror" / CHECKPOINTS_NAME
    set_lines(ours, lines_of(ours)[:lost])
    assert verified(root) == ["audit.log-rolled-back"]
    shutil.copy(theirs, ours)
    set_lines(theirs, lines_of(theirs)[:lost])
    assert verified(root) == ["audit.mirror-behind"]
    theirs.unlink()
    assert verified(root) == ["audit.mirror-behind"]


def test_an_auditor_needs_no_signing_key(root: Path) -> None:
    pem = public_key_pem(ROTATED)
    auditor = AuditKeys(ROTATED.chain_keys, "k2", b"\x00" * 32)
    assert "audit.checkpoint-signature" in codes(check(root / "audit", auditor))
    trusted = load_public_keys(pem + public_key_pem(STOLEN), subject="auditor.pem")
    assert trusted == (public_key_of(ROTATED.signing_key), public_key_of(STOLEN.signing_key))
    assert check(root / "audit", auditor, public_keys=trusted).is_intact
    assert "audit.checkpoint-signature" in codes(check(root / "audit", ROTATED, public_keys=trusted[1:]))


def test_a_retired_signing_key_is_still_trusted(root: Path) -> None:
    renewed = AuditKeys(ROTATED.chain_keys, "k2", b"n" * 32, (public_key_of(ROTATED.signing_key),))
    write_log(root / "audit", 2, keys=renewed, mirror=root / "mirror")
    assert verified(root, renewed) == []
    assert "audit.checkpoint-signature" in verified(root, AuditKeys(ROTATED.chain_keys, "k2", b"n" * 32))


@pytest.mark.parametrize("pem", [b"", b"text", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_file_without_public_keys_is_refused(pem: bytes) -> None:
    with pytest.raises(Misconfigured) as refused:
        load_public_keys(pem, subject="auditor.pem")
    assert refused.value.code == "audit.public-key-invalid"


def test_a_removed_torn_fragment_is_missed(root: Path) -> None:
    path = next(path for path in segments(root / "audit") if b'{"torn\n' in path.read_bytes())
    set_lines(path, [line for line in lines_of(path) if line != b'{"torn\n'])
    assert "audit.torn-removed" in verified(root)


def test_a_torn_fragment_that_was_changed_is_found(root: Path) -> None:
    path = next(path for path in segments(root / "audit") if b'{"torn\n' in path.read_bytes())
    set_lines(path, [b'{"TORN\n' if line == b'{"torn\n' else line for line in lines_of(path)])
    assert "audit.record-inserted" in verified(root)


def test_intents_without_an_outcome_are_listed_and_no_problem(tmp_path: Path) -> None:
    with open_log(tmp_path / "audit") as log:
        log.append(event(1))
        log.append(event(2))
        log.append(AuditEvent(phase="outcome", action="secret.read", operation_id="op-1", actor=event().actor, outcome="success"))
    report = check(tmp_path / "audit")
    assert report.is_intact
    assert [(intent.operation_id, intent.seq, intent.action) for intent in report.open_intents] == [("op-2", 3, "secret.read")]


def test_an_empty_folder_is_intact_and_a_missing_one_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    assert check(tmp_path / "audit").is_intact
    with pytest.raises(NotFound) as missing:
        check(tmp_path / "nowhere")
    assert missing.value.code == "audit.log-missing"


def test_a_log_without_newlines_is_checked_in_bounded_memory(root: Path) -> None:
    segments(root / "audit")[1].write_bytes(b"x" * 20_000_000)
    assert "audit.tail-torn" in verified(root)


ALREADY = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def mutate(path: Path, kind: str, where: float, bit: int) -> bool:
    """Change one thing in a file; False when the change happens to change nothing."""
    before = path.read_bytes()
    position = int(where * len(before))
    lines = before.splitlines(keepends=True)
    row = int(where * len(lines))
    if kind == "flip":
        after = before[:position] + bytes([before[position] ^ (1 << bit)]) + before[position + 1 :]
    elif kind == "delete byte":
        after = before[:position] + before[position + 1 :]
    elif kind == "insert byte":
        after = before[:position] + bytes([bit]) + before[position:]
    elif kind == "truncate":
        after = before[:position]
    elif kind == "delete line":
        after = b"".join(lines[:row] + lines[row + 1 :])
    elif kind == "repeat line":
        after = b"".join([*lines[:row], lines[row], *lines[row:]])
    elif kind == "swap lines":
        other = (row + 1 + bit) % len(lines)
        lines[row], lines[other] = lines[other], lines[row]
        after = b"".join(lines)
    else:
        other = bit % len(lines)
        after = b"".join([*lines[:row], lines[other], *lines[row + 1 :]])
    path.write_bytes(after)
    return after != before


KINDS = ["flip", "delete byte", "insert byte", "truncate", "delete line", "repeat line", "swap lines", "overwrite line"]


@pytest.mark.parametrize("kind", KINDS)
@ALREADY
@given(place=st.tuples(st.integers(0, 63), st.floats(0, 1, exclude_max=True)), bit=st.integers(0, 7))
def test_any_single_change_of_any_file_is_found(original: Path, tmp_path: Path, kind: str, place: tuple[int, float], bit: int) -> None:
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(original, copy)
    files = [*log_files(copy / "audit"), copy / "mirror" / CHECKPOINTS_NAME]
    if mutate(files[place[0] % len(files)], kind, place[1], bit):
        report = check(copy / "audit", ROTATED, mirror=copy / "mirror")
        assert not report.is_intact
        assert report.first_bad_seq >= 1
