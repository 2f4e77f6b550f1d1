"""What plain moto accepts, or tells, and AWS does not: the reason for each rule of the stand-in.

A test that fails here is good news: a newer moto closes the gap. Then take the test out; the stand-in's own tests keep the rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from tests.unit.standins.refusals import code_of

REGION = "us-east-1"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'


@pytest.fixture(autouse=True)
def _plain_moto() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def sm() -> Any:
    return boto3.client("secretsmanager", region_name=REGION)


@pytest.fixture
def ssm() -> Any:
    return boto3.client("ssm", region_name=REGION)


@pytest.mark.parametrize(
    ("gap", "parameters"),
    [
        ("more than 4 KB", {"Value": "v" * 4097}),
        ("a nested reference", {"Value": "{{ssm:other}}"}),
        ("a name with spaces", {"Name": "/a b"}),
        ("17 levels", {"Name": "/l" * 17}),
        ("a relative path", {"Name": "a/b"}),
        ("an endless name", {"Name": "/" + "n" * 1100}),
    ],
)
def test_moto_takes_a_parameter_that_aws_refuses(ssm: Any, gap: str, parameters: dict[str, str]) -> None:
    assert not code_of(ssm.put_parameter, **{"Name": "/a", "Value": "v", "Type": "String", **parameters}), f"moto refuses {gap} now"


def test_moto_lets_a_parameter_change_its_type(ssm: Any) -> None:
    ssm.put_parameter(Name="/a", Value="v", Type="String")
    assert not code_of(ssm.put_parameter, Name="/a", Value="v", Type="SecureString", Overwrite=True)


def test_moto_lets_a_parameter_step_down_a_tier(ssm: Any) -> None:
    ssm.put_parameter(Name="/a", Value="v", Type="String", Tier="Advanced")
    assert not code_of(ssm.put_parameter, Name="/a", Value="v", Type="String", Tier="Standard", Overwrite=True)


def test_moto_takes_a_deleted_name_at_once(ssm: Any) -> None:
    ssm.put_parameter(Name="/a", Value="v", Type="String")
    ssm.delete_parameter(Name="/a")
    assert not code_of(ssm.put_parameter, Name="/a", Value="v", Type="String")


def test_moto_shows_a_secure_parameter_without_decryption(ssm: Any) -> None:
    ssm.put_parameter(Name="/a", Value="in-clear", Type="SecureString")
    assert "in-clear" in ssm.get_parameter(Name="/a")["Parameter"]["Value"]


def test_moto_deletes_more_than_ten_parameters_at_once(ssm: Any) -> None:
    assert not code_of(ssm.delete_parameters, Names=[f"/p{number}" for number in range(11)])


@pytest.mark.parametrize(
    ("gap", "parameters"),
    [
        ("a name with !", {"Name": "a!b"}),
        ("a name of 513 characters", {"Name": "n" * 513}),
        ("more than 64 KiB", {"SecretString": "v" * 65_537}),
        ("51 tags", {"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(51)]}),
        ("a tag key of AWS", {"Tags": [{"Key": "aws:x", "Value": ""}]}),
        ("a long description", {"Description": "d" * 2049}),
    ],
)
def test_moto_takes_a_secret_that_aws_refuses(sm: Any, gap: str, parameters: dict[str, Any]) -> None:
    assert not code_of(sm.create_secret, **{"Name": "a", "SecretString": "v", **parameters}), f"moto refuses {gap} now"


def test_moto_writes_to_a_secret_that_is_scheduled_for_deletion(sm: Any) -> None:
    sm.create_secret(Name="a", SecretString="v")
    sm.delete_secret(SecretId="a", RecoveryWindowInDays=7)
    assert not code_of(sm.put_secret_value, SecretId="a", SecretString="w")
    assert not code_of(sm.tag_resource, SecretId="a", Tags=[{"Key": "k", "Value": "v"}])


def test_moto_gives_a_scheduled_name_the_wrong_error(sm: Any) -> None:
    sm.create_secret(Name="a", SecretString="v")
    sm.delete_secret(SecretId="a", RecoveryWindowInDays=7)
    assert code_of(sm.create_secret, Name="a", SecretString="v") == "ResourceExistsException"


def test_moto_writes_over_a_pending_version(sm: Any) -> None:
    sm.create_secret(Name="a", SecretString="v")
    sm.put_secret_value(SecretId="a", SecretString="one", ClientRequestToken="p" * 32, VersionStages=["AWSPENDING"])
    assert not code_of(sm.put_secret_value, SecretId="a", SecretString="two", ClientRequestToken="p" * 32, VersionStages=["AWSPENDING"])


def test_moto_starts_a_rotation_while_one_is_under_way(sm: Any) -> None:
    sm.create_secret(Name="a", SecretString="v")
    sm.put_secret_value(SecretId="a", SecretString="one", ClientRequestToken="p" * 32, VersionStages=["AWSPENDING"])
    assert not code_of(sm.rotate_secret, SecretId="a")


LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:nowhere"


def test_moto_sets_rotation_for_a_secret_without_a_value(sm: Any) -> None:
    sm.create_secret(Name="a")
    assert not code_of(sm.rotate_secret, SecretId="a", RotationRules={"AutomaticallyAfterDays": 7})


@pytest.mark.parametrize(
    "rules",
    [
        {"AutomaticallyAfterDays": 7, "ScheduleExpression": "rate(7 days)"},
        {"ScheduleExpression": "rate(3 hours)"},
        {"ScheduleExpression": "rate(30 days)", "Duration": "99h"},
        {"ScheduleExpression": "nonsense"},
    ],
)
def test_moto_takes_a_schedule_that_aws_refuses_and_forgets_it(sm: Any, rules: dict[str, Any]) -> None:
    sm.create_secret(Name="a", SecretString="v")
    assert not code_of(sm.rotate_secret, SecretId="a", RotationRules=rules)
    assert "ScheduleExpression" not in sm.describe_secret(SecretId="a")["RotationRules"]


def test_moto_refuses_a_function_after_it_has_set_it(sm: Any) -> None:
    sm.create_secret(Name="a", SecretString="v")
    rules = {"AutomaticallyAfterDays": 7}
    assert code_of(sm.rotate_secret, SecretId="a", RotationLambdaARN=LAMBDA, RotationRules=rules, RotateImmediately=False)
    shown = sm.describe_secret(SecretId="a")
    assert (shown["RotationEnabled"], shown["RotationLambdaARN"]) == (True, LAMBDA)
    assert ["AWSPENDING"] in shown["VersionIdsToStages"].values(), "and leaves a label that only a test should have seen"


def test_moto_puts_one_label_on_two_versions(sm: Any) -> None:
    sm.create_secret(Name="a", SecretString="v", ClientRequestToken="1" * 32)
    sm.put_secret_value(SecretId="a", SecretString="w", ClientRequestToken="2" * 32, VersionStages=["mine"])
    assert not code_of(sm.update_secret_version_stage, SecretId="a", VersionStage="mine", MoveToVersionId="1" * 32)


def test_moto_keeps_no_access_date(sm: Any) -> None:
    sm.create_secret(Name="a", SecretString="v")
    sm.get_secret_value(SecretId="a")
    assert "LastAccessedDate" not in sm.describe_secret(SecretId="a")


def test_moto_takes_any_text_as_a_policy_and_never_applies_one(sm: Any) -> None:
    sm.create_secret(Name="a", SecretString="v")
    assert not code_of(sm.put_resource_policy, SecretId="a", ResourcePolicy="not a policy")
    assert not code_of(sm.put_resource_policy, SecretId="a", ResourcePolicy=POLICY, BlockPublicPolicy=True)
    sm.put_resource_policy(SecretId="a", ResourcePolicy=POLICY.replace("Allow", "Deny"))
    assert not code_of(sm.get_secret_value, SecretId="a")


def test_moto_validates_no_policy(sm: Any) -> None:
    with pytest.raises(NotImplementedError):
        sm.validate_resource_policy(ResourcePolicy=POLICY)


def test_moto_has_no_trail() -> None:
    with pytest.raises(NotImplementedError):
        boto3.client("cloudtrail", region_name=REGION).lookup_events()


def test_moto_never_throttles(ssm: Any) -> None:
    answers = [code_of(ssm.put_parameter, Name="/a", Value=str(number), Type="String", Overwrite=True) for number in range(50)]
    assert set(answers) == {""}
