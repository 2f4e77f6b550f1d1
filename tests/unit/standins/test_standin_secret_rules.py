"""What Secrets Manager refuses and tells because of what is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.builders import FakeClock
from tests.standins.aws import StrictAws
from tests.unit.standins.refusals import code_of

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:rotate"


@pytest.fixture
def sm(aws: StrictAws) -> Any:
    client = aws.client("secretsmanager", aws.runner)
    client.create_secret(Name="a", SecretString="v", ClientRequestToken=ONE)
    return client


SCHEDULED: dict[str, dict[str, Any]] = {
    "get_secret_value": {},
    "put_secret_value": {"SecretString": "w"},
    "update_secret": {"Description": "d"},
    "tag_resource": {"Tags": [{"Key": "k", "Value": "v"}]},
    "untag_resource": {"TagKeys": ["k"]},
    "update_secret_version_stage": {"VersionStage": "s", "MoveToVersionId": ONE},
    "get_resource_policy": {},
    "delete_resource_policy": {},
    "delete_secret": {"RecoveryWindowInDays": 7},
    "rotate_secret": {},
}


@pytest.mark.parametrize("method", SCHEDULED)
def test_nothing_is_done_to_a_secret_that_is_scheduled_for_deletion(sm: Any, method: str) -> None:
    sm.delete_secret(SecretId="a", RecoveryWindowInDays=7)
    assert code_of(getattr(sm, method), SecretId="a", **SCHEDULED[method]) == "InvalidRequestException"


def test_a_scheduled_name_is_described_not_created_and_restored(sm: Any) -> None:
    sm.delete_secret(SecretId="a", RecoveryWindowInDays=7)
    assert "DeletedDate" in sm.describe_secret(SecretId="a")
    assert code_of(sm.create_secret, Name="a", SecretString="v", ClientRequestToken=ONE) == "InvalidRequestException"
    sm.restore_secret(SecretId="a")
    assert sm.get_secret_value(SecretId="a")["SecretString"] == "v"


def test_a_secret_is_gone_when_its_window_has_passed(aws: StrictAws, sm: Any) -> None:
    sm.delete_secret(SecretId="a", RecoveryWindowInDays=7)
    aws.advance(days=6, hours=23)
    assert code_of(sm.describe_secret, SecretId="a") == ""
    aws.advance(hours=2)
    assert code_of(sm.describe_secret, SecretId="a") == "ResourceNotFoundException"
    assert code_of(sm.create_secret, Name="a", SecretString="v") == ""


def test_a_forced_deletion_is_noted_and_refused_unless_a_test_allows_it(aws: StrictAws, sm: Any) -> None:
    assert code_of(sm.delete_secret, SecretId="a", ForceDeleteWithoutRecovery=True) == "AccessDeniedException"
    assert aws.forced_deletes == ["a"]
    aws.allow_forced_deletes()
    assert code_of(sm.delete_secret, SecretId="a", ForceDeleteWithoutRecovery=True) == ""
    assert aws.forced_deletes == ["a", "a"]


def test_a_rotation_is_refused_while_another_version_is_pending(sm: Any) -> None:
    sm.put_secret_value(SecretId="a", SecretString="w", ClientRequestToken=TWO, VersionStages=["AWSPENDING"])
    assert code_of(sm.rotate_secret, SecretId="a", RotationLambdaARN=LAMBDA) == "InvalidRequestException"


def test_a_pending_label_on_the_current_version_is_no_rotation(sm: Any) -> None:
    sm.update_secret_version_stage(SecretId="a", VersionStage="AWSPENDING", MoveToVersionId=ONE)
    # the rule lets it pass; that moto has no such function is what ends it
    assert code_of(sm.rotate_secret, SecretId="a", RotationLambdaARN=LAMBDA) == "ResourceNotFoundException"


def test_a_rotation_needs_a_function(sm: Any) -> None:
    assert code_of(sm.rotate_secret, SecretId="a") == "InvalidRequestException"


def test_the_value_of_a_pending_version_never_changes(sm: Any) -> None:
    pending = {"SecretId": "a", "ClientRequestToken": TWO, "VersionStages": ["AWSPENDING"]}
    assert code_of(sm.put_secret_value, SecretString="w", **pending) == ""
    assert code_of(sm.put_secret_value, SecretString="w", **pending) == ""
    assert code_of(sm.put_secret_value, SecretString="x", **pending) == "ResourceExistsException"
    assert sm.get_secret_value(SecretId="a", VersionId=TWO)["SecretString"] == "w"


def test_the_same_token_gives_one_version(sm: Any) -> None:
    assert code_of(sm.put_secret_value, SecretId="a", SecretString="v", ClientRequestToken=ONE) == ""
    assert code_of(sm.put_secret_value, SecretId="a", SecretString="w", ClientRequestToken=ONE) == "ResourceExistsException"
    assert [row["VersionId"] for row in sm.list_secret_version_ids(SecretId="a")["Versions"]] == [ONE]


@pytest.mark.parametrize(
    ("move", "code"),
    [
        ({"VersionStage": "AWSCURRENT", "MoveToVersionId": TWO}, "InvalidParameterException"),
        ({"VersionStage": "AWSCURRENT", "MoveToVersionId": TWO, "RemoveFromVersionId": TWO}, "InvalidParameterException"),
        ({"VersionStage": "AWSCURRENT", "RemoveFromVersionId": ONE}, "InvalidParameterException"),
        ({"VersionStage": "AWSPENDING", "MoveToVersionId": ONE}, "InvalidParameterException"),
        ({"VersionStage": "AWSPENDING", "MoveToVersionId": THREE, "RemoveFromVersionId": TWO}, "ResourceNotFoundException"),
        ({"VersionStage": "AWSCURRENT", "MoveToVersionId": TWO, "RemoveFromVersionId": ONE}, ""),
        ({"VersionStage": "AWSPENDING", "RemoveFromVersionId": TWO}, ""),
        ({"VersionStage": "mine", "MoveToVersionId": ONE}, ""),
    ],
)
def test_a_label_moves_only_from_where_it_is(sm: Any, move: dict[str, str], code: str) -> None:
    sm.put_secret_value(SecretId="a", SecretString="w", ClientRequestToken=TWO, VersionStages=["AWSPENDING"])
    assert code_of(sm.update_secret_version_stage, SecretId="a", **move) == code
    stages = [stage for labels in sm.describe_secret(SecretId="a")["VersionIdsToStages"].values() for stage in labels]
    assert len(stages) == len(set(stages))
    assert "AWSCURRENT" in stages


def test_a_label_on_a_version_of_its_own_stays_there(sm: Any) -> None:
    sm.update_secret_version_stage(SecretId="a", VersionStage="mine", MoveToVersionId=ONE)
    assert code_of(sm.update_secret_version_stage, SecretId="a", VersionStage="mine", MoveToVersionId=ONE) == ""
    assert sorted(sm.describe_secret(SecretId="a")["VersionIdsToStages"][ONE]) == ["AWSCURRENT", "mine"]


def test_the_day_of_the_last_access_is_kept(aws: StrictAws, sm: Any) -> None:
    clock = FakeClock()
    aws.follow(clock.now)
    assert "LastAccessedDate" not in sm.describe_secret(SecretId="a")
    sm.get_secret_value(SecretId="a")
    day = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    assert sm.describe_secret(SecretId="a")["LastAccessedDate"] == day
    assert sm.list_secrets()["SecretList"][0]["LastAccessedDate"] == day
    assert sm.list_secret_version_ids(SecretId="a")["Versions"][0]["LastAccessedDate"] == day


def test_a_hundred_versions_within_a_day_are_the_most(aws: StrictAws, sm: Any) -> None:
    for number in range(99):
        sm.put_secret_value(SecretId="a", SecretString=str(number))
    assert code_of(sm.put_secret_value, SecretId="a", SecretString="more") == "LimitExceededException"
    aws.advance(days=1, hours=1)
    assert code_of(sm.put_secret_value, SecretId="a", SecretString="more") == ""
    rows = sm.list_secret_version_ids(SecretId="a", IncludeDeprecated=True, MaxResults=100)["Versions"]
    assert len(rows) == 100
    assert len(sm.list_secret_version_ids(SecretId="a")["Versions"]) == 2


def test_a_disabled_key_stops_reading_and_writing_of_its_secret_alone(aws: StrictAws, sm: Any) -> None:
    sm.create_secret(Name="b", SecretString="v", KmsKeyId="key-1")
    aws.faults.disable_key("key-1")
    assert code_of(sm.get_secret_value, SecretId="b") == "DecryptionFailure"
    assert code_of(sm.put_secret_value, SecretId="b", SecretString="w") == "EncryptionFailure"
    assert code_of(sm.create_secret, Name="c", SecretString="v", KmsKeyId="key-1") == "EncryptionFailure"
    assert code_of(sm.describe_secret, SecretId="b") == ""
    assert code_of(sm.get_secret_value, SecretId="a") == ""
    aws.faults.enable_key("key-1")
    assert code_of(sm.get_secret_value, SecretId="b") == ""


def test_the_clock_of_a_test_gives_the_time(aws: StrictAws) -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    aws.follow(lambda: start)
    aws.advance(minutes=5)
    assert aws.now == start + timedelta(minutes=5)
    aws.reset()
    assert aws.now.year < 2030
