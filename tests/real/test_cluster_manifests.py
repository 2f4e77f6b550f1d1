"""What we render is taken by a real API server with the kinds of External Secrets: server-side dry run, unknown fields refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import yaml
from tests.cluster.api_server import ApiServer, KubectlFailed
from tests.golden.projection_cases import CASES

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]


def rendered(name: str) -> dict[str, bytes]:
    return {path: content for path, content in CASES[name].render().items() if path.endswith(".yaml")}


def dry_run(cluster: ApiServer, manifests: Mapping[str, bytes]) -> list[str]:
    """Ask for these manifests; what was created is named, and nothing is."""
    trees = [yaml.safe_load(content) for content in manifests.values()]
    for namespace in sorted({tree["metadata"]["namespace"] for tree in trees if "namespace" in tree["metadata"]}):
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    text = "---\n".join(content.decode() for content in manifests.values())
    return cluster.kubectl("create", "--dry-run=server", "--validate=strict", "--output=name", "-f", "-", stdin=text).splitlines()


@pytest.mark.parametrize("name", CASES)
def test_the_api_takes_every_manifest_that_we_render(name: str, every_version_server: ApiServer) -> None:
    manifests = rendered(name)
    trees = [yaml.safe_load(content) for content in manifests.values()]
    expected = {f"{tree['kind'].lower()}.external-secrets.io/{tree['metadata']['name']}" for tree in trees}
    assert {tree["kind"] for tree in trees} == {"ClusterSecretStore", "ExternalSecret"}
    assert set(dry_run(every_version_server, manifests)) == expected


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("  refreshInterval:", "  refreshIntervall:", 'unknown field "spec.refreshIntervall"'),
        ("creationPolicy: Owner", "creationPolicy: Sometimes", "Unsupported value"),
        ("apiVersion: external-secrets.io/v1\n", "apiVersion: external-secrets.io/v2\n", "no matches for kind"),
        ("name: payments-db-credentials-sync", "name: Payments_DB", "a lowercase RFC 1123 subdomain"),
    ],
)
def test_the_api_has_teeth(before: str, after: str, said: str, every_version_server: ApiServer) -> None:
    path, content = next((path, content) for path, content in rendered("seed").items() if path.startswith("external-secrets/"))
    assert before in content.decode()
    with pytest.raises(KubectlFailed, match=said):
        dry_run(every_version_server, {path: content.decode().replace(before, after).encode()})
