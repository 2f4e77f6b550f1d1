"""Injecting a service's values into Parameter Store, from the command line to a stand-in of AWS (R29, CASES 68 to 78)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.e2e.parameters import FOLDER, NAMES, VALUES, Zerotouch
from tests.standins.aws import StrictAws
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures


@pytest.fixture
def zerotouch(tmp_path: Path, aws: StrictAws) -> Zerotouch:  # noqa: F811 - the fixture
    return Zerotouch.make(tmp_path / "world", aws)


def test_a_key_becomes_a_secure_parameter_with_key_and_tag(zerotouch: Zerotouch) -> None:
    done = zerotouch.inject(VALUES, "--yes")
    assert done.code == 0, done.err
    found = zerotouch.parameter("/zerotouch/prod/service/database_url")
    assert (found["Type"], found["Value"], found["Version"]) == ("SecureString", VALUES["DATABASE_URL"], 1)
    described = zerotouch.console.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [FOLDER + "database_url"]}])
    assert described["Parameters"][0]["KeyId"] == "alias/zerotouch-prod"
    assert zerotouch.tags(FOLDER + "database_url") == {
        "goldenpath:environment": "prod",
        "goldenpath:id": "SEC-0303",
        "goldenpath:owner": "app-team",
        "goldenpath:service": "service",
        "goldenpath:tier": "high",
    }
    assert zerotouch.tags(FOLDER + "api_token")["goldenpath:id"] == "SEC-0304"
    answer = json.loads(done.out)
    assert (answer["written"], answer["unchanged"], answer["not_written"]) == (list(NAMES), [], [])
