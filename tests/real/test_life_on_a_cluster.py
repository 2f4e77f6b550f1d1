"""The life of SEC-0007 on all of it at once, up to the removal of its manifest: nothing here is a stand-in but AWS (moto, made strict)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.canary import new_canary, scan_tree
from tests.cluster.api_server import ApiServer
from tests.cluster.argo_cd import ArgoCd
from tests.cluster.external_secrets import ExternalSecrets
from tests.cluster.process import wait_until
from tests.real.cluster_life import ClusterLife
from tests.standins.aws import StrictAws

from goldenpath.bootstrap import open_platform
from goldenpath.delivery.external_secret_state import read_state
from goldenpath.model.cluster import EXTERNAL_SECRET, ClusterAccess

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def life(
    tmp_path: Path, api_server: ApiServer, external_secrets: ExternalSecrets, argo_cd: ArgoCd, aws: StrictAws
) -> Iterator[ClusterLife]:
    made = ClusterLife(tmp_path / "life", cluster=api_server, external_secrets=external_secrets, argo_cd=argo_cd, aws=aws)
    yield made
    api_server.recover()
    external_secrets.recover()
    argo_cd.recover()
    made.end()


def test_the_life_of_sec_0007_in_a_cluster(life: ClusterLife, tmp_path: Path) -> None:
    first, second = new_canary("first"), new_canary("second")
    life.world.approved_request()
    assert life.cli("apply", "--yes").code == 0
    waiting = life.receipt(code=5)
    assert (waiting["result"], waiting["code"]) == ("waiting", "value.awaiting")

    life.seed(first)
    arrived = life.receipt()
    assert (arrived["result"], arrived["proof"], arrived["evidence"]) == ("arrived", "version", "fingerprint")
    assert arrived["store_fingerprint"] == arrived["secret_fingerprint"]
    assert life.password() == first
    assert life.standing() == "synced"
    assert life.seams() == dict.fromkeys(
        ("request", "approval", "store", "value", "manifest", "argo-cd", "external-secret", "secret", "pods", "reads"), "ok"
    )

    life.seed(second)
    assert life.standing() == "stale"
    trace = life.document("trace", "SEC-0007")
    assert trace["first_behind"] == "secret"
    assert life.password() == first
    newer = life.receipt()
    assert newer["version_id"] != arrived["version_id"]
    assert life.password() == second
    assert life.seams()["secret"] == "ok"

    for command in (("sync", "SEC-0007"), ("trace", "SEC-0007", "-v"), ("status", "-e", "dev"), ("audit", "export", "--format", "jsonl")):
        shown = life.cli(*command)
        assert shown.code == 0, shown
        assert first not in shown.out + shown.err
        assert second not in shown.out + shown.err
    assert scan_tree(life.world.root, [first, second]) == []
    assert scan_tree(life.origin, [first, second]) == []


def test_a_removed_manifest_takes_the_secret_along(life: ClusterLife) -> None:
    life.world.approved_request()
    assert life.cli("apply", "--yes").code == 0
    life.seed("one")
    life.receipt()
    revision = life.withdraw()
    life.argo_cd.refresh("goldenpath-dev")
    life.argo_cd.wait_until_synced("goldenpath-dev", revision)
    wait_until(lambda: life.external_secret() is None, what="the ExternalSecret is pruned", seconds=60)
    wait_until(lambda: life.secret() is None, what="the Secret is collected", seconds=60)
    receipt = life.receipt(code=1)
    assert (receipt["result"], receipt["code"]) == ("refused", "sync.external-secret-missing")
    assert life.standing() == "missing"


def test_each_seam_that_is_made_late_on_purpose_is_named(life: ClusterLife) -> None:
    life.world.approved_request()
    assert life.cli("apply", "--yes").code == 0
    life.argo_cd.pause()
    life.seed("one")
    assert life.document("trace", "SEC-0007")["first_behind"] == "argo-cd"
    late = life.cli("sync", "SEC-0007", "--wait-seconds", "3")
    assert late.code == 4, late
    assert "argo.timeout" in late.err
    life.external_secrets.pause()
    life.argo_cd.resume()
    life.argo_cd.wait_until_synced("goldenpath-dev", life.revision())
    stuck = life.receipt("--wait-seconds", "6", code=4)
    assert stuck["code"] == "sync.not-processed"
    assert life.document("trace", "SEC-0007")["first_behind"] == "external-secret"
    life.external_secrets.resume()
    assert life.receipt()["result"] == "arrived"
    assert life.document("trace", "SEC-0007")["first_behind"] is None


def test_automated_sync_off_is_not_applied(life: ClusterLife) -> None:
    """CASE 84."""
    life.cluster.merge(
        "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/goldenpath-dev", {"spec": {"syncPolicy": {"automated": None}}}
    )
    life.world.approved_request()
    assert life.cli("apply", "--yes").code == 0
    life.seed("one")
    ended = life.cli("sync", "SEC-0007", "--wait-seconds", "60")
    assert ended.code == 6, ended
    assert "argo.not-automated" in ended.err
    assert life.external_secret() is None


def test_prune_off_keeps_what_left_git_and_is_said(life: ClusterLife) -> None:
    life.world.approved_request()
    assert life.cli("apply", "--yes").code == 0
    life.seed("one")
    life.receipt()
    life.cluster.merge(
        "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/goldenpath-dev",
        {"spec": {"syncPolicy": {"automated": {"prune": False}}}},
    )
    revision = life.withdraw()
    life.argo_cd.refresh("goldenpath-dev")

    def is_seen() -> bool:
        compared = life.argo_cd.application("goldenpath-dev")["status"]["sync"]
        return (compared["status"], compared["revision"]) == ("OutOfSync", revision)

    wait_until(is_seen, what="Argo CD sees what left Git", seconds=60)
    ended = life.cli("sync", "SEC-0007", "--wait-seconds", "8")
    assert ended.code == 4, ended
    assert "its prune is off, so what was removed from Git stays" in ended.err
    assert life.external_secret() is not None
    checks = {
        (each["name"], each["state"]): each["message"] for each in life.document("doctor", "--cluster", "-e", "dev", code=1)["checks"]
    }
    assert "prune is off" in checks["argo cd", "warn"]


def test_a_value_that_the_store_refuses_is_a_failure_and_its_words_stay_in_the_cluster(life: ClusterLife) -> None:
    """CASE 82: one of the ExternalSecrets is in SecretSyncedError."""
    life.world.approved_request()
    assert life.cli("apply", "--yes").code == 0
    life.seed("one")
    life.receipt()
    life.aws.as_principal(
        "AKIAESOROLE000000000",
        "arn:aws:iam::593517239005:role/goldenpath-eso-dev",
        identity_policy=json.dumps({"Version": "2012-10-17", "Statement": []}),
    )
    life.seed("two")
    ended = life.cli("sync", "SEC-0007", "--wait-seconds", "10", "-o", "json")
    assert ended.code == 1, ended
    (receipt,) = json.loads(ended.out)["environments"][0]["receipts"]
    assert (receipt["result"], receipt["code"]) == ("failed", "sync.failed")
    assert "AccessDenied" not in ended.out + ended.err
    assert life.password() == "one"


def test_the_version_that_external_secrets_writes_is_the_one_that_we_compute(life: ClusterLife) -> None:
    """Our proof rests on the controller's own digest of labels and annotations: it must be the same, byte for byte."""
    life.world.approved_request()
    assert life.cli("apply", "--yes").code == 0
    life.seed("one")
    life.receipt()
    odd = {"spaces": "a b  c", "brackets": "map[x:y] {}", "unicode": "é😀", "empty": "", "Z": "1", "a": "2", "quotes": '"\n'}
    life.cluster.merge(
        "/apis/external-secrets.io/v1/namespaces/payments/externalsecrets/payments-db-credentials-sync",
        {"metadata": {"annotations": {f"example.com/{name}": value for name, value in odd.items()}, "labels": {"b": "1", "a": "2"}}},
    )
    services = open_platform(life.world.platform)
    cluster = services.cluster("dev", ClusterAccess(kubeconfig=str(life.cluster.kubeconfig), context="real"))

    def is_same() -> bool:
        found = cluster.get(EXTERNAL_SECRET, "payments-db-credentials-sync", namespace="payments")
        return found is not None and read_state(found).is_worked_through

    assert wait_until(is_same, what="the controller's version equals ours", seconds=30)


def test_an_api_server_that_comes_back_is_waited_for(life: ClusterLife) -> None:
    life.world.approved_request()
    assert life.cli("apply", "--yes").code == 0
    life.seed("one")
    life.receipt()
    life.seed("two")
    life.cluster.crash()
    away = life.cli("sync", "SEC-0007", "--no-argo", "--wait-seconds", "3", "--retries", "1")
    assert away.code == 4, away
    life.cluster.start()
    assert life.receipt()["result"] == "arrived"
    assert life.password() == "two"
