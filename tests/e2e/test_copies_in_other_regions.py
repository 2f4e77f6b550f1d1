"""Copies in other regions from the command line: made, reported when they fail, moved by a reviewed change (CASE 169, R20, R24)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.e2e.cloud import PATH, Cloud
from tests.standins.aws import StrictAws
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures

COPIES = "    replicaRegions: [eu-west-1, eu-central-1]\n"
_STORE = f"{COPIES}    stores:\n      aws-secrets-manager:\n        backend: aws-secrets-manager\n"


@pytest.fixture
def cloud(tmp_path: Path, aws: StrictAws) -> Cloud:  # noqa: F811 - the fixture
    made = Cloud.make(tmp_path / "world", aws, store=_STORE)
    made.world.approved_request()
    return made


def copies_of(cloud: Cloud) -> dict[str, str]:
    shown = cloud.console.describe_secret(SecretId=PATH).get("ReplicationStatus", [])
    return {copy["Region"]: copy["Status"] for copy in shown}


def test_a_copy_that_cannot_be_made_is_told_and_nothing_of_others_is_touched(cloud: Cloud) -> None:
    theirs = cloud.aws.client("secretsmanager", region="eu-west-1")
    theirs.create_secret(Name=PATH, SecretString="theirs")
    shown = cloud.cli("apply", "--dry-run")
    assert "+ replicas: eu-central-1, eu-west-1" in shown.out, shown.out + shown.err
    assert cloud.cli("apply", "--yes").code == 0
    assert copies_of(cloud) == {"eu-central-1": "InSync", "eu-west-1": "Failed"}
    assert theirs.get_secret_value(SecretId=PATH)["SecretString"] == "theirs"

    found = cloud.cli("drift", "-o", "json")
    assert found.code == 0, found.out + found.err
    findings = json.loads(found.out)["findings"]
    assert [(each["rule"], each["level"], each["got"]) for each in findings] == [("plan.replica-not-in-sync", "warn", "Failed")]
    assert "the copy of SEC-0007 in eu-west-1 is not in sync" in cloud.cli("drift").out
    assert json.loads(cloud.cli("drift", "SEC-0007", "-o", "json").out)["findings"] == findings


def test_a_reviewed_change_of_the_regions_moves_the_copies(cloud: Cloud) -> None:
    assert cloud.cli("apply", "--yes").code == 0
    settings = (cloud.world.platform / "goldenpath.yaml").read_text("utf-8")
    cloud.world.propose("move", {"goldenpath.yaml": settings.replace(COPIES, "    replicaRegions: [us-west-2, eu-central-1]\n")})
    for person in ("pat", "sam"):
        assert cloud.world.cli(person, "approve", "--head", "move").code == 0
    cloud.world.merge("move")
    planned = json.loads(cloud.cli("drift", "-o", "json").out)
    assert [(each["state"], [field["field"] for field in each["fields"]]) for each in planned["records"]] == [("pending", ["replicas"])]
    assert cloud.cli("apply", "--yes").code == 0
    assert copies_of(cloud) == {"eu-central-1": "InSync", "us-west-2": "InSync"}
    before = len(cloud.aws.mutating())
    assert cloud.cli("apply", "--yes").code == 0
    assert [call for call in cloud.aws.mutating()[before:] if call.resource_name == PATH] == []


def test_a_copy_that_somebody_added_waits_for_a_decision(cloud: Cloud) -> None:
    assert cloud.cli("apply", "--yes").code == 0
    cloud.console.replicate_secret_to_regions(SecretId=PATH, AddReplicaRegions=[{"Region": "us-west-2"}])
    found = cloud.cli("drift", "-o", "json")
    assert found.code == 1, found.out + found.err
    (field,) = json.loads(found.out)["records"][0]["fields"]
    assert (field["field"], field["state"]) == ("replicas", "drift")
    assert field["found"] == "eu-central-1, eu-west-1, us-west-2"
    accepted = cloud.cli("apply", "--yes", "--accept-drift", "SEC-0007")
    assert accepted.code == 0, accepted.err
    assert copies_of(cloud).keys() == {"eu-central-1", "eu-west-1"}
