"""The layout of seed 003 from preview to trace: one base, an overlay for each environment, and nobody touched who was not applied."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.e2e.parameters import EXAMPLE
from tests.e2e.world import Run, World
from tests.kustomize import needs_kustomize, render_folder

from goldenpath.projection.overlay_result import overlay_result

SERVICE = "tenants/service"
DB = "service-db-sync"
REQUESTS = {"dev": "SEC-0301", "staging": "SEC-0302", "prod": "SEC-0303"}
FOLDERS = {"dev": "dev", "staging": "staging", "prod": "production"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The example of seed 003 on the embedded store; everything is applied, and the database's values are given in each environment."""
    root = tmp_path_factory.mktemp("base")
    shutil.copytree(EXAMPLE, root / "example")
    settings = root / "example" / "goldenpath.yaml"
    settings.write_text(settings.read_text().replace("backend: aws-parameter-store", "backend: local"))
    made = World.make(root / "world", example=root / "example")
    assert made.cli("pat", "apply", "--yes").code == 0
    for request_id in REQUESTS.values():
        seed(made, request_id)
    return made


@pytest.fixture
def world(base: World, tmp_path: Path) -> World:
    return base.copy(tmp_path / "world")


def seed(world: World, request_id: str, *sources: str) -> None:
    given = sources or ("--stdin", "DATABASE_URL", "--generate", "DATABASE_PASSWORD")
    run = world.cli("pat", "seed", request_id, *given, "--yes", typed=b"https://db.example.com/app")
    assert run.code == 0, run.err


def read(world: World, path: str) -> Any:
    return yaml.safe_load((world.gitops / SERVICE / path).read_text())


def change(world: World, files: dict[str, str | None], *, name: str) -> None:
    """Bring a change onto main with the approvals that it needs."""
    world.propose(name, files)
    for who in ("pat", "sam", "olga"):
        world.cli(who, "approve", "--head", name)
    world.merge(name)


def with_key(world: World, environment: str, key: str) -> dict[str, str | None]:
    path = f"catalogs/secrets/service/{environment}/{REQUESTS[environment]}.yaml"
    return {path: (world.platform / path).read_text().rstrip("\n") + f"\n    - name: {key}\n"}


def commits(world: World) -> int:
    return int(world.git("pat", "rev-list", "--count", "main", where=world.gitops))


def refused(run: Run, code: str) -> None:
    assert f"[{code}]" in run.err, run.err + run.out


@needs_kustomize
@pytest.mark.parametrize("environment", REQUESTS)
def test_an_overlay_renders_to_the_environments_own_manifests(world: World, environment: str) -> None:
    rendered = {each["metadata"]["name"]: each for each in render_folder(world.gitops / SERVICE / "overlays" / FOLDERS[environment])}
    assert list(rendered) == [DB], "what has no value yet is not there"
    spec = rendered[DB]["spec"]
    assert {each["secretKey"]: each["remoteRef"]["key"] for each in spec["data"]} == {
        "DATABASE_URL": f"/zerotouch/{environment}/service/database_url",
        "DATABASE_PASSWORD": f"/zerotouch/{environment}/service/database_password",
    }
    assert rendered[DB]["metadata"]["labels"] == {"zerotouch.io/managed": "true"}
    assert spec["target"]["template"]["metadata"]["labels"]["goldenpath.io/id"] == REQUESTS[environment]


@needs_kustomize
def test_the_environments_folder_collects_stores_and_overlays(world: World) -> None:
    kinds = [each["kind"] for each in render_folder(world.gitops / "environments" / "prod")]
    assert sorted(kinds) == ["ClusterSecretStore", "ExternalSecret"]


@needs_kustomize
def test_the_lint_has_nothing_to_say_about_what_was_committed(world: World) -> None:
    run = world.cli("pat", "lint", "-o", "json")
    assert (run.code, json.loads(run.out)["findings"]) == (0, []), run.err
    path = world.gitops / SERVICE / "overlays/production/patches" / f"{DB}.yaml"
    path.write_text(path.read_text().replace("/zerotouch/prod/service/database_url", "/zerotouch/dev/service/database_url"))
    run = world.cli("pat", "lint", "--environment", "prod", "-o", "json")
    rules = {each["rule"] for each in json.loads(run.out)["findings"]}
    assert (run.code, rules) == (1, {"projection.key-of-other-environment", "overlay.differs-from-request"})


def test_the_base_reads_nothing_by_itself(world: World) -> None:
    entries = read(world, f"base/external-secrets/{DB}.yaml")["spec"]["data"]
    assert [entry["remoteRef"]["key"] for entry in entries] == [
        "/zerotouch/_ENV_/service/database_url",
        "/zerotouch/_ENV_/service/database_password",
    ]


def test_applying_again_commits_nothing(world: World) -> None:
    before = commits(world)
    assert world.cli("pat", "apply", "--yes").code == 0
    assert commits(world) == before


def test_a_first_value_changes_the_overlay_of_its_environment_alone(world: World) -> None:
    seed(world, "SEC-0304", "--generate", "API_TOKEN")
    changed = world.git("pat", "diff", "--name-only", "main~1", "main", where=world.gitops).split()
    assert changed == [
        "environments/prod/.goldenpath/generated.sha256",
        "environments/prod/inventory.json",
        f"{SERVICE}/overlays/production/.goldenpath/generated.sha256",
        f"{SERVICE}/overlays/production/patches/service-api-sync.yaml",
    ]


def test_a_new_key_in_one_environment_leaves_the_others_as_they_are(world: World) -> None:
    change(world, with_key(world, "dev", "DEBUG_URL"), name="debug")
    before = {name: outcome(world, name) for name in ("staging", "prod")}
    run = world.cli("pat", "apply", "--environment", "dev", "--yes")
    assert run.code == 0, run.err
    keys = [entry["secretKey"] for entry in read(world, f"base/external-secrets/{DB}.yaml")["spec"]["data"]]
    assert keys == ["DATABASE_URL", "DATABASE_PASSWORD", "DEBUG_URL"]
    removal = read(world, f"overlays/production/patches/{DB}.yaml")[-3:]
    assert [(each["op"], each["path"]) for each in removal] == [
        ("test", "/spec/data/2/secretKey"),
        ("test", "/spec/data/2"),
        ("remove", "/spec/data/2"),
    ]
    assert {name: outcome(world, name) for name in ("staging", "prod")} == before
    assert "DEBUG_URL" in outcome(world, "dev")


def test_an_environment_with_changes_of_its_own_is_not_applied_by_the_way(world: World) -> None:
    change(world, {**with_key(world, "dev", "DEBUG_URL"), **with_key(world, "staging", "MORE_URL")}, name="both")
    before = commits(world)
    refused(world.cli("pat", "apply", "--environment", "dev", "--yes"), "delivery.base-shared")
    assert commits(world) == before
    assert world.cli("pat", "apply", "--environment", "dev", "--environment", "staging", "--yes").code == 0
    assert "MORE_URL" in outcome(world, "staging")
    assert "MORE_URL" not in outcome(world, "prod")


def test_an_overlay_edited_by_hand_is_not_carried_over(world: World) -> None:
    path = world.gitops / SERVICE / "overlays/production/patches" / f"{DB}.yaml"
    path.write_text(path.read_text().replace("value: SEC-0303", "value: SEC-9999"))
    world.git("pat", "commit", "--quiet", "--all", "--message", "By hand", where=world.gitops)
    change(world, with_key(world, "dev", "DEBUG_URL"), name="debug")
    refused(world.cli("pat", "apply", "--environment", "dev", "--yes"), "delivery.base-shared")
    refused(world.cli("pat", "apply", "--yes"), "delivery.drift")
    assert world.cli("pat", "apply", "--yes", "--accept-manifest-drift").code == 0
    assert "SEC-9999" not in path.read_text()


def test_preview_and_plan_show_base_and_overlay(world: World) -> None:
    world.propose("debug", with_key(world, "dev", "DEBUG_URL"))
    shown = json.loads(world.cli("pat", "preview", "--base", "main", "--head", "debug", "-o", "json").out)
    files = {file["path"]: file for each in shown["environments"] for file in each["files"]}
    assert {f"{SERVICE}/base/external-secrets/{DB}.yaml", f"{SERVICE}/overlays/dev/patches/{DB}.yaml"} <= set(files)
    for who in ("pat", "sam", "olga"):
        world.cli(who, "approve", "--head", "debug")
    world.merge("debug")
    planned = json.loads(world.cli("pat", "apply", "--dry-run", "--environment", "dev", "-o", "json").out)
    paths = {file["path"] for part in planned["manifests"] for file in part["files"]}
    assert {f"{SERVICE}/overlays/production/patches/{DB}.yaml", f"{SERVICE}/overlays/dev/patches/{DB}.yaml"} <= paths
    assert [part["environment"] for part in planned["manifests"]] == ["dev"]
    assert world.cli("pat", "apply", "--environment", "dev", "--yes").code == 0
    committed = (world.gitops / SERVICE / f"overlays/dev/patches/{DB}.yaml").read_text()
    assert committed == files[f"{SERVICE}/overlays/dev/patches/{DB}.yaml"]["content"], "what was shown is what is committed"


def test_trace_follows_through_the_overlay(world: World) -> None:
    seams = {each["name"]: each for each in json.loads(world.cli("pat", "trace", "SEC-0303", "-o", "json").out)["seams"]}
    assert (seams["manifest"]["state"], dict(seams["manifest"]["facts"])["path"]) == (
        "ok",
        f"{SERVICE}/overlays/production/patches/{DB}.yaml",
    )
    path = world.gitops / SERVICE / f"base/external-secrets/{DB}.yaml"
    path.write_text(path.read_text().replace("service-db\n", "other\n"))
    world.git("pat", "commit", "--quiet", "--all", "--message", "By hand", where=world.gitops)
    seams = {each["name"]: each for each in json.loads(world.cli("pat", "trace", "SEC-0303", "-o", "json").out)["seams"]}
    assert seams["manifest"]["state"] == "behind"


def test_going_back_to_the_plain_layout_takes_the_tenants_away(world: World) -> None:
    settings = (world.platform / "goldenpath.yaml").read_text().replace("layout: overlays", "layout: environments")
    change(world, {"goldenpath.yaml": settings}, name="back")
    refused(world.cli("pat", "apply", "--environment", "dev", "--yes"), "delivery.base-shared")
    run = world.cli("pat", "apply", "--yes")
    assert run.code == 0, run.err
    assert not list((world.gitops / "tenants").rglob("*.yaml"))
    assert len(list((world.gitops / "environments").rglob(f"{DB}.yaml"))) == len(REQUESTS)


def test_the_word_of_a_folder_can_change(world: World) -> None:
    settings = (world.platform / "goldenpath.yaml").read_text().replace("prod: production", "prod: prd")
    change(world, {"goldenpath.yaml": settings}, name="word")
    run = world.cli("pat", "apply", "--yes")
    assert run.code == 0, run.err
    assert sorted(path.name for path in (world.gitops / SERVICE / "overlays").iterdir()) == ["dev", "prd", "staging"]


def outcome(world: World, environment: str) -> str:
    """What an environment's overlay comes to, as text, computed as an apply does."""
    folder = world.gitops / SERVICE
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.yaml")}
    result = overlay_result(files, FOLDERS[environment])
    assert result is not None
    return json.dumps(result, sort_keys=True)
