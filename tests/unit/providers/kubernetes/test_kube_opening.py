"""Which cluster an environment has: the command line, the settings, the pod, in this order, and never what kubectl points at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.builders import FakeClock, FakeEntropy

from goldenpath.bootstrap import open_platform
from goldenpath.errors import GoldenpathError, Misconfigured
from goldenpath.model.cluster import ClusterAccess
from goldenpath.model.settings import KubernetesSettings
from goldenpath.providers.kubernetes import service_account, transport
from goldenpath.providers.kubernetes.opening import ClusterOptions, is_stated, open_cluster

SERVER = "https://10.0.0.1:6443"


def write_config(path: Path, *contexts: str, cluster: Mapping[str, Any] | None = None, token: str = "t") -> Path:  # noqa: S107
    tree = {
        "clusters": [{"name": "c", "cluster": {"server": SERVER, **(cluster or {})}}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in contexts],
        "current-context": contexts[0],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(tree))
    return path


def options(folder: Path, *, environment: str = "dev", access: ClusterAccess | None = None, **settings: Any) -> ClusterOptions:
    return ClusterOptions(
        environment=environment,
        settings=KubernetesSettings(**settings),
        access=access or ClusterAccess(),
        root=folder,
        clock=FakeClock(),
        entropy=FakeEntropy(),
        variables={},
    )


def code_of(wanted: ClusterOptions) -> str:
    with pytest.raises(GoldenpathError) as caught:
        open_cluster(wanted)
    return caught.value.code


def test_nothing_is_stated_unless_a_context_is(tmp_path: Path) -> None:
    path = write_config(tmp_path / "config", "dev")
    assert not is_stated(options(tmp_path))
    assert not is_stated(options(tmp_path, kubeconfig=str(path)))
    assert not is_stated(options(tmp_path, access=ClusterAccess(kubeconfig=str(path))))
    assert is_stated(options(tmp_path, context="dev"))
    assert is_stated(options(tmp_path, access=ClusterAccess(context="dev")))


def test_the_command_line_counts_before_the_settings(tmp_path: Path) -> None:
    write_config(tmp_path / "settings", "dev", "other")
    mine = write_config(tmp_path / "mine", "dev", "third")
    stated: dict[str, Any] = {"kubeconfig": "settings", "context": "dev"}
    assert repr(open_cluster(options(tmp_path, **stated))) == "KubernetesCluster(dev)"
    assert repr(open_cluster(options(tmp_path, access=ClusterAccess(context="other"), **stated))) == "KubernetesCluster(other)"
    access = ClusterAccess(kubeconfig=str(mine), context="third")
    assert repr(open_cluster(options(tmp_path, access=access, **stated))) == "KubernetesCluster(third)"
    assert code_of(options(tmp_path, access=ClusterAccess(context="third"), **stated)) == "cluster.kubeconfig-context"


def test_a_path_in_the_settings_is_relative_to_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(tmp_path / "kube/dev", "dev")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert open_cluster(options(tmp_path, kubeconfig="kube/dev", context="dev"))
    assert code_of(options(tmp_path, kubeconfig="../kube/dev", context="dev")) == "cluster.kubeconfig-missing"
    write_config(Path.home() / "kube/dev", "dev")
    assert open_cluster(options(tmp_path / "none", kubeconfig="~/kube/dev", context="dev"))


def test_without_a_file_it_is_kubectls_own(tmp_path: Path) -> None:
    assert code_of(options(tmp_path, context="dev")) == "cluster.kubeconfig-missing"
    write_config(Path.home() / ".kube/config", "dev")
    assert open_cluster(options(tmp_path, context="dev"))
    listed = {"KUBECONFIG": str(write_config(tmp_path / "listed", "prod"))}
    assert code_of(replace(options(tmp_path, context="dev"), variables=listed)) == "cluster.kubeconfig-context"


# --- in a pod

POD = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"}


def in_pod(folder: Path, *, files: Mapping[str, bytes] | None = None, variables: Mapping[str, str] = POD, **more: Any) -> ClusterOptions:
    account = folder / "serviceaccount"
    account.mkdir(exist_ok=True)
    for name, data in ({"token": b"pods", "ca.crt": b"-"} if files is None else files).items():
        (account / name).write_bytes(data)
    return replace(options(folder, **more), variables=variables, service_account=account)


def test_in_a_pod_its_own_account_counts_where_nothing_is_stated(tmp_path: Path) -> None:
    wanted = in_pod(tmp_path)
    assert is_stated(wanted)
    assert repr(open_cluster(wanted)) == "KubernetesCluster(the pod's service account)"
    path = write_config(tmp_path / "config", "dev")
    assert repr(open_cluster(in_pod(tmp_path, kubeconfig=str(path), context="dev"))) == "KubernetesCluster(dev)"
    assert not is_stated(in_pod(tmp_path, kubeconfig=str(path))), "a file without a context is no answer, in a pod either"
    assert not is_stated(in_pod(tmp_path, access=ClusterAccess(kubeconfig=str(path))))


@pytest.mark.parametrize(
    ("files", "variables"),
    [(None, {}), (None, {"KUBERNETES_SERVICE_HOST": "127.0.0.1"}), (None, {**POD, "KUBERNETES_SERVICE_PORT": ""}), ({}, POD)],
    ids=["no variables", "no port", "an empty port", "no token"],
)
def test_half_a_pod_is_none(tmp_path: Path, files: Mapping[str, bytes] | None, variables: Mapping[str, str]) -> None:
    assert not is_stated(in_pod(tmp_path, files=files, variables=variables))


def test_a_pods_address_may_be_of_the_new_kind(tmp_path: Path) -> None:
    place = service_account.pod_place({**POD, "KUBERNETES_SERVICE_HOST": "fd00::1"}, in_pod(tmp_path).service_account)
    assert (place.endpoint.server, place.endpoint.authority) == ("https://[fd00::1]:6443", b"-")
    assert place.login.token_file == tmp_path / "serviceaccount/token"
    (tmp_path / "bare").mkdir()
    assert code_of(in_pod(tmp_path / "bare", files={"token": b"t"})) == "cluster.kubeconfig-unreadable"


# --- prod


def test_prod_checks_who_answers_and_others_are_told(tmp_path: Path) -> None:
    path = write_config(tmp_path / "config", "any", cluster={"insecure-skip-tls-verify": True})
    said: list[str] = []
    stated: dict[str, Any] = {"kubeconfig": str(path), "context": "any"}
    assert code_of(options(tmp_path, environment="prod", **stated)) == "cluster.kubeconfig-insecure"
    open_cluster(replace(options(tmp_path, environment="staging", **stated), progress=said.append))
    assert said == ["warning: the context 'any' does not check who answers (insecure-skip-tls-verify)"]
    assert open_cluster(options(tmp_path, environment="prod", kubeconfig=str(write_config(tmp_path / "fine", "any")), context="any"))


# --- wired

SETTINGS = """\
apiVersion: goldenpath.io/v1
kind: Platform
environments:
  dev:
    kubernetes: {{kubeconfig: {kubeconfig}, context: dev}}
"""


def make_platform(folder: Path, kubeconfig: str) -> Path:
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)
    (folder / "goldenpath.yaml").write_text(SETTINGS.format(kubeconfig=kubeconfig))
    return folder


def refusal_of(platform: Path, access: ClusterAccess | None = None, *, environment: str = "dev", is_offline: bool = False) -> str:
    services = open_platform(platform, is_offline=is_offline)
    with pytest.raises(GoldenpathError) as caught:
        services.cluster(environment, access or ClusterAccess())
    return caught.value.code


def test_a_platform_opens_each_cluster_once(tmp_path: Path) -> None:
    platform = make_platform(tmp_path / "platform", "kube/config")
    write_config(platform / "kube/config", "dev", "other")
    services = open_platform(platform)
    dev, other = services.cluster("dev", ClusterAccess()), services.cluster("dev", ClusterAccess(context="other"))
    assert (repr(dev), repr(other)) == ("KubernetesCluster(dev)", "KubernetesCluster(other)")
    assert services.cluster("dev", ClusterAccess()) is dev
    assert refusal_of(platform, environment="staging") == "cluster.not-configured"
    assert refusal_of(platform, is_offline=True) == "cli.offline"


def test_a_kubeconfig_that_git_tracks_is_never_used(tmp_path: Path) -> None:
    platform = make_platform(tmp_path / "platform", "config")
    write_config(platform / "config", "dev")
    assert open_platform(platform).cluster("dev", ClusterAccess())
    subprocess.run(["git", "-C", str(platform), "add", "--force", "config"], check=True)
    assert refusal_of(platform) == "cluster.kubeconfig-tracked"
    for name, target in (("link", "config"), ("sub/link", "../config")):
        (platform / name).parent.mkdir(exist_ok=True)
        (platform / name).symlink_to(target)
        assert refusal_of(platform, ClusterAccess(kubeconfig=str(platform / name))) == "cluster.kubeconfig-tracked"
    outside = write_config(tmp_path / "outside", "dev")
    assert open_platform(platform).cluster("dev", ClusterAccess(kubeconfig=str(outside)))
    (platform / "config").unlink()
    (platform / "config").symlink_to(outside)
    assert refusal_of(platform) == "cluster.kubeconfig-tracked", "a tracked link would lead elsewhere with the next branch"


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_config(tmp_path / "config", "dev")
    monkeypatch.setitem(sys.modules, "urllib3", None)
    with pytest.raises(Misconfigured) as caught:
        open_cluster(options(tmp_path, kubeconfig=str(path), context="dev")).version()
    assert (caught.value.code, caught.value.hint) == ("cluster.client-missing", "pip install 'goldenpath[kubernetes]'")
    with pytest.raises(Misconfigured):
        transport.kit_of_http()


def test_no_command_pays_for_the_library_before_it_uses_a_cluster(tmp_path: Path) -> None:
    platform = make_platform(tmp_path / "platform", "kube/config")
    write_config(platform / "kube/config", "dev")
    script = (
        "import sys; from pathlib import Path; from goldenpath.bootstrap import open_platform; from goldenpath.model.cluster import *\n"
        f"services = open_platform(Path({str(platform)!r}))\n"
        "assert 'goldenpath.providers.kubernetes' not in sys.modules\n"
        "cluster = services.cluster('dev', ClusterAccess())\n"
        "print(type(cluster).__name__, 'urllib3' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert done.stdout.split() == ["KubernetesCluster", "False"]
