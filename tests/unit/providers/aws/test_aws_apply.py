"""An apply to Secrets Manager under faults: what it costs, and that it ends where an undisturbed one ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.apply_rig import many, outcomes
from tests.aws_rig import LEASE_PATH, apply_held, counted, in_child, machine, shown
from tests.builders import FakeClock
from tests.standins.aws import StrictAws
from tests.stores import LEASE_SECONDS, POLICY, make_desired

from goldenpath.errors import AccessDenied, GoldenpathError
from goldenpath.model.store import DesiredSecret
from goldenpath.provision.executor import ExecutionLimits
from goldenpath.provision.observe import LOOKS, MISSING_LOOKS

SMALL = 12
"""Calls that do not depend on the number of records: identity, lease, first page."""
WORKERS = ExecutionLimits(workers=8)


def paths_of(desired: list[DesiredSecret]) -> list[str]:
    return [each.ref.path for each in desired]


# --- what it costs (P5) -------------------------------------------------------------------------------------------------------


def test_calls_of_a_first_and_a_second_apply(aws: StrictAws, tmp_path: Path) -> None:
    desired = many(230)
    assert apply_held(machine(tmp_path / "one", aws), desired, limits=WORKERS).is_complete
    first = counted(aws)
    assert (first["CreateSecret"], first["PutResourcePolicy"]) == (231, 230), "one more for the platform's own record"
    assert first.total() <= 2 * len(desired) + SMALL
    since = len(aws.calls)
    receipt = apply_held(machine(tmp_path / "two", aws, holder="run-2"), desired, limits=WORKERS)
    second = counted(aws, since=since)
    assert (receipt.mutating_calls, receipt.is_complete) == (0, True)
    assert second.total() <= len(desired) / 50 + SMALL
    assert not {"GetResourcePolicy", "CreateSecret", "UpdateSecret"} & second.keys()


def test_todays_share_of_the_policies_is_looked_at_and_another_one_tomorrow(aws: StrictAws, tmp_path: Path) -> None:
    desired = many(3 * LOOKS)
    apply_held(machine(tmp_path / "one", aws), desired, limits=WORKERS)
    seen: list[set[str]] = []
    for day in range(3):
        rig = machine(tmp_path / f"day-{day}", aws, clock=_days_later(day))
        since = len(aws.calls)
        rig.observe(desired, now=rig.clock.now())
        seen.append({call.resource_name for call in aws.calls[since:] if call.operation == "GetResourcePolicy"})
    assert {len(day) for day in seen} == {LOOKS}
    assert seen[0] != seen[1]
    assert set().union(*seen) == set(paths_of(desired)), "in turn, all of them"


def _days_later(days: int) -> FakeClock:
    clock = FakeClock()
    clock.advance(days * 86_400)
    return clock


# --- lost answers and refusals ------------------------------------------------------------------------------------------------


def _older(desired: list[DesiredSecret]) -> list[DesiredSecret]:
    """The same requests as they were: another description, another tag, other copies, an older policy or none."""
    older = []
    for number, each in enumerate(desired):
        policy = "" if number % 2 else POLICY.replace('"Sid":"Deny"', '"Sid":"Older"')
        older.append(
            make_desired(each.request_id, path=each.ref.path, description="older", policy=policy, tags={"left": "over"}, replicas=OLDER)
        )
    return older


def copied(desired: list[DesiredSecret]) -> list[DesiredSecret]:
    """The same requests with a copy in a region of its own."""
    return [replace(each, replica_regions=(("us-west-2", ""),)) for each in desired]


OLDER = {"eu-central-1": "", "eu-west-1": ""}
CHANGES = (
    "UpdateSecret",
    "TagResource",
    "UntagResource",
    "PutResourcePolicy",
    "RemoveRegionsFromReplication",
    "ReplicateSecretToRegions",
)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "operation", ["CreateSecret", "PutResourcePolicy", "PutSecretValue", "DescribeSecret", "ListSecrets", "TagResource"]
)
def test_a_lost_answer_of_a_creation_ends_as_if_nothing_happened(aws: StrictAws, tmp_path: Path, operation: str, when: str) -> None:
    desired = many(3)
    aws.faults.drop(operation, when=when, nth=1)  # type: ignore[arg-type]
    rig = machine(tmp_path / "one", aws)
    assert apply_held(rig, desired).is_complete
    assert shown(aws, paths_of(desired)) == _clean(aws, tmp_path, desired)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", CHANGES)
def test_a_lost_answer_of_a_change_ends_as_if_nothing_happened(aws: StrictAws, tmp_path: Path, operation: str, when: str) -> None:
    desired = copied(many(3))
    rig = machine(tmp_path / "one", aws)
    apply_held(rig, _older(desired))
    aws.faults.drop(operation, when=when, nth=1)  # type: ignore[arg-type]
    assert apply_held(rig, desired).is_complete
    looker = machine(tmp_path / "looker", aws).bench()
    assert [looker.look(each.ref).applied_digests for each in desired] == [each.field_digests for each in desired]
    assert _wanted(shown(aws, paths_of(desired))) == _wanted(_clean(aws, tmp_path, desired))


def _wanted(seen: dict[str, object]) -> dict[str, object]:
    """Leave out what differs by history: the token of the creation."""
    return {
        path: (each[0], {key: text for key, text in each[2].items() if key != "goldenpath:operation"}, each[3], each[5])  # type: ignore[index]
        for path, each in seen.items()
    }


def _clean(aws: StrictAws, tmp_path: Path, desired: list[DesiredSecret]) -> dict[str, object]:
    aws.reset()
    apply_held(machine(tmp_path / "clean", aws), desired)
    return shown(aws, paths_of(desired))


def test_thirty_percent_throttled_ends_well(aws: StrictAws, tmp_path: Path) -> None:
    desired = many(40)
    aws.faults.throttle(share=0.3, seed=7)
    assert apply_held(machine(tmp_path / "one", aws), desired, limits=WORKERS).is_complete
    creations = [call for call in aws.calls if call.operation == "CreateSecret" and call.resource_name != LEASE_PATH]
    tokens = {(call.resource_name, call.parameters["ClientRequestToken"]) for call in creations}
    assert len(tokens) == len(desired) < len(creations), "a token is the same on every try"


def test_a_refused_policy_leaves_a_partial_record_that_the_next_run_completes(aws: StrictAws, tmp_path: Path) -> None:
    desired = many(10)
    aws.faults.deny("PutResourcePolicy", resource=desired[3].ref.path)
    receipt = apply_held(machine(tmp_path / "one", aws), desired)
    found = outcomes(receipt)
    assert found.pop("SEC-0004") == ("partial", "store.access-denied")
    assert set(found.values()) == {("done", "")}
    aws.faults.clear()
    later = machine(tmp_path / "two", aws, holder="run-2")
    assert [step.action for step in later.plan(desired).steps if step.action != "unchanged"] == ["update"]
    assert apply_held(later, desired).mutating_calls == 1
    assert counted_looks(aws, tmp_path, desired) == 0, "settled: nothing is looked at one by one any more"


def counted_looks(aws: StrictAws, folder: Path, desired: list[DesiredSecret]) -> int:
    since = len(aws.calls)
    machine(folder / "looker", aws).observe(desired)
    return counted(aws, since=since)["GetResourcePolicy"]


def test_a_disabled_key_holds_up_its_own_record_only(aws: StrictAws, tmp_path: Path) -> None:
    key = "alias/payments"
    desired = [*many(9), _with_key(make_desired("SEC-0010", path="goldenpath/svc/dev/n0010"), key)]
    aws.faults.disable_key(key)
    found = outcomes(apply_held(machine(tmp_path / "one", aws), desired, limits=WORKERS))
    assert found.pop("SEC-0010") == ("refused", "store.key-unusable")
    assert set(found.values()) == {("done", "")}
    aws.faults.enable_key(key)
    assert apply_held(machine(tmp_path / "two", aws, holder="run-2"), desired).mutating_calls == 1


def _with_key(desired: DesiredSecret, key: str) -> DesiredSecret:
    return DesiredSecret(
        ref=desired.ref, request_id=desired.request_id, description="d", kms_key=key, policy=desired.policy, tags=desired.tags
    )


def test_credentials_of_another_account_send_nothing(aws: StrictAws, tmp_path: Path) -> None:
    aws.use_account(aws.runner_key, "999999999999")
    rig = machine(tmp_path / "one", aws)
    calls: list[Callable[[], object]] = [
        lambda: rig.store.describe(make_desired().ref),
        lambda: list(rig.store.list_records("dev")),
        lambda: rig.store.read(make_desired().ref),
        lambda: rig.store.acquire("dev", holder="x", lease_seconds=60),
    ]
    for call in calls:
        with pytest.raises(AccessDenied) as caught:
            call()
        assert caught.value.code == "store.wrong-account"
    assert counted(aws).keys() == {"GetCallerIdentity"}
    assert rig.store.identity() == "999999999999"


# --- names that are taken -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["InvalidRequestException", "ResourceExistsException"])
def test_a_scheduled_name_blocks_in_both_dialects(aws: StrictAws, tmp_path: Path, dialect: str) -> None:
    desired = make_desired()
    console = aws.client("secretsmanager")
    console.create_secret(Name=desired.ref.path, SecretString="x")
    console.delete_secret(SecretId=desired.ref.path, RecoveryWindowInDays=7)
    aws.faults.fail("CreateSecret", code=dialect, resource=desired.ref.path)
    bench = machine(tmp_path / "one", aws).bench()
    with pytest.raises(GoldenpathError) as caught:
        bench.create(desired)
    assert caught.value.code == "store.scheduled-for-deletion"
    assert (aws.count("RestoreSecret"), aws.count("DeleteSecret"), aws.forced_deletes) == (0, 0, [])


def test_a_strangers_record_stays_as_it_is(aws: StrictAws, tmp_path: Path) -> None:
    desired = make_desired()
    console = aws.client("secretsmanager")
    console.create_secret(Name=desired.ref.path, SecretString="theirs", Tags=[{"Key": "team", "Value": "theirs"}])
    before = console.describe_secret(SecretId=desired.ref.path)
    receipt = apply_held(machine(tmp_path / "one", aws), [desired])
    assert outcomes(receipt) == {"SEC-0007": ("refused", "store.foreign-record")}
    after = console.describe_secret(SecretId=desired.ref.path)
    assert {**before, "ResponseMetadata": 0} == {**after, "ResponseMetadata": 0}
    assert {call.resource_name for call in aws.mutating()} == {LEASE_PATH}


def test_a_policy_edited_by_hand_is_drift_and_is_not_overwritten(aws: StrictAws, tmp_path: Path) -> None:
    desired = many(5)
    apply_held(machine(tmp_path / "one", aws), desired)
    edited = POLICY.replace('"Sid":"Deny"', '"Sid":"ByHand"')
    aws.client("secretsmanager").put_resource_policy(SecretId=desired[2].ref.path, ResourcePolicy=edited)
    rig = machine(tmp_path / "two", aws, holder="run-2")
    steps = {step.request_id: step for step in rig.plan(desired, now=rig.clock.now()).steps}
    assert steps["SEC-0003"].action == "drift"
    assert "ByHand" in steps["SEC-0003"].changes[0].before
    assert {step.action for name, step in steps.items() if name != "SEC-0003"} == {"unchanged"}
    assert machine(tmp_path / "three", aws).plan(desired).steps[2].action == "unchanged", "without a look nothing shows"


def test_a_lagging_list_leads_to_no_second_record_and_no_orphan(aws: StrictAws, tmp_path: Path) -> None:
    desired = many(MISSING_LOOKS + 5)
    aws.faults.lag_lists(300)
    assert apply_held(machine(tmp_path / "one", aws), desired, limits=WORKERS).is_complete
    made = shown(aws, paths_of(desired))
    for number, wanted in enumerate((desired, desired[:5], desired)):
        receipt = apply_held(machine(tmp_path / f"again-{number}", aws, holder=f"run-{number}"), wanted, limits=WORKERS)
        assert {step.outcome for step in receipt.steps} <= {"already", "done"}
    assert shown(aws, paths_of(desired)) == made


# --- killed runs --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_every_call_another_machine_ends_the_same(aws: StrictAws, tmp_path: Path) -> None:
    """R59: the process dies before or after each call of an apply; a run from another state folder ends where a clean one ends."""
    desired = copied(many(3))
    wanted = _clean(aws, tmp_path, desired)
    count = len([call for call in aws.calls if call.number])
    for number in range(1, count + 1):
        for when in ("before", "after"):
            aws.reset()
            where = f"{number}-{when}"
            _die_at(aws, tmp_path / f"dead-{where}", desired, number, when)
            clock = FakeClock()
            clock.advance(LEASE_SECONDS + 1)
            receipt = apply_held(machine(tmp_path / f"next-{where}", aws, clock=clock, holder="run-2", seed=50), desired)
            assert receipt.is_complete, (where, outcomes(receipt))
            assert shown(aws, paths_of(desired)) == wanted, where
            assert counted_looks(aws, tmp_path / where, desired) == 0, where


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_change_killed_at_every_call_gives_way_to_the_next_change(aws: StrictAws, tmp_path: Path) -> None:
    """What the dead run had changed already is nobody's drift, although the next commit wants something else again."""
    desired, older = copied(many(1)), _older(many(1))
    last = {"eu-central-1": "", "us-west-1": ""}
    newest = [
        make_desired(each.request_id, path=each.ref.path, description="newest", policy="", tags={"c": "d"}, replicas=last)
        for each in desired
    ]
    for number in _writes_of_a_change(aws, tmp_path, older, desired):
        for when in ("before", "after"):
            where = f"{number}-{when}"
            before = _prepare(aws, tmp_path / f"older-{where}", older)
            _die_at(aws, tmp_path / f"dead-{where}", desired, before + number, when)
            clock = FakeClock()
            clock.advance(LEASE_SECONDS + 1)
            for wanted in (newest,) if number % 2 else (desired, newest):
                next_run = machine(tmp_path / f"next-{where}-{len(wanted[0].policy)}", aws, clock=clock, holder="run-2", seed=50)
                receipt = apply_held(next_run, wanted)
                assert receipt.is_complete, (where, outcomes(receipt))
            assert next_run.bench().look(newest[0].ref).field_digests == newest[0].field_digests, where


def _prepare(aws: StrictAws, folder: Path, older: list[DesiredSecret]) -> int:
    """Leave a record as an earlier run does; returns the number of calls that it took."""
    aws.reset()
    apply_held(machine(folder, aws), older)
    return max(call.number for call in aws.calls)


def _writes_of_a_change(aws: StrictAws, tmp_path: Path, older: list[DesiredSecret], desired: list[DesiredSecret]) -> list[int]:
    """Return which calls of the change, counted from 1, write to the record."""
    before = _prepare(aws, tmp_path / "older", older)
    apply_held(machine(tmp_path / "counted", aws, holder="run-2"), desired)
    return [call.number - before for call in aws.mutating() if call.number > before and call.resource_name != LEASE_PATH]


def _die_at(aws: StrictAws, folder: Path, desired: list[DesiredSecret], number: int, when: str) -> None:
    aws.faults.kill(number, when, lambda: os.kill(_newest_child(folder), signal.SIGKILL))  # type: ignore[arg-type]

    def act() -> None:
        folder.mkdir(parents=True)
        (folder / "pid").write_text(str(os.getpid()))
        apply_held(machine(folder / "state", aws), desired)

    assert in_child(aws.environment(), act) == -signal.SIGKILL
    aws.faults.clear()


def _newest_child(folder: Path) -> int:
    return int((folder / "pid").read_text())
