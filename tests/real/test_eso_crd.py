"""Our manifests against the CRDs that External Secrets itself ships (CASE 57), unknown fields refused as a strict API server would."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml
from tests.cluster.built import require_built
from tests.cluster.external_secrets import definitions
from tests.golden.projection_cases import CASES

pytestmark = [pytest.mark.real, pytest.mark.slow]

KINDS = {"ExternalSecret", "ClusterSecretStore"}


@pytest.fixture(scope="module")
def crds() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (tree["spec"]["names"]["kind"], f"external-secrets.io/{version['name']}"): _closed(version["schema"]["openAPIV3Schema"])
        for tree in definitions(require_built("external-secrets"))
        if tree["spec"]["names"]["kind"] in KINDS
        for version in tree["spec"]["versions"]
    }


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
    assert {manifest["kind"] for manifest in manifests} == KINDS
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
