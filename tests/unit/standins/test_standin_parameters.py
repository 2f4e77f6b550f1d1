"""The limits and rules of Parameter Store: taken at the limit, refused just over it, with AWS's name for the error."""

from __future__ import annotations

from typing import Any

import pytest
from tests.standins.aws import StrictAws
from tests.unit.standins.refusals import code_of

ARN_FRONT = "arn:aws:ssm:us-east-1:123456789012:parameter"
LONGEST = "/" + "n" * (1011 - len(ARN_FRONT) - 1)


@pytest.fixture
def ssm(aws: StrictAws) -> Any:
    return aws.client("ssm", aws.runner)


def put(ssm: Any, **parameters: Any) -> str:
    return code_of(ssm.put_parameter, **{"Name": "/a", "Value": "v", "Type": "String", **parameters})


@pytest.mark.parametrize(
    "taken",
    [
        {"Value": "v" * 4096},
        {"Value": "v" * 8192, "Tier": "Advanced"},
        {"Value": "v" * 8192, "Tier": "Intelligent-Tiering"},
        {"Value": "{v}"},
        {"Name": "aZ09_.-"[1:]},
        {"Name": "/l" * 15},
        {"Name": LONGEST},
        {"Name": "/payments/aws_region"},
        {"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(50)]},
        {"Description": "d" * 1024},
    ],
)
def test_a_parameter_within_the_limits_is_written(ssm: Any, taken: dict[str, Any]) -> None:
    assert put(ssm, **taken) == ""


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        ({"Value": "v" * 4097}, "ValidationException"),
        ({"Value": "é" * 4096}, "ValidationException"),
        ({"Value": "v" * 8193, "Tier": "Advanced"}, "ValidationException"),
        ({"Value": ""}, "ValidationException"),
        ({"Value": "{{x}}"}, "ValidationException"),
        ({"Value": "before {{ssm:/x}} after"}, "ValidationException"),
        ({"Name": "/l" * 16}, "HierarchyLevelLimitExceededException"),
        ({"Name": LONGEST + "n"}, "ValidationException"),
        ({"Name": "a/b"}, "ValidationException"),
        ({"Name": "/a//b"}, "ValidationException"),
        ({"Name": "/a/"}, "ValidationException"),
        ({"Name": "/a b"}, "ValidationException"),
        ({"Name": "/é"}, "ValidationException"),
        ({"Name": "/aws/x"}, "ValidationException"),
        ({"Name": "SSM-x"}, "ValidationException"),
        ({"Tags": [{"Key": "k", "Value": ""}], "Overwrite": True}, "ValidationException"),
        ({"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(51)]}, "ValidationException"),
        ({"Description": "d" * 1025}, "ValidationException"),
    ],
)
def test_a_parameter_over_a_limit_leaves_nothing_behind(ssm: Any, refused: dict[str, Any], code: str) -> None:
    assert put(ssm, **refused) == code
    assert ssm.describe_parameters()["Parameters"] == []


def test_spaces_around_a_name_are_dropped(ssm: Any) -> None:
    assert put(ssm, Name=" /a ") == ""
    assert ssm.get_parameter(Name="/a")["Parameter"]["Name"] == "/a"


def test_a_type_never_changes(ssm: Any) -> None:
    put(ssm)
    assert put(ssm, Type="SecureString", Overwrite=True) == "HierarchyTypeMismatchException"
    assert put(ssm, Overwrite=True) == ""


def test_a_tier_only_goes_up(ssm: Any) -> None:
    put(ssm)
    assert put(ssm, Tier="Advanced", Overwrite=True) == ""
    assert put(ssm, Tier="Standard", Overwrite=True) == "ValidationException"


def test_a_labelled_oldest_of_a_hundred_versions_stops_the_next_write(ssm: Any) -> None:
    put(ssm)
    ssm.label_parameter_version(Name="/a", ParameterVersion=1, Labels=["kept"])
    for _ in range(99):
        assert put(ssm, Overwrite=True) == ""
    assert put(ssm, Overwrite=True) == "ParameterMaxVersionLimitExceeded"
    ssm.unlabel_parameter_version(Name="/a", ParameterVersion=1, Labels=["kept"])
    assert put(ssm, Overwrite=True) == ""


@pytest.mark.parametrize("method", ["get_parameters", "delete_parameters"])
def test_ten_names_at_once_are_the_most(ssm: Any, method: str) -> None:
    names = [f"/p{number}" for number in range(11)]
    assert code_of(getattr(ssm, method), Names=names[:10]) == ""
    assert code_of(getattr(ssm, method), Names=names) == "ValidationException"


def test_a_path_is_read_ten_at_a_time(ssm: Any) -> None:
    for number in range(11):
        put(ssm, Name=f"/p/{number}")
    assert code_of(ssm.get_parameters_by_path, Path="/p", MaxResults=11) == "ValidationException"
    assert code_of(ssm.get_parameters_by_path, Path="p") == "ValidationException"
    page = ssm.get_parameters_by_path(Path="/p")
    assert (len(page["Parameters"]), "NextToken" in page) == (10, True)


@pytest.mark.parametrize("method", ["delete_parameter", "delete_parameters"])
def test_a_deleted_name_rests_for_30_seconds(aws: StrictAws, ssm: Any, method: str) -> None:
    put(ssm)
    getattr(ssm, method)(**({"Names": ["/a"]} if method.endswith("s") else {"Name": "/a"}))
    aws.advance(seconds=29)
    assert put(ssm) == "ParameterAlreadyExists"
    aws.advance(seconds=2)
    assert put(ssm) == ""


def test_a_name_takes_one_writer_at_a_time(aws: StrictAws, ssm: Any) -> None:
    seen: list[str] = []
    console = aws.client("ssm")
    aws.faults.call_back("PutParameter", lambda: seen.extend([put(console), put(console, Name="/other")]), when="before")
    assert put(ssm) == ""
    assert seen == ["TooManyUpdates", ""]
    assert put(console, Overwrite=True) == ""


def test_a_secure_value_shows_only_decrypted(ssm: Any) -> None:
    put(ssm, Type="SecureString", Value="in-clear")
    hidden = [
        ssm.get_parameter(Name="/a")["Parameter"],
        ssm.get_parameters(Names=["/a"])["Parameters"][0],
        ssm.get_parameters_by_path(Path="/")["Parameters"][0],
        ssm.get_parameter_history(Name="/a")["Parameters"][0],
    ]
    assert not any("in-clear" in row["Value"] for row in hidden)
    assert ssm.get_parameter(Name="/a", WithDecryption=True)["Parameter"]["Value"] == "in-clear"


def test_tags_are_counted_with_those_that_are_there(ssm: Any) -> None:
    put(ssm, Tags=[{"Key": f"k{number}", "Value": ""} for number in range(50)])
    add = {"ResourceType": "Parameter", "ResourceId": "/a"}
    assert code_of(ssm.add_tags_to_resource, **add, Tags=[{"Key": "k1", "Value": "again"}]) == ""
    assert code_of(ssm.add_tags_to_resource, **add, Tags=[{"Key": "more", "Value": ""}]) == "TooManyTagsError"


def test_a_disabled_key_stops_its_parameters(aws: StrictAws, ssm: Any) -> None:
    put(ssm, Type="SecureString", KeyId="key-1")
    put(ssm, Name="/b", Type="SecureString")
    aws.faults.disable_key("key-1")
    assert put(ssm, Type="SecureString", Overwrite=True) == "InvalidKeyId"
    assert code_of(ssm.get_parameter, Name="/a", WithDecryption=True) == "InvalidKeyId"
    assert code_of(ssm.get_parameters, Names=["/a", "/b"], WithDecryption=True) == "InvalidKeyId"
    assert code_of(ssm.get_parameter, Name="/b", WithDecryption=True) == ""
