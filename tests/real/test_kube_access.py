"""Getting to a real API server: kubeconfigs as kubectl reads them, accounts with few rights, tokens that end, servers that die."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st
from tests.cluster.api_server import Account, ApiServer, KubectlFailed
from tests.cluster.argo_cd import ArgoCd
from tests.cluster.external_secrets import ExternalSecrets
from tests.cluster_bench import CONFIG_MAP, connect, make_config, make_secret
from tests.house.source_tree import ROOT
from tests.real.cluster_life import ClusterLife
from tests.standins.aws import StrictAws

from goldenpath.errors import GoldenpathError
from goldenpath.model.cluster import (
    ARGO_APPLICATION,
    CLUSTER_SECRET_STORE,
    EXTERNAL_SECRET,
    NAMESPACE,
    SECRET,
    ObjectChange,
)
from goldenpath.providers.kubernetes.kubeconfig import Files, read_place
from goldenpath.providers.kubernetes.place import Place

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]
V1 = "client.authentication.k8s.io/v1"


def code_of(call: Any) -> str:
    with pytest.raises(GoldenpathError) as caught:
        call()
    return caught.value.code


# --- kubeconfigs


def test_a_plugin_logs_in_and_is_asked_again_when_its_token_ends(
    api_server: ApiServer, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldenpath.providers.kubernetes.credentials.IN_VAIN_SECONDS", 0.5)
    first = api_server.account(namespace, "first", rules=[{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}])
    second = api_server.account(namespace, "second", rules=[{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}])
    answer = tmp_path / "answer"
    answer.write_text(json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": {"token": first.token}}))
    plugin = tmp_path / "bin" / "login"
    plugin.parent.mkdir()
    plugin.write_text(f"#!{sys.executable}\nprint(open({str(answer)!r}).read())\n")
    plugin.chmod(0o700)
    cluster = connect(
        kubeconfig_with(api_server, tmp_path, {"exec": {"apiVersion": V1, "command": "bin/login", "interactiveMode": "Never"}})
    )
    assert cluster.get(CONFIG_MAP, "none", namespace=namespace) is None
    api_server.revoke(first)
    assert code_of(lambda: cluster.get(CONFIG_MAP, "none", namespace=namespace)) == "cluster.unauthenticated"
    answer.write_text(json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": {"token": second.token}}))
    time.sleep(0.6)  # a renewal in vain counts for so long
    assert cluster.get(CONFIG_MAP, "none", namespace=namespace) is None


def kubeconfig_with(server: ApiServer, folder: Path, user: Mapping[str, Any]) -> Path:
    tree = json.loads(server.kubeconfig.read_text())
    tree["users"][0]["user"] = dict(user)
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(tree))
    return path


NAMES = st.sampled_from(["dev", "prod", "x"])
CLUSTERS = st.fixed_dictionaries(
    {"server": st.sampled_from(["https://127.0.0.1:1", "https://localhost:1/prefix"])},
    optional={
        "certificate-authority-data": st.just("AUTHORITY"),
        "insecure-skip-tls-verify": st.booleans(),
        "certificate-authority": st.just("ca.pem"),
        "tls-server-name": st.just("api"),
        "proxy-url": st.sampled_from(["http://127.0.0.1:1", "ftp://127.0.0.1:1"]),
    },
)
EXEC = st.fixed_dictionaries(
    {"apiVersion": st.just(V1), "command": st.sampled_from(["aws", "./login", "bin/login"])},
    optional={
        "interactiveMode": st.sampled_from(["Never", "Never", "Often"]),
        "args": st.lists(st.sampled_from(["--cluster", "a b"]), max_size=2),
        "env": st.lists(st.fixed_dictionaries({"name": st.just("A"), "value": st.sampled_from(["", "b=c"])}), max_size=1),
    },
)
USERS = st.fixed_dictionaries(
    {},
    optional={
        "token": st.just("abc"),
        "tokenFile": st.just("token"),
        "exec": EXEC,
        "username": st.just("ann"),
        "password": st.just("p"),
        "as": st.just("ann"),
        "as-groups": st.lists(st.sampled_from(["dev", "ops"]), max_size=2),
    },
)
CONFIGS = st.fixed_dictionaries(
    {
        "clusters": st.lists(
            st.fixed_dictionaries({"name": NAMES, "cluster": CLUSTERS}), max_size=3, unique_by=lambda each: str(each["name"])
        ),
        "users": st.lists(st.fixed_dictionaries({"name": NAMES, "user": USERS}), max_size=3, unique_by=lambda each: str(each["name"])),
        "contexts": st.lists(
            st.fixed_dictionaries({"name": NAMES, "context": st.fixed_dictionaries({"cluster": NAMES, "user": NAMES})}),
            max_size=3,
            unique_by=lambda each: str(each["name"]),
        ),
    }
)

BESIDE_A_NAME: dict[str, Any] = {
    "clusters": [{"name": "dev", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "x", "user": {"tokenFile": "token", "username": "ann"}}],
    "contexts": [{"name": "dev", "context": {"cluster": "dev", "user": "x"}}],
}


@settings(
    max_examples=60,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example is a process: shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(configs=[BESIDE_A_NAME], context="dev")
@given(configs=st.lists(CONFIGS, min_size=1, max_size=3), context=NAMES)
def test_kubectl_reads_the_same(api_server: ApiServer, tmp_path: Path, configs: list[dict[str, Any]], context: str) -> None:
    paths = []
    for number, tree in enumerate(configs):
        path = tmp_path / str(number) / "config"
        path.parent.mkdir(exist_ok=True)
        authority = api_server.ca_file.read_bytes()
        (path.parent / "ca.pem").write_bytes(authority)
        (path.parent / "token").write_text("from-a-file")
        path.touch(mode=0o600)
        text = json.dumps({"apiVersion": "v1", "kind": "Config", **tree})
        path.write_text(text.replace("AUTHORITY", base64.b64encode(authority).decode()))
        paths.append(path)
    if not is_taken_by_kubectl(api_server, paths, context):
        assert code_of(lambda: read_place(Files(paths=tuple(paths), is_named=False), context)).startswith("cluster.kubeconfig-")
        return
    compare(read_place(Files(paths=tuple(paths), is_named=False), context), kubectl_view(api_server, paths, context))


def kubectl_with(server: ApiServer, paths: list[Path], *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**server.kubectl_environment(), "KUBECONFIG": os.pathsep.join(map(str, paths))}
    command = [str(server.kubernetes / "kubectl"), *arguments]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def is_taken_by_kubectl(server: ApiServer, paths: list[Path], context: str) -> bool:
    """Say whether kubectl goes as far as asking the server, where nobody answers; what it does not take it calls an error.

    It goes to port 8080 of this machine where the cluster is nowhere; that is not taken by us. It asks a person for a name where nothing
    says who they are; we refuse a user who is nowhere, and are nobody where the user's entry is empty.
    """
    done = kubectl_with(server, paths, "get", "--raw", "/version", "--context", context, "--request-timeout=1s")
    assert done.returncode, done
    assume("Please enter Username:" not in done.stdout + done.stderr)
    return not done.stderr.startswith(("error:", "Error in configuration:")) and "localhost:8080" not in done.stderr


def kubectl_view(server: ApiServer, paths: list[Path], context: str) -> dict[str, Any]:
    done = kubectl_with(server, paths, "config", "view", "--raw", "--minify", "--flatten", "--context", context, "-o", "json")
    assert done.returncode == 0, done
    return dict(json.loads(done.stdout))


def compare(found: Place, wanted: Mapping[str, Any]) -> None:
    cluster, user = wanted["clusters"][0]["cluster"], wanted["users"][0]["user"]
    assert found.endpoint.server == cluster["server"]
    assert found.endpoint.tls_name == cluster.get("tls-server-name", "")
    assert found.endpoint.proxy == cluster.get("proxy-url", "")
    inline = cluster.get("certificate-authority-data")
    assert found.endpoint.authority == (base64.b64decode(inline) if inline else None)
    assert found.endpoint.is_unverified == cluster.get("insecure-skip-tls-verify", False)
    login = found.login
    assert (None if login.token is None else login.token.reveal().decode()) == user.get("token")
    assert (None if login.token_file is None else login.token_file.name) == user.get("tokenFile")
    assert (login.username, None if login.password is None else login.password.reveal().decode()) == (
        user.get("username", ""),
        user.get("password"),
    )
    assert [text for header, text in login.impersonated if header == "Impersonate-User"] == ([user["as"]] if "as" in user else [])
    assert [text for header, text in login.impersonated if header == "Impersonate-Group"] == (user.get("as-groups") or [])
    plugin = user.get("exec")
    assert (login.plugin is None) == (plugin is None)
    if login.plugin is not None and plugin is not None:
        # a bare name is looked up on PATH, every other one lies beside the kubeconfig (its documentation; the view does not show where)
        command = os.path.normpath(plugin["command"])
        at = Path(login.plugin.command)
        assert str(at) == command if command == "aws" else (at.is_absolute() and at.match(command))
        assert list(login.plugin.arguments) == (plugin.get("args") or [])
        assert list(login.plugin.environment) == [(each["name"], each["value"]) for each in plugin.get("env") or []]


# --- a server that dies, and one that comes back


def test_a_watch_ends_with_the_server_and_work_goes_on_after_it(api_server: ApiServer, namespace: str) -> None:
    cluster = connect(api_server.kubeconfig)
    since = cluster.list(CONFIG_MAP, namespace=namespace).resource_version
    seen: list[ObjectChange] = []
    has_begun = threading.Event()

    def watch() -> None:
        for change in cluster.watch(CONFIG_MAP, namespace=namespace, since=since, seconds=120):
            seen.append(change)
            has_begun.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    cluster.apply(make_config(namespace, port="80"), CONFIG_MAP)
    assert has_begun.wait(30)
    begun = time.monotonic()
    api_server.crash()
    watcher.join(30)
    assert not watcher.is_alive()
    assert time.monotonic() - begun < 30
    assert [change.kind for change in seen] == ["added"]
    assert code_of(lambda: cluster.get(CONFIG_MAP, "settings", namespace=namespace)) == "cluster.unavailable"
    api_server.recover()
    assert cluster.get(CONFIG_MAP, "settings", namespace=namespace) == seen[0].object
    patched = cluster.patch(CONFIG_MAP, "settings", {"data": {"port": "81"}}, namespace=namespace)
    again = cluster.watch(CONFIG_MAP, namespace=namespace, since=seen[0].object.meta.resource_version, seconds=1)
    assert [(change.kind, change.object) for change in again] == [("modified", patched)]


def test_a_server_that_hangs_is_not_waited_for(api_server: ApiServer, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goldenpath.providers.kubernetes.transport.READ_SECONDS", 1.0)
    cluster = connect(api_server.kubeconfig, retry_limit=1)
    assert cluster.get(CONFIG_MAP, "settings", namespace=namespace) is None
    api_server.pause()
    begun = time.monotonic()
    assert code_of(lambda: cluster.get(CONFIG_MAP, "settings", namespace=namespace)) == "cluster.unavailable"
    assert time.monotonic() - begun < 10
    api_server.resume()
    assert cluster.get(CONFIG_MAP, "settings", namespace=namespace) is None


def test_the_wrong_cluster_is_not_written_to(api_server: ApiServer, namespace: str) -> None:
    right = connect(api_server.kubeconfig).identity()
    made = connect(api_server.kubeconfig, cluster_id=right).apply_secret(make_secret(namespace, password=b"one"))
    wrong = connect(api_server.kubeconfig, cluster_id="5f1d2c3b-0000-4000-8000-000000000001")
    assert code_of(lambda: wrong.apply_secret(make_secret(namespace, password=b"two"))) == "cluster.wrong-cluster"
    assert code_of(lambda: wrong.read_secret(namespace, "db")) == "cluster.wrong-cluster"
    assert code_of(lambda: wrong.delete(SECRET, "db", namespace=namespace, uid=made.meta.uid)) == "cluster.wrong-cluster"
    assert connect(api_server.kubeconfig).get(SECRET, "db", namespace=namespace) == made


def test_a_namespace_that_is_being_deleted_takes_nothing_new(api_server: ApiServer, namespace: str) -> None:
    cluster = connect(api_server.kubeconfig)
    cluster.apply(make_config(namespace, finalizers=["goldenpath.io/test"], port="80"), CONFIG_MAP)
    api_server.kubectl("delete", "namespace", namespace, "--wait=false")
    with pytest.raises(GoldenpathError) as caught:
        cluster.apply_secret(make_secret(namespace, password=b"one"))
    assert (caught.value.code, caught.value.message) == ("cluster.refused", f"the namespace {namespace} is being deleted")
    cluster.patch(CONFIG_MAP, "settings", {"metadata": {"finalizers": None}}, namespace=namespace)


def test_every_page_of_a_long_list_is_read(api_server: ApiServer, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goldenpath.providers.kubernetes.reading.PAGE", 7)
    names = [f"n{number:02}" for number in range(25)]
    manifests = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}} for name in reversed(names)]
    api_server.apply(*manifests)
    assert [each.meta.name for each in connect(api_server.kubeconfig).list(CONFIG_MAP, namespace=namespace).objects] == names


# --- few rights


def rules(role: str) -> list[dict[str, Any]]:
    """The rules of one role of the shipped example."""
    trees = yaml.safe_load_all((ROOT / "examples/kubernetes/access.yaml").read_text())
    return next(list(tree["rules"]) for tree in trees if tree["metadata"]["name"] == role and "rules" in tree)


def test_the_example_is_what_a_cluster_takes(api_server: ApiServer) -> None:
    for name in ("goldenpath", "argocd", "payments"):
        api_server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    api_server.apply(*yaml.safe_load_all((ROOT / "examples/kubernetes/access.yaml").read_text()))
    token = api_server.kubectl("create", "token", "goldenpath", "--namespace", "goldenpath").strip()
    cluster = connect(api_server.kubeconfig_for(token))
    assert cluster.identity() == connect(api_server.kubeconfig).identity()
    assert cluster.may("patch", EXTERNAL_SECRET, namespace="payments")
    assert cluster.may("patch", ARGO_APPLICATION, namespace="argocd")
    assert cluster.may("get", CLUSTER_SECRET_STORE)
    for verb, kind, where in (
        ("patch", EXTERNAL_SECRET, "goldenpath"),
        ("get", SECRET, "argocd"),
        ("list", SECRET, "payments"),
        ("list", SECRET, ""),
        ("create", SECRET, "payments"),
        ("patch", NAMESPACE, ""),
    ):
        assert not cluster.may(verb, kind, namespace=where)
    with pytest.raises(KubectlFailed):
        api_server.kubectl("get", "namespaces", kubeconfig=api_server.kubeconfig_for(token))


def test_materializing_needs_its_role_and_no_more(api_server: ApiServer, namespace: str) -> None:
    account = api_server.account(namespace, "staging", rules=rules("goldenpath-materialize"), cluster_rules=rules("goldenpath-cluster"))
    cluster = connect(account.kubeconfig, cluster_id=connect(api_server.kubeconfig).identity())
    made = cluster.apply_secret(make_secret(namespace, password=b"one", user=b"app"))
    cluster.apply_secret(make_secret(namespace, password=b"two", user=b"app"))
    cluster.patch(SECRET, "db", {"data": {"user": None}}, namespace=namespace)
    found = cluster.read_secret(namespace, "db")
    assert found is not None
    assert {key: value.reveal() for key, value in found.data.items()} == {"password": b"two"}
    assert [each.meta.name for each in cluster.list(SECRET, namespace=namespace).objects] == ["db"]
    cluster.delete(SECRET, "db", namespace=namespace, uid=made.meta.uid)
    assert cluster.get(SECRET, "db", namespace=namespace) is None
    assert code_of(lambda: cluster.list(SECRET)) == "cluster.forbidden"
    assert code_of(lambda: cluster.apply(make_config(namespace), CONFIG_MAP)) == "cluster.forbidden"
    assert cluster.version().major == 1
    assert cluster.served_versions("apps") == ("v1",)


@pytest.mark.parametrize("missing", ["get", "create", "patch", "delete"])
def test_no_right_of_materializing_could_be_left_out(api_server: ApiServer, namespace: str, missing: str) -> None:
    less = [{**rule, "verbs": [verb for verb in rule["verbs"] if verb != missing]} for rule in rules("goldenpath-materialize")]
    cluster = connect(api_server.account(namespace, f"no-{missing}", rules=less).kubeconfig)
    admin = connect(api_server.kubeconfig)

    def work() -> None:
        cluster.apply_secret(make_secret(namespace, password=b"one"))
        cluster.read_secret(namespace, "db")
        found = admin.get(SECRET, "db", namespace=namespace)
        assert found is not None
        cluster.delete(SECRET, "db", namespace=namespace, uid=found.meta.uid)

    assert code_of(work) == "cluster.forbidden"


# --- the commands themselves, on all that is real


@pytest.fixture
def life(
    tmp_path: Path, api_server: ApiServer, external_secrets: ExternalSecrets, argo_cd: ArgoCd, aws: StrictAws
) -> Iterator[ClusterLife]:
    made = ClusterLife(tmp_path / "life", cluster=api_server, external_secrets=external_secrets, argo_cd=argo_cd, aws=aws)
    yield made
    made.end()


def limited(server: ApiServer, name: str, role: str) -> Account:
    """An account of ``payments`` with one of the example's roles there, and those beside it."""
    wanted = [*rules(role), *rules("goldenpath-consumers")]
    account = server.account("payments", name, rules=wanted, cluster_rules=rules("goldenpath-cluster"))
    argo = {"name": f"goldenpath-{name}", "namespace": "argocd"}
    subject = {"kind": "ServiceAccount", "name": name, "namespace": "payments"}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": argo["name"]}
    server.apply(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": argo, "rules": rules("goldenpath-argo")},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": argo,
            "subjects": [subject],
            "roleRef": reference,
        },
    )
    return account


@pytest.mark.slow
def test_commands_work_with_their_roles_and_say_what_is_missing(life: ClusterLife) -> None:
    life.world.approved_request()
    assert life.cli("apply", "--yes").code == 0
    life.seed("one")
    sync, look = limited(life.cluster, "sync", "goldenpath-sync"), limited(life.cluster, "look", "goldenpath-look")
    as_sync, as_look = ("--kubeconfig", str(sync.kubeconfig)), ("--kubeconfig", str(look.kubeconfig))
    receipt = life.receipt(*as_sync)
    assert (receipt["result"], receipt["proof"], receipt["evidence"]) == ("arrived", "version", "fingerprint")
    rows = life.document("status", "-e", "dev", *as_look)["requests"]
    assert [row["cluster"] for row in rows if row["id"] == "SEC-0007"] == ["synced"]
    seams = {seam["name"]: seam["state"] for seam in life.document("trace", "SEC-0007", *as_look)["seams"]}
    assert set(seams.values()) == {"ok"}, seams
    assert life.document("drift", "--cluster", "-e", "dev", *as_look)
    assert life.document("orphans", "--cluster", "-e", "dev", *as_look)
    assert life.document("consumers", "SEC-0007", *as_look)["secrets"]
    before = life.external_secret()
    refused = life.receipt(*as_look, code=1)
    assert (refused["result"], refused["code"]) == ("refused", "cluster.forbidden")
    assert "may not patch externalsecrets.external-secrets.io in payments" in refused["message"]
    assert life.external_secret() == before
    assert connect(sync.kubeconfig).may("patch", EXTERNAL_SECRET, namespace="payments")
    assert not connect(look.kubeconfig).may("patch", EXTERNAL_SECRET, namespace="payments")
