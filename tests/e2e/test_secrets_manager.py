"""The life of a request whose store is AWS Secrets Manager, from the command line to a stand-in of AWS."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.e2e.cloud import PATH, Cloud
from tests.standins.aws import StrictAws
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures

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
