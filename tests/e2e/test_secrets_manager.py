"""The life of a request whose store is AWS Secrets Manager, from the command line to a stand-in of AWS."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.cloud import PATH, Cloud
from tests.e2e.world import Run
from tests.standins.aws import StrictAws
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures

from goldenpath.providers.aws.permissions import PERMISSIONS

VALUES = b'{"password": "canary-5f1c-trailing==\\n", "username": "payments_app"}'


@pytest.fixture
def cloud(tmp_path: Path, aws: StrictAws) -> Cloud:  # noqa: F811 - the fixture
    made = Cloud.make(tmp_path / "world", aws)
    made.world.approved_request()
    return made


def test_apply_seed_and_reveal(cloud: Cloud) -> None:
    applied = cloud.cli("apply", "--environment", "dev", "--yes")
    assert applied.code == 0, applied.err
    described = cloud.console.describe_secret(SecretId=PATH)
    tags = {tag["Key"]: tag["Value"] for tag in described["Tags"]}
    assert (tags["goldenpath:id"], tags["goldenpath:environment"], tags["goldenpath:tier"]) == ("SEC-0007", "dev", "medium")
    assert "VersionIdsToStages" not in described or not described["VersionIdsToStages"]
    assert "DenyOtherAccounts" in cloud.console.get_resource_policy(SecretId=PATH)["ResourcePolicy"]
    seeded = cloud.seed(VALUES)
    assert seeded.code == 0, seeded.err
    stored = json.loads(cloud.console.get_secret_value(SecretId=PATH)["SecretString"])
    assert stored == json.loads(VALUES)
    assert cloud.seed(VALUES).code == 0
    assert cloud.aws.count("UpdateSecretVersionStage") == 0, "the first version is current by itself, and the same values are no new one"
    shown = cloud.cli("get", "SEC-0007", "--key", "password", "--reveal")
    assert shown.out.startswith("canary-5f1c-trailing==\n")
    status = cloud.cli("status", "-o", "json")
    assert status.code == 0, status.err
    assert cloud.aws.forced_deletes == []


def test_a_second_apply_changes_nothing(cloud: Cloud) -> None:
    assert cloud.cli("apply", "--environment", "dev", "--yes").code == 0
    cloud.aws.faults.clear()
    before = cloud.console.describe_secret(SecretId=PATH)
    seen = len(cloud.operations())
    assert cloud.cli("apply", "--environment", "dev", "--yes").code == 0
    made = Counter(cloud.operations()[seen:])
    assert set(made) <= {"GetCallerIdentity", "DescribeSecret", "ListSecrets", "GetResourcePolicy", "PutSecretValue", "TagResource"}
    assert made["PutSecretValue"] == made["TagResource"] == 1, "the lease, taken and given back"
    after = cloud.console.describe_secret(SecretId=PATH)
    assert {**before, "ResponseMetadata": 0} == {**after, "ResponseMetadata": 0}


def test_credentials_of_another_account_are_refused_before_any_other_call(cloud: Cloud) -> None:
    """CASE 53."""
    cloud.aws.use_account(cloud.aws.runner_key, "111111111111")
    for command in (("apply", "--yes"), ("apply", "--dry-run"), ("status",), ("get", "SEC-0007"), ("drift",)):
        run = cloud.cli(*command)
        assert run.code != 0, command
        assert "store.wrong-account" in run.err, (command, run.err)
    assert cloud.seed(VALUES).code != 0
    assert set(cloud.operations()) == {"GetCallerIdentity"}


@pytest.mark.parametrize("use", ["apply", "seed"])
def test_a_role_with_the_listed_actions_and_no_others_is_enough(cloud: Cloud, use: str) -> None:
    """What the documentation lists lets a role do its work; without one of the actions it does not."""
    if use == "seed":
        assert cloud.cli("apply", "--environment", "dev", "--yes").code == 0
    work: dict[str, Callable[[], Run]] = {
        "apply": lambda: cloud.cli("apply", "--environment", "dev", "--yes"),
        "seed": lambda: cloud.seed(VALUES),
    }
    listed = PERMISSIONS[use] | PERMISSIONS["lease"]
    needed = {"apply": "PutResourcePolicy", "seed": "PutSecretValue"}[use]
    cloud.act_as(listed - {needed})
    refused = work[use]()
    assert refused.code != 0
    assert "store.access-denied" in refused.err + refused.out
    cloud.act_as(listed)
    done = work[use]()
    assert done.code == 0, done.err


def test_what_somebody_changed_by_hand_is_reported_and_waits_for_a_decision(cloud: Cloud) -> None:
    """CASE 54."""
    assert cloud.cli("apply", "--environment", "dev", "--yes").code == 0
    policy = json.loads(cloud.console.get_resource_policy(SecretId=PATH)["ResourcePolicy"])
    policy["Statement"][0]["Sid"] = "ByHand"
    cloud.console.put_resource_policy(SecretId=PATH, ResourcePolicy=json.dumps(policy))
    cloud.console.tag_resource(SecretId=PATH, Tags=[{"Key": "goldenpath:owner", "Value": "somebody"}])
    drift = cloud.cli("drift")
    assert drift.code == 1
    assert "ByHand" in drift.out
    assert "somebody" in drift.out
    refused = cloud.cli("apply", "--environment", "dev", "--yes")
    assert refused.code != 0
    assert "ByHand" in cloud.console.get_resource_policy(SecretId=PATH)["ResourcePolicy"]
    accepted = cloud.cli("apply", "--environment", "dev", "--yes", "--accept-drift", "SEC-0007")
    assert accepted.code == 0, accepted.err
    assert "ByHand" not in cloud.console.get_resource_policy(SecretId=PATH)["ResourcePolicy"]
    assert cloud.cli("drift").code == 0


def test_what_a_run_costs_from_the_command_line(cloud: Cloud) -> None:
    """P5, with everything that a command does: plan, fence, plan again, write, deliver."""
    numbers = range(100, 130)
    cloud.approved(*numbers)
    assert cloud.cli("apply", "--environment", "dev", "--yes").code == 0
    first = Counter(cloud.operations())
    looked = first["DescribeSecret"] + first["GetResourcePolicy"] + first["ListSecrets"]
    assert first.total() - looked <= 2 * (len(numbers) + 1) + 8
    assert looked <= 12
    seen = len(cloud.operations())
    assert cloud.cli("apply", "--environment", "dev", "--yes").code == 0
    second = Counter(cloud.operations()[seen:])
    assert second["ListSecrets"] <= 3
    assert second["GetResourcePolicy"] <= 20
    assert second.total() - second["GetResourcePolicy"] <= 20 + 12
