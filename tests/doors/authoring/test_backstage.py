"""``goldenpath backstage`` from the outside: what is written, when it is not current, and what Backstage's catalog is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.e2e.world import SEC_0007, World

from goldenpath.cli.root import run
from goldenpath.intent.enums import DEFAULT_ENUMS

PATH = "catalogs/secrets/payments/dev/SEC-0007.yaml"
TEMPLATE = "backstage-secret-request.yaml"
FILE = "backstage/secret-request/catalogs/secrets/${{ values.service }}/${{ values.environment }}/${{ values.id }}.yaml"
REPOSITORY = ("--repository", "github.com?owner=acme&repo=platform")
FORGE = "forge:\n  kind: github\n  url: https://api.github.com\n  repository: acme/platform\n"


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    (tmp_path / "goldenpath.yaml").write_text("apiVersion: goldenpath.io/v1\nkind: Platform\n")
    return tmp_path


def call(capsys: pytest.CaptureFixture[str], base: Path, *words: str) -> tuple[int, str, str]:
    code = run(["-C", str(base), "backstage", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def template_of(platform: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((platform / TEMPLATE).read_text())
    return found


def test_the_template_is_written_once_and_checked_for_being_current(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, platform, "template", *REPOSITORY, "--check", "-o", "json")
    assert (code, [finding["file"] for finding in json.loads(out)["findings"]]) == (1, [TEMPLATE, FILE])
    assert sorted(path.name for path in platform.iterdir()) == ["goldenpath.yaml"]
    code, out, _ = call(capsys, platform, "template", *REPOSITORY)
    assert (code, out) == (0, f"wrote {TEMPLATE}\nwrote {FILE}\n")
    assert call(capsys, platform, "template", *REPOSITORY, "--check")[0] == 0
    assert "nothing was written" in call(capsys, platform, "template", *REPOSITORY)[1]
    (platform / "schemas/metadata").mkdir(parents=True)
    words = call(capsys, platform, "template", *REPOSITORY, "--dry-run")[1]
    assert words == (platform / TEMPLATE).read_text()


def test_a_changed_word_makes_the_form_stale(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, platform, "template", *REPOSITORY)
    (platform / "schemas/metadata").mkdir(parents=True)
    (platform / "schemas/metadata/enums.yaml").write_bytes(DEFAULT_ENUMS.replace(b"app-team", b"cards-team"))
    code, out, _ = call(capsys, platform, "template", *REPOSITORY, "--check")
    assert (code, "[backstage.not-current]" in out, FILE in out) == (1, True, False)
    assert call(capsys, platform, "template", *REPOSITORY)[1] == f"wrote {TEMPLATE}\n"
    form = template_of(platform)["spec"]["parameters"][0]
    assert "cards-team" in form["properties"]["owner"]["enum"]


def test_the_template_has_the_shape_that_backstage_reads(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, platform, "template", *REPOSITORY, "--owner", "sre-team")
    template = template_of(platform)
    assert (template["apiVersion"], template["kind"]) == ("scaffolder.backstage.io/v1beta3", "Template")
    assert template["spec"]["owner"] == "sre-team"
    steps = {step["id"]: step for step in template["spec"]["steps"]}
    assert [step["action"] for step in steps.values()] == [
        "fetch:plain",
        "fs:readdir",
        "fetch:template",
        "fs:readdir",
        "publish:github:pull-request",
    ]
    assert steps["propose"]["input"]["repoUrl"] == "github.com?owner=acme&repo=platform"
    assert steps["propose"]["input"]["sourcePath"] == steps["write"]["input"]["targetPath"] == "change"
    assert set(steps["write"]["input"]["values"]) == {"id", "requester", *template["spec"]["parameters"][0]["properties"]}
    assert "default" not in template["spec"]["parameters"][0]["properties"]["service"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (FORGE, "github.com?owner=acme&repo=platform"),
        (FORGE.replace("api.github.com", "git.acme.example/api/v3"), "git.acme.example?owner=acme&repo=platform"),
    ],
)
def test_the_repository_is_the_forges_own(settings: str, expected: str, platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (platform / "goldenpath.yaml").write_text((platform / "goldenpath.yaml").read_text() + settings)
    assert call(capsys, platform, "template")[0] == 0
    assert template_of(platform)["spec"]["steps"][-1]["input"]["repoUrl"] == expected


@pytest.mark.parametrize(
    ("words", "settings", "code"),
    [
        ((), "", "backstage.repository-unknown"),
        ((), FORGE.replace("github\n", "gitea\n").replace("api.github.com", "git.example/api/v1"), "backstage.repository-unknown"),
        (("--repository", "${{ secrets.X }}"), "", "backstage.repository-unknown"),
        (("--repository", "github.com?owner=a&repo=b\n"), "", "backstage.repository-unknown"),
        ((*REPOSITORY, "--owner", "nobody"), "", "backstage.owner-unknown"),
    ],
)
def test_what_is_not_known_is_refused(
    words: tuple[str, ...], settings: str, code: str, platform: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (platform / "goldenpath.yaml").write_text((platform / "goldenpath.yaml").read_text() + settings)
    ended, _, err = call(capsys, platform, "template", *words)
    assert (ended, f"[{code}]" in err) == (2, True), err
    assert sorted(path.name for path in platform.iterdir()) == ["goldenpath.yaml"]


def test_the_stores_that_the_settings_name_come_first(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stores = "environments:\n  dev:\n    stores:\n      openbao: {backend: local}\n"
    (platform / "goldenpath.yaml").write_text((platform / "goldenpath.yaml").read_text() + stores)
    assert call(capsys, platform, "template", *REPOSITORY)[0] == 0
    assert template_of(platform)["spec"]["parameters"][0]["properties"]["provider"]["default"] == "openbao"


# --- the catalog ------------------------------------------------------------------------------------------------------------------


def test_the_catalog_tells_owner_lifecycle_links_and_relations(tmp_path: Path) -> None:
    world = World.make(tmp_path / "world")
    world.approve({PATH: SEC_0007.replace("  owner: app-team\n", '  owner: app-team\n  description: "Key: of ${{ x }}"\n')}, branch="first")
    said = world.cli(
        "dana", "backstage", "catalog", "--source", "https://github.com/acme/platform/blob/main/", "--system", "{service}-apps"
    )
    assert said.code == 0, said
    entities = {entity["metadata"]["name"]: entity for entity in yaml.safe_load_all(said.out) if entity}
    assert list(entities) == ["dev-aws-secrets-manager", "prod-aws-secrets-manager", "sec-0007", "sec-0200"]
    secret = entities["sec-0007"]
    assert (secret["kind"], secret["spec"]["type"]) == ("Resource", "secret")
    assert secret["spec"] == {
        "type": "secret",
        "owner": "group:default/app-team",
        "lifecycle": "active",
        "system": "payments-apps",
        "dependsOn": ["resource:default/dev-aws-secrets-manager"],
        "dependencyOf": ["component:default/payments"],
    }
    assert secret["metadata"]["description"] == "Key: of ${{ x }}"
    assert secret["metadata"]["links"][0]["url"] == f"https://github.com/acme/platform/blob/main/{PATH}"
    assert secret["metadata"]["annotations"]["goldenpath.io/store-path"] == "goldenpath/payments/dev/payments-db-credentials"
    alone = world.cli("dana", "backstage", "catalog", "-e", "prod", "--component", "")
    bare = {entity["metadata"]["name"]: entity for entity in yaml.safe_load_all(alone.out) if entity}
    assert list(bare) == ["prod-aws-secrets-manager", "sec-0200"]
    assert not {"system", "dependencyOf"} & set(bare["sec-0200"]["spec"])
    assert "links" not in bare["sec-0200"]["metadata"]
    for words in (("--component", "a b"), ("--system", "{x}"), ("--source", "javascript:alert(1)//"), ("--system", "x" * 60 + "{service}")):
        refused = world.cli("dana", "backstage", "catalog", *words)
        assert (refused.code, "backstage.name-invalid" in refused.err) == (2, True), (words, refused)
