"""Rollouts on a real API server with Kubernetes' own controllers: every kind that is restarted by its template."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from tests.cluster.api_server import ApiServer
from tests.cluster.controller_manager import ControllerManager
from tests.cluster.kubelet import AFTER, BEFORE, nodes, playing_kubelet
from tests.cluster.process import wait_until
from tests.cluster_bench import connect
from tests.unit.delivery.pods import env_spec

from goldenpath.app.consumers import view_of
from goldenpath.delivery.consumers import data_changed_at, find_consumers, need_of
from goldenpath.delivery.restart_plan import RESTARTED_FOR, PlannedRestart, SecretChange, plan_restarts
from goldenpath.delivery.rollout import RestartResult, Rollout, RolloutHooks, RolloutLimits
from goldenpath.delivery.rollout_status import RESTARTABLE
from goldenpath.model.cluster import DAEMON_SET, DEPLOYMENT, SECRET, STATEFUL_SET
from goldenpath.ports.cluster import Cluster
from goldenpath.providers.system import SystemClock

pytestmark = [pytest.mark.real, pytest.mark.slow]

PODS = 2
SIZES: dict[str, dict[str, Any]] = {
    DEPLOYMENT.name: {"replicas": PODS},
    STATEFUL_SET.name: {"replicas": PODS, "serviceName": "shop"},
    DAEMON_SET.name: {},
}


@contextmanager
def room_for(kind: str, server: ApiServer, namespace: str) -> Iterator[None]:
    """As many nodes as there shall be pods, for the kind that counts nodes."""
    names = [f"{namespace}-{number}" for number in range(PODS)]
    with nodes(server, *names) if kind == DAEMON_SET.name else nullcontext():
        yield


@pytest.mark.parametrize("kind", sorted(RESTARTABLE))
def test_a_workload_is_restarted_waited_for_and_left_alone_afterwards(
    api_server: ApiServer, controller_manager: ControllerManager, namespace: str, kind: str
) -> None:
    cluster = connect(api_server.kubeconfig)
    with room_for(kind, api_server, namespace):
        with playing_kubelet(api_server, namespace, clock=BEFORE):
            deploy(api_server, namespace, "shop", kind=kind)
            deploy(api_server, namespace, "quiet", kind=kind, uses="elsewhere")
            await_pods(cluster, namespace, "shop")
        change = change_secret(api_server, cluster, namespace)
        (row,) = plan_restarts(view_of(cluster, namespace), [change])
        assert (str(row.workload), row.action, row.behind) == (f"{kind} {namespace}/shop", "restart", PODS)
        with playing_kubelet(api_server, namespace, clock=AFTER):
            (result,) = roll_out(cluster, (row,))
            assert (result.outcome, result.code) == ("restarted", ""), result
            said = api_server.kubectl("rollout", "status", f"{kind.lower()}/shop", "--namespace", namespace, "--timeout=5s")
        assert any(word in said for word in ("successfully rolled out", "roll out complete")), said
        found = cluster.get(RESTARTABLE[kind], "shop", namespace=namespace)
        assert found is not None
        assert change.request_id in found.spec["template"]["metadata"]["annotations"][RESTARTED_FOR]
        (consumer,) = find_consumers(view_of(cluster, namespace), "db")
        assert (need_of(consumer, change.changed_at), len(consumer.pods)) == ("none", PODS)
        assert [row.action for row in plan_restarts(view_of(cluster, namespace), [change])] == ["none"]
        assert roll_out(cluster, plan_restarts(view_of(cluster, namespace), [change])) == []


def test_a_rollout_that_does_not_come_through_is_continued_and_not_repeated(
    api_server: ApiServer, controller_manager: ControllerManager, namespace: str
) -> None:
    """The first is a StatefulSet, which replaces one pod after the other, the last one first."""
    cluster = connect(api_server.kubeconfig)
    with playing_kubelet(api_server, namespace, clock=BEFORE):
        deploy(api_server, namespace, "tail", kind=STATEFUL_SET.name)
        deploy(api_server, namespace, "shop")
        for name in ("tail", "shop"):
            await_pods(cluster, namespace, name)
    change = change_secret(api_server, cluster, namespace)
    planned = plan_restarts(view_of(cluster, namespace), [change])
    first = planned[0].workload
    results = {result.workload.name: result for result in roll_out(cluster, planned, seconds=3)}
    assert {name: result.code for name, result in results.items()} == {"shop": "rollout.timeout", "tail": "rollout.stopped"}
    again = plan_restarts(view_of(cluster, namespace), [change])
    assert {row.workload.name: row.action for row in again} == {"shop": "await", "tail": "restart"}
    before = cluster.get(DEPLOYMENT, first.name, namespace=namespace)
    with playing_kubelet(api_server, namespace, clock=AFTER):
        finished = {result.workload.name: result.outcome for result in roll_out(cluster, again)}
    assert finished == {"shop": "already", "tail": "restarted"}
    after = cluster.get(DEPLOYMENT, first.name, namespace=namespace)
    assert before is not None
    assert after is not None
    assert after.meta.generation == before.meta.generation


def test_a_paused_deployment_is_refused_as_kubectl_refuses_it(
    api_server: ApiServer, controller_manager: ControllerManager, namespace: str
) -> None:
    cluster = connect(api_server.kubeconfig)
    with playing_kubelet(api_server, namespace, clock=BEFORE):
        deploy(api_server, namespace, "shop")
        await_pods(cluster, namespace, "shop")
    change = change_secret(api_server, cluster, namespace)
    api_server.kubectl("rollout", "pause", "deployment/shop", "--namespace", namespace)
    (row,) = plan_restarts(view_of(cluster, namespace), [change])
    assert (row.action, "paused" in row.reason) == ("refused", True)


def deploy(server: ApiServer, namespace: str, name: str, *, kind: str = DEPLOYMENT.name, uses: str = "db") -> None:
    labels = {"name": name}
    spec = env_spec(uses)
    spec["containers"][0] |= {"image": "shop.invalid/shop:1"}
    template = {"metadata": {"labels": labels}, "spec": spec}
    server.apply(
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": {**SIZES[kind], "selector": {"matchLabels": labels}, "template": template},
        }
    )


def await_pods(cluster: Cluster, namespace: str, name: str) -> None:
    """Wait until every pod of a workload that uses the Secret runs."""

    def started() -> int:
        consumers = {each.workload.name: each for each in find_consumers(view_of(cluster, namespace), "db")}
        return sum(bool(pod.started_at) for pod in consumers[name].pods) if name in consumers else 0

    wait_until(lambda: started() == PODS, what=f"{PODS} pods of {name} run", seconds=60)


def change_secret(server: ApiServer, cluster: Cluster, namespace: str) -> SecretChange:
    """External Secrets writes the Secret, now."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": namespace}, "stringData": {"password": "two"}}
    server.apply(secret, manager="externalsecrets.external-secrets.io/db-sync")
    found = cluster.get(SECRET, "db", namespace=namespace)
    assert found is not None
    return SecretChange(request_id="SEC-0007", namespace=namespace, secret="db", version_id="v2", changed_at=data_changed_at(found.meta))


def roll_out(cluster: Cluster, planned: tuple[PlannedRestart, ...], *, seconds: float = 60) -> list[RestartResult]:
    hooks = RolloutHooks(may_start=lambda: None, before=lambda _planned: None, after=lambda _result: None)
    return list(Rollout(cluster, clock=SystemClock(), limits=RolloutLimits(timeout_seconds=seconds), hooks=hooks).run(planned))
