"""Terraform is told the fields whose drift is ignored as they were found, so that it does not take them back (R24)."""

from __future__ import annotations

import json

from msgspec.structs import replace
from tests.builders import make_request

from goldenpath.app.effects import desired_of
from goldenpath.model.settings import EnvironmentSettings, Settings
from goldenpath.projection.tfvars import VARIABLE, render_tfvars


def test_what_is_kept_replaces_what_the_request_says_and_nothing_else() -> None:
    request, other = make_request(), make_request({"metadata": {"id": "SEC-0008", "name": "other"}})
    desired = desired_of(request, Settings(), {})
    kept = replace(desired, tags=(*desired.tags, ("cost-center", "42")), description="by hand", kept=("description", "tag:cost-center"))
    plain = json.loads(render_tfvars([request, other], settings=Settings()))[VARIABLE]
    found = json.loads(render_tfvars([request, other], settings=Settings(), aims={"SEC-0007": kept}))[VARIABLE]
    assert found["SEC-0008"] == plain["SEC-0008"]
    assert found["SEC-0007"]["tags"] == {**plain["SEC-0007"]["tags"], "cost-center": "42"}
    assert found["SEC-0007"]["description"] == "by hand"
    assert {name for name in plain["SEC-0007"] if found["SEC-0007"][name] != plain["SEC-0007"][name]} == {"description", "tags"}


def test_copies_are_written_only_where_the_environment_has_them() -> None:
    request = make_request()
    key = "arn:aws:kms:eu-west-1:593517239005:key/1a2b3c4d"
    place = EnvironmentSettings(replica_regions=("us-west-2", "eu-west-1"), replica_keys={"eu-west-1": key})
    settings = Settings(environments={request.environment: place})
    found = json.loads(render_tfvars([request], settings=settings))[VARIABLE]["SEC-0007"]
    assert found["replica_regions"] == {"eu-west-1": key, "us-west-2": ""}
    assert desired_of(request, settings, {}).replica_regions == (("eu-west-1", key), ("us-west-2", ""))
    assert "replica_regions" not in json.loads(render_tfvars([request], settings=Settings()))[VARIABLE]["SEC-0007"]


def test_a_provider_without_copies_gets_none() -> None:
    request = make_request({"spec": {"provider": "aws-parameter-store"}})
    settings = Settings(environments={request.environment: EnvironmentSettings(replica_regions=("us-west-2",))})
    assert desired_of(request, settings, {}).replicas == ""
