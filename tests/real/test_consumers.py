"""Consumers on a real API server: every place where a pod names a Secret is one that the server knows."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.cluster.api_server import ApiServer
from tests.cluster.controller_manager import ControllerManager
from tests.cluster.process import wait_until
from tests.cluster_bench import connect
from tests.unit.delivery.pods import PLANTERS

from goldenpath.app.consumers import view_of
from goldenpath.delivery.consumers import data_changed_at, find_consumers
from goldenpath.delivery.secret_uses import secret_uses
from goldenpath.model.cluster import SECRET
from goldenpath.ports.cluster import Cluster

pytestmark = [pytest.mark.real, pytest.mark.slow]

AT_CREATION = sorted(place for place in PLANTERS if "ephemeralContainers" not in place)
"""Ephemeral containers join a pod that runs; they cannot be asked for when it is made."""


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


def await_account(server: ApiServer, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    wait_until(lambda: server.get(path) is not None, what="the default service account", seconds=60)


def meta_of(cluster: Cluster, namespace: str) -> Any:
    found = cluster.get(SECRET, "db", namespace=namespace)
    assert found is not None
    return found.meta
