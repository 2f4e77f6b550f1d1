"""The stored form: one line of ASCII whatever was said, every member of CONVENTIONS 2.4, texts bounded (CASES 159)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.audit.logbook import event

from goldenpath.audit.chain import record_hash
from goldenpath.audit.record import (
    LINE_BYTES_MAX,
    TRUNCATED,
    AuditRecord,
    Identity,
    content_of,
    encode_content,
    seal,
    split_line,
    timestamp,
)
from goldenpath.model.audit import Actor, ApprovalRef, AuditDecision, AuditEvent, Joins, Source, Target

KEY = b"k" * 32
IDENTITY = Identity(id="id-1", time="2026-01-15T12:00:00.000000Z", seq=7, prev_hash="0" * 64, key_id="k1")


def line_of(audit_event: AuditEvent) -> bytes:
    return seal(encode_content(content_of(audit_event)), IDENTITY, KEY)[0]


def record_of(audit_event: AuditEvent) -> AuditRecord:
    return msgspec.json.decode(line_of(audit_event), type=AuditRecord)


FULL = AuditEvent(
    phase="outcome",
    action="secret.put-version",
    operation_id="op-1",
    actor=Actor(id="alice", kind="human", display="Alice", auth_method="ssh", session_id="s1", on_behalf_of="bob"),
    target=Target(
        intent_id="SEC-0007", service="payments", environment="dev", backend="local", backend_ref="p", version_id="3", fingerprint="f"
    ),
    outcome="degraded",
    error_type="store.slow",
    duration_ms=12,
    source=Source(ip="10.0.0.1", user_agent="cli", client_version="1"),
    decision=AuditDecision(
        rules=("r",), roles=("w",), approvals=(ApprovalRef(actor="c", time="t", plan_digest="d"),), reason="why", ticket="T-1"
    ),
    joins=Joins(correlation_id="c1", commit="abc", plan_digest="sha256:1"),
    details=(("count", "2"),),
)


def test_a_record_has_every_member_of_the_convention() -> None:
    tree = json.loads(line_of(FULL))
    assert set(tree) == {
        *("schema_version", "id", "time", "seq", "prev_hash", "hash", "key_id", "phase", "operation_id", "action", "outcome", "error_type"),
        *("duration_ms", "actor", "source", "target", "decision", "correlation_id", "trace_id", "repository", "change_id", "commit"),
        *("pipeline_run_id", "plan_digest", "sync_receipt_id", "backend_request_id", "details"),
    }
    assert set(tree["actor"]) == {"id", "kind", "display", "auth_method", "session_id", "on_behalf_of"}
    assert set(tree["decision"]) == {"allowed", "rules", "roles", "waivers", "approvals", "grant_id", "reason", "ticket"}
    assert tree["correlation_id"] == "c1"
    assert tree["details"] == {"count": "2"}
    assert tree["target"]["intent_id"] == "SEC-0007"


def test_nothing_of_the_event_is_lost() -> None:
    record = record_of(FULL)
    assert (record.actor, record.target, record.decision, record.source) == (FULL.actor, FULL.target, FULL.decision, FULL.source)
    assert (record.phase, record.outcome, record.error_type, record.duration_ms) == ("outcome", "degraded", "store.slow", 12)


def test_a_detail_that_is_named_twice_keeps_both_texts() -> None:
    assert record_of(event(details=(("path", "a"), ("path", "b")))).details == {"path": "a; b"}


def test_the_hash_is_over_the_bytes_of_the_line_itself() -> None:
    line = line_of(FULL)
    body, stated = split_line(line) or (b"", "")
    assert json.loads(body) == {name: value for name, value in json.loads(line).items() if name != "hash"}
    assert stated == record_hash(KEY, IDENTITY.prev_hash, body)
    assert line.startswith(body[:-1])


@pytest.mark.parametrize(
    "text",
    [
        '\n{"seq":1}',
        "\r\n\r\n",
        "\x1b[31mred\x1b[0m",
        "a\u2028b\u2029c",
        "\x85\x0b\x0c",
        "\u202eevil",
        "\x00",
        "\x7f",
        "\ud800",
        "\U0001f600",
        "\ufeff",
        "é",
    ],
)
def test_hostile_text_stays_on_its_line(text: str) -> None:
    line = line_of(event(decision=AuditDecision(reason=text), source=Source(user_agent=text)))
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert all(0x20 <= byte < 0x7F for byte in line)
    assert json.loads(line)["seq"] == 7


@given(st.text())
def test_any_text_comes_back_as_it_was(text: str) -> None:
    line = line_of(event(decision=AuditDecision(reason=text)))
    assert all(0x20 <= byte < 0x7F for byte in line)
    reason = msgspec.json.decode(line, type=AuditRecord).decision.reason
    assert reason == text if len(text) <= 1024 else reason.endswith(TRUNCATED)


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\x01" * 1_000_000, "\U0001f600" * 500_000])
def test_a_megabyte_is_truncated_with_a_marker(text: str) -> None:
    line = line_of(event(decision=AuditDecision(reason=text)))
    assert len(line) < 20_000
    assert record_of(event(decision=AuditDecision(reason=text))).decision.reason == text[:1024] + TRUNCATED


def test_a_record_that_is_long_everywhere_still_fits_a_line_and_decodes() -> None:
    long = "\x01" * 2000
    names = tuple(f"{number}{long}" for number in range(200))
    audit_event = AuditEvent(
        phase="intent",
        action=long,
        operation_id=long,
        actor=Actor(id=long, display=long),
        target=Target(intent_id=long, backend_ref=long),
        decision=AuditDecision(
            rules=names, roles=names, waivers=names, approvals=tuple(ApprovalRef(actor=n, time=n, plan_digest=n) for n in names)
        ),
        joins=Joins(commit=long, repository=long),
        details=tuple((name, name) for name in names),
    )
    assert len(line_of(audit_event)) <= LINE_BYTES_MAX
    record = record_of(audit_event)
    assert record.decision.rules[-1].endswith(TRUNCATED)
    assert record.details[TRUNCATED] == "136 more"
    assert record.decision.approvals[-1].actor == f"136 more {TRUNCATED}"


@pytest.mark.parametrize(
    "line", [b"", b"{}", b'{"a":1}', b'{"hash":"x"}', b'{"a":1,"hash":"' + b"G" * 64 + b'"}', b'{"a":1,"hash":"' + b"0" * 64 + b'"} ']
)
def test_what_has_not_the_shape_of_a_record_is_none(line: bytes) -> None:
    assert split_line(line) is None


def test_times_are_utc_with_six_decimals() -> None:
    assert timestamp(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05.000000Z"
    assert timestamp(datetime(2026, 1, 2, 3, 4, 5, 12, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-02T01:04:05.000012Z"
