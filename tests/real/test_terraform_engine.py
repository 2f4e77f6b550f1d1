"""The Terraform engine with the real Terraform and its AWS provider, against a stand-in of AWS (CASE 56, R1, R17 to R21, R24)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.canary import new_canary, scan_tree
from tests.real.terraform_world import NAME, ROTATED, TerraformWorld, keeper, unpack_plans
from tests.standins.aws import StrictAws
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures
from tests.terraform_tools import require_terraform

from goldenpath.model.store import BOOKKEEPING_TAGS, TAG_APPLIED
from goldenpath.providers.terraform.reading import IGNORED_TAGS

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]

IS_SPREAD = True
"""Each test is minutes of Terraform and shares nothing with the next: a parallel run gives them to whoever is free."""

WHO_WROTE = IGNORED_TAGS - {TAG_APPLIED}
"""Tags that say which commit, run and call wrote last; what was written must be the same."""


@pytest.fixture
def world(tmp_path: Path, aws: StrictAws) -> TerraformWorld:  # noqa: F811 - the fixture
    binary, mirror = require_terraform()
    made = TerraformWorld.make(tmp_path / "world", aws, binary=binary, mirror=str(mirror))
    made.request()
    return made


def test_both_engines_end_in_the_same_state(world: TerraformWorld, tmp_path: Path) -> None:
    shown = world.cli("apply", "--dry-run", "-o", "json")
    assert shown.code == 0, shown.err
    proposed = json.loads(shown.out)["infrastructure"][0]
    assert {(each["request_id"], each["action"]) for each in proposed["changes"] if each["request_id"]} == {("SEC-0007", "create")}
    assert world.aws.mutating() == [], "a dry run changes nothing"

    answer = world.apply()
    assert (answer["code"], world.steps(answer)) == (0, {"SEC-0007": ("done", "")}), answer
    by_terraform = world.secret()
    assert [region for region, _ in by_terraform["copies"]] == ["eu-central-1", "eu-west-1"]
    again = world.apply()
    assert world.steps(again) == {"SEC-0007": ("already", "")}, again
    role = world.aws.client("iam").get_role_policy(RoleName="goldenpath-dev-external-secrets", PolicyName="read-values")
    projected = world.world.gitops / "environments" / "dev" / "iam" / "external-secrets-role.json"
    assert role["PolicyDocument"] == json.loads(projected.read_text())

    world.aws.reset()
    direct = TerraformWorld.make(tmp_path / "direct", world.aws, engine="direct")
    direct.request()
    assert direct.apply()["code"] == 0
    by_us = direct.secret()
    assert by_terraform["tags"].keys() >= BOOKKEEPING_TAGS
    for state in (by_terraform, by_us):
        state["tags"] = {key: text for key, text in state["tags"].items() if key not in WHO_WROTE}
    assert by_terraform == by_us


def test_a_life_converges_and_keeps_every_value_out(tmp_path: Path, aws: StrictAws) -> None:  # noqa: F811 - the fixture
    binary, mirror = require_terraform()
    kept = tmp_path / "kept"
    world = TerraformWorld.make(tmp_path / "world", aws, binary=keeper(str(binary), kept), mirror=str(mirror))
    world.request()
    assert world.apply()["code"] == 0
    canary = new_canary("password")
    seeded = world.cli("seed", "SEC-0007", "--stdin", "password", "--generate", "username", "--yes", typed=canary.encode())
    assert seeded.code == 0, seeded.err

    before = len(world.aws.mutating())
    again = world.apply()
    assert (again["code"], world.steps(again)) == (0, {"SEC-0007": ("already", "")}), again
    touched = [call.operation for call in world.aws.mutating()[before:] if call.resource_name == NAME]
    assert touched == [], "a second apply writes to no record"

    world.request("SEC-0007", branch="describe", **{"environment: dev\n": "environment: dev\n  description: The database\n"})
    changed = world.apply()
    assert world.steps(changed) == {"SEC-0007": ("done", "")}, changed
    assert world.secret()["description"] == "The database"
    settings = (world.world.platform / "goldenpath.yaml").read_text()
    fewer = settings.replace("replicaRegions: [eu-west-1, eu-central-1]", "replicaRegions: [us-west-2, eu-central-1]")
    world.world.propose("move-copies", {"goldenpath.yaml": fewer})
    for person in ("pat", "sam"):
        assert world.world.cli(person, "approve", "--head", "move-copies").code == 0
    world.world.merge("move-copies")
    moved = world.apply()
    assert world.steps(moved) == {"SEC-0007": ("done", "")}, moved
    assert [region for region, _ in world.secret()["copies"]] == ["eu-central-1", "us-west-2"]
    assert world.steps(world.apply()) == {"SEC-0007": ("already", "")}
    assert unpack_plans(kept) >= 3, "each apply saved a plan"
    spoken = b"".join(path.read_bytes() for path in kept.glob("*.out"))
    assert b"resource_changes" in spoken, "the plan was read as JSON"
    assert any(b"SEC-0007" in path.read_bytes() for path in kept.rglob("tfplan")), "the scan can look into a saved plan"
    assert scan_tree(kept, [canary]) == []
    assert scan_tree(world.folder.parent, [canary]) == []
    assert "SEC-0007" in world.state.read_text(), "the scan looked at a state that is kept"
    assert "GetSecretValue" not in {call.operation for call in world.aws.calls if not call.is_console and call.resource_name == NAME}


def test_both_engines_set_change_and_end_rotation_alike(world: TerraformWorld, tmp_path: Path) -> None:
    by_engine = []
    for engine in ("terraform", "direct"):
        if engine == "direct":
            world.aws.reset()
            world = TerraformWorld.make(tmp_path / "direct", world.aws, engine=engine)
            world.request()
        by_engine.append(list(_life_of_a_rotation(world)))
    assert by_engine[0] == by_engine[1]
    assert [state["RotationEnabled"] for state in by_engine[0]] == [None, True, True, False]


def _life_of_a_rotation(world: TerraformWorld) -> Iterator[dict[str, object]]:
    """Yield the rotation settings while they wait, once they are set, after the class changed, and after the rotator was taken away."""
    world.request(branch="rotate", **ROTATED)
    waiting = world.apply()
    assert (waiting["code"], world.steps(waiting)) == (0, {"SEC-0007": ("done", "")}), waiting
    assert world.steps(world.apply()) == {"SEC-0007": ("already", "plan.rotation-waits")}
    yield world.secret()["rotation"]
    world.seed()
    before = world.aws.client("secretsmanager").describe_secret(SecretId=NAME)["VersionIdsToStages"]
    for branch, edits in (("", {}), ("faster", {**ROTATED, "rotationClass: standard": "rotationClass: high"}), ("without", {})):
        if branch:
            world.request(branch=branch, **edits)
        done = world.apply()
        assert (done["code"], world.steps(done)) == (0, {"SEC-0007": ("done", "")}), (branch, done)
        yield world.secret()["rotation"]
    assert world.steps(world.apply()) == {"SEC-0007": ("already", "")}
    assert world.aws.client("secretsmanager").describe_secret(SecretId=NAME)["VersionIdsToStages"] == before, "no value moved"


def test_rotation_that_is_there_is_imported_and_drift_of_it_waits(world: TerraformWorld) -> None:
    world.request(branch="rotate", **ROTATED)
    assert world.apply()["code"] == 0
    world.seed()
    assert world.apply()["code"] == 0
    before, calls = world.secret(), len(world.aws.mutating())
    world.state.unlink()
    imported = world.apply()
    assert world.steps(imported) == {"SEC-0007": ("already", "")}, imported
    assert world.secret() == before
    assert "RotateSecret" not in {call.operation for call in world.aws.mutating()[calls:]}
    assert "aws_secretsmanager_secret_rotation" in world.state.read_text()

    world.aws.client("secretsmanager").cancel_rotate_secret(SecretId=NAME)
    held = world.apply()
    assert (held["code"], world.steps(held)) == (1, {"SEC-0007": ("refused", "plan.drift")}), held
    assert world.secret()["rotation"]["RotationEnabled"] is False
    accepted = world.apply("--accept-drift", "SEC-0007")
    assert world.steps(accepted) == {"SEC-0007": ("done", "")}, accepted
    assert world.secret()["rotation"]["RotationEnabled"] is True


def test_drift_waits_for_a_decision(world: TerraformWorld) -> None:
    assert world.apply()["code"] == 0
    console = world.aws.client("secretsmanager")
    console.tag_resource(SecretId=NAME, Tags=[{"Key": "goldenpath:owner", "Value": "somebody-else"}])
    held = world.apply()
    assert (held["code"], world.steps(held)) == (1, {"SEC-0007": ("refused", "plan.drift")}), held
    assert world.secret()["tags"]["goldenpath:owner"] == "somebody-else"
    accepted = world.apply("--accept-drift", "SEC-0007")
    assert world.steps(accepted) == {"SEC-0007": ("done", "")}, accepted
    assert world.secret()["tags"]["goldenpath:owner"] == "app-team"


def test_nothing_is_restored_or_overwritten(world: TerraformWorld) -> None:
    console = world.aws.client("secretsmanager")
    console.create_secret(Name=NAME, Tags=[{"Key": "team", "Value": "elsewhere"}])
    foreign = world.apply()
    assert world.steps(foreign) == {"SEC-0007": ("refused", "store.foreign-record")}, foreign
    assert "goldenpath:id" not in world.secret()["tags"]
    console.delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
    scheduled = world.apply()
    assert world.steps(scheduled) == {"SEC-0007": ("refused", "store.scheduled-for-deletion")}, scheduled
    assert "DeletedDate" in console.describe_secret(SecretId=NAME)


def test_records_that_terraform_does_not_know_are_imported_as_they_are(world: TerraformWorld) -> None:
    world.request("SEC-0008", name="api")
    answer = world.apply()
    assert world.steps(answer) == {"SEC-0007": ("done", ""), "SEC-0008": ("done", "")}, answer
    before = world.secret()
    world.state.unlink()
    imported = world.cli("apply", "--dry-run", "-o", "json")
    assert imported.code == 0, imported.err
    proposed = json.loads(imported.out)["infrastructure"][0]
    assert {each["request_id"] for each in proposed["changes"] if each["is_import"]} == {"SEC-0007", "SEC-0008"}
    assert [each for each in proposed["changes"] if each["request_id"] and each["fields"]] == []
    taken = world.apply()
    assert world.steps(taken) == {"SEC-0007": ("already", ""), "SEC-0008": ("already", "")}, taken
    assert world.secret() == before
    state = json.loads(world.state.read_text())
    assert "SEC-0007" in {each.get("index_key") for resource in state["resources"] for each in resource["instances"]}
