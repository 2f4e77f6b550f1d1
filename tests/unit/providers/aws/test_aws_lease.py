"""One writer per environment by compare-and-swap on version ids: races, lost answers, broken records, what is settled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.apply_rig import ApplyRig, many
from tests.aws_rig import LEASE_PATH, apply_held, counted, machine
from tests.builders import FakeClock
from tests.standins.aws import StrictAws
from tests.stores import LEASE_SECONDS, make_desired, make_ref

from goldenpath.errors import Conflict, GoldenpathError, ProviderUnavailable


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(GoldenpathError) as caught:
        call()
    return caught.value.code


def acquire(rig: ApplyRig, holder: str) -> int:
    return rig.store.acquire("dev", holder=holder, lease_seconds=LEASE_SECONDS).generation


def test_many_machines_race_for_the_first_lease(aws: StrictAws, tmp_path: Path) -> None:
    rigs = [machine(tmp_path / f"m{number}", aws, holder=f"h{number}") for number in range(6)]
    outcomes: list[object] = []

    def compete(rig: ApplyRig) -> None:
        try:
            outcomes.append(acquire(rig, rig.holder))
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=compete, args=(rig,)) for rig in rigs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["1", *["store.writer-active"] * 5]


@pytest.mark.parametrize("operation", ["CreateSecret", "PutSecretValue"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_costs_no_generation(aws: StrictAws, tmp_path: Path, operation: str, when: str) -> None:
    rig = machine(tmp_path / "one", aws)
    before = 0
    if operation == "PutSecretValue":
        before = acquire(rig, "run-1")
    aws.faults.drop(operation, when=when)  # type: ignore[arg-type]
    with pytest.raises(ProviderUnavailable):
        acquire(rig, "run-1")
    assert acquire(rig, "run-1") == before + 1


def test_somebody_who_slept_through_a_takeover_takes_nothing(aws: StrictAws, tmp_path: Path) -> None:
    """The race between reading the lease and writing it: the number is taken, so the slow one looks again."""
    slow, fast = machine(tmp_path / "slow", aws), machine(tmp_path / "fast", aws)
    slow.store.release(slow.store.acquire("dev", holder="slow", lease_seconds=60))
    aws.faults.call_back("PutSecretValue", lambda: _take_over(fast), when="before")
    assert code_of(lambda: acquire(slow, "slow")) == "store.writer-active"


def _take_over(rig: ApplyRig) -> None:
    assert acquire(rig, "fast") == 2


def test_a_look_counts_for_two_seconds(aws: StrictAws, tmp_path: Path) -> None:
    mine, theirs = machine(tmp_path / "mine", aws), machine(tmp_path / "theirs", aws)
    bench = mine.bench()
    fence = bench.fence(holder="mine")
    for number in range(5):
        bench.create(make_desired(path=f"goldenpath/svc/dev/n{number}"), fence=fence, name=f"n{number}")
    assert counted(aws)["DescribeSecret"] == 1, "the one that found no lease"
    theirs.store.break_lease("dev")
    theirs.store.acquire("dev", holder="theirs", lease_seconds=60)
    mine.clock.sleep(2.0)
    assert code_of(lambda: bench.create(make_desired(path="goldenpath/svc/dev/late"), fence=fence, name="late")) == "store.fenced-out"


def test_a_record_written_by_a_newer_run_is_left_alone_even_within_the_two_seconds(aws: StrictAws, tmp_path: Path) -> None:
    mine, theirs = machine(tmp_path / "mine", aws), machine(tmp_path / "theirs", aws)
    old = mine.bench().fence(holder="mine")
    mine.bench().create(fence=old)
    theirs.store.break_lease("dev")
    new = theirs.bench().fence(holder="theirs")
    wanted = make_desired(description="newer")
    theirs.store.update(wanted, bookkeeping={}, fence=new)
    assert code_of(lambda: mine.store.update(make_desired(description="late"), bookkeeping={}, fence=old)) == "store.fenced-out"
    assert theirs.bench().look().description == "newer"


@pytest.mark.parametrize("how", ["edited", "scheduled", "other text"])
def test_a_lease_record_that_somebody_touched_stops_everybody(aws: StrictAws, tmp_path: Path, how: str) -> None:
    rig = machine(tmp_path / "one", aws)
    acquire(rig, "run-1")
    console = aws.client("secretsmanager")
    if how == "scheduled":
        console.delete_secret(SecretId=LEASE_PATH, RecoveryWindowInDays=7)
    elif how == "edited":
        console.put_secret_value(SecretId=LEASE_PATH, SecretString="mine now")
    else:
        console.put_secret_value(SecretId=LEASE_PATH, ClientRequestToken="goldenpath-generation-000000000002", SecretString="{}")
    assert code_of(lambda: acquire(machine(tmp_path / "two", aws), "run-2")) == "store.lease-unusable"


NO_LEASES = {
    "no date": '{"generation":2,"holder":"x","ends_at":"soon"}',
    "no zone": '{"generation":2,"holder":"x","ends_at":"2026-01-01T00:00:00"}',
    "no such date": '{"generation":2,"holder":"x","ends_at":"9999-12-31T23:59:59-23:00"}',
    "nested": '{"other":' + "[" * 4000,
}


@pytest.mark.parametrize("text", NO_LEASES.values(), ids=NO_LEASES.keys())
def test_a_lease_that_nobody_can_read_is_an_answer_and_no_fault_of_ours(aws: StrictAws, tmp_path: Path, text: str) -> None:
    acquire(machine(tmp_path / "one", aws), "run-1")
    token = "goldenpath-generation-000000000002"
    aws.client("secretsmanager").put_secret_value(SecretId=LEASE_PATH, ClientRequestToken=token, SecretString=text)
    assert code_of(lambda: acquire(machine(tmp_path / "two", aws), "run-2")) == "store.lease-unusable"


def test_a_forged_generation_on_somebodys_record_does_not_spoil_the_first_lease(aws: StrictAws, tmp_path: Path) -> None:
    for number, text in enumerate(("9" * 200, "999999999999", "9999999999")):
        tags = [{"Key": "goldenpath:generation", "Value": text}]
        aws.client("secretsmanager").create_secret(Name=f"goldenpath/svc/dev/theirs-{number}", Tags=tags)
    rig = machine(tmp_path / "one", aws)
    assert (acquire(rig, "run-1"), acquire(rig, "run-1")) == (1, 2)


def test_a_lost_lease_record_starts_above_every_generation_that_records_name(aws: StrictAws, tmp_path: Path) -> None:
    rig = machine(tmp_path / "one", aws)
    for _ in range(3):
        apply_held(rig, many(2))
    aws.allow_forced_deletes()
    aws.client("secretsmanager").delete_secret(SecretId=LEASE_PATH, ForceDeleteWithoutRecovery=True)
    late = machine(tmp_path / "two", aws, holder="run-2")
    assert apply_held(late, many(2)).generation == 2, "records were written by generation 1, and by none later"
    assert apply_held(late, many(3)).is_complete


def test_a_lease_record_that_was_made_anew_is_not_the_one_that_was_held(aws: StrictAws, tmp_path: Path) -> None:
    """Before anything was written both get generation 1, and only the second may write."""
    clock = FakeClock()
    mine, theirs = (machine(tmp_path / name, aws, clock=clock, holder=name) for name in ("mine", "theirs"))
    lost = mine.bench().fence(holder="mine")
    aws.allow_forced_deletes()
    aws.client("secretsmanager").delete_secret(SecretId=LEASE_PATH, ForceDeleteWithoutRecovery=True)
    clock.advance(3)
    fence = theirs.bench().fence(holder="theirs")
    assert (lost.generation, fence.generation) == (1, 1)
    assert code_of(lambda: mine.bench().create(fence=lost)) == "store.fenced-out"
    assert theirs.bench().create(fence=fence).generation == 1


def test_too_many_runs_in_a_day_say_so(aws: StrictAws, tmp_path: Path) -> None:
    rig = machine(tmp_path / "one", aws)
    codes = set()
    for _ in range(101):
        try:
            rig.store.release(rig.store.acquire("dev", holder="run-1", lease_seconds=60))
        except GoldenpathError as error:
            codes.add(error.code)
    assert codes == {"store.lease-quota"}


def test_a_seed_after_a_killed_apply_settles_nothing(aws: StrictAws, tmp_path: Path) -> None:
    desired = many(2)
    dead = machine(tmp_path / "dead", aws)
    fence = dead.store.acquire("dev", holder="dead", lease_seconds=LEASE_SECONDS)
    aws.faults.deny("PutResourcePolicy")
    assert code_of(lambda: dead.bench().create(desired[0], fence=fence)) == "store.access-denied"
    aws.faults.clear()
    clock = FakeClock()
    clock.advance(LEASE_SECONDS + 1)
    seeder = machine(tmp_path / "seeder", aws, clock=clock)
    held = seeder.bench().fence(holder="seeder")
    seeder.bench().put(b"value", fence=held, ref=desired[0].ref)
    seeder.store.release(held)
    rig = machine(tmp_path / "next", aws, clock=clock, holder="next")
    assert [step.action for step in rig.plan(desired).steps] == ["update", "create"]
    assert apply_held(rig, desired).is_complete
    assert rig.bench().look(desired[0].ref).policy == desired[0].policy


def test_the_lease_is_no_record_of_anybody(aws: StrictAws, tmp_path: Path) -> None:
    rig = machine(tmp_path / "one", aws)
    acquire(rig, "run-1")
    assert list(rig.store.list_records("dev")) == []
    assert make_ref(LEASE_PATH).path == LEASE_PATH
