"""``goldenpath doctor --cluster``: what it finds in a cluster, and that it says so when it cannot know."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.builders import FakeClock
from tests.cluster_fake import FakeCluster
from tests.cluster_faults import FaultyCluster
from tests.staging_world import Staging, staging, staging_template  # noqa: F401 - fixtures

from goldenpath.app.doctor_argo import look_at_argo
from goldenpath.app.doctor_external_secrets import look_at_served_versions
from goldenpath.app.doctor_rights import NEEDED
from goldenpath.errors import GoldenpathError, ProviderUnavailable
from goldenpath.model.cluster import (
    ARGO_APPLICATION,
    ARGO_GROUP,
    CLUSTER_SECRET_STORE,
    DEPLOYMENT,
    EXTERNAL_SECRETS_GROUP,
    NAMESPACE,
    POD,
    ClusterObject,
    ObjectMeta,
)
from goldenpath.model.settings import (
    ArgoSettings,
    EnvironmentSettings,
    ExternalSecretsSettings,
    KubernetesSettings,
    Settings,
)

VERB = ("doctor", "--cluster", "--environment", "staging")
STORE = "aws-secrets-manager"
IMAGE = "ghcr.io/external-secrets/external-secrets:v0.20.4"


def checks(place: Staging) -> dict[str, list[tuple[str, str, str]]]:
    done = place.cli(*VERB, "-o", "json")
    found: dict[str, list[tuple[str, str, str]]] = {}
    for each in json.loads(done.out)["checks"]:
        found.setdefault(each["name"], []).append((each["state"], each["message"], each["fix"]))
    assert done.code == (1 if any(state == "fail" for said in found.values() for state, _, _ in said) else 0)
    assert all(fix for said in found.values() for state, _, fix in said if state != "ok"), "whoever reads it knows what to do"
    return found


def only(place: Staging, name: str) -> tuple[str, str, str]:
    said = checks(place)[name]
    assert len(said) == 1, said
    return said[0]


def deploy(
    cluster: FakeCluster,
    name: str = "external-secrets",
    *,
    image: str = IMAGE,
    args: tuple[str, ...] = (),
    replicas: int = 1,
    ready: int = 1,
) -> None:
    if cluster.get(NAMESPACE, "external-secrets") is None:
        cluster.namespace("external-secrets")
    template = {"spec": {"containers": [{"name": name, "image": image, "args": list(args)}]}}
    body: dict[str, Any] = {"spec": {"replicas": replicas, "template": template}, "status": {"readyReplicas": ready} if ready else {}}
    cluster.put(ClusterObject(kind=DEPLOYMENT, meta=ObjectMeta(name=name, namespace="external-secrets"), body=body))


def store(cluster: FakeCluster, *, conditions: object, ready: str = "True") -> None:
    spec = {"provider": {}, **({"conditions": conditions} if conditions else {})}
    status = (
        {"conditions": [{"type": "Ready", "status": ready, "reason": "InvalidProviderConfig", "message": "free text"}]} if ready else {}
    )
    cluster.put(ClusterObject(kind=CLUSTER_SECRET_STORE, meta=ObjectMeta(name=STORE), body={"spec": spec, "status": status}))


@pytest.fixture
def healthy(staging: Staging) -> Staging:  # noqa: F811 - the fixture
    deploy(staging.cluster)
    deploy(staging.cluster, "external-secrets-webhook", args=("webhook", "--port=10250"))
    deploy(staging.cluster, "external-secrets-cert-controller", args=("certcontroller",))
    store(staging.cluster, conditions=[{"namespaces": ["payments"]}])
    staging.cluster.clock = FakeClock(datetime.now(UTC))
    return staging


def test_a_cluster_that_works_has_nothing_to_fix(healthy: Staging) -> None:
    found = checks(healthy)
    assert [name for name, said in found.items() for state, _, _ in said if state == "fail"] == []
    assert found["external secrets"] == [("ok", "external-secrets/external-secrets v0.20.4: 1 of 1 pods are ready", "")]
    assert found["stores"] == [("ok", f"ClusterSecretStore {STORE} is ready and serves payments only", "")]
    assert found["namespaces"] == [("ok", "payments", "")]
    assert found["clocks"][0][0] == "ok"
    assert {name for name in found if name.startswith("rights")} == {f"rights: {command}" for command in NEEDED}
    unknown = found["encryption at rest"][0]
    assert (unknown[0], unknown[1].startswith("unknown:")) == ("warn", True)
    assert ("get", "Secret") not in healthy.cluster.calls, "no value is read, and no Secret is even looked at"


def test_a_cluster_that_is_away_is_one_failed_check(healthy: Staging) -> None:
    away = ProviderUnavailable("cluster.unavailable", "the cluster does not answer", hint="is the network there?")
    healthy.wrap = lambda cluster: FaultyCluster(cluster, lambda _number, _call: away)
    assert checks(healthy) == {"cluster": [("fail", "the cluster does not answer [cluster.unavailable]", "is the network there?")]}


def test_one_look_that_fails_leaves_the_others(healthy: Staging) -> None:
    broken = ProviderUnavailable("cluster.unavailable", "the cluster does not answer")

    def fail(_number: int, call: str) -> GoldenpathError | None:
        return broken if call == "list" else None

    healthy.wrap = lambda cluster: FaultyCluster(cluster, fail)
    found = checks(healthy)
    assert [name for name, said in found.items() if said[0][0] == "fail"] == ["external secrets", "encryption at rest"]
    assert found["stores"][0][0] == "ok"


@pytest.mark.parametrize(("verb", "kind", "name"), [("list", "Deployment", "external secrets"), ("get", "ClusterSecretStore", "stores")])
def test_what_these_credentials_may_not_see_is_unknown(healthy: Staging, verb: str, kind: str, name: str) -> None:
    healthy.cluster.forbidden.add((verb, kind))
    state, message, _ = only(healthy, name)
    assert (state, message.startswith("unknown: ")) == ("warn", True)


SERVED = [
    (("v1",), "v1", "ok", ""),
    (("v1", "v1beta1"), "v1", "ok", ""),
    (("v1beta1",), "v1", "fail", "externalSecrets.apiVersion: external-secrets.io/v1beta1"),
    (("v1beta1",), "v1beta1", "ok", ""),
    (("v1", "v1beta1"), "v1beta1", "warn", "externalSecrets.apiVersion: external-secrets.io/v1"),
    (("v1alpha1",), "v1", "fail", "install a newer External Secrets"),
]


@pytest.mark.parametrize(("served", "written", "state", "fix"), SERVED)
def test_the_version_to_write_manifests_in(served: tuple[str, ...], written: str, state: str, fix: str) -> None:
    settings = Settings(external_secrets=ExternalSecretsSettings(api_version=f"external-secrets.io/{written}"))  # type: ignore[arg-type]
    (check,) = look_at_served_versions(FakeCluster(served={EXTERNAL_SECRETS_GROUP: served, "": ("v1",)}), settings, "staging")
    assert (check.state, fix in check.fix) == (state, True), check


def test_without_external_secrets_it_says_what_makes_secrets_instead() -> None:
    for environment, state in (("staging", "warn"), ("prod", "fail")):
        (check,) = look_at_served_versions(FakeCluster(served={"": ("v1",)}), Settings(), environment)
        assert (check.state, "not installed" in check.message) == (state, True)


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (lambda cluster: deploy(cluster, replicas=0, ready=0), "scaled to 0"),
        (lambda cluster: deploy(cluster, replicas=2, ready=0), "0 of 2 pods are ready"),
        (lambda cluster: deploy(cluster, image="registry.example.com:5000/busybox:1"), "no controller was found"),
    ],
)
def test_a_controller_that_does_nothing_is_found(healthy: Staging, harm: Callable[[FakeCluster], None], word: str) -> None:
    harm(healthy.cluster)
    state, message, _ = only(healthy, "external secrets")
    assert (state, word in message) == ("fail", True), message


def test_an_image_by_digest_has_no_version_and_two_controllers_are_told(healthy: Staging) -> None:
    deploy(healthy.cluster, "second", image="mirror.example.com:5000/eso/external-secrets@sha256:" + "0" * 64)
    said = checks(healthy)["external secrets"]
    assert [state for state, _, _ in said] == ["ok", "ok", "warn"]
    assert "of a version that its image does not tell" in said[1][1]


STORES = [
    ([{"namespaces": ["payments"]}], "False", "is not ready: it says InvalidProviderConfig"),
    ([{"namespaces": ["payments"]}], "", "no controller has looked at it yet"),
    ([{"namespaces": ["payments", "strangers"]}], "True", "also serves strangers"),
    ([{"namespaces": ["strangers"]}], "True", "does not serve payments"),
    ([{"namespaces": ["payments"]}, {"namespaceRegexes": [".*"]}], "True", "namespaces that nobody names"),
    ([{"namespaceSelector": {}}], "True", "namespaces that nobody names"),
    (None, "True", "namespaces that nobody names"),
]


@pytest.mark.parametrize(("conditions", "ready", "word"), STORES)
def test_a_store_must_be_ready_and_open_to_exactly_its_namespaces(healthy: Staging, conditions: object, ready: str, word: str) -> None:
    store(healthy.cluster, conditions=conditions, ready=ready)
    said = checks(healthy)["stores"]
    assert any(state == "fail" and word in message for state, message, _ in said), said
    assert not any("free text" in message for _, message, _ in said), "the text of a condition can repeat a value"


def test_a_store_that_is_missing_is_named(healthy: Staging) -> None:
    found = healthy.cluster.get(CLUSTER_SECRET_STORE, STORE)
    assert found is not None
    healthy.cluster.remove(found.ref)
    assert f"ClusterSecretStore {STORE} is not there" in only(healthy, "stores")[1]


def test_a_namespace_that_is_missing_is_named(healthy: Staging) -> None:
    found = healthy.cluster.get(NAMESPACE, "payments")
    assert found is not None
    healthy.cluster.remove(found.ref)
    state, message, _ = only(healthy, "namespaces")
    assert (state, "payments is not in the cluster" in message) == ("fail", True)


def test_missing_rights_are_told_by_command(healthy: Staging) -> None:
    healthy.cluster.forbidden |= {("delete", "Secret"), ("patch", "ExternalSecret")}
    found = {name.removeprefix("rights: "): said[0] for name, said in checks(healthy).items() if name.startswith("rights")}
    assert {command for command, (state, _, _) in found.items() if state == "warn"} == {"sync", "materialize --prune"}
    assert "patch externalsecrets in payments" in found["sync"][1]


@pytest.mark.parametrize(
    ("command", "state"), [(["kube-apiserver", "--encryption-provider-config=/etc/enc.yaml"], "ok"), (["kube-apiserver"], "fail")]
)
def test_encryption_is_told_where_the_api_servers_pod_shows_it(healthy: Staging, command: list[str], state: str) -> None:
    body = {"spec": {"containers": [{"name": "kube-apiserver", "command": command}]}}
    pod = ObjectMeta(name="kube-apiserver-1", namespace="kube-system", labels={"component": "kube-apiserver"})
    healthy.cluster.put(ClusterObject(kind=POD, meta=pod, body=body))
    assert only(healthy, "encryption at rest")[0] == state


@pytest.mark.parametrize(("seconds", "state", "word"), [(30, "warn", "ahead of"), (-30, "warn", "behind"), (4000, "fail", "ahead of")])
def test_clocks_that_differ_are_told(healthy: Staging, seconds: float, state: str, word: str) -> None:
    healthy.cluster.clock.advance(seconds)
    found, message, _ = only(healthy, "clocks")
    assert (found, word in message) == (state, True)


def test_the_wrong_cluster_is_looked_at_no_further(healthy: Staging) -> None:
    settings = (healthy.world.platform / "goldenpath.yaml").read_text()
    cluster = "  staging:\n    kubernetes:\n      clusterId: 00000000-0000-4000-8000-00000000dead\n"
    healthy.world.propose("cluster", {"goldenpath.yaml": settings.replace("  staging:\n", cluster)})
    healthy.world.merge("cluster")
    assert list(checks(healthy)) == ["cluster"]


APPLICATIONS = [
    ({}, None, ["fail", "warn"]),
    ({"health": {"status": "Healthy"}, "sync": {"status": "Synced", "revision": "a" * 40}}, {"prune": True}, ["ok", "ok"]),
    ({"health": {"status": "Healthy"}, "sync": {"status": "OutOfSync"}}, {"prune": True}, ["warn", "ok"]),
    ({"health": {"status": "Degraded"}, "sync": {"status": "Synced"}}, {"prune": True}, ["fail", "ok"]),
    ({"health": {"status": "Healthy"}, "sync": {"status": "Synced"}}, {"prune": False}, ["ok", "warn"]),
    ({"health": {"status": "Healthy"}, "sync": {"status": "Synced"}}, {"prune": True, "enabled": False}, ["ok", "warn"]),
    ({"health": {"status": "Healthy"}, "sync": {"status": "Synced"}}, None, ["ok", "warn"]),
]


def argo_settings(argo: ArgoSettings | None) -> Settings:
    return Settings(environments={"staging": EnvironmentSettings(kubernetes=KubernetesSettings(argo_cd=argo))})


@pytest.mark.parametrize(("status", "automated", "states"), APPLICATIONS)
def test_the_application_that_the_settings_name(status: dict[str, Any], automated: object, states: list[str]) -> None:
    cluster = FakeCluster()
    cluster.namespace("argocd")
    spec = {"syncPolicy": {"automated": automated}} if automated else {}
    meta = ObjectMeta(name="goldenpath-staging", namespace="argocd")
    cluster.put(ClusterObject(kind=ARGO_APPLICATION, meta=meta, body={"spec": spec, "status": status}))
    found = list(look_at_argo(cluster, argo_settings(ArgoSettings()), "staging"))
    assert [check.state for check in found] == states


def test_an_application_that_cannot_be_looked_at_is_told() -> None:
    cluster = FakeCluster()
    cases = [(None, "warn", "name no application"), (ArgoSettings(server="https://argo.example.com"), "warn", "argo.example.com")]
    cases += [(ArgoSettings(), "fail", "there is no Application argocd/goldenpath-staging")]
    for argo, state, word in cases:
        (check,) = look_at_argo(cluster, argo_settings(argo), "staging")
        assert (check.state, word in check.message) == (state, True)
    (check,) = look_at_argo(replace(cluster, served={ARGO_GROUP: ()}), argo_settings(ArgoSettings()), "staging")
    assert (check.state, "not installed" in check.message) == ("fail", True)


@pytest.mark.parametrize("arguments", [("--cluster",), ("--environment", "staging"), ("--context", "x")])
def test_options_that_need_each_other(staging: Staging, arguments: tuple[str, ...]) -> None:  # noqa: F811
    assert staging.cli("doctor", *arguments).code == 2


def test_offline_asks_no_cluster(staging: Staging) -> None:  # noqa: F811
    done = staging.cli(*VERB, "--offline")
    assert (done.code, "[cli.offline]" in done.err, staging.cluster.calls) == (2, True, [])


def test_a_cluster_that_nobody_stated_is_a_failed_check(staging: Staging) -> None:  # noqa: F811
    done = staging.world.cli("pat", *VERB, "-o", "json")
    (check,) = json.loads(done.out)["checks"]
    assert (done.code, check["state"], "cluster.not-configured" in check["message"]) == (1, "fail", True)
