"""From the store to the cluster's Secret: ``sync``, ``status`` and ``trace`` on one request, with the in-memory cluster behind them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.canary import new_canary, scan_tree
from tests.e2e.cluster_world import REF, SECRET_REF, ClusterWorld
from tests.e2e.world import SEC_0007, World
from tests.standins.external_secrets import make_external_secret

from goldenpath.app.cluster_selection import Selection, select
from goldenpath.app.status import read_status
from goldenpath.app.sync import SyncOrder, sync_secrets
from goldenpath.app.sync_absence import await_absence
from goldenpath.app.sync_receipts import ReceiptBook
from goldenpath.app.trace import trace_request
from goldenpath.delivery.force_sync import SyncLimits
from goldenpath.errors import GoldenpathError
from goldenpath.model.cluster import (
    DEPLOYMENT,
    EXTERNAL_SECRET,
    POD,
    SECRET,
    ClusterAccess,
    ClusterObject,
    KubernetesSecret,
    ObjectMeta,
    Owner,
)
from goldenpath.model.secret import SecretValue
from goldenpath.model.sync import SyncReceipt

ACCESS = ClusterAccess(context="test")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> World:
    return ClusterWorld.seeded(tmp_path_factory.mktemp("seeded") / "world")


@pytest.fixture
def world(seeded: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterWorld:
    made = ClusterWorld(seeded.copy(tmp_path / "world"), monkeypatch)
    made.deploy()
    return made


def sync(world: ClusterWorld, *ids: str, **selection: Any) -> tuple[SyncReceipt, ...]:
    wanted = Selection(ids=ids, **selection)
    with world.services() as services:
        return sync_secrets(services, SyncOrder(selection=wanted, access=ACCESS, limits=SyncLimits(timeout_seconds=60))).receipts


def one(world: ClusterWorld, **selection: Any) -> SyncReceipt:
    (receipt,) = sync(world, "SEC-0007", **selection)
    return receipt


def state_of(world: ClusterWorld) -> str:
    with world.services() as services:
        rows = read_status(services, environments=("dev",), access=ACCESS).rows
    return next(row.cluster for row in rows if row.id == "SEC-0007")


def seams(world: ClusterWorld) -> dict[str, str]:
    with world.services() as services:
        return {seam.name: seam.state for seam in trace_request(services, "SEC-0007", access=ACCESS).seams}


def test_a_new_value_arrives_and_the_receipt_binds_both_ends(world: ClusterWorld) -> None:
    first = one(world)
    world.seed()
    assert state_of(world) == "stale"
    assert seams(world)["secret"] == "behind"
    second = one(world)
    assert (second.result, second.evidence, second.proof) == ("arrived", "fingerprint", "version")
    assert second.store_fingerprint == second.secret_fingerprint != first.secret_fingerprint
    assert second.version_id != first.version_id
    assert second.secret == SECRET_REF
    secret = world.cluster.get(SECRET, SECRET_REF.name, namespace="payments")
    assert secret is not None
    assert second.secret_version == secret.meta.resource_version
    assert state_of(world) == "synced"
    assert set(seams(world).values()) == {"ok"}


def test_the_receipt_names_the_pods_and_trace_the_one_that_is_older(world: ClusterWorld) -> None:
    one(world)
    template = {"spec": {"containers": [{"name": "app", "envFrom": [{"secretRef": {"name": SECRET_REF.name}}]}]}}
    body = {"spec": {"template": template, "selector": {}}}
    deployment = world.cluster.put(ClusterObject(kind=DEPLOYMENT, meta=ObjectMeta(name="api", namespace="payments"), body=body))
    owner = Owner(api_version="apps/v1", kind="Deployment", name="api", uid=deployment.meta.uid, is_controller=True)
    started = world.cluster.now().isoformat()
    running = {
        "phase": "Running",
        "startTime": started,
        "containerStatuses": [{"name": "app", "state": {"running": {"startedAt": started}}}],
    }
    pod = ObjectMeta(name="api-1", namespace="payments", owners=(owner,))
    world.cluster.put(ClusterObject(kind=POD, meta=pod, body={**template, "status": running}))
    world.cluster.clock.advance(60)
    world.seed()
    receipt = one(world)
    assert [(each.pod, each.workload) for each in receipt.consumers] == [("api-1", "Deployment/api")]
    assert receipt.consumers[0].started_at
    with world.services() as services:
        found = trace_request(services, "SEC-0007", access=ACCESS)
    assert found.first_behind is not None
    assert found.first_behind.name == "pods"
    assert "goldenpath rollout SEC-0007" in found.first_behind.summary
    world.cluster.forbidden.add(("list", "Pod"))
    assert one(world).consumers == ()
    assert seams(world)["pods"] == "unknown"


def test_each_receipt_is_on_record_before_and_after(world: ClusterWorld) -> None:
    receipt = one(world)
    records = [json.loads(line) for line in world.world.cli("pat", "audit", "export", "--format", "jsonl").out.splitlines()]
    pair = [record for record in records if record["action"] == "secret.sync"]
    assert [record["phase"] for record in pair] == ["intent", "outcome"]
    assert pair[1]["sync_receipt_id"] == receipt.id
    assert pair[1]["target"]["version_id"] == receipt.version_id
    assert pair[0]["target"]["k8s_secret"] == "payments-db-creds"
    assert pair[0]["correlation_id"]


def test_a_controller_that_stands_still_is_no_success(world: ClusterWorld) -> None:
    one(world)
    world.controller.is_stopped = True
    world.seed()
    receipt = one(world)
    assert (receipt.result, receipt.code) == ("timeout", "sync.not-processed")
    assert state_of(world) == "stale"


def test_an_older_value_is_asked_for_again(world: ClusterWorld) -> None:
    """A store that is eventually consistent hands out the older version once."""
    one(world)
    old = world.cluster.read_secret("payments", SECRET_REF.name)
    assert old is not None
    world.seed()
    values, calls = world.controller.values, []

    def lagging(found: ClusterObject) -> Any:
        calls.append(found)
        return {key: value.reveal() for key, value in old.data.items()} if len(calls) == 1 else values(found)

    world.controller.values = lagging
    receipt = one(world)
    assert (receipt.result, receipt.attempts, receipt.evidence) == ("arrived", 2, "fingerprint")


def test_a_value_that_never_arrives_is_behind(world: ClusterWorld) -> None:
    world.controller.values = lambda _found: {"username": b"x", "password": b"y"}
    receipt = one(world)
    assert (receipt.result, receipt.code, receipt.attempts) == ("behind", "sync.version-behind", 3)
    assert seams(world)["secret"] == "behind"


def test_bytes_that_are_no_text_are_behind_by_order_only(world: ClusterWorld) -> None:
    world.controller.values = lambda _found: {"password": b"\xff\xfe"}
    receipt = one(world)
    assert receipt.secret_fingerprint == ""
    assert receipt.evidence in {"order", ""}


def test_a_secret_of_somebody_else_is_foreign(world: ClusterWorld) -> None:
    one(world)
    meta = msgspec.structs.replace(world.cluster.list(SECRET).objects[0].meta, owners=())
    world.cluster.put_secret(KubernetesSecret(meta=meta, data={"password": SecretValue(b"theirs")}))
    assert state_of(world) == "foreign"
    world.controller.refresh = lambda *_given: None  # type: ignore[method-assign]
    assert seams(world)["secret"] == "behind"


def test_a_secret_that_was_deleted_is_missing(world: ClusterWorld) -> None:
    one(world)
    world.cluster.remove(SECRET_REF)
    assert state_of(world) == "missing"
    assert seams(world)["secret"] == "behind"


def test_an_external_secret_that_never_came_is_missing(world: ClusterWorld) -> None:
    world.cluster.remove(REF)
    receipt = one(world)
    assert (receipt.result, receipt.code) == ("refused", "sync.external-secret-missing")
    assert state_of(world) == "missing"
    assert seams(world)["external-secret"] == "behind"


def test_nothing_selected_is_no_success(world: ClusterWorld) -> None:
    """CASE 82."""
    with pytest.raises(GoldenpathError) as caught:
        sync(world, environments=("dev",), labels={"zerotouch.io/managed": "true"})
    assert caught.value.code == "sync.nothing-selected"
    with pytest.raises(GoldenpathError) as caught:
        sync(world, environments=("dev",), namespace="nowhere")
    assert caught.value.code == "sync.nothing-selected"
    with pytest.raises(GoldenpathError) as caught:
        sync(world)
    assert caught.value.code == "cluster.environment-unnamed"


def test_what_no_request_explains_is_refreshed_by_its_label(world: ClusterWorld) -> None:
    world.cluster.put(make_external_secret("hand-written", labels={"zerotouch.io/managed": "true"}))
    world.controller.values = lambda _found: {"password": b"x"}
    (receipt,) = sync(world, environments=("dev",), labels={"zerotouch.io/managed": "true"})
    assert (receipt.request_id, receipt.result, receipt.evidence, receipt.version_id) == ("", "arrived", "order", "")


def test_a_request_without_a_value_waits(world: ClusterWorld) -> None:
    text = SEC_0007.replace("SEC-0007", "SEC-0008").replace("payments-db", "payments-api")
    world.world.propose("second", {"catalogs/secrets/payments/dev/SEC-0008.yaml": text})
    assert world.world.cli("pat", "approve", "--head", "second").code == 0
    world.world.merge("second")
    assert world.world.cli("pat", "apply", "--yes").code == 0
    receipts = {receipt.request_id: receipt for receipt in sync(world, service="payments", environments=("dev",))}
    assert (receipts["SEC-0007"].result, receipts["SEC-0008"].result) == ("arrived", "waiting")
    ended = world.cli("sync", "SEC-0008", "--context", "test")
    assert ended.code == 5


def test_without_the_right_to_read_secrets_the_controllers_word_counts(world: ClusterWorld) -> None:
    world.cluster.forbidden.add(("get", "Secret"))
    receipt = one(world)
    assert (receipt.result, receipt.evidence) == ("arrived", "order")
    assert "may not read Secrets" in receipt.message


def test_a_cluster_without_external_secrets_is_named(world: ClusterWorld) -> None:
    world.cluster.served.pop("external-secrets.io")
    with pytest.raises(GoldenpathError) as caught:
        one(world)
    assert caught.value.code == "cluster.kind-missing"


def test_an_old_cluster_is_spoken_to_in_its_own_version(world: ClusterWorld) -> None:
    world.cluster.remove(REF)
    world.cluster.served["external-secrets.io"] = ("v1beta1",)
    found = make_external_secret()
    world.cluster.put(msgspec.structs.replace(found, kind=EXTERNAL_SECRET.at("v1beta1")))
    store = world.cluster.list
    assert store is not None
    world.controller.values = lambda _found: {"password": b"x"}
    receipts = sync(world, environments=("dev",), namespace="payments")
    assert [receipt.result for receipt in receipts] in (["arrived"], ["behind"])


def test_the_command_shows_results_and_no_value(world: ClusterWorld) -> None:
    canary = new_canary("password")
    assert world.world.cli("pat", "seed", "SEC-0007", "--generate", "username", "--stdin", "password", typed=canary.encode()).code == 0
    table = world.cli("sync", "SEC-0007", "--context", "test")
    assert table.code == 0, table
    assert "1 ExternalSecret: 1 done." in table.out
    document = json.loads(world.cli("sync", "SEC-0007", "--context", "test", "-o", "json").out)
    assert document["kind"] == "Sync"
    assert document["environments"][0]["receipts"][0]["result"] == "arrived"
    for command in (("status", "-e", "dev"), ("trace", "SEC-0007", "-v"), ("sync", "SEC-0007", "--no-wait")):
        shown = world.cli(*command, "--context", "test")
        assert shown.code == 0, shown
        assert canary not in shown.out + shown.err + table.out + table.err
    assert scan_tree(world.world.root, [canary]) == []


@pytest.mark.parametrize(
    ("arrange", "code"),
    [
        (lambda cluster: cluster.remove(REF), 1),
        (lambda cluster: cluster.controllers.clear(), 4),
        (lambda cluster: cluster.served.pop("external-secrets.io"), 6),
    ],
)
def test_each_end_has_its_exit_code(world: ClusterWorld, arrange: Any, code: int) -> None:
    ended = world.cli("sync", "SEC-0007", "--context", "test", arrange=arrange)
    assert ended.code == code, ended
    assert ended.err or ended.out


def test_asking_claims_nothing(world: ClusterWorld) -> None:
    document = json.loads(world.cli("sync", "SEC-0007", "--context", "test", "--no-wait", "-o", "json").out)
    (receipt,) = document["environments"][0]["receipts"]
    assert (receipt["result"], receipt["evidence"], receipt["proof"]) == ("asked", "", "")


def test_a_stranger_is_not_asked_which_cluster(world: ClusterWorld) -> None:
    """Without settings and without flags nothing is taken from kubectl's current context."""
    ended = world.world.cli("pat", "sync", "SEC-0007")
    assert ended.code == 2
    assert "cluster.not-configured" in ended.err


class TestLeaving:
    """A request that is on its way out is done when nothing of it is left."""

    def leave(self, world: ClusterWorld) -> SyncReceipt:
        with world.services() as services:
            selected = select(services, Selection(ids=("SEC-0007",)))
            (request,) = selected.chosen
            lifecycle = msgspec.structs.replace(request.spec.lifecycle, status="decommission_requested")
            going = msgspec.structs.replace(request, spec=msgspec.structs.replace(request.spec, lifecycle=lifecycle))
            with ReceiptBook(services, selected.governance, "dev", world.cluster, {}) as book:
                (receipt,) = await_absence(
                    services, book, world.cluster, EXTERNAL_SECRET, [going], limits=SyncLimits(timeout_seconds=30), is_waiting=True
                )
        return receipt

    def test_gone_is_done(self, world: ClusterWorld) -> None:
        world.cluster.remove(REF)
        assert self.leave(world).result == "gone"

    def test_what_goes_meanwhile_is_waited_for(self, world: ClusterWorld) -> None:
        one(world)
        world.controller.is_stopped = True
        started = world.cluster.clock.monotonic()
        world.cluster.controllers.append(lambda cluster: cluster.remove(REF) if cluster.clock.monotonic() > started + 5 else None)
        world.cluster.controllers.append(lambda cluster: cluster.remove(SECRET_REF) if cluster.clock.monotonic() > started + 9 else None)
        assert self.leave(world).result == "gone"

    def test_what_nobody_deletes_is_named(self, world: ClusterWorld) -> None:
        receipt = self.leave(world)
        assert (receipt.result, receipt.code) == ("timeout", "sync.still-there")

    def test_a_stuck_finalizer_is_named(self, world: ClusterWorld) -> None:
        found = world.cluster.get(EXTERNAL_SECRET, REF.name, namespace=REF.namespace)
        assert found is not None
        meta = msgspec.structs.replace(found.meta, deleted_at="2026-01-15T12:00:00Z", finalizers=("foregroundDeletion",))
        world.cluster.put(msgspec.structs.replace(found, meta=meta))
        world.controller.is_stopped = True
        receipt = self.leave(world)
        assert (receipt.result, receipt.code) == ("timeout", "sync.stuck-deletion")
        assert "foregroundDeletion" in receipt.message

    def test_a_secret_that_stays_is_named(self, world: ClusterWorld) -> None:
        one(world)
        world.cluster.remove(REF)
        receipt = self.leave(world)
        assert (receipt.result, receipt.code) == ("timeout", "sync.secret-left")
