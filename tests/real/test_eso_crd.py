"""Our manifests against the CRDs that External Secrets itself ships (CASE 57), unknown fields refused as a strict API server would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from tests.golden.projection_cases import CASES

pytestmark = [pytest.mark.real, pytest.mark.slow]

MODULE = Path(__file__).parents[2] / "realservers" / "external-secrets-crds"
NAME = "github.com/external-secrets/external-secrets"
VERSION = "v0.20.4"
KINDS = {"ExternalSecret": "externalsecrets", "ClusterSecretStore": "clustersecretstores"}


@pytest.fixture(scope="module")
def crds(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not installed, and the CRDs come from the Go module of External Secrets")
    # a cache of its own, writable so that it can be removed again; the committed go.sum checks what arrives
    environment = {**os.environ, "GOPATH": str(tmp_path_factory.mktemp("go")), "GOFLAGS": "-modcacherw"}
    answer = subprocess.run(
        [go, "mod", "download", "-json", f"{NAME}@{VERSION}"], cwd=MODULE, env=environment, capture_output=True, check=False
    )
    assert answer.returncode == 0, answer.stdout.decode() + answer.stderr.decode()
    module = json.loads(answer.stdout)
    assert f"{NAME} {VERSION} {module['Sum']}" in (MODULE / "go.sum").read_text().splitlines()
    return dict(schema for plural in KINDS.values() for schema in _schemas(Path(module["Dir"]), plural))


def _schemas(module: Path, plural: str) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    crd = yaml.safe_load((module / "config" / "crds" / "bases" / f"external-secrets.io_{plural}.yaml").read_text())
    return [
        ((crd["spec"]["names"]["kind"], f"external-secrets.io/{version['name']}"), _closed(version["schema"]["openAPIV3Schema"]))
        for version in crd["spec"]["versions"]
    ]


def _closed(schema: Any) -> Any:
    """The schema with unknown fields refused; an API server prunes them silently."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    properties = closed.get("properties")
    if isinstance(properties, dict) and properties and closed.get("type") == "object" and "additionalProperties" not in closed:
        closed["additionalProperties"] = False
    return closed


@pytest.mark.parametrize("name", CASES)
def test_manifests_satisfy_the_crds(name: str, crds: dict[tuple[str, str], dict[str, Any]]) -> None:
    manifests = [yaml.safe_load(content) for path, content in CASES[name].render().items() if path.endswith(".yaml")]
    assert {manifest["kind"] for manifest in manifests} == set(KINDS)
    for manifest in manifests:
        metadata = manifest.pop("metadata")
        assert set(metadata) <= {"name", "namespace"}
        jsonschema.Draft202012Validator(crds[manifest["kind"], manifest["apiVersion"]]).validate({**manifest, "metadata": {}})


def test_the_check_has_teeth(crds: dict[tuple[str, str], dict[str, Any]]) -> None:
    files = CASES["seed"].render()
    manifest = yaml.safe_load(files["external-secrets/payments/payments-db-credentials-sync.yaml"])
    schema = crds["ExternalSecret", "external-secrets.io/v1"]
    for path, wrong in [
        (("spec", "target", "creationPolicy"), "Sometimes"),
        (("spec", "target", "surprise"), 1),
        (("spec", "refreshInterval"), 60),
    ]:
        broken = json.loads(json.dumps(manifest))
        holder = broken
        for part in path[:-1]:
            holder = holder[part]
        holder[path[-1]] = wrong
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate({**broken, "metadata": {}})
