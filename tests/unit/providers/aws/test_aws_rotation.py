"""Native rotation: what it costs, what is refused before anything is written, and that a cut-off change ends well (D12, R18, R24, R59)."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.apply_rig import many, outcomes
from tests.aws_rig import LEASE_PATH, apply_held, counted, in_child, machine, shown
from tests.builders import FakeClock
from tests.standins.aws import StrictAws
from tests.stores import FUNCTION, LEASE_SECONDS, bookkeeping, make_desired, make_ref, make_rotation
from tests.unit.provision.test_provision_actions import runner_of

from goldenpath.errors import GoldenpathError
from goldenpath.model.plan import Step
from goldenpath.model.rotation import NativeRotation
from goldenpath.model.store import DesiredSecret
from goldenpath.providers.aws.calls import counted_as
from goldenpath.provision.adopt import adopt
from goldenpath.provision.executor import ExecutionLimits

PATH = make_ref().path
SMALL = 12
SETTING_CALLS = 11
"""Of one record: four looks of two calls, as at every change of a record, the tags before and after it, and RotateSecret."""
WORKERS = ExecutionLimits(workers=8)
A, B = make_rotation(days=30), make_rotation(days=90, opens_at=2, hours=3)


@pytest.fixture(autouse=True)
def _function(aws: StrictAws) -> None:
    aws.functions.add(FUNCTION)


def rotated(desired: list[DesiredSecret], rotation: NativeRotation = A) -> list[DesiredSecret]:
    return [replace(each, native_rotation=rotation) for each in desired]


def give_values(aws: StrictAws, desired: list[DesiredSecret]) -> None:
    """As a seed does, but for the tags that it notes."""
    for each in desired:
        aws.client("secretsmanager").put_secret_value(SecretId=each.ref.path, SecretString="v", ClientRequestToken="v" * 32)


def begin_rotation(aws: StrictAws, path: str = PATH) -> None:
    """Leave a pending version, as AWS does when it calls the function."""
    aws.client("secretsmanager").put_secret_value(
        SecretId=path, SecretString="next", ClientRequestToken="p" * 32, VersionStages=["AWSPENDING"]
    )


def settings_at(aws: StrictAws, path: str = PATH) -> tuple[object, object]:
    body = aws.client("secretsmanager").describe_secret(SecretId=path)
    return body.get("RotationEnabled"), body.get("RotationRules")


def only_step(aws: StrictAws, folder: Path, wanted: DesiredSecret) -> Step:
    (step,) = machine(folder, aws, holder=folder.name).plan([wanted]).steps
    return step


# --- what it costs (P5) -------------------------------------------------------------------------------------------------------


def test_rotation_that_waits_costs_no_call_and_rotation_that_is_set_costs_none_again(aws: StrictAws, tmp_path: Path) -> None:
    desired = rotated(many(120))
    assert apply_held(machine(tmp_path / "one", aws), desired, limits=WORKERS).is_complete
    assert counted(aws).total() <= 2 * len(desired) + SMALL
    since = len(aws.calls)
    waiting = apply_held(machine(tmp_path / "two", aws, holder="run-2"), desired, limits=WORKERS)
    assert set(outcomes(waiting).values()) == {("already", "plan.rotation-waits")}
    assert counted(aws, since=since).total() <= len(desired) / 50 + SMALL

    give_values(aws, desired)
    since = len(aws.calls)
    assert apply_held(machine(tmp_path / "three", aws, holder="run-3"), desired, limits=WORKERS).is_complete
    setting = counted(aws, since=since)
    assert (setting["RotateSecret"], setting["CancelRotateSecret"]) == (len(desired), 0)
    assert setting.total() <= SETTING_CALLS * len(desired) + SMALL
    since = len(aws.calls)
    again = apply_held(machine(tmp_path / "four", aws, holder="run-4"), desired, limits=WORKERS)
    assert set(outcomes(again).values()) == {("already", "")}
    assert counted(aws, since=since).total() <= len(desired) / 50 + SMALL


def test_setting_rotation_is_paced_like_every_write() -> None:
    assert {counted_as(operation) for operation in ("RotateSecret", "CancelRotateSecret")} == {"write"}


@pytest.mark.parametrize(
    ("before", "after", "calls"),
    [(None, A, ["RotateSecret"]), (A, B, ["RotateSecret"]), (A, None, ["CancelRotateSecret"]), (A, A, []), (None, None, [])],
)
def test_a_change_is_made_by_one_call_and_moves_no_value(
    aws: StrictAws, tmp_path: Path, before: NativeRotation | None, after: NativeRotation | None, calls: list[str]
) -> None:
    _valued(aws, tmp_path / "one", make_desired(rotation=before))
    labels = aws.client("secretsmanager").describe_secret(SecretId=PATH)["VersionIdsToStages"]
    since = len(aws.calls)
    assert apply_held(machine(tmp_path / "three", aws, holder="run-3"), [make_desired(rotation=after)]).is_complete
    made = [call for call in aws.mutating() if call.number > since and call.resource_name == PATH]
    assert [call.operation for call in made if "Rotate" in call.operation] == calls
    assert all(call.parameters["RotateImmediately"] is False for call in made if call.operation == "RotateSecret")
    assert aws.client("secretsmanager").describe_secret(SecretId=PATH)["VersionIdsToStages"] == labels
    assert settings_at(aws)[0] in ({None, False} if after is None else {True})


def _valued(aws: StrictAws, folder: Path, wanted: DesiredSecret) -> None:
    """Make a record, give it a value, and apply what had to wait for that."""
    apply_held(machine(folder / "first", aws, holder="first"), [wanted])
    give_values(aws, [wanted])
    apply_held(machine(folder / "second", aws, holder="second"), [wanted])


# --- refused before anything is written ---------------------------------------------------------------------------------------


def refused(aws: StrictAws, folder: Path, wanted: DesiredSecret) -> str:
    """Ask the store itself, without a plan that would wait; nothing may be written to the record."""
    bench = machine(folder, aws, holder=folder.name).bench()
    fence = bench.fence(holder=folder.name)
    since = len(aws.mutating())
    with pytest.raises(GoldenpathError) as caught:
        bench.store.update(wanted, bookkeeping=bookkeeping(wanted), fence=fence)
    assert {call.resource_name for call in aws.mutating()[since:]} <= {LEASE_PATH}
    bench.store.release(fence)
    return caught.value.code


def test_a_record_without_a_value_takes_no_rotation(aws: StrictAws, tmp_path: Path) -> None:
    apply_held(machine(tmp_path / "one", aws), [make_desired()])
    assert refused(aws, tmp_path / "two", make_desired(rotation=A, description="new")) == "store.rotation-needs-value"


@pytest.mark.parametrize("after", [B, None])
def test_a_rotation_under_way_keeps_its_settings(aws: StrictAws, tmp_path: Path, after: NativeRotation | None) -> None:
    _valued(aws, tmp_path / "one", make_desired(rotation=A))
    begin_rotation(aws)
    assert refused(aws, tmp_path / "two", make_desired(rotation=after, description="new")) == "store.rotation-under-way"


def test_everything_but_rotation_changes_while_a_rotation_is_under_way(aws: StrictAws, tmp_path: Path) -> None:
    _valued(aws, tmp_path / "one", make_desired(rotation=A))
    begin_rotation(aws)
    wanted = make_desired(rotation=B, description="new")
    step = only_step(aws, tmp_path / "looker", wanted)
    assert (step.action, step.reason, [change.field for change in step.changes]) == ("update", "plan.rotation-under-way", ["description"])
    assert outcomes(apply_held(machine(tmp_path / "two", aws, holder="run-2"), [wanted])) == {"SEC-0007": ("done", "")}
    held = apply_held(machine(tmp_path / "three", aws, holder="run-3"), [wanted])
    assert outcomes(held) == {"SEC-0007": ("already", "plan.rotation-under-way")}
    assert settings_at(aws) == (True, {"AutomaticallyAfterDays": 30})
    aws.client("secretsmanager").update_secret_version_stage(SecretId=PATH, VersionStage="AWSPENDING", RemoveFromVersionId="p" * 32)
    assert outcomes(apply_held(machine(tmp_path / "four", aws, holder="run-4"), [wanted])) == {"SEC-0007": ("done", "")}
    assert settings_at(aws) == (True, {"ScheduleExpression": "cron(0 2 1 1/2 ? *)", "Duration": "3h"})


# --- somebody else's settings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_under_way", [True, False])
def test_settings_that_somebody_made_are_drift(aws: StrictAws, tmp_path: Path, is_under_way: object) -> None:
    """A list shows rotation, so no record has to wait for its turn to be looked at."""
    console = aws.client("secretsmanager")
    _valued(aws, tmp_path / "one", make_desired())
    console.rotate_secret(SecretId=PATH, RotationLambdaARN=FUNCTION, RotationRules={"AutomaticallyAfterDays": 7}, RotateImmediately=False)
    if is_under_way:
        begin_rotation(aws)
    for wanted in (make_desired(), make_desired(rotation=A)):
        step = only_step(aws, tmp_path / f"looker-{bool(wanted.rotation)}", wanted)
        assert (step.action, [change.field for change in step.changes]) == ("drift", ["rotation"])
    receipt = apply_held(machine(tmp_path / "two", aws, holder="run-2"), [make_desired(rotation=A)])
    assert outcomes(receipt) == {"SEC-0007": ("refused", "plan.drift")}
    assert settings_at(aws) == (True, {"AutomaticallyAfterDays": 7})


def test_rotation_that_was_turned_off_by_hand_is_drift(aws: StrictAws, tmp_path: Path) -> None:
    _valued(aws, tmp_path / "one", make_desired(rotation=A))
    aws.client("secretsmanager").cancel_rotate_secret(SecretId=PATH)
    step = only_step(aws, tmp_path / "looker", make_desired(rotation=A))
    assert (step.action, step.changes[0].before, step.changes[0].after) == ("drift", "", A.text)


@pytest.mark.parametrize("has_value", [True, False])
def test_an_adopted_record_gets_rotation_once_it_has_a_value(aws: StrictAws, tmp_path: Path, has_value: object) -> None:
    given = {"SecretString": "theirs"} if has_value else {}
    aws.client("secretsmanager").create_secret(Name=PATH, Tags=[{"Key": "team", "Value": "elsewhere"}], **given)
    wanted, rig = make_desired(rotation=A), machine(tmp_path / "one", aws)
    with runner_of(rig) as runner:
        found = rig.store.describe(make_ref())
        assert found is not None
        assert adopt(wanted, expected_digest=found.container_digest, runner=runner).outcome == "done"
    assert settings_at(aws)[0] is (True if has_value else None)
    assert only_step(aws, tmp_path / "looker", wanted).action == "unchanged"


# --- lost answers and killed runs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("before", "after"), [(A, B), (None, A), (A, None)])
def test_a_lost_answer_ends_as_if_nothing_happened(
    aws: StrictAws, tmp_path: Path, before: NativeRotation | None, after: NativeRotation | None, when: str
) -> None:
    _valued(aws, tmp_path / "one", make_desired(rotation=before))
    aws.faults.drop("RotateSecret" if after else "CancelRotateSecret", when=when, nth=1)  # type: ignore[arg-type]
    wanted = make_desired(rotation=after)
    assert apply_held(machine(tmp_path / "three", aws, holder="run-3"), [wanted]).is_complete
    sent = [call.parameters["ClientRequestToken"] for call in aws.mutating() if call.operation == "RotateSecret" and call.number]
    assert len(set(sent)) == (before is not None) + (after is not None), "the same change is sent with the same token"
    looked = machine(tmp_path / "looker", aws).bench().look()
    assert looked.applied_digests == wanted.field_digests == looked.field_digests


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("before", "after"), [(None, A), (A, B), (A, None)])
def test_killed_at_every_call_another_machine_ends_the_same(
    aws: StrictAws, tmp_path: Path, before: NativeRotation | None, after: NativeRotation | None
) -> None:
    """R59: a run that dies around RotateSecret or CancelRotateSecret leaves no drift, and the next one ends where a clean one ends."""
    first, wanted = make_desired(rotation=before), make_desired(rotation=after, description="new")
    _valued(aws, tmp_path / "clean", first)
    start = max(call.number for call in aws.calls)
    apply_held(machine(tmp_path / "counted", aws, holder="run-2"), [wanted])
    writes = [call.number - start for call in aws.mutating() if call.number > start and call.resource_name == PATH]
    assert "Rotate" in "".join(call.operation for call in aws.mutating() if call.number > start)
    clean = _history_free(shown(aws, [PATH]))
    for number in writes:
        for when in ("before", "after"):
            where = f"{number}-{when}"
            aws.reset()
            aws.functions.add(FUNCTION)
            _valued(aws, tmp_path / f"valued-{where}", first)
            start = max(call.number for call in aws.calls)
            _die_at(aws, tmp_path / f"dead-{where}", wanted, start + number, when)
            clock = FakeClock()
            clock.advance(LEASE_SECONDS + 1)
            receipt = apply_held(machine(tmp_path / f"next-{where}", aws, clock=clock, holder="run-3", seed=50), [wanted])
            assert receipt.is_complete, (where, outcomes(receipt))
            assert _history_free(shown(aws, [PATH])) == clean, where


def _history_free(seen: dict[str, Any]) -> list[object]:
    """Return description, policy, labels and rotation."""
    return [seen[PATH][number] for number in (0, 3, 4, 6)]


def _die_at(aws: StrictAws, folder: Path, wanted: DesiredSecret, number: int, when: str) -> None:
    pid = folder / "pid"
    aws.faults.kill(number, when, lambda: os.kill(int(pid.read_text()), signal.SIGKILL))  # type: ignore[arg-type]

    def act() -> None:
        folder.mkdir(parents=True)
        pid.write_text(str(os.getpid()))
        apply_held(machine(folder / "state", aws, holder="dead"), [wanted])

    assert in_child(aws.environment(), act) == -signal.SIGKILL
    aws.faults.clear()
