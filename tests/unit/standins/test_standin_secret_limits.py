"""The limits of Secrets Manager: taken at the limit, refused just over it, with AWS's name for the error."""

from __future__ import annotations

from typing import Any

import pytest
from tests.standins.aws import StrictAws
from tests.unit.standins.refusals import code_of

TOKEN = "t" * 32


def tags(count: int) -> list[dict[str, str]]:
    return [{"Key": f"k{number}", "Value": "v"} for number in range(count)]


@pytest.mark.parametrize(
    "taken",
    [
        {"SecretString": "v" * 65_536},
        {"SecretBinary": b"\0" * 65_536},
        {"SecretString": "v"},
        {"Name": "n" * 512},
        {"Name": "aZ09/_+=.@-"},
        {"Description": "d" * 2048},
        {"Tags": tags(50)},
        {"Tags": [{"Key": "k" * 128, "Value": "v" * 256}]},
        {"Tags": [{"Key": "Größe + - = . _ : / @", "Value": ""}]},
        {"ClientRequestToken": "t" * 64},
    ],
)
def test_a_secret_within_the_limits_is_created(aws: StrictAws, taken: dict[str, Any]) -> None:
    value = {} if "SecretBinary" in taken else {"SecretString": "v"}
    assert code_of(aws.client("secretsmanager").create_secret, **{"Name": "a", **value, **taken}) == ""


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        ({"SecretString": "v" * 65_537}, "ValidationException"),
        ({"SecretString": "é" * 32_769}, "ValidationException"),
        ({"SecretString": "v", "SecretBinary": b"v"}, "InvalidParameterException"),
        ({"Name": "n" * 513}, "ValidationException"),
        ({"Name": "a!b"}, "InvalidParameterException"),
        ({"Name": "a b"}, "InvalidParameterException"),
        ({"Name": "ä"}, "InvalidParameterException"),
        ({"Description": "d" * 2049}, "ValidationException"),
        ({"Tags": tags(51)}, "InvalidParameterException"),
        ({"Tags": tags(1) * 2}, "InvalidParameterException"),
        ({"Tags": [{"Key": "k" * 129, "Value": ""}]}, "InvalidParameterException"),
        ({"Tags": [{"Key": "k", "Value": "v" * 257}]}, "InvalidParameterException"),
        ({"Tags": [{"Key": "k", "Value": "a,b"}]}, "InvalidParameterException"),
        ({"Tags": [{"Key": "aws:k", "Value": ""}]}, "InvalidParameterException"),
        ({"ClientRequestToken": "t" * 65}, "InvalidParameterException"),
    ],
)
def test_a_secret_over_a_limit_leaves_nothing_behind(aws: StrictAws, refused: dict[str, Any], code: str) -> None:
    sm = aws.client("secretsmanager")
    assert code_of(sm.create_secret, **{"Name": "a", "SecretString": "v", **refused}) == code
    assert sm.list_secrets()["SecretList"] == []


@pytest.mark.parametrize(("days", "code"), [(7, ""), (30, ""), (6, "InvalidParameterException"), (31, "InvalidParameterException")])
def test_a_recovery_window_has_7_to_30_days(aws: StrictAws, days: int, code: str) -> None:
    sm = aws.client("secretsmanager")
    sm.create_secret(Name="a", SecretString="v")
    assert code_of(sm.delete_secret, SecretId="a", RecoveryWindowInDays=days) == code


@pytest.mark.parametrize(("count", "code"), [(20, ""), (21, "ValidationException")])
def test_a_version_has_at_most_20_labels(aws: StrictAws, count: int, code: str) -> None:
    sm = aws.client("secretsmanager")
    sm.create_secret(Name="a")
    stages = ["AWSCURRENT", *(f"s{number}" for number in range(count - 1))]
    assert code_of(sm.put_secret_value, SecretId="a", SecretString="v", ClientRequestToken=TOKEN, VersionStages=stages) == code


def test_a_secret_has_at_most_20_labels_over_all_versions(aws: StrictAws) -> None:
    sm = aws.client("secretsmanager")
    sm.create_secret(Name="a", SecretString="v", ClientRequestToken=TOKEN)
    stages = [f"s{number}" for number in range(19)]
    assert code_of(sm.put_secret_value, SecretId="a", SecretString="w", VersionStages=stages) == ""
    assert code_of(sm.put_secret_value, SecretId="a", SecretString="x", VersionStages=["more"]) == "LimitExceededException"
    assert code_of(sm.update_secret_version_stage, SecretId="a", VersionStage="m", MoveToVersionId=TOKEN) == "LimitExceededException"


@pytest.mark.parametrize(("count", "code"), [(20, ""), (21, "InvalidParameterException")])
def test_a_batch_names_at_most_20_secrets(aws: StrictAws, count: int, code: str) -> None:
    names = [f"n{number}" for number in range(count)]
    assert code_of(aws.client("secretsmanager").batch_get_secret_value, SecretIdList=names) == code


def test_tags_are_counted_with_those_that_are_there(aws: StrictAws) -> None:
    sm = aws.client("secretsmanager")
    sm.create_secret(Name="a", Tags=tags(49))
    assert code_of(sm.tag_resource, SecretId="a", Tags=[{"Key": "more", "Value": ""}]) == ""
    assert code_of(sm.tag_resource, SecretId="a", Tags=[{"Key": "more", "Value": "again"}]) == ""
    assert code_of(sm.tag_resource, SecretId="a", Tags=[{"Key": "most", "Value": ""}]) == "InvalidParameterException"
