"""``materialize`` and ``doctor --cluster`` where External Secrets and Argo CD run: what they see of them, and that nobody takes another's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.api_server import ApiServer
from tests.cluster.argo_cd import ArgoCd
from tests.cluster.external_secrets import ExternalSecrets
from tests.cluster.kubelet import playing_kubelet
from tests.cluster.process import wait_until
from tests.real.cluster_life import ClusterLife
from tests.standins.aws import StrictAws

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]

CONTROLLER = "external-secrets"
NAME = "controller-of-the-tests"
STORE = "/apis/external-secrets.io/v1/clustersecretstores/aws-secrets-manager"


@pytest.fixture
def life(
    tmp_path: Path, api_server: ApiServer, external_secrets: ExternalSecrets, argo_cd: ArgoCd, aws: StrictAws
) -> Iterator[ClusterLife]:
    made = ClusterLife(tmp_path / "life", cluster=api_server, external_secrets=external_secrets, argo_cd=argo_cd, aws=aws)
    made.world.approved_request()
    assert made.cli("apply", "--yes").code == 0
    made.seed("one")
    yield made
    external_secrets.recover()
    argo_cd.recover()
    made.end()


def checks(life: ClusterLife, *, code: int) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for each in life.document("doctor", "--cluster", "-e", "dev", code=code)["checks"]:
        found.setdefault(each["name"], []).append((each["state"], each["message"]))
    return found


def materialize(life: ClusterLife, code: int) -> set[tuple[str, str]]:
    return {(each["subject"], each["rule"]) for each in life.document("materialize", "-e", "dev", "--yes", code=code)["refusals"]}


def deploy_controller(cluster: ApiServer) -> None:
    """The Deployment as its chart makes it: the controller itself runs beside the cluster here."""
    labels = {"app": NAME}
    container = {"name": "external-secrets", "image": "ghcr.io/external-secrets/external-secrets:v0.20.4", "args": ["--concurrent=4"]}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}
    cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME, "namespace": CONTROLLER}, "spec": spec})


def test_doctor_sees_both_at_work_and_what_is_wrong_with_them(life: ClusterLife) -> None:
    life.receipt()
    place = f"/apis/apps/v1/namespaces/{CONTROLLER}/deployments/{NAME}"
    alone = checks(life, code=1)
    assert alone["external secrets"] == [("fail", alone["external secrets"][0][1])]
    assert "no controller was found" in alone["external secrets"][0][1]
    deploy_controller(life.cluster)
    with playing_kubelet(life.cluster, CONTROLLER):
        wait_until(lambda: (life.cluster.get(place) or {}).get("status", {}).get("readyReplicas"), what="its pod is ready", seconds=60)
    found = checks(life, code=0)
    assert found["external secrets"] == [("ok", f"{CONTROLLER}/{NAME} v0.20.4: 1 of 1 pods are ready")]
    assert found["external secrets api"][0][0] == "ok"
    assert found["stores"] == [("ok", "ClusterSecretStore aws-secrets-manager is ready and serves payments only")]
    assert found["argo cd"] == [
        ("ok", f"Application argocd/goldenpath-dev is Healthy, Synced at {life.revision()[:12]}"),
        ("ok", "synced and pruned by itself"),
    ]
    life.cluster.call("DELETE", f"{place}?propagationPolicy=Background")

    life.argo_cd.pause()
    life.cluster.merge(STORE, {"spec": {"provider": {"aws": {"auth": {"jwt": {"serviceAccountRef": {"name": "nobody"}}}}}}})

    def is_not_ready() -> bool:
        conditions = (life.cluster.get(STORE) or {}).get("status", {}).get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "False" for each in conditions)

    wait_until(is_not_ready, what="External Secrets does not like the store", seconds=60)
    broken = checks(life, code=1)["stores"]
    assert [(state, message) for state, message in broken if "is not ready: it says" in message and state == "fail"]
    refused = life.receipt("--no-argo", code=1)
    assert (refused["result"], refused["code"]) == ("refused", "sync.store-unusable")


def test_materialize_leaves_to_external_secrets_what_is_its_own_and_hands_over_what_it_made(life: ClusterLife) -> None:
    life.argo_cd.pause()
    assert life.external_secret() is None
    assert materialize(life, 0) == set()
    made = life.secret()
    assert made is not None
    assert (life.password(), made["metadata"].get("ownerReferences")) == ("one", None)

    life.argo_cd.resume()
    life.seed("two")
    receipt = life.receipt()
    assert (receipt["result"], receipt["evidence"]) == ("arrived", "fingerprint")
    taken = life.secret()
    assert taken is not None
    assert (life.password(), taken["metadata"]["ownerReferences"][0]["kind"]) == ("two", "ExternalSecret")

    life.seed("three")
    assert materialize(life, 1) == {("SEC-0007", "materialize.external-secret"), ("SEC-0007", "materialize.secret-owned")}
    assert life.secret() == taken, "nothing was written"
    life.receipt()
    assert life.password() == "three"
