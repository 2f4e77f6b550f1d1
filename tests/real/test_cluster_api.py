"""The API server of the rig: it is real, it comes back, and people in it may do what RBAC says."""

from __future__ import annotations

import json

import pytest
from tests.cluster.api_client import ApiRefused
from tests.cluster.api_server import ApiServer, KubectlFailed
from tests.cluster.built import require_built
from tests.cluster.controller_manager import ControllerManager
from tests.cluster.external_secrets import definitions
from tests.cluster.process import wait_until

pytestmark = [pytest.mark.real, pytest.mark.slow]

READ_SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}


def note(namespace: str, name: str = "note", **more: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace, **more}, "data": {"said": "hello"}}


def test_kubectl_and_server_are_of_one_release(api_server: ApiServer) -> None:
    versions = json.loads(api_server.kubectl("version", "--output=json"))
    assert versions["clientVersion"]["gitVersion"] == versions["serverVersion"]["gitVersion"] == "v1.35.4"


def test_what_is_stored_survives_a_restart_and_a_crash(api_server: ApiServer, namespace: str) -> None:
    api_server.apply(note(namespace))
    path = f"/api/v1/namespaces/{namespace}/configmaps/note"
    before = api_server.get(path)
    api_server.restart()
    assert api_server.get(path) == before
    api_server.crash()
    with pytest.raises(OSError, match="refused"):
        api_server.get(path)
    api_server.start()
    assert api_server.get(path) == before


def test_a_held_server_answers_nobody_and_goes_on_afterwards(api_server: ApiServer, namespace: str) -> None:
    api_server.pause()
    with pytest.raises(OSError, match="timed out"):
        api_server.call("GET", "/api/v1/namespaces", seconds=1)
    api_server.resume()
    assert api_server.get(f"/api/v1/namespaces/{namespace}")


def test_the_next_test_finds_a_server_that_a_test_broke(api_server: ApiServer) -> None:
    api_server.pause()
    api_server.recover()
    assert api_server.answers("/readyz")
    api_server.crash()
    api_server.recover()
    assert api_server.answers("/readyz")


def test_an_account_may_do_what_its_rules_say_and_nothing_else(api_server: ApiServer, namespace: str) -> None:
    reader = api_server.account(namespace, "reader", rules=[READ_SECRETS])
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    assert api_server.call("GET", secrets, token=reader.token)["items"] == []
    for path in (f"/api/v1/namespaces/{namespace}/configmaps", "/api/v1/secrets"):
        with pytest.raises(ApiRefused) as refused:
            api_server.call("GET", path, token=reader.token)
        assert refused.value.status == 403
    assert api_server.kubectl("auth", "can-i", "list", "secrets", kubeconfig=reader.kubeconfig).strip() == "yes"
    with pytest.raises(KubectlFailed):
        api_server.kubectl("auth", "can-i", "create", "secrets", kubeconfig=reader.kubeconfig)


def test_a_revoked_account_is_unauthorized_and_a_stranger_is_forbidden(api_server: ApiServer, namespace: str) -> None:
    leaver = api_server.account(namespace, "leaver", rules=[READ_SECRETS])
    api_server.revoke(leaver)
    path = f"/api/v1/namespaces/{namespace}/secrets"
    for token, status in ((leaver.token, 401), (api_server.stranger_token, 403), ("never-heard-of", 401)):
        with pytest.raises(ApiRefused) as refused:
            api_server.call("GET", path, token=token)
        assert refused.value.status == status


def test_garbage_and_namespaces_are_collected(api_server: ApiServer, controller_manager: ControllerManager, namespace: str) -> None:
    api_server.apply(note(namespace, "owner"))
    owner = api_server.get(f"/api/v1/namespaces/{namespace}/configmaps/owner")
    assert owner
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    api_server.apply(note(namespace, "owned", ownerReferences=[reference]))
    api_server.kubectl("delete", "configmap", "owner", "--namespace", namespace)
    owned = f"/api/v1/namespaces/{namespace}/configmaps/owned"
    wait_until(lambda: api_server.get(owned) is None, what="what is owned goes with its owner", seconds=150)
    api_server.kubectl("create", "namespace", f"{namespace}-two")
    api_server.apply(note(f"{namespace}-two"))
    api_server.kubectl("delete", "namespace", f"{namespace}-two", "--timeout=60s")
    assert api_server.get(f"/api/v1/namespaces/{namespace}-two") is None


def test_a_workload_gets_its_pods_which_stay_pending(api_server: ApiServer, controller_manager: ControllerManager, namespace: str) -> None:
    labels = {"app": "shop"}
    api_server.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "shop", "namespace": namespace},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "shop", "image": "shop.invalid/shop:1"}]}},
            },
        }
    )
    pods = f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3Dshop"

    def phases() -> list[str]:
        return [pod["status"]["phase"] for pod in api_server.call("GET", pods)["items"]]

    assert wait_until(lambda: phases() == ["Pending", "Pending"], what="two pods", seconds=60)


def test_a_cluster_can_serve_the_old_version_alone(fresh_api_server: ApiServer) -> None:
    assert fresh_api_server.get("/apis/external-secrets.io") is None
    fresh_api_server.install(definitions(require_built("external-secrets"), served=("v1beta1",)))
    group = fresh_api_server.get("/apis/external-secrets.io")
    assert group
    assert "v1beta1" in {version["version"] for version in group["versions"]}
    assert fresh_api_server.get("/apis/external-secrets.io/v1beta1/externalsecrets") is not None
    assert fresh_api_server.get("/apis/external-secrets.io/v1/externalsecrets") is None
