"""``goldenpath doctor --cluster`` on a real API server: what it can and cannot see there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cluster.api_server import ApiServer
from tests.staging_world import Staging

pytestmark = [pytest.mark.real, pytest.mark.slow]

LOOK = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}
SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "patch"]}


def checks(staging: Staging, kubeconfig: Path) -> dict[str, list[tuple[str, str]]]:
    verb = ("doctor", "--cluster", "--environment", "staging", "--kubeconfig", str(kubeconfig), "--context", "real", "-o", "json")
    found: dict[str, list[tuple[str, str]]] = {}
    for each in json.loads(staging.world.cli("pat", *verb).out)["checks"]:
        found.setdefault(each["name"], []).append((each["state"], each["message"]))
    return found


def test_a_cluster_without_external_secrets(fresh_api_server: ApiServer, tmp_path: Path) -> None:
    staging = Staging.make(tmp_path / "world")
    assert checks(staging, fresh_api_server.kubeconfig)["namespaces"][0][0] == "fail"
    fresh_api_server.kubectl("create", "namespace", "payments")
    found = checks(staging, fresh_api_server.kubeconfig)
    uid = json.loads(fresh_api_server.kubectl("get", "namespace", "kube-system", "-o", "json"))["metadata"]["uid"]
    assert found["cluster"] == [("warn", f"Kubernetes v1.35.4 answers; its id is {uid}; the settings name none")]
    assert (found["clocks"][0][0], found["namespaces"]) == ("ok", [("ok", "payments")])
    assert "not installed" in found["external secrets api"][0][1]
    assert found["encryption at rest"][0][1].startswith("unknown:")
    assert {said[0][0] for name, said in found.items() if name.startswith("rights")} == {"ok"}

    account = fresh_api_server.account("payments", "deployer", rules=[SECRETS], cluster_rules=[LOOK])
    narrow = checks(staging, account.kubeconfig)
    assert narrow["rights: materialize"] == [("ok", "these credentials may do all that it needs")]
    assert "list secrets in all namespaces; delete secrets in payments" in narrow["rights: materialize --prune"][0][1]
    assert narrow["external secrets"] == [("warn", narrow["external secrets"][0][1])]
    assert narrow["external secrets"][0][1].startswith("unknown: ")
