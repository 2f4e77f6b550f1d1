"""``drift --cluster`` and ``orphans --cluster`` over a cluster that people touched behind the platform's back."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.canary import hits_in, new_canary, scan_tree
from tests.cluster_fake import FakeCluster
from tests.clusters import NamespacedCluster, deliver, edit_meta, reconcile, run, with_clusters, written
from tests.doors.platform.test_store_reports import DEV, IGNORES, STAGING, seed
from tests.e2e.parameters import EXAMPLE
from tests.e2e.world import SEC_0007, Run, World

from goldenpath.app.cluster_drift import find_cluster_orphans, read_cluster_drift
from goldenpath.bootstrap import open_platform
from goldenpath.model.cluster import EXTERNAL_SECRET, SECRET, ClusterAccess, ClusterObject, ObjectMeta, ObjectRef
from goldenpath.projection.overlay_result import overlay_result

USER, PASSWORD, TYPED = new_canary("user"), new_canary("password"), new_canary("typed")
EXTERNAL = ObjectRef(kind="ExternalSecret", namespace="payments", name="payments-db-credentials-sync")
TARGET = ObjectRef(kind="Secret", namespace="payments", name="payments-db-creds")
SEC_0008 = (
    SEC_0007.replace("SEC-0007", "SEC-0008").replace("environment: dev", "environment: staging").replace("ttlDays: 30", "ttlDays: 60")
)
IGNORE = """\
apiVersion: goldenpath.io/v1
kind: DriftIgnores
ignores:
  - field: external-secret:refreshInterval
    service: payments
    reason: load test of the store
    owner: app-team
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World.make(tmp_path_factory.mktemp("base") / "world")
    world.propose("request", {DEV: SEC_0007, STAGING: SEC_0008})
    assert world.cli("pat", "approve", "--head", "request").code == 0
    world.merge("request")
    assert world.cli("pat", "apply", "--yes").code == 0
    seed(world, "SEC-0007", USER, PASSWORD)
    assert world.cli("pat", "apply", "--yes").code == 0
    return world


@pytest.fixture
def world(base: World, tmp_path: Path) -> World:
    return base.copy(tmp_path / "world")


@pytest.fixture
def cluster(world: World) -> FakeCluster:
    """The cluster of dev as Argo CD and External Secrets left it."""
    made = FakeCluster()
    deliver(made, world.gitops, "dev")
    reconcile(made)
    return made


def drift(world: World, cluster: FakeCluster, *arguments: str) -> Run:
    return run(world, {"dev": cluster}, "pat", "drift", "--cluster", "-e", "dev", *arguments)


def orphans(world: World, cluster: FakeCluster, *arguments: str) -> Run:
    return run(world, {"dev": cluster}, "pat", "orphans", "--cluster", "-e", "dev", *arguments)


def document(done: Run, code: int) -> dict[str, Any]:
    assert done.code == code, done
    return dict(json.loads(done.out))


def edit_spec(cluster: FakeCluster, *path: str, value: Any) -> None:
    found = cluster.get(EXTERNAL_SECRET, EXTERNAL.name, namespace=EXTERNAL.namespace)
    assert found is not None
    body = copy.deepcopy(found.body)
    inner = body["spec"]
    for part in path[:-1]:
        inner = inner.setdefault(part, {})
    inner[path[-1]] = value
    cluster.put(replace(found, body=body))


def test_a_cluster_as_it_was_left_has_neither_drift_nor_orphans(world: World, cluster: FakeCluster) -> None:
    done = drift(world, cluster)
    assert done.code == 0, done
    assert done.out.startswith("No drift in the cluster of dev: 3 objects as at ")
    found = orphans(world, cluster)
    assert (found.code, found.out.partition(" (")[0]) == (0, "No orphans in the cluster of dev")


def test_a_manifest_edited_in_the_cluster_is_shown_field_by_field_and_without_what_was_typed(world: World, cluster: FakeCluster) -> None:
    edit_spec(cluster, "target", "deletionPolicy", value="Delete")
    edit_spec(cluster, "target", "template", "data", value={"password": TYPED})
    done = drift(world, cluster)
    assert done.code == 1
    assert '! spec.target.deletionPolicy: wanted "Retain", found "Delete" (committed as wanted' in done.out
    assert '! spec.target.template.data.password: wanted nothing, found "(not shown)"' in done.out
    fields = document(drift(world, cluster, "-o", "json"), 1)["objects"][0]["fields"]
    assert {field["field"]: field["left"] for field in fields} == {
        "spec.target.deletionPolicy": "wanted",
        "spec.target.template.data.password": "wanted",
    }
    assert scan_tree(world.root, [TYPED]) == []
    assert hits_in((done.out + done.err).encode(), [TYPED]) == []


@pytest.mark.parametrize(
    ("damage", "state", "code"),
    [
        (lambda cluster: cluster.remove(EXTERNAL), "missing", "cluster.missing"),
        (lambda cluster: cluster.remove(TARGET), "missing", "cluster.missing"),
        (lambda cluster: edit_meta(cluster, TARGET, owners=()), "unowned", "cluster.secret-unowned"),
        (
            lambda cluster: edit_meta(cluster, TARGET, writers=(written(cluster, "kubectl-edit", "data.password"),)),
            "edited",
            "cluster.secret-edited",
        ),
        (lambda cluster: edit_meta(cluster, TARGET, labels={}), "drift", "cluster.drift"),
        (
            lambda cluster: edit_meta(cluster, EXTERNAL, deleted_at="2026-01-15T12:00:00Z", finalizers=("example.com/stuck",)),
            "being-deleted",
            "cluster.being-deleted",
        ),
    ],
)
def test_each_damage_has_its_state_and_its_code(world: World, cluster: FakeCluster, damage: Any, state: str, code: str) -> None:
    damage(cluster)
    found = document(drift(world, cluster, "-o", "json"), 1)
    assert [row["state"] for row in found["objects"]] == [state]
    findings = drift(world, cluster, "-o", "github")
    assert findings.code == 1
    assert f"title=block {code}" in findings.out


def test_a_change_that_waits_for_an_apply_is_pending_and_no_drift(world: World, cluster: FakeCluster) -> None:
    world.propose(
        "settings", {"goldenpath.yaml": (world.platform / "goldenpath.yaml").read_text() + "externalSecrets:\n  refreshInterval: 15m\n"}
    )
    for person in ("pat", "sam"):
        assert world.cli(person, "approve", "--head", "settings").code == 0
    world.merge("settings")
    found = document(drift(world, cluster, "-o", "json"), 0)
    assert [(row["state"], [field["left"] for field in row["fields"]]) for row in found["objects"]] == [("pending", ["found"])]


def test_how_often_it_refreshes_can_be_left_alone_by_review(world: World, cluster: FakeCluster) -> None:
    edit_spec(cluster, "refreshInterval", value="10s")
    assert drift(world, cluster).code == 1
    world.propose("ignore", {IGNORES: IGNORE})
    for person in ("pat", "sam"):
        assert world.cli(person, "approve", "--head", "ignore").code == 0
    world.merge("ignore")
    done = drift(world, cluster)
    assert done.code == 0, done
    assert "ignored: load test of the store; owner app-team" in done.out
    assert world.cli("pat", "drift", "-e", "dev").code == 0


def test_only_named_requests_are_compared(world: World, cluster: FakeCluster) -> None:
    edit_spec(cluster, "refreshInterval", value="10s")
    assert document(drift(world, cluster, "SEC-0007", "-o", "json"), 1)["counts"]["drifted"] == 1
    assert drift(world, cluster, "SEC-0008").code == 6


def test_objects_without_a_request_are_named_and_nothing_is_deleted(world: World, cluster: FakeCluster) -> None:
    cluster.namespace("elsewhere")
    reader = {
        "secretStoreRef": {"name": "aws-secrets-manager", "kind": "ClusterSecretStore"},
        "dataFrom": [{"extract": {"key": "goldenpath/payments/dev/payments-db-credentials"}}],
    }
    cluster.put(ClusterObject(kind=EXTERNAL_SECRET, meta=ObjectMeta(name="thief", namespace="elsewhere"), body={"spec": reader}))
    cluster.put(ClusterObject(kind=SECRET, meta=ObjectMeta(name="lost", namespace="payments", labels={"goldenpath.io/id": "SEC-0099"})))
    found = document(orphans(world, cluster, "-o", "json"), 1)
    assert [(row["kind"], row["object"]["name"], row["request_id"]) for row in found["orphans"]] == [
        ("unmanaged", "thief", ""),
        ("orphan", "lost", "SEC-0099"),
    ]
    assert "1 orphan, 1 unmanaged, 0 leaving in the cluster of dev; nothing was deleted" in orphans(world, cluster).out
    assert document(drift(world, cluster, "-o", "json"), 1)["counts"]["drifted"] == 2


def test_looking_asks_for_no_change_and_for_no_value(world: World, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in world.environment("pat").items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr(cluster, "read_secret", None)
    cluster.calls.clear()
    services = with_clusters(open_platform(world.platform), {"dev": cluster})
    try:
        assert read_cluster_drift(services, ClusterAccess(), environments=("dev",)).drifted == ()
        assert find_cluster_orphans(services, ClusterAccess(), environments=("dev",)).rows == ()
    finally:
        services.close()
    assert {verb for verb, _kind in cluster.calls} == {"get", "list"}


def test_who_may_not_see_the_whole_cluster_is_told_so(world: World) -> None:
    restricted = NamespacedCluster()
    deliver(restricted, world.gitops, "dev")
    reconcile(restricted, namespace="payments")
    done = drift(world, restricted)
    assert done.code == 0, done
    assert "only the namespaces of its requests were seen [cluster.not-all-seen]" in done.out


def test_a_cluster_is_never_guessed(world: World, cluster: FakeCluster) -> None:
    unnamed = run(world, {"dev": cluster}, "pat", "drift", "--cluster")
    assert (unnamed.code, "cluster.environment-unnamed" in unnamed.err) == (2, True)
    elsewhere = run(world, {"dev": cluster}, "pat", "drift", "--cluster", "-e", "staging")
    assert (elsewhere.code, "cluster.not-configured" in elsewhere.err) == (2, True)
    both = run(world, {"dev": cluster}, "pat", "drift", "--cluster", "-e", "dev", "-e", "staging", "--context", "x")
    assert (both.code, "cluster.environment-unnamed" in both.err) == (2, True)
    assert run(world, {"dev": cluster}, "pat", "orphans", "--context", "x").code == 2


def test_looking_at_a_cluster_is_on_record(world: World, cluster: FakeCluster) -> None:
    assert drift(world, cluster).code == 0
    records = [json.loads(line) for line in world.cli("pat", "audit", "tail", "-o", "ndjson").out.splitlines()]
    listed = [record for record in records if record.get("action") == "cluster.list"]
    assert [record["phase"] for record in listed] == ["intent", "outcome"]
    assert listed[-1]["details"]["objects"] == "3"


@pytest.fixture(scope="module")
def overlaid(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The example of seed 003, with base and overlays, on the embedded store; the database of prod has its values."""
    root = tmp_path_factory.mktemp("overlaid")
    shutil.copytree(EXAMPLE, root / "example")
    settings = root / "example" / "goldenpath.yaml"
    settings.write_text(settings.read_text().replace("backend: aws-parameter-store", "backend: local"))
    made = World.make(root / "world", example=root / "example")
    assert made.cli("pat", "apply", "--yes").code == 0
    given = ("--stdin", "DATABASE_URL", "--generate", "DATABASE_PASSWORD", "--yes")
    assert made.cli("pat", "seed", "SEC-0303", *given, typed=b"https://db.example.com/app").code == 0
    return made


def test_base_and_overlay_count_as_what_they_come_to(overlaid: World) -> None:
    tenants = overlaid.gitops / "tenants" / "service"
    files = {str(path.relative_to(tenants)): path.read_bytes() for path in tenants.rglob("*.yaml")}
    trees = overlay_result(files, "production")
    assert trees is not None
    tree = trees["service-db-sync"]
    meta, spec = tree["metadata"], tree["spec"]
    assert isinstance(meta, dict)
    assert isinstance(spec, dict)
    cluster = FakeCluster()
    cluster.namespace(meta["namespace"])
    deliver(cluster, overlaid.gitops, "prod")
    shown = ObjectMeta(name=meta["name"], namespace=meta["namespace"])
    put = cluster.put(ClusterObject(kind=EXTERNAL_SECRET, meta=shown, body={"spec": copy.deepcopy(spec)}))
    reconcile(cluster)
    clean = run(overlaid, {"prod": cluster}, "pat", "drift", "--cluster", "SEC-0303", "-o", "json")
    assert document(clean, 0)["objects"] == []
    cluster.put(replace(put, body={"spec": {**spec, "refreshInterval": "10s"}}))
    (row,) = document(run(overlaid, {"prod": cluster}, "pat", "drift", "--cluster", "SEC-0303", "-o", "json"), 1)["objects"]
    assert [(field["field"], field["left"]) for field in row["fields"]] == [("spec.refreshInterval", "wanted")]
