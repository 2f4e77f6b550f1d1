"""Principals, policies and the trail."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
from tests.builders import FakeClock
from tests.standins.aws import StrictAws
from tests.unit.standins.refusals import code_of

READER = "arn:aws:iam::123456789012:role/reader"
OTHER = "arn:aws:iam::123456789012:role/other"
FOREIGN = "arn:aws:iam::210987654321:role/foreign"


def policy(effect: str = "Deny", principal: Any = "*", action: str = "secretsmanager:GetSecretValue", **condition: Any) -> str:
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **({"Condition": condition} if condition else {})}]})


ONLY_READER = policy(ArnNotEquals={"aws:PrincipalArn": [READER]})


@pytest.fixture
def console(aws: StrictAws) -> Any:
    client = aws.client("secretsmanager")
    client.create_secret(Name="a", SecretString="v")
    client.create_secret(Name="b", SecretString="v")
    client.put_resource_policy(SecretId="a", ResourcePolicy=ONLY_READER)
    aws.as_principal("AKIAREADER0000000000", READER)
    aws.as_principal("AKIAOTHER00000000000", OTHER)
    return client


def test_a_resource_policy_binds_the_principals_of_a_test(aws: StrictAws, console: Any) -> None:
    assert code_of(aws.client("secretsmanager", READER).get_secret_value, SecretId="a") == ""
    assert code_of(aws.client("secretsmanager", OTHER).get_secret_value, SecretId="a") == "AccessDeniedException"
    assert code_of(aws.client("secretsmanager", OTHER).describe_secret, SecretId="a") == ""
    assert code_of(console.get_secret_value, SecretId="a") == ""


def test_a_batch_names_what_may_not_be_read(aws: StrictAws, console: Any) -> None:
    answer = aws.client("secretsmanager", OTHER).batch_get_secret_value(SecretIdList=["a", "b"])
    assert [value["Name"] for value in answer["SecretValues"]] == ["b"]
    assert [(error["SecretId"], error["ErrorCode"]) for error in answer["Errors"]] == [("a", "AccessDeniedException")]


def test_an_identity_policy_gives_what_the_resource_policy_does_not_mention(aws: StrictAws, console: Any) -> None:
    nothing = '{"Version":"2012-10-17","Statement":[]}'
    aws.as_principal("AKIAOTHER00000000000", OTHER, identity_policy=nothing)
    sm = aws.client("secretsmanager", OTHER)
    assert code_of(sm.get_secret_value, SecretId="b") == "AccessDeniedException"
    console.put_resource_policy(SecretId="b", ResourcePolicy=policy("Allow", {"AWS": OTHER}))
    assert code_of(sm.get_secret_value, SecretId="b") == ""
    assert code_of(sm.create_secret, Name="c", SecretString="v") == "AccessDeniedException"


def test_a_path_is_authorised_as_asked_and_not_parameter_by_parameter(aws: StrictAws) -> None:
    aws.client("ssm").put_parameter(Name="/p/hidden", Value="v", Type="String")
    statements = [
        {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ssm:*", "Resource": "arn:aws:ssm:us-east-1:123456789012:parameter/p/hidden*"},
    ]
    aws.as_principal("AKIAOTHER00000000000", OTHER, identity_policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    ssm = aws.client("ssm", OTHER)
    assert code_of(ssm.get_parameter, Name="/p/hidden") == "AccessDeniedException"
    assert code_of(ssm.get_parameters, Names=["/p/hidden"]) == "AccessDeniedException"
    assert code_of(ssm.get_parameters_by_path, Path="/p/hidden") == "AccessDeniedException"
    assert len(ssm.get_parameters_by_path(Path="/p", Recursive=True)["Parameters"]) == 1


def identity(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **each} for each in statements]})


DEV = [{"Key": "env", "Value": "dev"}]


@pytest.mark.parametrize("key", ["aws:ResourceTag/env", "secretsmanager:ResourceTag/env"])
def test_a_stored_tag_decides(aws: StrictAws, console: Any, key: str) -> None:
    console.tag_resource(SecretId="b", Tags=DEV)
    allowed = {"Action": "secretsmanager:GetSecretValue", "Condition": {"StringEquals": {key: "dev"}}}
    aws.as_principal("AKIAOTHER00000000000", OTHER, identity_policy=identity(allowed))
    sm = aws.client("secretsmanager", OTHER)
    assert code_of(sm.get_secret_value, SecretId="b") == ""
    assert sm.batch_get_secret_value(SecretIdList=["b"])["SecretValues"] == [], "the batch is an action of its own"
    console.tag_resource(SecretId="b", Tags=[{"Key": "env", "Value": "prod"}])
    assert code_of(sm.get_secret_value, SecretId="b") == "AccessDeniedException"


def test_the_name_and_the_tags_of_a_request_decide_over_a_creation(aws: StrictAws, console: Any) -> None:
    condition = {"StringLike": {"secretsmanager:Name": "ours/*"}, "StringEquals": {"aws:RequestTag/env": "dev"}}
    create = {"Action": "secretsmanager:CreateSecret", "Condition": condition}
    aws.as_principal("AKIAOTHER00000000000", OTHER, identity_policy=identity(create))
    sm = aws.client("secretsmanager", OTHER)
    assert code_of(sm.create_secret, Name="ours/a", Tags=DEV) == "AccessDeniedException", "tags need TagResource as well"
    tag = {"Action": "secretsmanager:TagResource", "Condition": {"StringEquals": {"aws:RequestTag/env": "dev"}}}
    aws.as_principal("AKIAOTHER00000000000", OTHER, identity_policy=identity(create, tag))
    assert code_of(sm.create_secret, Name="ours/a", Tags=DEV) == ""
    for name, tags in (("theirs/a", DEV), ("ours/b", []), ("ours/b", [{"Key": "env", "Value": "prod"}])):
        assert code_of(sm.create_secret, Name=name, Tags=tags) == "AccessDeniedException"


def test_the_keys_of_tags_decide(aws: StrictAws, console: Any) -> None:
    actions = ["secretsmanager:TagResource", "secretsmanager:UntagResource"]
    condition = {"ForAllValues:StringEquals": {"aws:TagKeys": ["env", "team"]}, "Null": {"aws:TagKeys": "false"}}
    aws.as_principal("AKIAOTHER00000000000", OTHER, identity_policy=identity({"Action": actions, "Condition": condition}))
    sm = aws.client("secretsmanager", OTHER)
    assert code_of(sm.tag_resource, SecretId="b", Tags=DEV) == ""
    assert code_of(sm.tag_resource, SecretId="b", Tags=[*DEV, {"Key": "id", "Value": "x"}]) == "AccessDeniedException"
    assert code_of(sm.untag_resource, SecretId="b", TagKeys=["env"]) == ""
    assert code_of(sm.untag_resource, SecretId="b", TagKeys=["env", "id"]) == "AccessDeniedException"


def test_a_free_name_is_shown_only_to_whom_its_name_is_allowed(aws: StrictAws, console: Any) -> None:
    start = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"
    allowed = [f"{start}free", f"{start}other-??????"]
    aws.as_principal(
        "AKIAOTHER00000000000", OTHER, identity_policy=identity({"Action": "secretsmanager:DescribeSecret", "Resource": allowed})
    )
    sm = aws.client("secretsmanager", OTHER)
    assert code_of(sm.describe_secret, SecretId="free") == "ResourceNotFoundException"
    assert code_of(sm.describe_secret, SecretId="other") == "AccessDeniedException", "a free name has no six characters at its end"


def test_parameters_are_authorised_with_their_tags(aws: StrictAws) -> None:
    aws.client("ssm").put_parameter(Name="/p/a", Value="v", Type="String", Tags=DEV)
    aws.client("ssm").put_parameter(Name="/p/b", Value="v", Type="String")
    tagged = {"Action": ["ssm:GetParameter", "ssm:GetParameters"], "Condition": {"StringEquals": {"aws:ResourceTag/env": "dev"}}}
    aws.as_principal("AKIAOTHER00000000000", OTHER, identity_policy=identity(tagged, {"Action": "ssm:PutParameter"}))
    ssm = aws.client("ssm", OTHER)
    assert code_of(ssm.get_parameter, Name="/p/a") == ""
    assert code_of(ssm.get_parameters, Names=["/p/a", "/p/b"]) == "AccessDeniedException"
    assert code_of(ssm.put_parameter, Name="/p/c", Value="v", Type="String") == ""
    assert code_of(ssm.put_parameter, Name="/p/d", Value="v", Type="String", Tags=DEV) == "AccessDeniedException"
    assert code_of(ssm.describe_parameters) == "AccessDeniedException"


def test_the_session_of_a_bound_role_is_bound(aws: StrictAws, console: Any) -> None:
    issued = aws.client("sts", aws.runner).assume_role(RoleArn=OTHER, RoleSessionName="run-1")["Credentials"]
    session = boto3.session.Session(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"], region_name="us-east-1")
    sm, sts = (session.client(service, endpoint_url=aws.endpoint) for service in ("secretsmanager", "sts"))
    assert code_of(sm.get_secret_value, SecretId="a") == "AccessDeniedException"
    assert sts.get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/other/run-1"
    assert aws.calls[-1].principal == "arn:aws:sts::123456789012:assumed-role/other/run-1"


def test_a_session_is_bound_as_its_role_is_when_it_calls(aws: StrictAws, console: Any) -> None:
    role = "arn:aws:iam::123456789012:role/reader"

    def session() -> Any:
        issued = aws.client("sts", aws.runner).assume_role(RoleArn=role, RoleSessionName="run-1")["Credentials"]
        made = boto3.session.Session(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"], region_name="us-east-1")
        return made.client("secretsmanager", endpoint_url=aws.endpoint)

    early = session()
    assert code_of(early.get_secret_value, SecretId="a") == "", "nobody has bound the role yet"
    aws.as_principal("AKIAREADER0000000000", role, identity_policy=identity({"Action": "secretsmanager:DescribeSecret"}))
    for one in (early, session()):
        assert code_of(one.get_secret_value, SecretId="a") == "AccessDeniedException"
        assert code_of(one.describe_secret, SecretId="a") == ""


def test_credentials_belong_to_an_account(aws: StrictAws, console: Any) -> None:
    aws.use_account(aws.runner_key, "210987654321")
    assert aws.client("sts", aws.runner).get_caller_identity()["Account"] == "210987654321"
    assert code_of(aws.client("secretsmanager", aws.runner).describe_secret, SecretId="a") == "ResourceNotFoundException"


def test_another_account_needs_both_policies(aws: StrictAws, console: Any) -> None:
    aws.as_principal("AKIAFOREIGN000000000", FOREIGN)
    sm, arn = aws.client("secretsmanager", FOREIGN), console.describe_secret(SecretId="b")["ARN"]
    assert code_of(sm.get_secret_value, SecretId=arn) == "AccessDeniedException"
    console.put_resource_policy(SecretId="b", ResourcePolicy=policy("Allow", {"AWS": FOREIGN}))
    assert sm.get_secret_value(SecretId=arn)["SecretString"] == "v"


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        (policy("Allow", {"AWS": READER}), []),
        (policy("Deny", "*"), []),
        (policy("Allow", "*"), ["BLOCK_PUBLIC_POLICY"]),
        (policy("Allow", {"AWS": ["*"]}), ["BLOCK_PUBLIC_POLICY"]),
        (policy("Allow", "*", StringEquals={"aws:PrincipalAccount": "123456789012"}), []),
        (policy("Allow", {"AWS": "reader"}), ["PRINCIPAL_EXISTS"]),
        (policy("Allow", {"AWS": "arn:aws:iam::123456789012:role/gone"}), ["PRINCIPAL_EXISTS"]),
    ],
)
def test_a_policy_is_validated(aws: StrictAws, text: str, checks: list[str]) -> None:
    aws.missing_principals.add("arn:aws:iam::123456789012:role/gone")
    answer = aws.client("secretsmanager").validate_resource_policy(ResourcePolicy=text)
    assert answer["PolicyValidationPassed"] is not bool(checks)
    assert [error["CheckName"] for error in answer["ValidationErrors"]] == checks


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no JSON", "MalformedPolicyDocumentException"),
        ('{"Statement":[]}', "MalformedPolicyDocumentException"),
        (policy("Allow", {"AWS": "reader"}), "MalformedPolicyDocumentException"),
        (policy("Permit"), "MalformedPolicyDocumentException"),
        (policy("Allow", "*"), "PublicPolicyException"),
        (policy(Null={"x": "y" * 20_480}), "ValidationException"),
        (policy(ArnNotEquals={"aws:PrincipalArn": "y" * (20_480 - len(policy(ArnNotEquals={"aws:PrincipalArn": ""})))}), ""),
    ],
)
def test_a_policy_is_put_only_when_it_is_one(aws: StrictAws, console: Any, text: str, code: str) -> None:
    assert code_of(console.put_resource_policy, SecretId="b", ResourcePolicy=text, BlockPublicPolicy=True) == code


def test_the_trail_tells_who_read_what_newest_first_and_holds_no_value(aws: StrictAws, console: Any) -> None:
    sm, trail = aws.client("secretsmanager", READER), aws.client("cloudtrail")
    sm.get_secret_value(SecretId="a")
    code_of(aws.client("secretsmanager", OTHER).get_secret_value, SecretId="a")
    events = trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GetSecretValue"}])["Events"]
    records = [json.loads(event["CloudTrailEvent"]) for event in events]
    assert [record["userIdentity"]["arn"].split("/")[1] for record in records] == ["other", "reader"]
    assert [record.get("errorCode") for record in records] == ["AccessDeniedException", None]
    assert [record["requestParameters"]["secretId"] for record in records] == ["a", "a"]
    by_name = trail.lookup_events(LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": "a"}])["Events"]
    assert [event["EventName"] for event in by_name] == ["GetSecretValue", "GetSecretValue", "PutResourcePolicy", "CreateSecret"]
    assert "secretString" not in by_name[-1]["CloudTrailEvent"]


def test_the_trail_is_read_in_pages_by_one_attribute_and_comes_late(aws: StrictAws, console: Any) -> None:
    clock = FakeClock()
    aws.follow(clock.now)
    trail = aws.client("cloudtrail")
    for number in range(3):
        clock.advance(60)
        console.create_secret(Name=f"n{number}", SecretString="v")
    created = [{"AttributeKey": "EventName", "AttributeValue": "CreateSecret"}]
    recent = {"LookupAttributes": created, "StartTime": clock.now() - timedelta(seconds=90)}
    first = trail.lookup_events(**recent, MaxResults=1)
    second = trail.lookup_events(**recent, MaxResults=1, NextToken=first["NextToken"])
    assert [page["Events"][0]["Resources"][0]["ResourceName"] for page in (first, second)] == ["n2", "n1"]
    assert "NextToken" not in second
    assert code_of(trail.lookup_events, LookupAttributes=created * 2) == "InvalidLookupAttributesException"
    assert code_of(trail.lookup_events, MaxResults=51) == "InvalidMaxResultsException"
    aws.lag_trail(100)
    assert trail.lookup_events(**recent)["Events"] == []
