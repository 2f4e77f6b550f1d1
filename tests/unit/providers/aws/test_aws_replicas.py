"""Copies in other regions: what they cost, what a look shows of them, and who may have changed them (CASE 169, R20, R24)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.apply_rig import outcomes
from tests.aws_rig import LEASE_PATH, apply_held, counted, machine
from tests.standins.aws import StrictAws
from tests.stores import make_desired, make_ref

from goldenpath.errors import Conflict
from goldenpath.model.plan import Step
from goldenpath.plan.render import render_markdown, render_text

PATH = make_ref().path
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1a2b3c4d"


def copies_of(aws: StrictAws) -> dict[str, str]:
    shown = aws.client("secretsmanager").describe_secret(SecretId=PATH).get("ReplicationStatus", [])
    return {copy["Region"]: copy["KmsKeyId"] for copy in shown}


def only_step(aws: StrictAws, folder: Path, **wanted: dict[str, str]) -> Step:
    rig = machine(folder, aws, holder=folder.name)
    (step,) = rig.plan([make_desired(**wanted)], now=rig.clock.now()).steps  # type: ignore[arg-type]
    return step


def test_copies_come_with_the_creation_and_cost_no_call(aws: StrictAws, tmp_path: Path) -> None:
    desired = make_desired(replicas={"eu-west-1": "", "eu-central-1": KEY})
    assert apply_held(machine(tmp_path / "one", aws), [desired]).is_complete
    made = [call for call in aws.mutating() if call.resource_name == PATH]
    assert [call.operation for call in made] == ["CreateSecret", "PutResourcePolicy"]
    assert copies_of(aws) == {"eu-west-1": "alias/aws/secretsmanager", "eu-central-1": KEY}
    assert outcomes(apply_held(machine(tmp_path / "two", aws, holder="run-2"), [desired])) == {"SEC-0007": ("already", "")}


@pytest.mark.parametrize(
    ("before", "after", "calls"),
    [
        ({}, {"eu-west-1": ""}, ["ReplicateSecretToRegions"]),
        ({"eu-west-1": ""}, {}, ["RemoveRegionsFromReplication"]),
        ({"eu-west-1": "", "us-west-2": ""}, {"eu-west-1": ""}, ["RemoveRegionsFromReplication"]),
        ({"eu-central-1": ""}, {"eu-central-1": KEY}, ["RemoveRegionsFromReplication", "ReplicateSecretToRegions"]),
    ],
)
def test_a_change_is_made_by_what_differs(
    aws: StrictAws, tmp_path: Path, before: dict[str, str], after: dict[str, str], calls: list[str]
) -> None:
    apply_held(machine(tmp_path / "one", aws), [make_desired(replicas=before)])
    since = len(aws.calls)
    assert apply_held(machine(tmp_path / "two", aws, holder="run-2"), [make_desired(replicas=after)]).is_complete
    made = [call.operation for call in aws.mutating() if call.number > since and call.resource_name == PATH]
    assert [name for name in made if "Repli" in name] == calls
    assert copies_of(aws).keys() == after.keys()
    assert counted(aws)["DeleteSecret"] == 0


def test_a_name_that_is_taken_in_the_region_is_not_overwritten_and_is_told(aws: StrictAws, tmp_path: Path) -> None:
    theirs = aws.client("secretsmanager", region="eu-west-1")
    theirs.create_secret(Name=PATH, SecretString="theirs")
    desired = make_desired(replicas={"eu-west-1": ""})
    assert apply_held(machine(tmp_path / "one", aws), [desired]).is_complete
    assert theirs.get_secret_value(SecretId=PATH)["SecretString"] == "theirs"
    rig = machine(tmp_path / "two", aws, holder="run-2")
    plan = rig.plan([desired], now=rig.clock.now())
    assert [step.action for step in plan.steps] == ["unchanged"]
    assert "replica of SEC-0007 in eu-west-1 is not in sync: Failed" in render_text(plan)
    assert "eu-west-1 is not in sync" in render_markdown(plan).replace("&#45;", "-")


def test_a_copy_that_somebody_made_is_drift_once_it_is_looked_at(aws: StrictAws, tmp_path: Path) -> None:
    apply_held(machine(tmp_path / "one", aws), [make_desired()])
    aws.client("secretsmanager").replicate_secret_to_regions(SecretId=PATH, AddReplicaRegions=[{"Region": "us-west-2"}])
    step = only_step(aws, tmp_path / "two")
    assert (step.action, [change.field for change in step.changes]) == ("drift", ["replicas"])
    assert (step.changes[0].before, step.changes[0].after) == ("us-west-2", "")
    receipt = apply_held(machine(tmp_path / "three", aws, holder="run-3"), [make_desired(description="new")])
    assert outcomes(receipt) == {"SEC-0007": ("refused", "plan.drift")}
    assert copies_of(aws).keys() == {"us-west-2"}


def test_copies_block_deletion_before_anything_is_written(aws: StrictAws, tmp_path: Path) -> None:
    bench = machine(tmp_path / "one", aws).bench()
    fence = bench.fence()
    bench.create(make_desired(replicas={"eu-west-1": ""}), fence=fence)
    since = len(aws.calls)
    with pytest.raises(Conflict, match="copies in eu-west-1") as caught:
        bench.store.schedule_deletion(make_ref(), recovery_window_days=7, fence=fence)
    assert caught.value.code == "store.has-replicas"
    assert {call.resource_name for call in aws.mutating() if call.number > since} <= {LEASE_PATH}


def test_a_copy_elsewhere_is_no_record_of_an_environment_at_home_there(aws: StrictAws, tmp_path: Path) -> None:
    """Two environments in one account: the copy of one lies in the other's region, and is neither an orphan nor foreign there."""
    apply_held(machine(tmp_path / "one", aws), [make_desired(replicas={"eu-west-1": ""})])
    listed = aws.client("secretsmanager", region="eu-west-1").list_secrets()["SecretList"]
    assert [row["PrimaryRegion"] for row in listed if row["Name"] == PATH] == [aws.region]
    bench = machine(tmp_path / "two", aws).bench()
    assert bench.all_records("prod") == []
