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
DAILY = {"AutomaticallyAfterDays": 1}


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


def test_a_pending_label_on_the_current_version_is_no_rotation(aws: StrictAws, sm: Any) -> None:
    aws.functions.add(LAMBDA)
    sm.update_secret_version_stage(SecretId="a", VersionStage="AWSPENDING", MoveToVersionId=ONE)
    assert code_of(sm.rotate_secret, SecretId="a", RotationLambdaARN=LAMBDA, RotationRules=DAILY, RotateImmediately=False) == ""


def test_a_rotation_needs_a_function_that_may_be_called(aws: StrictAws, sm: Any) -> None:
    assert code_of(sm.rotate_secret, SecretId="a", RotationRules=DAILY) == "InvalidRequestException"
    assert code_of(sm.rotate_secret, SecretId="a", RotationLambdaARN=LAMBDA, RotationRules=DAILY) == "AccessDeniedException"
    assert "RotationEnabled" not in sm.describe_secret(SecretId="a")
    aws.functions.add(LAMBDA)
    assert code_of(sm.rotate_secret, SecretId="a", RotationLambdaARN=LAMBDA) == "InvalidParameterException"


def test_a_rotation_needs_a_value(aws: StrictAws, sm: Any) -> None:
    aws.functions.add(LAMBDA)
    sm.create_secret(Name="empty")
    assert code_of(sm.rotate_secret, SecretId="empty", RotationLambdaARN=LAMBDA, RotationRules=DAILY) == "InvalidRequestException"
    assert code_of(sm.cancel_rotate_secret, SecretId="empty") == "InvalidRequestException"


@pytest.mark.parametrize(
    ("rules", "is_taken"),
    [
        ({"AutomaticallyAfterDays": 1}, True),
        ({"AutomaticallyAfterDays": 1000}, True),
        ({"AutomaticallyAfterDays": 1001}, False),
        ({"AutomaticallyAfterDays": 30, "ScheduleExpression": "rate(30 days)"}, False),
        ({}, False),
        ({"ScheduleExpression": "rate(4 hours)"}, True),
        ({"ScheduleExpression": "rate(3 hours)"}, False),
        ({"ScheduleExpression": "rate(999 days)", "Duration": "24h"}, True),
        ({"ScheduleExpression": "rate(1000 days)"}, False),
        ({"ScheduleExpression": "rate(1 days)"}, False),
        ({"ScheduleExpression": "rate(10 days)", "Duration": "25h"}, False),
        ({"ScheduleExpression": "rate(10 days)", "Duration": "hh"}, False),
        ({"ScheduleExpression": "cron(0 2 1 1/2 ? *)", "Duration": "22h"}, True),
        ({"ScheduleExpression": "cron(0 2 1 1/2 ? *)", "Duration": "23h"}, False),
        ({"ScheduleExpression": "cron(30 2 1 * ? *)"}, False),
        ({"ScheduleExpression": "cron(0 2 1 * ? 2030)"}, False),
        ({"ScheduleExpression": "cron(0 2 1 * MON *)"}, False),
        ({"ScheduleExpression": "cron(0 2 ? * MON#1 *)"}, True),
    ],
)
def test_which_schedules_are_taken(aws: StrictAws, sm: Any, rules: dict[str, Any], is_taken: object) -> None:
    aws.functions.add(LAMBDA)
    found = code_of(sm.rotate_secret, SecretId="a", RotationLambdaARN=LAMBDA, RotationRules=rules, RotateImmediately=False)
    assert found == ("" if is_taken else "InvalidParameterException")
    assert sm.describe_secret(SecretId="a").get("RotationRules") == (rules if is_taken else None)


def test_setting_rotation_moves_no_label_and_is_listed(aws: StrictAws, sm: Any) -> None:
    aws.functions.add(LAMBDA)
    before = sm.describe_secret(SecretId="a")["VersionIdsToStages"]
    sm.rotate_secret(SecretId="a", RotationLambdaARN=LAMBDA, RotationRules=DAILY, RotateImmediately=False, ClientRequestToken=TWO)
    assert sm.describe_secret(SecretId="a")["VersionIdsToStages"] == before
    (row,) = sm.list_secrets()["SecretList"]
    assert (row["RotationEnabled"], row["RotationLambdaARN"], row["RotationRules"]) == (True, LAMBDA, DAILY)
    assert "LastRotatedDate" not in row
    sm.cancel_rotate_secret(SecretId="a")
    shown = sm.describe_secret(SecretId="a")
    assert (shown["RotationEnabled"], shown["RotationRules"]) == (False, DAILY)


def test_a_rotation_at_once_leaves_an_empty_pending_version(aws: StrictAws, sm: Any) -> None:
    aws.functions.add(LAMBDA)
    sm.rotate_secret(SecretId="a", RotationLambdaARN=LAMBDA, RotationRules=DAILY, ClientRequestToken=TWO)
    assert sm.describe_secret(SecretId="a")["VersionIdsToStages"] == {ONE: ["AWSCURRENT"], TWO: ["AWSPENDING"]}
    assert code_of(sm.rotate_secret, SecretId="a") == "InvalidRequestException"
    assert code_of(sm.cancel_rotate_secret, SecretId="a") == ""


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
