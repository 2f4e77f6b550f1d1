"""Native rotation from the command line: it waits for a value, is set by the next apply, changed and taken back by review (D12, D13, R24)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.cloud import ACCOUNT, PATH, Cloud
from tests.e2e.world import SEC_0007
from tests.standins.aws import StrictAws
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures

FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:rotate-postgres"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/rotate-postgres"
ROTATORS = f"""\
    rotators:
      postgres:
        lambdaArn: {FUNCTION}
        roleArn: {ROLE}
        secretTypes: [database-credentials]
        options: [superuser]
"""
_STORE = f"{ROTATORS}    stores:\n      aws-secrets-manager:\n        backend: aws-secrets-manager\n"
FILE = "catalogs/secrets/payments/dev/SEC-0007.yaml"
REQUEST = SEC_0007.replace("    rotationClass: standard\n", "    rotationClass: standard\n    rotator: postgres\n")
VALUE = b'{"username": "payments_app", "password": "canary-7a1e-one"}'


@pytest.fixture
def cloud(tmp_path: Path, aws: StrictAws) -> Cloud:  # noqa: F811 - the fixture
    made = Cloud.make(tmp_path / "world", aws, store=_STORE)
    aws.functions.add(FUNCTION)
    return made


def good(run: Any) -> Any:
    assert run.code == 0, run.out + run.err
    return run


def settings_at_aws(cloud: Cloud) -> dict[str, Any]:
    shown = cloud.console.describe_secret(SecretId=PATH)
    return {name: shown.get(name) for name in ("RotationEnabled", "RotationLambdaARN", "RotationRules")}


def rotation_calls(cloud: Cloud) -> list[str]:
    return [call.operation for call in cloud.aws.mutating() if "Rotate" in call.operation]


def reviewed(cloud: Cloud, branch: str, files: dict[str, str | None]) -> None:
    cloud.world.propose(branch, files)
    for person in ("pat", "sam"):
        good(cloud.world.cli(person, "approve", "--head", branch))
    cloud.world.merge(branch)


def rotating(cloud: Cloud) -> None:
    cloud.world.approved_request(REQUEST)
    good(cloud.cli("apply", "--yes"))
    good(cloud.seed(VALUE))
    good(cloud.cli("apply", "--yes"))


def status_of(cloud: Cloud) -> dict[str, Any]:
    rows = json.loads(good(cloud.cli("status", "-o", "json")).out)["requests"]
    (row,) = (row for row in rows if row["id"] == "SEC-0007")
    found: dict[str, Any] = row["native_rotation"]
    return found


def test_rotation_waits_for_a_value_and_is_set_by_the_apply_after_it(cloud: Cloud) -> None:
    cloud.world.approved_request(REQUEST)
    shown = good(cloud.cli("apply", "--dry-run")).out
    assert "plan.rotation-waits" in shown
    assert "1 whose native rotation waits for a first value" in shown
    good(cloud.cli("apply", "--yes"))
    again = good(cloud.cli("apply", "--yes", "-o", "json"))
    steps = (step for each in json.loads(again.out)["receipts"] for step in each["receipt"]["steps"])
    (step,) = (step for step in steps if step["request_id"] == "SEC-0007")
    assert (step["outcome"], step["code"]) == ("already", "plan.rotation-waits")
    assert rotation_calls(cloud) == []
    assert status_of(cloud)["state"] == "waits"
    assert good(cloud.cli("drift")).code == 0

    assert "Native rotation is set by the next goldenpath apply." in good(cloud.seed(VALUE)).out
    assert f"+ rotation: {FUNCTION} every 90 days" in good(cloud.cli("apply", "--dry-run")).out
    before = cloud.console.describe_secret(SecretId=PATH)["VersionIdsToStages"]
    good(cloud.cli("apply", "--yes"))
    assert settings_at_aws(cloud) == {
        "RotationEnabled": True,
        "RotationLambdaARN": FUNCTION,
        "RotationRules": {"AutomaticallyAfterDays": 90},
    }
    (call,) = (call for call in cloud.aws.mutating() if call.operation == "RotateSecret")
    assert call.parameters["RotateImmediately"] is False
    assert cloud.console.describe_secret(SecretId=PATH)["VersionIdsToStages"] == before, "no value moved"
    good(cloud.cli("apply", "--yes"))
    assert rotation_calls(cloud) == ["RotateSecret"]
    found = status_of(cloud)
    assert (found["state"], found["rotator"], found["cadence"]) == ("on", "postgres", "every 90 days")
    assert found["next_rotation_at"]
    inventory = json.loads((cloud.world.gitops / "environments" / "dev" / "inventory.json").read_text())
    (entry,) = (entry for entry in inventory["secrets"] if entry["id"] == "SEC-0007")
    assert entry["native_rotation"] == {"cadence": "every 90 days", "function": FUNCTION, "rotator": "postgres"}


def test_a_changed_window_and_a_changed_function_are_one_change_each(cloud: Cloud) -> None:
    rotating(cloud)
    other = FUNCTION.replace("postgres", "postgres-2")
    cloud.aws.functions.add(other)
    settings = (cloud.world.platform / "goldenpath.yaml").read_text("utf-8")
    windowed = settings.replace("        options: [superuser]\n", "        options: [superuser]\n        window: {opensAt: 2, hours: 3}\n")
    reviewed(cloud, "window", {"goldenpath.yaml": windowed.replace(FUNCTION, other)})
    drifted = json.loads(good(cloud.cli("drift", "-o", "json")).out)["records"]
    assert [(each["state"], [field["field"] for field in each["fields"]]) for each in drifted] == [("pending", ["rotation"])]
    good(cloud.cli("apply", "--yes"))
    assert settings_at_aws(cloud)["RotationLambdaARN"] == other
    assert settings_at_aws(cloud)["RotationRules"] == {"ScheduleExpression": "cron(0 2 1 1/2 ? *)", "Duration": "3h"}
    assert rotation_calls(cloud) == ["RotateSecret", "RotateSecret"]
    tokens = {call.parameters["ClientRequestToken"] for call in cloud.aws.mutating() if call.operation == "RotateSecret"}
    assert len(tokens) == 2


def test_a_rotator_that_is_taken_away_is_turned_off_and_the_value_stays(cloud: Cloud) -> None:
    rotating(cloud)
    reviewed(cloud, "without", {FILE: SEC_0007})
    shown = good(cloud.cli("apply", "--dry-run")).out
    assert f"- rotation: {FUNCTION} every 90 days" in shown
    good(cloud.cli("apply", "--yes"))
    assert rotation_calls(cloud) == ["RotateSecret", "CancelRotateSecret"]
    assert settings_at_aws(cloud)["RotationEnabled"] is False
    assert cloud.console.get_secret_value(SecretId=PATH)["SecretString"].count("canary-7a1e-one") == 1
    good(cloud.cli("apply", "--yes"))
    assert rotation_calls(cloud) == ["RotateSecret", "CancelRotateSecret"]
    assert status_of(cloud)["state"] == "none"


def test_rotation_that_somebody_set_or_turned_off_waits_for_a_decision(cloud: Cloud) -> None:
    rotating(cloud)
    cloud.console.cancel_rotate_secret(SecretId=PATH)
    refused = cloud.cli("apply", "--yes")
    assert (refused.code, "plan.drift" in refused.out + refused.err) == (1, True)
    assert settings_at_aws(cloud)["RotationEnabled"] is False
    found = cloud.cli("drift", "SEC-0007", "-o", "json")
    assert found.code == 1
    (field,) = json.loads(found.out)["records"][0]["fields"]
    assert (field["field"], field["state"], field["found"]) == ("rotation", "drift", "")
    good(cloud.cli("apply", "--yes", "--accept-drift", "SEC-0007"))
    assert settings_at_aws(cloud)["RotationEnabled"] is True

    reviewed(cloud, "without", {FILE: SEC_0007})
    good(cloud.cli("apply", "--yes"))
    cloud.console.rotate_secret(
        SecretId=PATH, RotationLambdaARN=FUNCTION, RotationRules={"AutomaticallyAfterDays": 7}, RotateImmediately=False
    )
    refused = cloud.cli("apply", "--yes")
    assert refused.code == 1, refused.out
    assert settings_at_aws(cloud)["RotationRules"] == {"AutomaticallyAfterDays": 7}
    assert status_of(cloud)["state"] == "drifted"


def test_a_rotation_under_way_is_left_alone_and_named(cloud: Cloud) -> None:
    rotating(cloud)
    cloud.console.put_secret_value(SecretId=PATH, SecretString="{}", ClientRequestToken="p" * 32, VersionStages=["AWSPENDING"])
    found = json.loads(good(cloud.cli("drift", "-o", "json")).out)
    assert [(each["rule"], each["level"]) for each in found["findings"]] == [("plan.rotation-under-way", "warn")]
    reviewed(cloud, "slower", {FILE: REQUEST.replace("rotationClass: standard", "rotationClass: high")})
    held = good(cloud.cli("apply", "--yes"))
    assert "plan.rotation-under-way" in held.out
    assert settings_at_aws(cloud)["RotationRules"] == {"AutomaticallyAfterDays": 90}
    assert status_of(cloud)["state"] == "under-way"

    cloud.console.update_secret_version_stage(SecretId=PATH, VersionStage="AWSPENDING", RemoveFromVersionId="p" * 32)
    good(cloud.cli("apply", "--yes"))
    assert settings_at_aws(cloud)["RotationRules"] == {"AutomaticallyAfterDays": 30}
    cloud.aws.finish_rotation(PATH, account=ACCOUNT)
    assert status_of(cloud)["last_rotated_at"]


def test_a_function_that_may_not_be_called_is_told_with_what_to_do(cloud: Cloud) -> None:
    cloud.aws.functions.clear()
    cloud.world.approved_request(REQUEST)
    good(cloud.cli("apply", "--yes"))
    good(cloud.seed(VALUE))
    failed = cloud.cli("apply", "--yes")
    assert failed.code != 0
    assert "store.access-denied" in failed.out + failed.err
    assert settings_at_aws(cloud)["RotationEnabled"] in {None, False}
    cloud.aws.functions.add(FUNCTION)
    good(cloud.cli("apply", "--yes"))
    assert settings_at_aws(cloud)["RotationEnabled"] is True


UNUSABLE = [
    ("rotator: mysql", "no rotator of this name in dev"),
    ("rotator: postgres\n    options: {colour: red}", "the rotator knows no such option"),
]


@pytest.mark.parametrize(("said", "message"), UNUSABLE)
def test_the_gate_refuses_a_rotator_that_would_rotate_nothing(cloud: Cloud, said: str, message: str) -> None:
    cloud.world.propose("request", {FILE: REQUEST.replace("rotator: postgres", said)})
    judged = cloud.world.cli("dana", "policy", "check", "--base", "main", "--head", "request")
    assert judged.code == 1
    assert message in judged.out
    assert "policy.rotator-unusable" in judged.out


def test_the_preview_names_who_rotates_and_how_often(cloud: Cloud) -> None:
    options = REQUEST.replace("rotator: postgres", "rotator: postgres\n    options: {superuser: goldenpath/payments/dev/admin}")
    cloud.world.propose("request", {FILE: options})
    shown = good(cloud.cli("preview", "--base", "main", "--head", "request")).out
    assert "SEC-0007: by postgres, every 90 days: waits for a first value" in shown
    assert "tags.goldenpath:rotator-superuser: goldenpath/payments/dev/admin" in shown
    assert ROLE in shown, "the rotator is in the table of access"
