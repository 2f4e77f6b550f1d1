"""What Terraform is told beside the request: ignored drift as it was found (R24), copies, and rotation once there is a value (D12)."""

from __future__ import annotations

import json
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace
from tests.builders import make_request

from goldenpath.app.effects import desired_of, effects_digest
from goldenpath.model.change import RequestChange
from goldenpath.model.policy import ClassCadence
from goldenpath.model.settings import EnvironmentSettings, RotationWindow, RotatorSettings, Settings, StoreSettings
from goldenpath.projection.inventory import render_inventory
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


ROTATOR = RotatorSettings(
    lambda_arn="arn:aws:lambda:us-east-1:593517239005:function:rotate",
    role_arn="arn:aws:iam::593517239005:role/rotate",
    secret_types=("database-credentials",),
    options=("superuser",),
)
CADENCES = {"standard": ClassCadence(every_days=90, max_age_days=120)}
ROTATED = make_request({"spec": {"rotation": {"rotator": "postgres", "options": {"superuser": "goldenpath/payments/dev/admin"}}}})


def _rotating(rotator: RotatorSettings = ROTATOR) -> Settings:
    stores = {"aws-secrets-manager": StoreSettings(backend="aws-secrets-manager")}
    return Settings(environments={"dev": EnvironmentSettings(account="593517239005", stores=stores, rotators={"postgres": rotator})})


def test_rotation_is_written_once_there_is_a_value_and_as_the_plan_aims_at_it() -> None:
    settings = _rotating()
    days = {"lambda_arn": ROTATOR.lambda_arn, "days": 90, "schedule": None, "duration": None}

    def written(**options: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(render_tfvars([ROTATED], settings=settings, rotation=CADENCES, **options))[VARIABLE]["SEC-0007"]
        return found

    assert written()["rotation"] == days
    assert "rotation" not in written(awaiting={"SEC-0007"})
    desired = desired_of(ROTATED, settings, CADENCES)
    assert written(aims={"SEC-0007": desired}) == written()
    assert written(aims={"SEC-0007": replace(desired, native_rotation=UNSET)}) == written(awaiting={"SEC-0007"})
    windowed = _rotating(replace(ROTATOR, window=RotationWindow(opens_at=0, hours=3)))
    found = json.loads(render_tfvars([ROTATED], settings=windowed, rotation=CADENCES))[VARIABLE]["SEC-0007"]["rotation"]
    assert found == {**days, "days": None, "schedule": "rate(90 days)", "duration": "3h"}


def test_options_are_tags_of_the_record_and_of_no_other() -> None:
    option = ("goldenpath:rotator-superuser", "goldenpath/payments/dev/admin")
    assert option in desired_of(ROTATED, _rotating(), CADENCES).tags
    assert option[0] not in dict(desired_of(ROTATED, Settings(), CADENCES).tags), "nobody declared the rotator"
    tags = json.loads(render_tfvars([ROTATED], settings=_rotating(), rotation=CADENCES))[VARIABLE]["SEC-0007"]["tags"]
    assert tags[option[0]] == option[1]


def test_a_platform_without_rotators_renders_the_same_bytes_as_before() -> None:
    """A request that names a rotator changes nothing where none is declared, and the inventory says nothing of rotation."""
    plain = make_request()
    for request in (plain, ROTATED):
        assert "rotation" not in json.loads(render_tfvars([request], settings=Settings(), rotation=CADENCES))[VARIABLE]["SEC-0007"]
    options = {"environment": "dev", "projected": (), "awaiting": (), "rotation": CADENCES}
    assert b"native_rotation" not in render_inventory([plain, ROTATED], settings=Settings(), **options)  # type: ignore[arg-type]
    listed = json.loads(render_inventory([plain, ROTATED], settings=_rotating(), **options))["secrets"]  # type: ignore[arg-type]
    rotation = {"rotator": "postgres", "function": ROTATOR.lambda_arn, "cadence": "every 90 days"}
    assert [each["native_rotation"] for each in listed] == [None, rotation]


def test_approvals_bind_to_who_rotates_and_how_often() -> None:
    change = RequestChange(id="SEC-0007", path_after="x", after=ROTATED)
    slower = {"standard": ClassCadence(every_days=91, max_age_days=120)}
    other = _rotating(replace(ROTATOR, lambda_arn=ROTATOR.lambda_arn + "-2"))
    digests = [
        effects_digest([change], settings, cadences)
        for settings, cadences in ((_rotating(), CADENCES), (_rotating(), slower), (other, CADENCES))
    ]
    assert len(set(digests)) == 3
