"""Reading and exporting: the wanted records in order, in forms that other tools take without running anything (CASES 173)."""

from __future__ import annotations

import csv
import fcntl
import io
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import FakeClock
from tests.unit.audit.logbook import event, open_log, segments, write_log

from goldenpath.audit.export import csv_columns, export_lines, neutral_cell
from goldenpath.audit.ocsf import ocsf_event
from goldenpath.audit.query import RecordFilter, Unreadable, all_records, newest_records, records_after
from goldenpath.audit.reader import Snapshot, take_snapshot
from goldenpath.audit.record import AuditRecord
from goldenpath.errors import ProviderUnavailable
from goldenpath.model.audit import Actor, AuditDecision, AuditEvent, Source, Target

EVERYTHING = RecordFilter()


def snapshot_of(folder: Path) -> Snapshot:
    return take_snapshot(folder, None, clock=FakeClock())


def numbers(records: list[AuditRecord]) -> list[str]:
    return [record.operation_id for record in records if not record.is_system]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_log(tmp_path / "audit", 40, segment_max_bytes=6000)
    return tmp_path / "audit"


@pytest.mark.parametrize("count", [1, 3, 7, 100])
def test_the_newest_records_come_in_order_over_segments(folder: Path, count: int) -> None:
    newest = newest_records(snapshot_of(folder), RecordFilter(action="secret.read"), count)
    assert numbers(newest) == [f"op-{number}" for number in range(max(0, 40 - count), 40)]


def test_a_few_records_of_a_long_segment_are_found(tmp_path: Path) -> None:
    write_log(tmp_path / "audit", 2000)
    snapshot = snapshot_of(tmp_path / "audit")
    assert numbers(newest_records(snapshot, EVERYTHING, 2)) == ["op-1998", "op-1999"]
    assert len(newest_records(snapshot, EVERYTHING, 1900)) == 1900


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (RecordFilter(action="secret.read"), {"read"}),
        (RecordFilter(action="secret.*"), {"read", "put"}),
        (RecordFilter(action="secret.re"), set()),
        (RecordFilter(target="SEC-0007"), {"put"}),
        (RecordFilter(target="payments"), {"put"}),
        (RecordFilter(actor="bob"), {"approve"}),
        (RecordFilter(actor="bob", action="secret.*"), set()),
        (RecordFilter(since="2026-01-15T12:00:00.000000Z"), {"read", "put", "approve"}),
        (RecordFilter(since="2026-01-15T12:00:00.000001Z"), set()),
    ],
)
def test_filters(tmp_path: Path, wanted: RecordFilter, expected: set[str]) -> None:
    with open_log(tmp_path / "audit") as log:
        log.append(event(operation_id="read"))
        log.append(event(operation_id="put", action="secret.put-version", target=Target(intent_id="SEC-0007", service="payments")))
        log.append(event(operation_id="approve", action="change.approve", actor=Actor(id="bob")))
    found = [record for record in all_records(snapshot_of(tmp_path / "audit"), wanted) if isinstance(record, AuditRecord)]
    assert set(numbers(found)) == expected


def test_following_shows_only_what_is_new(folder: Path) -> None:
    before = snapshot_of(folder)
    with open_log(folder, segment_max_bytes=6000) as log:
        for number in range(100, 112):
            log.append(event(number))
    found = list(records_after(before, snapshot_of(folder), RecordFilter(action="secret.read")))
    assert numbers(found) == [f"op-{number}" for number in range(100, 112)]


def test_lines_that_are_no_records_are_told(folder: Path) -> None:
    with segments(folder)[0].open("ab") as file:
        file.write(b"half\n")
    unreadable = [record for record in all_records(snapshot_of(folder), EVERYTHING) if isinstance(record, Unreadable)]
    assert [(line.segment, line.line) for line in unreadable] == [(1, len(segments(folder)[0].read_bytes().splitlines()))]


def test_a_writer_that_never_lets_go_is_given_up(folder: Path) -> None:
    with (folder / "lock").open() as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(ProviderUnavailable) as busy:
            snapshot_of(folder)
    assert busy.value.code == "audit.log-busy"


def record_of(tmp_path: Path, audit_event: AuditEvent) -> AuditRecord:
    with open_log(tmp_path / "audit") as log:
        log.append(audit_event)
    return newest_records(snapshot_of(tmp_path / "audit"), EVERYTHING, 1)[0]


HOSTILE = [
    "=cmd()",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "\ufeff=1",
    "\uff1d1",
    "|cmd",
    "%0A",
    "=1,2",
    '="x"',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula(tmp_path: Path, text: str) -> None:
    record = record_of(tmp_path, event(actor=Actor(id=text), decision=AuditDecision(reason=text, rules=(text,)), details=((text, text),)))
    rows = list(csv.DictReader(io.StringIO("".join(export_lines([record], "csv")))))
    assert len(rows) == 1
    assert rows[0]["decision.reason"] == "'" + text
    assert rows[0]["actor.id"] == "'" + text
    assert rows[0]["decision.rules"] == "'" + text
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in rows[0].values())


@given(st.text())
def test_a_neutral_cell_keeps_its_text(text: str) -> None:
    cell = neutral_cell(text)
    assert cell in (text, "'" + text)
    assert cell.strip()[:1] not in ("=", "+", "-", "@")


def test_csv_has_the_columns_of_the_record(tmp_path: Path) -> None:
    record = record_of(
        tmp_path, event(1, target=Target(intent_id="SEC-0007"), decision=AuditDecision(rules=("a", "b")), details=(("n", "1"),))
    )
    lines = list(export_lines([record], "csv"))
    row = next(csv.DictReader(io.StringIO("".join(lines))))
    assert tuple(row) == csv_columns()
    assert len(set(csv_columns())) == len(csv_columns())
    assert (row["target.intent_id"], row["decision.rules"], row["details"], row["seq"]) == (
        "SEC-0007",
        "a; b",
        '{"n":"1"}',
        str(record.seq),
    )


def test_jsonl_gives_the_records_back(tmp_path: Path) -> None:
    record = record_of(tmp_path, event(1))
    assert [msgspec.json.decode(line, type=AuditRecord) for line in export_lines([record], "jsonl")] == [record]


@pytest.mark.parametrize(
    ("action", "outcome", "ids"),
    [
        ("secret.read", "success", (6003, 2, 1, 1)),
        ("secret.create", "success", (6003, 1, 1, 1)),
        ("secret.move-stage", "failed", (6003, 3, 2, 2)),
        ("secret.schedule-deletion", "denied", (6003, 4, 2, 3)),
        ("secret.levitate", "degraded", (6003, 99, 1, 2)),
        ("grant.activate", "success", (3003, 1, 1, 1)),
    ],
)
def test_ocsf_class_and_ids(tmp_path: Path, action: str, outcome: str, ids: tuple[int, int, int, int]) -> None:
    tree = ocsf_event(record_of(tmp_path, event(phase="outcome", action=action, outcome=outcome, duration_ms=7)))
    class_uid, activity_id, _, _ = ids
    assert (tree["class_uid"], tree["activity_id"], tree["status_id"], tree["severity_id"]) == ids
    assert (tree["type_uid"], tree["category_uid"], tree["duration"]) == (class_uid * 100 + activity_id, class_uid // 1000, 7)
    assert tree["time"] == 1768478400000
    assert {"version", "product", "uid"} <= set(tree["metadata"])


def test_ocsf_loses_nothing(tmp_path: Path) -> None:
    record = record_of(
        tmp_path,
        AuditEvent(
            phase="outcome",
            action="secret.read",
            operation_id="op-text",
            actor=Actor(
                id="alice-text", display="display-text", session_id="session-text", on_behalf_of="behalf-text", auth_method="ssh-text"
            ),
            source=Source(ip="10.9.8.7", user_agent="agent-text", client_version="client-text"),
            target=Target(
                intent_id="SEC-0007", backend_ref="path-text", namespace="ns-text", k8s_secret="k8s-text", fingerprint="print-text"
            ),
            outcome="denied",
            error_type="error-text",
            decision=AuditDecision(allowed=False, rules=("rule-text",), reason="reason-text", ticket="ticket-text"),
            details=(("count", "detail-text"),),
        ),
    )
    text = json.dumps(ocsf_event(record))
    missing = [
        word
        for word in ("op-text", "alice-text", "display-text", "session-text", "behalf-text", "ssh-text", "10.9.8.7")
        if word not in text
    ]
    missing += [
        word for word in ("agent-text", "client-text", "path-text", "ns-text", "k8s-text", "print-text", "error-text") if word not in text
    ]
    missing += [word for word in ("rule-text", "reason-text", "ticket-text", "detail-text", record.hash, record.id) if word not in text]
    assert missing == []
