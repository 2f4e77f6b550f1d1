"""Consumers and rollouts on a real API server with Kubernetes' own controllers; only the kubelet is played, because nobody has a node here."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.cluster.api_client import ApiRefused
from tests.cluster.api_server import ApiServer
from tests.cluster.controller_manager import ControllerManager
from tests.cluster.process import wait_until
from tests.cluster_bench import connect
from tests.unit.delivery.pods import PLANTERS, env_spec

from goldenpath.app.consumers import view_of
from goldenpath.delivery.consumers import data_changed_at, find_consumers, need_of
from goldenpath.delivery.restart_plan import RESTARTED_FOR, PlannedRestart, SecretChange, plan_restarts
from goldenpath.delivery.rollout import RestartResult, Rollout, RolloutHooks, RolloutLimits
from goldenpath.delivery.secret_uses import secret_uses
from goldenpath.model.cluster import DEPLOYMENT, SECRET
from goldenpath.ports.cluster import Cluster
from goldenpath.providers.system import SystemClock

pytestmark = [pytest.mark.real, pytest.mark.slow]

AT_CREATION = sorted(place for place in PLANTERS if "ephemeralContainers" not in place)
"""Ephemeral containers join a pod that runs; they cannot be asked for when it is made."""
LABELS = {"app": "shop"}


@pytest.mark.parametrize("place", AT_CREATION)
def test_every_place_is_one_that_the_api_server_knows(
    api_server: ApiServer, controller_manager: ControllerManager, namespace: str, place: str
) -> None:
    await_account(api_server, namespace)
    spec: dict[str, Any] = {}
    expected = PLANTERS[place](spec, "db", 0)
    spec.setdefault("containers", [{"name": "main", "image": "registry.example/app"}])
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": spec}
    made = api_server.call("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldValidation=Strict", manifest)
    (found,) = [use for use in secret_uses(made["spec"]) if use.secret == "db"]
    assert (found.way, found.effect, found.role, found.keys) == (expected.way, expected.effect, expected.role, expected.keys)


def test_ephemeral_containers_are_found_in_a_pod_that_runs(
    api_server: ApiServer, controller_manager: ControllerManager, namespace: str
) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    main = {"containers": [{"name": "main", "image": "registry.example/app"}], "volumes": [{"name": "v0", "secret": {"secretName": "db"}}]}
    await_account(api_server, namespace)
    api_server.call("POST", pods, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": main})
    spec: dict[str, Any] = {}
    expected = PLANTERS["env of ephemeralContainers"](spec, "db", 1)
    api_server.merge(f"{pods}/probe/ephemeralcontainers", {"spec": spec})
    (consumer,) = find_consumers(view_of(connect(api_server.kubeconfig), namespace), "db")
    assert [use.keys for use in consumer.uses if use.role == "ephemeral"] == [expected.keys]
    assert {use.field for use in consumer.uses if use.role == "pod"} == {"volumes.v0"}


def test_when_data_changed_is_what_the_api_server_says(api_server: ApiServer, namespace: str) -> None:
    cluster = connect(api_server.kubeconfig)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": namespace}, "stringData": {"password": "one"}}
    api_server.apply(secret, manager="externalsecrets.external-secrets.io/db-sync")
    first = meta_of(cluster, namespace)
    assert first.writers[0].manager == "externalsecrets.external-secrets.io/db-sync"
    assert first.writers[0].data_keys == ("password",)
    time.sleep(1.1)
    path = f"/api/v1/namespaces/{namespace}/secrets/db"
    api_server.merge(f"{path}?fieldManager=kubectl-label", {"metadata": {"labels": {"team": "shop"}}})
    assert data_changed_at(meta_of(cluster, namespace)) == data_changed_at(first)
    time.sleep(1.1)
    api_server.merge(f"{path}?fieldManager=kubectl-edit", {"stringData": {"password": "two"}})
    edited = meta_of(cluster, namespace)
    assert data_changed_at(edited) > data_changed_at(first)
    assert [writer.manager for writer in edited.writers if writer.has_set("data")] == ["kubectl-edit"]


def test_a_deployment_is_restarted_waited_for_and_left_alone_afterwards(
    api_server: ApiServer, controller_manager: ControllerManager, namespace: str
) -> None:
    cluster = connect(api_server.kubeconfig)
    with playing_kubelet(api_server, namespace):
        deploy(api_server, namespace, "shop")
        deploy(api_server, namespace, "quiet", uses="elsewhere")
        wait_until(lambda: started(cluster, namespace, "shop") == 2, what="two pods run", seconds=60)
        change = change_secret(api_server, cluster, namespace)
        (row,) = plan_restarts(view_of(cluster, namespace), [change])
        assert (str(row.workload), row.action, row.behind) == (f"Deployment {namespace}/shop", "restart", 2)
        (result,) = roll_out(cluster, (row,))
        assert (result.outcome, result.code) == ("restarted", ""), result
    found = cluster.get(DEPLOYMENT, "shop", namespace=namespace)
    assert found is not None
    assert change.request_id in found.spec["template"]["metadata"]["annotations"][RESTARTED_FOR]
    (consumer,) = find_consumers(view_of(cluster, namespace), "db")
    assert need_of(consumer, change.changed_at) == "none"
    assert [row.action for row in plan_restarts(view_of(cluster, namespace), [change])] == ["none"]
    assert roll_out(cluster, plan_restarts(view_of(cluster, namespace), [change])) == []


def test_a_rollout_that_does_not_come_through_is_continued_and_not_repeated(
    api_server: ApiServer, controller_manager: ControllerManager, namespace: str
) -> None:
    cluster = connect(api_server.kubeconfig)
    with playing_kubelet(api_server, namespace):
        for name in ("shop", "tail"):
            deploy(api_server, namespace, name)
        wait_until(lambda: started(cluster, namespace, "shop") + started(cluster, namespace, "tail") == 4, what="four pods run", seconds=60)
        change = change_secret(api_server, cluster, namespace)
    planned = plan_restarts(view_of(cluster, namespace), [change])
    results = {result.workload.name: result for result in roll_out(cluster, planned, seconds=6)}
    assert {name: result.code for name, result in results.items()} == {"shop": "rollout.timeout", "tail": "rollout.stopped"}
    again = plan_restarts(view_of(cluster, namespace), [change])
    assert {row.workload.name: row.action for row in again} == {"shop": "await", "tail": "restart"}
    before = cluster.get(DEPLOYMENT, "shop", namespace=namespace)
    with playing_kubelet(api_server, namespace):
        finished = {result.workload.name: result.outcome for result in roll_out(cluster, again)}
    assert finished == {"shop": "already", "tail": "restarted"}
    after = cluster.get(DEPLOYMENT, "shop", namespace=namespace)
    assert before is not None
    assert after is not None
    assert after.meta.generation == before.meta.generation


def test_a_paused_deployment_is_refused_as_kubectl_refuses_it(
    api_server: ApiServer, controller_manager: ControllerManager, namespace: str
) -> None:
    cluster = connect(api_server.kubeconfig)
    with playing_kubelet(api_server, namespace):
        deploy(api_server, namespace, "shop")
        wait_until(lambda: started(cluster, namespace, "shop") == 2, what="two pods run", seconds=60)
        change = change_secret(api_server, cluster, namespace)
    api_server.kubectl("rollout", "pause", "deployment/shop", "--namespace", namespace)
    (row,) = plan_restarts(view_of(cluster, namespace), [change])
    assert (row.action, "paused" in row.reason) == ("refused", True)


def deploy(server: ApiServer, namespace: str, name: str, *, uses: str = "db") -> None:
    labels = {**LABELS, "name": name}
    spec = env_spec(uses)
    spec["containers"][0] |= {"image": "shop.invalid/shop:1"}
    template = {"metadata": {"labels": labels}, "spec": spec}
    server.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
        }
    )


def await_account(server: ApiServer, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    wait_until(lambda: server.get(path) is not None, what="the default service account", seconds=60)


def started(cluster: Cluster, namespace: str, secret_user: str) -> int:
    consumers = {each.workload.name: each for each in find_consumers(view_of(cluster, namespace), "db")}
    found = consumers.get(secret_user)
    return 0 if found is None else sum(bool(pod.started_at) for pod in found.pods)


def change_secret(server: ApiServer, cluster: Cluster, namespace: str) -> SecretChange:
    """External Secrets writes the Secret, long enough after the pods started and before the next ones do to be told apart."""
    time.sleep(1.5)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": namespace}, "stringData": {"password": "two"}}
    server.apply(secret, manager="externalsecrets.external-secrets.io/db-sync")
    time.sleep(6.5)
    changed_at = data_changed_at(meta_of(cluster, namespace))
    return SecretChange(request_id="SEC-0007", namespace=namespace, secret="db", version_id="v2", changed_at=changed_at)


def meta_of(cluster: Cluster, namespace: str) -> Any:
    found = cluster.get(SECRET, "db", namespace=namespace)
    assert found is not None
    return found.meta


def roll_out(cluster: Cluster, planned: tuple[PlannedRestart, ...], *, seconds: float = 60) -> list[RestartResult]:
    hooks = RolloutHooks(may_start=lambda: None, before=lambda _planned: None, after=lambda _result: None)
    return list(Rollout(cluster, clock=SystemClock(), limits=RolloutLimits(timeout_seconds=seconds), hooks=hooks).run(planned))


@contextmanager
def playing_kubelet(server: ApiServer, namespace: str) -> Iterator[None]:
    """Report every pod of a namespace as running, as a kubelet would."""
    stop = threading.Event()

    def play() -> None:
        while not stop.wait(0.2):
            for pod in server.call("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]:
                if pod["status"]["phase"] == "Pending":
                    _report_running(server, namespace, pod)

    thread = threading.Thread(target=play, name="kubelet")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _report_running(server: ApiServer, namespace: str, pod: dict[str, Any]) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ready = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("Ready", "ContainersReady", "Initialized")]
    state = {"name": "app", "image": "x", "imageID": "", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": now}}}
    status = copy.deepcopy({"phase": "Running", "startTime": now, "conditions": ready, "containerStatuses": [state]})
    try:
        server.merge(f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}/status", {"status": status})
    except ApiRefused as refused:
        if refused.status != 404:  # a pod that was deleted meanwhile has nothing to report
            raise
