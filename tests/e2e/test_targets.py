"""CASES 60: a manifest whose Secret is somebody else's is refused before it is written, by every verb that would write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.canary import hits_in, new_canary
from tests.cluster_fake import FakeCluster
from tests.e2e.cluster_world import REF, SECRET_REF, ClusterWorld
from tests.e2e.world import SEC_0007, World

from goldenpath.app import targets
from goldenpath.errors import AccessDenied, ProviderUnavailable
from goldenpath.model.cluster import EXTERNAL_SECRET, ClusterObject, Kind, KubernetesSecret, Listing, ObjectMeta, Owner
from goldenpath.model.secret import SecretValue

VALUES = ("--generate", "username", "--generate", "password")
MANIFEST = "environments/dev/external-secrets/payments/payments-db-credentials-sync.yaml"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World.make(tmp_path_factory.mktemp("base") / "world")
    settings = (world.platform / "goldenpath.yaml").read_text()
    named = settings.replace("  dev:\n", "  dev:\n    kubernetes:\n      context: dev\n", 1)
    assert named != settings
    world.propose("cluster", {"goldenpath.yaml": named})
    for person in ("pat", "sam"):
        assert world.cli(person, "approve", "--head", "cluster").code == 0
    world.merge("cluster")
    world.approved_request()
    return world


@pytest.fixture
def rig(base: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterWorld:
    return ClusterWorld(base.copy(tmp_path / "world"), monkeypatch)


def secret(cluster: FakeCluster, *owners: Owner, name: str = SECRET_REF.name, value: str = "somebody's") -> None:
    meta = ObjectMeta(name=name, namespace=SECRET_REF.namespace, owners=owners)
    cluster.put_secret(KubernetesSecret(meta=meta, data={"password": SecretValue(value.encode())}))


def external(cluster: FakeCluster, name: str, target: str | None) -> ClusterObject:
    spec = {} if target is None else {"target": {"name": target}}
    meta = ObjectMeta(name=name, namespace=SECRET_REF.namespace)
    return cluster.put(ClusterObject(kind=EXTERNAL_SECRET, meta=meta, body={"spec": spec}))


def owner(kind: str, name: str, uid: str = "5f1d2c3b-0000-4000-9000-00000000beef") -> Owner:
    return Owner(api_version="v1", kind=kind, name=name, uid=uid, is_controller=True)


def strange(rig: ClusterWorld, how: str) -> str:
    """Put something in the way; return words that name it."""
    if how == "without owner":
        secret(rig.cluster)
        return "has no owner"
    if how == "of a workload":
        secret(rig.cluster, owner("Certificate", "tls"))
        return "is owned by Certificate tls"
    if how == "of another ExternalSecret":
        found = external(rig.cluster, "other", SECRET_REF.name)
        secret(rig.cluster, owner("ExternalSecret", "other", found.meta.uid))
        return "is owned by ExternalSecret other"
    external(rig.cluster, SECRET_REF.name if how == "named like it" else "other", None if how == "named like it" else SECRET_REF.name)
    return "is that of the ExternalSecret"


WAYS = ("without owner", "of a workload", "of another ExternalSecret", "wanted by another ExternalSecret", "named like it")


@pytest.mark.parametrize("how", WAYS)
def test_apply_and_its_plan_are_refused_before_anything_is_written(rig: ClusterWorld, how: str) -> None:
    words = strange(rig, how)
    head = rig.world.git("pat", "rev-parse", "HEAD", where=rig.world.gitops)
    for arguments in (("apply", "--dry-run"), ("apply", "--yes")):
        done = rig.cli(*arguments)
        assert (done.code, "delivery.target-foreign" in done.err) == (6, True), done
        assert words in done.err
        assert "payments/payments-db-creds" in done.err
    assert rig.world.git("pat", "rev-parse", "HEAD", where=rig.world.gitops) == head
    stored = json.loads(rig.cli("status", "-o", "json").out)
    assert stored["requests"][0]["value"] == "no-record"


def test_a_secret_that_appears_after_the_record_was_made_stops_the_first_value_from_being_projected(rig: ClusterWorld) -> None:
    assert rig.cli("apply", "--yes").code == 0
    canary = new_canary()
    secret(rig.cluster, value=canary)
    done = rig.cli("seed", "SEC-0007", *VALUES)
    assert (done.code, "delivery.target-foreign" in done.err) == (6, True), done
    assert hits_in((done.out + done.err).encode(), [canary]) == []
    assert not (rig.world.gitops / MANIFEST).exists()
    rig.cluster.remove(SECRET_REF)
    assert rig.cli("apply", "--yes").code == 0
    assert MANIFEST in rig.world.git("pat", "ls-tree", "-r", "--name-only", "main", where=rig.world.gitops)


def test_our_own_secret_and_those_beside_it_are_no_obstacle(rig: ClusterWorld) -> None:
    secret(rig.cluster, name="unrelated")
    external(rig.cluster, "unrelated", None)
    own = external(rig.cluster, REF.name, SECRET_REF.name)
    secret(rig.cluster, owner("ExternalSecret", REF.name, own.meta.uid))
    assert rig.cli("apply", "--yes").code == 0
    assert rig.cli("seed", "SEC-0007", *VALUES).code == 0


def test_a_cluster_without_external_secrets_is_looked_at_all_the_same(rig: ClusterWorld) -> None:
    rig.cluster.served.pop("external-secrets.io")
    assert rig.cli("apply", "--dry-run").code == 0
    secret(rig.cluster)
    assert rig.cli("apply", "--dry-run").code == 6


@pytest.mark.parametrize("few", [0, 10], ids=["asked-for-all-first", "asked-one-by-one"])
def test_credentials_for_the_namespace_alone_are_enough(rig: ClusterWorld, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "_FEW", few)
    everything = rig.cluster.list

    def only_there(kind: Kind, *, namespace: str = "", labels: Mapping[str, str] = {}) -> Listing:
        if not namespace:
            raise AccessDenied("cluster.forbidden", "may not list everything")
        return everything(kind, namespace=namespace, labels=labels)

    monkeypatch.setattr(rig.cluster, "list", only_there)
    assert rig.cli("apply", "--dry-run").code == 0
    secret(rig.cluster)
    assert rig.cli("apply", "--dry-run").code == 6


def test_a_cluster_that_does_not_answer_blocks(rig: ClusterWorld) -> None:
    rig.cluster.faults[:] = [ProviderUnavailable("cluster.unavailable", "no answer")] * 20
    done = rig.cli("apply", "--yes")
    assert (done.code, "cluster.unavailable" in done.err) == (4, True), done
    assert json.loads(rig.world.cli("pat", "status", "-o", "json").out)["requests"][0]["value"] == "no-record"


def test_without_a_cluster_in_the_settings_nobody_is_asked(tmp_path: Path) -> None:
    world = World.make(tmp_path / "world")
    world.approved_request(SEC_0007)
    assert world.cli("pat", "apply", "--yes").code == 0
