"""No act without a durable intent, no intent without an attempt at an outcome (R50, R53; invariant d)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.builders import FakeClock, FakeEntropy
from tests.unit.audit.logbook import check, open_log

from goldenpath.audit.trail import AuditTrail
from goldenpath.errors import AccessDenied, AuditUnavailable, Conflict, PolicyBlocked, Unauthenticated
from goldenpath.model.audit import Actor, AuditDecision, AuditEvent, Joins, Source, Target

TARGET = Target(intent_id="SEC-0007", environment="dev")


class MemorySink:
    """Keeps events; refuses from the n-th on when told so."""

    def __init__(self, refuse_from: int = 99) -> None:
        self.events: list[AuditEvent] = []
        self._refuse_from = refuse_from

    def append(self, event: AuditEvent) -> str:
        if len(self.events) + 1 >= self._refuse_from:
            raise AuditUnavailable("audit.unwritable", "the disk is full")
        self.events.append(event)
        return str(len(self.events))

    def keyed_hash(self, text: bytes) -> str:
        return f"k1:{len(text)}"


def make_trail(sink: MemorySink, clock: FakeClock | None = None) -> AuditTrail:
    return AuditTrail(
        sink,
        clock or FakeClock(),
        FakeEntropy(),
        actor=Actor(id="alice"),
        source=Source(ip="10.0.0.1"),
        joins=Joins(correlation_id="c-1", commit="abc"),
    )


def test_an_operation_leaves_a_pair() -> None:
    sink, clock = MemorySink(), FakeClock()
    with make_trail(sink, clock).operation(
        "secret.read", target=TARGET, decision=AuditDecision(rules=("r",)), details={"n": "1"}
    ) as operation:
        assert [event.phase for event in sink.events] == ["intent"], "the intent is durable before the body runs"
        clock.advance(0.25)
        operation.set_version("v3", fingerprint="k1:ab")
        operation.set_joins(sync_receipt_id="r-9")
        operation.add_detail("keys", "2")
    intent, outcome = sink.events
    assert intent.operation_id == outcome.operation_id == operation.id
    assert (intent.outcome, outcome.outcome, outcome.error_type, outcome.duration_ms) == ("", "success", "", 250)
    assert (intent.target.version_id, outcome.target.version_id, outcome.target.fingerprint) == ("", "v3", "k1:ab")
    assert outcome.joins == Joins(correlation_id="c-1", commit="abc", sync_receipt_id="r-9")
    assert (intent.details, outcome.details) == ((("n", "1"),), (("n", "1"), ("keys", "2")))
    assert (intent.actor.id, intent.source.ip, outcome.decision.rules) == ("alice", "10.0.0.1", ("r",))


def test_nothing_happens_when_the_intent_cannot_be_written() -> None:
    done: list[str] = []
    with pytest.raises(AuditUnavailable) as refused, make_trail(MemorySink(refuse_from=1)).operation("secret.read"):
        done.append("the act")
    assert refused.value.code == "audit.unwritable"
    assert done == []


def test_the_caller_is_told_when_the_outcome_cannot_be_written() -> None:
    sink = MemorySink(refuse_from=2)
    with pytest.raises(AuditUnavailable) as refused, make_trail(sink).operation("secret.put-version", target=TARGET):
        pass
    assert refused.value.code == "audit.outcome-unwritten"
    assert "ended as success" in refused.value.message
    assert refused.value.subject == "SEC-0007"


def test_an_error_whose_outcome_cannot_be_written_is_not_lost() -> None:
    error = Conflict("store.version-race", "another version is current")
    with pytest.raises(AuditUnavailable) as refused, make_trail(MemorySink(refuse_from=2)).operation("secret.put-version"):
        raise error
    assert "ended as failed" in refused.value.message
    assert isinstance(refused.value.__cause__, AuditUnavailable)
    assert refused.value.__cause__.__context__ is error


@pytest.mark.parametrize(
    ("error", "outcome", "error_type"),
    [
        (AccessDenied("access.no-rule", "m"), "denied", "access.no-rule"),
        (PolicyBlocked("policy.rotation-required", "m"), "denied", "policy.rotation-required"),
        (Unauthenticated("auth.no-token", "m"), "denied", "auth.no-token"),
        (Conflict("store.fenced-out", "m"), "failed", "store.fenced-out"),
        (ValueError("hunter2"), "failed", "ValueError"),
        (KeyboardInterrupt(), "failed", "KeyboardInterrupt"),
    ],
)
def test_what_is_raised_decides_the_outcome_and_its_text_is_not_recorded(error: BaseException, outcome: str, error_type: str) -> None:
    sink = MemorySink()
    with pytest.raises(type(error)), make_trail(sink).operation("secret.read"):
        raise error
    recorded = sink.events[1]
    assert (recorded.outcome, recorded.error_type) == (outcome, error_type)
    assert recorded.decision.allowed == (outcome != "denied")
    assert "hunter2" not in repr(recorded)


def test_an_operation_can_end_otherwise_without_raising() -> None:
    sink = MemorySink()
    trail = make_trail(sink)
    with trail.operation("secret.read") as operation:
        operation.denied("not yours", error_type="access.no-rule")
    with trail.operation("secret.read") as operation:
        operation.failed("store.slow")
    with trail.operation("secret.read") as operation:
        operation.degraded("cache.stale")
        operation.set_decision(AuditDecision(grant_id="g-1"))
    outcomes = sink.events[1::2]
    assert [(event.outcome, event.error_type) for event in outcomes] == [
        ("denied", "access.no-rule"),
        ("failed", "store.slow"),
        ("degraded", "cache.stale"),
    ]
    assert (outcomes[0].decision.allowed, outcomes[0].decision.reason, outcomes[2].decision.grant_id) == (False, "not yours", "g-1")


def test_a_refusal_is_recorded_as_fully_as_an_act() -> None:
    sink = MemorySink()
    operation_id = make_trail(sink).denied(
        "change.approve", error_type="approval.own-change", target=TARGET, decision=AuditDecision(reason="author", ticket="T-1")
    )
    intent, outcome = sink.events
    assert intent.operation_id == outcome.operation_id == operation_id
    assert (outcome.outcome, outcome.error_type) == ("denied", "approval.own-change")
    assert (intent.decision.allowed, outcome.decision.reason, outcome.decision.ticket) == (False, "author", "T-1")
    assert outcome.target == TARGET


def test_joins_of_one_operation_replace_those_of_the_trail() -> None:
    sink = MemorySink()
    with make_trail(sink).operation("secret.read", joins=Joins(correlation_id="other")):
        pass
    assert {event.joins.correlation_id for event in sink.events} == {"other"}


def test_a_trail_over_files_pairs_what_it_writes(tmp_path: Path) -> None:
    log = open_log(tmp_path / "audit")
    trail = AuditTrail(log, FakeClock(), FakeEntropy(), actor=Actor(id="alice"))
    with trail.operation("secret.read", target=TARGET):
        pass
    trail.denied("secret.read", error_type="access.no-rule")
    log.close()
    report = check(tmp_path / "audit")
    assert (report.is_intact, report.records, report.open_intent_count) == (True, 5, 0)
