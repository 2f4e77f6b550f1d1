"""Real Argo CD without its door: repo-server, application-controller and their redis, outside the cluster, on ``file://`` repositories."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from tests.cluster.api_client import ApiRefused, Json
from tests.cluster.api_server import ApiServer
from tests.cluster.definitions import released
from tests.cluster.process import Process, free_port, http_answers, port_answers, wait_until

NAMESPACE: Final = "argocd"
IN_CLUSTER: Final = "https://kubernetes.default.svc"
_GROUP: Final = "argoproj.io/v1alpha1"
_APPLICATIONS: Final = f"/apis/{_GROUP}/namespaces/{NAMESPACE}/applications"
API_ACCOUNT: Final = "goldenpath"
"""An account for its API, with the one right that our documentation asks for."""
_ROLES: Final = (
    "argocd",
    "argocd-git-ask-pass",
    "argocd-repo-server",
    "argocd-application-controller",
    "argocd-applicationset-controller",
    "argocd-server",
)


class ArgoCd:
    """Argo CD for an API server that runs. Between two looks at Git it waits as long as a production one: tests ask for a refresh.

    Args:
        cluster: Where it works.
        built: The folder with its binary and CRDs.
        redis: The installed redis-server.
        kustomize: The folder with kustomize; without one, folders with a kustomization fail to render.
        resync_seconds: How often it looks at Git unasked.
    """

    def __init__(self, cluster: ApiServer, *, built: Path, redis: str, kustomize: Path | None = None, resync_seconds: int = 120) -> None:
        self._cluster = cluster
        self._built = built
        self.folder = cluster.folder / "argocd"
        self.binaries = _named(built / "argocd", self.folder / "bin", kustomize)
        self.environment = _environment(cluster, self.folder, self.binaries)
        redis_port, repositories_port = free_port(), free_port()
        self.redis = _redis(redis, redis_port, self.folder)
        self.with_redis = ("--redis", f"127.0.0.1:{redis_port}")
        self.repo_server = _repo_server(self.binaries, repositories_port, self.with_redis, self.folder, self.environment)
        self.repositories = f"127.0.0.1:{repositories_port}"
        asking = ("--repo-server", self.repositories, "--app-resync", str(resync_seconds), *self.with_redis)
        self.controller = _controller(self.binaries, asking, self.folder, self.environment)

    def start(self) -> None:
        """Install what it needs in the cluster, start its parts and wait until they answer."""
        self._cluster.install(released(self._built))
        self._cluster.apply(*_settings())
        for part in self._parts():
            part.start()

    def stop(self) -> None:
        """Stop the controller and the repo-server; what was synced stays."""
        self.controller.stop()
        self.repo_server.stop()

    def pause(self) -> None:
        """Hold the controller: nothing is compared and nothing synced."""
        self.controller.pause()

    def resume(self) -> None:
        self.controller.resume()

    def recover(self) -> None:
        """Bring all parts back to answering, whatever a test did to them."""
        for part in self._parts():
            part.recover()

    def end(self) -> None:
        """End everything for good."""
        for part in reversed(self._parts()):
            part.kill()

    @property
    def log(self) -> str:
        return self.controller.log + self.repo_server.log

    # applications

    def create_application(self, name: str, *, repository: str, path: str, namespace: str, revision: str = "main", **changes: Any) -> None:
        """Make an Application that is synced, pruned and healed by itself.

        Args:
            name: Its name in Argo CD's namespace.
            repository: URL of the repository, ``file://`` and a bare repository for example.
            path: The folder with manifests, or with a kustomization.
            namespace: Where objects without a namespace of their own go.
            revision: The branch.
            changes: Fields of the spec that differ, ``syncPolicy={}`` for an Application that nobody syncs.
        """
        spec = {
            "project": "default",
            "source": {"repoURL": repository, "path": path, "targetRevision": revision},
            "destination": {"server": IN_CLUSTER, "namespace": namespace},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
            **changes,
        }
        self._cluster.apply({"apiVersion": _GROUP, "kind": "Application", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec})

    def delete_application(self, name: str) -> None:
        """Forget an Application; what it synced stays, because nothing of it is owned. There is no waiting for the garbage collector."""
        path = f"{_APPLICATIONS}/{name}"
        try:
            self._cluster.call("DELETE", f"{path}?propagationPolicy=Background")
        except ApiRefused as error:  # an ApplicationSet may have taken it away a moment before
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def application(self, name: str) -> Json:
        """Return an Application as it is now."""
        return self._cluster.call("GET", f"{_APPLICATIONS}/{name}")

    def refresh(self, name: str, kind: str = "normal") -> None:
        """Ask for a look at Git now; ``hard`` renders anew as well."""
        self._cluster.merge(f"{_APPLICATIONS}/{name}", {"metadata": {"annotations": {"argocd.argoproj.io/refresh": kind}}})

    def wait_until_synced(self, name: str, revision: str, *, seconds: float = 90) -> Json:
        """Return an Application once this commit is compared, synced and its operation over."""
        return wait_until(lambda: self._synced(name, revision), what=f"application {name} is synced to {revision}", seconds=seconds)

    def _synced(self, name: str, revision: str) -> Json | None:
        seen = self.application(name)
        status = seen.get("status", {})
        compared, operation = status.get("sync", {}), status.get("operationState", {})
        done = (compared.get("status"), compared.get("revision"), operation.get("phase")) == ("Synced", revision, "Succeeded")
        return seen if done else None

    def _parts(self) -> tuple[Process, ...]:
        return self.redis, self.repo_server, self.controller


def _settings() -> list[Json]:
    """What its installation manifests make, as far as its servers read it."""

    def named(kind: str, name: str, **fields: Any) -> Json:
        metadata = {"name": name, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/part-of": "argocd"}}
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}

    anything = [{"group": "*", "kind": "*"}]
    anywhere = [{"server": "*", "namespace": "*"}]
    project = {"sourceRepos": ["*"], "destinations": anywhere, "clusterResourceWhitelist": anything}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        named("ConfigMap", "argocd-cm", data={f"accounts.{API_ACCOUNT}": "apiKey"}),
        named("ConfigMap", "argocd-rbac-cm", data={"policy.csv": f"p, {API_ACCOUNT}, applications, get, default/*, allow\n"}),
        named("ConfigMap", "argocd-cmd-params-cm"),
        named("Secret", "argocd-secret", stringData={"server.secretkey": secrets.token_urlsafe(24)}),
        {**named("AppProject", "default", spec=project), "apiVersion": _GROUP},
    ]


def _named(binary: Path, folder: Path, kustomize: Path | None) -> Path:
    """Return a folder with a name for each role: the one binary looks at how it was called, and its children are found there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _ROLES:
        (folder / name).symlink_to(binary)
    if kustomize is not None:
        (folder / "kustomize").symlink_to(kustomize / "kustomize")
    return folder


def _environment(cluster: ApiServer, folder: Path, binaries: Path) -> dict[str, str]:
    """Keep every path that it would look for in its container image below its own folder."""
    return {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "KUBECONFIG": str(cluster.kubeconfig_for(cluster.token, namespace=NAMESPACE)),
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_ASK_PASS_SOCK": str(folder / "ask-pass.sock"),
        "ARGOCD_PLUGINSOCKFILEPATH": str(folder / "plugins"),
        "ARGOCD_SSH_DATA_PATH": str(folder / "ssh"),
        "ARGOCD_TLS_DATA_PATH": str(folder / "tls"),
        "ARGOCD_RECONCILIATION_JITTER": "0s",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def _redis(binary: str, port: int, folder: Path) -> Process:
    flags = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    return Process("redis-server", [binary, *flags], folder=folder, is_ready=lambda: port_answers(port))


def _repo_server(binaries: Path, port: int, with_redis: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Process:
    metrics = free_port()
    flags = ["--address", "127.0.0.1", "--port", str(port), "--metrics-address", "127.0.0.1", "--metrics-port", str(metrics)]
    command = [str(binaries / "argocd-repo-server"), *flags, "--disable-tls", *with_redis]
    ready = f"http://127.0.0.1:{metrics}/healthz?full=true"
    return Process("argocd-repo-server", command, folder=folder, is_ready=lambda: http_answers(ready), environment=environment)


def _controller(binaries: Path, asking: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Process:
    # the one port of all these servers that is not bound to loopback: Argo CD has no setting for the address of these metrics
    metrics = free_port()
    flags = ["--kubeconfig", environment["KUBECONFIG"], "--namespace", NAMESPACE, "--repo-server-plaintext", "--metrics-port", str(metrics)]
    command = [str(binaries / "argocd-application-controller"), *flags, *asking]
    ready = f"http://127.0.0.1:{metrics}/healthz"
    return Process("argocd-application-controller", command, folder=folder, is_ready=lambda: http_answers(ready), environment=environment)
