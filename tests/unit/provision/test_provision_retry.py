"""Retries end, spread out, and never guess about a lost answer (CASES 42, 51)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apply_rig import ApplyRig, many, open_rig, outcomes
from tests.builders import FakeClock
from tests.faults import Fault, Schedule
from tests.stores import make_desired

from goldenpath.errors import AccessDenied, Conflict, ProviderRefused, ProviderUnavailable
from goldenpath.providers.system import SystemEntropy
from goldenpath.provision.executor import ExecutionLimits
from goldenpath.provision.retry import CAP_SECONDS, Retrier


class Failing:
    """Fails with each of the given errors in turn, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def unavailable(code: str = "store.unreachable", *, after: float | None = 0.0) -> ProviderUnavailable:
    return ProviderUnavailable(code, "away", retry_after_seconds=after)


def retrier(clock: FakeClock, *, deadline: float = 600.0, retry_limit: int | None = None) -> Retrier:
    return Retrier(clock=clock, entropy=SystemEntropy(), deadline_seconds=deadline, retry_limit=retry_limit)


def test_what_is_unavailable_is_tried_until_it_answers() -> None:
    send = Failing(*(unavailable() for _ in range(6)))
    assert retrier(FakeClock()).call(send) == "answer"
    assert send.calls == 7


@pytest.mark.parametrize("error", [ProviderRefused("a.b", "no"), AccessDenied("a.b", "no"), Conflict("a.b", "no"), KeyboardInterrupt()])
def test_what_is_refused_is_not_tried_again(error: Exception) -> None:
    send = Failing(error)
    with pytest.raises(type(error)):
        retrier(FakeClock()).call(send)
    assert send.calls == 1


def test_what_waiting_cannot_help_is_looked_up_but_not_tried_again() -> None:
    send = Failing(unavailable("store.unwritable", after=None))
    with pytest.raises(ProviderUnavailable) as caught:
        retrier(FakeClock()).call(send, recover=lambda: None)
    assert (caught.value.code, send.calls) == ("store.unwritable", 1)
    assert retrier(FakeClock()).call(Failing(unavailable(after=None)), recover=lambda: "found") == "found"


def test_the_deadline_is_for_everything_together_and_says_how_to_go_on() -> None:
    clock = FakeClock()
    budget = retrier(clock, deadline=60)
    started = clock.monotonic()
    with pytest.raises(ProviderUnavailable) as caught:
        budget.call(Failing(*(unavailable("store.throttled") for _ in range(1000))))
    assert caught.value.code == "provision.deadline"
    assert "store.throttled" in caught.value.message
    assert "run the same command again" in caught.value.hint
    assert clock.monotonic() - started <= 60
    clock.advance(60)
    send = Failing()
    with pytest.raises(ProviderUnavailable):
        budget.call(send)
    assert send.calls == 0


def test_the_stores_own_advice_is_the_least_that_is_waited() -> None:
    clock = FakeClock()
    started = clock.monotonic()
    retrier(clock).call(Failing(unavailable(after=30)))
    assert clock.monotonic() - started >= 30


def test_waits_are_jittered_over_their_whole_range_and_capped() -> None:
    waits = []
    for _ in range(60):
        clock = FakeClock()
        started = clock.monotonic()
        Retrier(clock=clock, entropy=SystemEntropy(), deadline_seconds=1e9).call(Failing(*(unavailable() for _ in range(12))))
        waits.append(clock.monotonic() - started)
    assert len({round(wait, 3) for wait in waits}) > 50
    assert max(waits) <= 12 * CAP_SECONDS
    assert max(waits) - min(waits) > CAP_SECONDS


@given(limit=st.integers(0, 12), failures=st.integers(0, 15))
def test_a_limit_counts_retries_and_not_calls(limit: int, failures: int) -> None:
    send = Failing(*(unavailable() for _ in range(failures)))
    limited = retrier(FakeClock(), retry_limit=limit)
    if failures <= limit:
        assert limited.call(send) == "answer"
    else:
        with pytest.raises(ProviderUnavailable) as caught:
            limited.call(send)
        assert (caught.value.code, caught.value.retry_after_seconds) == ("store.unreachable", 0.0)
    assert send.calls == min(failures, limit) + 1


@given(limit=st.integers(0, 100), advised=st.floats(0, 30))
def test_a_limit_never_moves_the_deadline(limit: int, advised: float) -> None:
    clock = FakeClock()
    started = clock.monotonic()
    send = Failing(*(unavailable(after=advised) for _ in range(200)))
    with pytest.raises(ProviderUnavailable):
        retrier(clock, deadline=60.0, retry_limit=limit).call(send)
    assert clock.monotonic() - started <= 60.0


def test_a_lost_answer_is_looked_up_even_when_no_retry_is_left() -> None:
    send = Failing(unavailable())
    assert retrier(FakeClock(), retry_limit=0).call(send, recover=lambda: "found") == "found"
    assert send.calls == 1


def test_a_limit_holds_for_each_step_of_an_apply(tmp_path: Path) -> None:
    rig = open_rig(tmp_path / "state")
    rig.schedule = Schedule(by_name={"create": ["throttle"] * 3})
    receipt = rig.apply(many(2), limits=ExecutionLimits(retry_limit=1))
    assert [(step.outcome, step.is_retryable) for step in receipt.steps] == [("failed", True), ("done", False)]
    assert rig.schedule.count("create") == 4
    assert rig.apply(many(2), limits=ExecutionLimits(retry_limit=0)).is_complete


def test_a_lost_answer_is_looked_up_before_it_is_tried_again() -> None:
    send = Failing(unavailable())
    assert retrier(FakeClock()).call(send, recover=lambda: "found") == "found"
    assert send.calls == 1
    send = Failing(unavailable())
    assert retrier(FakeClock()).call(send, recover=lambda: None) == "answer"
    assert send.calls == 2


def test_a_throttled_call_had_no_effect_and_is_not_looked_up() -> None:
    looked: list[int] = []
    retrier(FakeClock()).call(Failing(unavailable("store.throttled")), recover=lambda: looked.append(1))
    assert looked == []


def test_looking_up_is_retried_as_well() -> None:
    look = Failing(unavailable(), unavailable("store.throttled"))
    assert retrier(FakeClock()).call(Failing(unavailable()), recover=look) == "answer"
    assert look.calls == 3


# --- the deadline of a run ------------------------------------------------------------------------------------------------


def test_a_run_out_of_time_is_incomplete_and_the_next_one_finishes(tmp_path: Path) -> None:
    schedule = Schedule()
    rig = open_rig(tmp_path / "state", schedule)
    rig.entropy = SystemEntropy()
    plan = rig.plan(many(20))
    first_create = len(schedule.calls) + len(["acquire", "identity"]) + 1
    schedule._faults = dict.fromkeys(range(first_create + 7, first_create + 10_000), "throttle")
    receipt = rig.execute(plan, limits=ExecutionLimits(deadline_seconds=60))
    assert [step.outcome for step in receipt.steps] == ["done"] * 7 + ["failed"] * 13
    assert {step.code for step in receipt.steps[7:]} == {"provision.deadline"}
    assert not receipt.is_complete
    schedule._faults = {}
    before = {record.ref: record for record in rig.bench().all_records()}
    again = rig.apply(many(20))
    assert again.is_complete
    assert again.mutating_calls == 13
    after = {record.ref: record for record in rig.bench().all_records()}
    assert {ref: after[ref] for ref in before} == before


# --- lost answers -------------------------------------------------------------------------------------------------------------


def test_a_create_whose_answer_is_lost_and_that_is_then_throttled_makes_one_record(tmp_path: Path) -> None:
    faults: list[Fault] = ["drop-after", "throttle", "throttle"]
    rig = open_rig(tmp_path / "state", Schedule(by_name={"create": faults, "describe": ["throttle"]}))
    assert outcomes(rig.apply([make_desired()])) == {"SEC-0007": ("done", "")}
    assert len(set(rig.schedule.tokens)) == 1
    assert len(rig.bench().all_records()) == 1


def test_a_create_that_never_arrived_is_sent_again_with_the_same_token(tmp_path: Path) -> None:
    faults: list[Fault] = ["drop-before", "throttle", "drop-before", "drop-after"]
    rig = open_rig(tmp_path / "state", Schedule(by_name={"create": faults}))
    receipt = rig.apply([make_desired()])
    assert outcomes(receipt) == {"SEC-0007": ("done", "")}
    assert rig.schedule.count("create") == receipt.mutating_calls == 4
    assert len(set(rig.schedule.tokens)) == 1


FAULTS: list[Fault] = ["drop-before", "drop-after", "throttle"]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.integers(1, 40), st.sampled_from(FAULTS), max_size=20), st.sampled_from([1, 3]))
def test_any_schedule_of_lost_calls_ends_as_a_clean_run(
    tmp_path_factory: pytest.TempPathFactory, faults: dict[int, Fault], workers: int
) -> None:
    desired = [*many(3), make_desired(description="new")]
    clean, broken = (_prepared(tmp_path_factory.mktemp(name)) for name in ("clean", "broken"))
    clean.apply(desired)
    plan = broken.plan(desired)
    base = len(broken.schedule.calls) + 2
    broken.schedule._faults = {base + number: fault for number, fault in faults.items()}
    receipt = broken.execute(plan, limits=ExecutionLimits(workers=workers, deadline_seconds=1e6))
    assert receipt.is_complete
    broken.schedule._faults = {}
    assert [(r.ref, r.field_digests, r.request_id) for r in broken.store.list_records("dev")] == [
        (r.ref, r.field_digests, r.request_id) for r in clean.store.list_records("dev")
    ]
    assert list(broken.journal.unfinished("dev")) == []
    assert broken.apply(desired).mutating_calls == 0


def _prepared(folder: Path) -> ApplyRig:
    rig = open_rig(folder / "state")
    rig.apply([make_desired()])
    return rig
