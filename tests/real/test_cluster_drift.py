"""Drift in the cluster against the real thing: what the API server makes of our manifests, and what External Secrets makes of a Secret."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from tests.cluster.api_server import ApiServer
from tests.cluster.external_secrets import ExternalSecrets
from tests.cluster.process import wait_until
from tests.cluster_bench import connect
from tests.golden.projection_cases import CASES
from tests.real.test_external_secrets import NAME, Delivered
from tests.standins.aws import StrictAws

from goldenpath.delivery.cluster_drift import ObjectDrift, WantedObject, manifest_drift, secret_drift
from goldenpath.model.cluster import CLUSTER_SECRET_STORE, EXTERNAL_SECRET, SECRET, Kind, ObjectRef
from goldenpath.providers.kubernetes.objects import object_of

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]

KINDS = {kind.name: kind for kind in (EXTERNAL_SECRET, CLUSTER_SECRET_STORE)}


def wanted_of(tree: Mapping[str, Any], secret: str = "") -> WantedObject:
    meta = tree["metadata"]
    ref = ObjectRef(kind=tree["kind"], namespace=meta.get("namespace", ""), name=meta["name"])
    return WantedObject(ref=ref, spec=tree["spec"], committed=tree["spec"], request_id="SEC-0007", secret=secret)


@pytest.mark.parametrize("name", CASES)
def test_what_the_api_server_makes_of_our_manifests_is_no_drift(name: str, every_version_server: ApiServer) -> None:
    trees = [yaml.safe_load(content) for path, content in CASES[name].render().items() if path.endswith(".yaml")]
    for tree in trees:
        if "namespace" in tree["metadata"]:
            every_version_server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": tree["metadata"]["namespace"]}})
        made = json.loads(every_version_server.kubectl("create", "--dry-run=server", "--output=json", "-f", "-", stdin=json.dumps(tree)))
        assert made["spec"] != tree["spec"] or tree["kind"] == "ClusterSecretStore", "the API server fills in nothing: this proves nothing"
        row = manifest_drift(wanted_of(tree), object_of(made, KINDS[tree["kind"]]), {}, environment="dev")
        assert (row.state, row.fields) == ("as-wanted", ())


@pytest.fixture
def delivered(api_server: ApiServer, external_secrets: ExternalSecrets, aws: StrictAws, namespace: str) -> Delivered:
    return Delivered(api_server, external_secrets, aws, namespace)


def secret_row(server: ApiServer, namespace: str) -> ObjectDrift:
    """The Secret as ``drift --cluster`` sees it: with the product's client, against the manifest that lies in the cluster."""
    client = connect(server.kubeconfig)
    external = client.get(EXTERNAL_SECRET, f"{NAME}-sync", namespace=namespace)
    assert external is not None
    wanted = WantedObject(ref=external.ref, spec=external.spec, committed=external.spec, request_id="SEC-0007", secret=NAME)
    assert manifest_drift(wanted, external, {}, environment="dev").state == "as-wanted"
    row = secret_drift(wanted, external, client.get(SECRET, NAME, namespace=namespace), environment="dev")
    assert row is not None
    return row


def edit(server: ApiServer, kind: Kind, namespace: str, change: dict[str, Any]) -> None:
    assert kind is SECRET
    server.merge(f"/api/v1/namespaces/{namespace}/secrets/{NAME}?fieldManager=kubectl-edit", change)


def test_an_edit_by_hand_is_seen_while_external_secrets_does_not_look_and_repaired_when_it_does(
    delivered: Delivered, api_server: ApiServer, external_secrets: ExternalSecrets, namespace: str
) -> None:
    assert delivered.arrives("first")
    assert secret_row(api_server, namespace).state == "as-wanted"
    external_secrets.pause()
    time.sleep(1.1)
    edit(api_server, SECRET, namespace, {"data": {"password": base64.b64encode(b"typed").decode()}})
    row = secret_row(api_server, namespace)
    assert (row.state, row.writers) == ("edited", ("kubectl-edit",))
    assert "kubectl-edit set password at 20" in row.detail
    external_secrets.resume()
    assert delivered.arrives("first")
    assert wait_until(lambda: secret_row(api_server, namespace).state == "as-wanted", what="the edit is repaired", seconds=60)


def test_an_owner_that_was_taken_away_is_seen(
    delivered: Delivered, api_server: ApiServer, external_secrets: ExternalSecrets, namespace: str
) -> None:
    assert delivered.arrives("first")
    external_secrets.pause()
    edit(api_server, SECRET, namespace, {"metadata": {"ownerReferences": None, "labels": {"goldenpath.io/id": "SEC-0099"}}})
    assert secret_row(api_server, namespace).state == "unowned"
    external_secrets.resume()
