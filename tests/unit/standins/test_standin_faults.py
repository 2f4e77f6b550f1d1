"""Faults strike whom and when they should, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from tests.standins.aws import StrictAws
from tests.standins.faults import When
from tests.unit.standins.refusals import code_of


@pytest.fixture
def sm(aws: StrictAws) -> Any:
    return aws.client("secretsmanager", aws.runner)


def names(aws: StrictAws) -> list[str]:
    return [row["Name"] for row in aws.client("secretsmanager").list_secrets()["SecretList"]]


def create(sm: Any, name: str = "a") -> str:
    return code_of(sm.create_secret, Name=name, SecretString="v")


@pytest.mark.parametrize(("when", "left"), [("before", []), ("after", ["a"])])
def test_a_failure_comes_before_or_after_the_effect(aws: StrictAws, sm: Any, when: When, left: list[str]) -> None:
    aws.faults.fail("CreateSecret", when=when)
    assert create(sm) == "InternalServiceError"
    assert names(aws) == left
    assert [(call.status, call.error_code) for call in aws.calls[:1]] == [(500, "InternalServiceError")]


@pytest.mark.parametrize(("when", "left"), [("before", []), ("after", ["a"])])
def test_an_answer_is_lost_before_or_after_the_effect(aws: StrictAws, sm: Any, when: When, left: list[str]) -> None:
    aws.faults.drop("CreateSecret", when=when)
    with pytest.raises(ConnectionClosedError):
        sm.create_secret(Name="a", SecretString="v")
    assert names(aws) == left
    assert (aws.calls[0].status, aws.calls[0].error_code) == (0, "AnswerDropped")


def test_a_failure_has_its_place_and_number(aws: StrictAws, sm: Any) -> None:
    aws.faults.fail("CreateSecret", nth=2, times=2, code="ThrottlingException")
    assert [create(sm, f"n{number}") for number in range(4)] == ["", "ThrottlingException", "ThrottlingException", ""]


def test_a_failure_strikes_one_record(aws: StrictAws, sm: Any) -> None:
    for name in ("a", "b"):
        create(sm, name)
    arn = sm.describe_secret(SecretId="b")["ARN"]
    aws.faults.fail("DescribeSecret", resource="b", times=None)
    assert code_of(sm.describe_secret, SecretId="a") == ""
    assert code_of(sm.describe_secret, SecretId=arn) == "InternalServiceError"


def test_a_share_of_the_calls_is_throttled_and_a_seed_repeats_it(aws: StrictAws, sm: Any) -> None:
    aws.faults.throttle(share=0.3, seed=7)
    first = [create(sm, f"n{number}") for number in range(100)]
    assert 15 <= first.count("ThrottlingException") <= 45
    aws.reset()
    aws.faults.throttle(share=0.3, seed=7)
    assert [create(sm, f"n{number}") for number in range(100)] == first


def test_throttling_for_good_ends_when_it_is_cleared(aws: StrictAws, sm: Any) -> None:
    aws.faults.throttle_after(2, operation="CreateSecret")
    assert [create(sm, f"n{number}") for number in range(4)] == ["", "", "ThrottlingException", "ThrottlingException"]
    assert code_of(sm.list_secrets) == ""
    aws.faults.clear()
    assert create(sm, "n4") == ""


def test_an_operation_is_denied(aws: StrictAws, sm: Any) -> None:
    aws.faults.deny("Tag*")
    create(sm)
    assert code_of(sm.tag_resource, SecretId="a", Tags=[]) == "AccessDeniedException"
    assert code_of(sm.describe_secret, SecretId="a") == ""


def test_the_console_meets_no_faults_and_is_not_counted(aws: StrictAws) -> None:
    aws.faults.throttle()
    assert create(aws.client("secretsmanager")) == ""
    assert (aws.calls[0].number, aws.count("CreateSecret"), aws.mutating()) == (0, 0, [])


@pytest.mark.parametrize(("when", "left"), [("before", ["n1"]), ("after", ["n1", "n2"])])
def test_a_client_is_ended_at_a_numbered_call(aws: StrictAws, sm: Any, when: When, left: list[str]) -> None:
    ended: list[int] = []
    aws.faults.kill(2, when, lambda: ended.append(2))
    create(sm, "n1")
    with pytest.raises(ConnectionClosedError):
        sm.create_secret(Name="n2", SecretString="v")
    assert (ended, names(aws)) == ([2], left)


def test_lists_show_what_was_there_some_time_ago(aws: StrictAws, sm: Any) -> None:
    ssm = aws.client("ssm", aws.runner)
    create(sm, "old")
    aws.faults.lag_lists(300)
    create(sm, "new")
    ssm.put_parameter(Name="/new", Value="v", Type="String")
    assert (names(aws), ssm.describe_parameters()["Parameters"]) == (["old"], [])
    assert sm.describe_secret(SecretId="new")["Name"] == "new"
    aws.advance(seconds=301)
    assert (names(aws), len(ssm.describe_parameters()["Parameters"])) == (["old", "new"], 1)


def test_a_failure_of_a_query_service_has_its_own_form(aws: StrictAws) -> None:
    aws.faults.deny("GetCallerIdentity")
    assert code_of(aws.client("sts", aws.runner).get_caller_identity) == "AccessDeniedException"
