"""A real kube-apiserver on an etcd of its own: RBAC, a static token for the administrator, no controller and no node."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.cluster.api_client import ApiClient, ApiRefused, Json
from tests.cluster.etcd import Etcd
from tests.cluster.process import Process, free_port, wait_until
from tests.cluster.request_log import RequestLog

_FIELD_MANAGER: Final = "cluster-tests"
_KUBECTL_SECONDS: Final = 120
# it waits for watches to end, and controllers begin new ones; what it was told lies in etcd by then
_STOP_SECONDS: Final = 3
_UNAUTHORIZED: Final = 401
_CONFLICT: Final = 409
_DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_RBAC: Final = "rbac.authorization.k8s.io"


class KubectlFailed(Exception):
    """kubectl said no; ``stderr`` is what it said."""

    def __init__(self, arguments: Sequence[str], code: int, stderr: str) -> None:
        super().__init__(f"kubectl {' '.join(arguments)}: exit code {code}: {stderr.strip()}")
        self.code = code
        self.stderr = stderr


@dataclass(frozen=True)
class Account:
    """A ServiceAccount with rights of its own, as a pipeline has one."""

    namespace: str
    name: str
    token: str
    kubeconfig: Path


class ApiServer(ApiClient):
    """A control plane that stores and answers. Garbage, namespaces and workloads need a ``ControllerManager`` beside it.

    Args:
        folder: Holds its data, logs, keys and kubeconfigs.
        etcd: The binary.
        kubernetes: The folder with ``kube-apiserver`` and ``kubectl``.
    """

    def __init__(self, *, folder: Path, etcd: Path, kubernetes: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.kubernetes = kubernetes
        self.service_account_key = folder / "service-accounts.key"
        self.stranger_token = secrets.token_urlsafe(24)
        """Of a user who is known and may do nothing."""
        port = free_port()
        super().__init__(
            url=f"https://127.0.0.1:{port}", ca_file=folder / "certificates" / "apiserver.crt", token=secrets.token_urlsafe(24)
        )
        _write_private(self.service_account_key, _new_key())
        _write_private(folder / "tokens.csv", f"{self.token},admin,admin,system:masters\n{self.stranger_token},stranger,stranger\n")
        self.requests = RequestLog(folder)
        """What ServiceAccounts asked for."""
        self.etcd = Etcd(folder=folder / "etcd", binary=etcd)
        self._server = Process(
            "kube-apiserver",
            [str(kubernetes / "kube-apiserver"), *self._flags(port)],
            folder=folder,
            is_ready=lambda: self.answers("/readyz"),
        )

    def start(self) -> None:
        """Start etcd and the API server, and wait until the API is ready."""
        self.etcd.start()
        self._server.start()

    def stop(self) -> None:
        """Stop the API server. Its data stay; ``start`` brings it back at the same address."""
        self._server.stop(seconds=_STOP_SECONDS)

    def crash(self) -> None:
        """End the API server in the middle of whatever it does; every watch breaks."""
        self._server.kill()

    def restart(self) -> None:
        self.stop()
        self._server.start()

    def pause(self) -> None:
        """Let nothing be answered any more, with all connections open."""
        self._server.pause()

    def resume(self) -> None:
        self._server.resume()

    def recover(self) -> None:
        """Bring it back to answering, whatever a test did to it."""
        self.etcd.recover()
        self._server.recover()

    def end(self) -> None:
        """End both for good and without ceremony: the data are thrown away."""
        self._server.kill()
        self.etcd.kill()

    @property
    def starts(self) -> int:
        """How often it was started."""
        return self._server.starts

    @property
    def log(self) -> str:
        return self._server.log

    # doing

    def kubectl(self, *arguments: str, stdin: str | None = None, kubeconfig: Path | None = None) -> str:
        """Run kubectl as the administrator, or as whom a kubeconfig names, and return its output. Raises ``KubectlFailed``."""
        done = subprocess.run(
            ["kubectl", *arguments],
            executable=str(self.kubernetes / "kubectl"),
            input=stdin,
            env=self.kubectl_environment(kubeconfig),
            capture_output=True,
            text=True,
            check=False,
            timeout=_KUBECTL_SECONDS,
        )
        if done.returncode:
            raise KubectlFailed(arguments, done.returncode, done.stderr)
        return done.stdout

    def kubectl_environment(self, kubeconfig: Path | None = None) -> dict[str, str]:
        """Return what lets a child process use this cluster, with the kubectl that was built with it first on its ``PATH``."""
        return {
            "PATH": f"{self.kubernetes}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "KUBECONFIG": str(kubeconfig or self.kubeconfig),
        }

    def apply(self, *objects: Json, manager: str = _FIELD_MANAGER) -> None:
        """Apply objects on the server's side, with unknown fields refused: what ``kubectl apply --server-side`` sends, without its start."""
        query = f"fieldManager={manager}&force=true&fieldValidation=Strict"
        for each in objects:
            self.call("PATCH", f"{_path_of(each)}?{query}", each, content_type="application/apply-patch+yaml")

    def install(self, definitions: Sequence[Json]) -> None:
        """Install CRDs that are not there, and wait until each of their served versions answers."""
        for definition in definitions:
            try:
                # a third of the time that kubectl apply takes for megabytes of schemas
                self.call("POST", _DEFINITIONS, definition)
            except ApiRefused as refused:
                if refused.status != _CONFLICT:
                    raise
        for definition in definitions:
            group, plural = definition["spec"]["group"], definition["spec"]["names"]["plural"]
            for version in (one["name"] for one in definition["spec"]["versions"] if one["served"]):
                path = f"/apis/{group}/{version}/{plural}?limit=1"
                wait_until(lambda path=path: self.get(path), what=f"{path} is served", seconds=60)  # type: ignore[misc]

    # who

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        path = self.folder / "kubeconfig.yaml"
        return path if path.exists() else self._write_kubeconfig(path, self.token, namespace="default")

    def kubeconfig_for(self, token: str, *, namespace: str = "default") -> Path:
        """Write a kubeconfig for a bearer token, with this namespace in its one context, ``real``."""
        return self._write_kubeconfig(self.folder / f"kubeconfig-{secrets.token_hex(4)}.yaml", token, namespace=namespace)

    def account(
        self, namespace: str, name: str, *, rules: Sequence[Mapping[str, Any]] = (), cluster_rules: Sequence[Mapping[str, Any]] = ()
    ) -> Account:
        """Make a ServiceAccount that may do what these RBAC rules say, in its namespace and in the whole cluster, and nothing else."""
        wide = f"{namespace}-{name}"
        self.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}},
            *_granted("Role", {"name": name, "namespace": namespace}, rules, to=(namespace, name)),
            *_granted("ClusterRole", {"name": wide}, cluster_rules, to=(namespace, name)),
        )
        wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        made = self.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", wanted)
        token = str(made["status"]["token"])
        return Account(namespace, name, token, self.kubeconfig_for(token, namespace=namespace))

    def revoke(self, account: Account) -> None:
        """Take an account away: from then on its token is refused with 401, as an expired one is."""
        self.call("DELETE", f"/api/v1/namespaces/{account.namespace}/serviceaccounts/{account.name}")
        wait_until(lambda: self._is_refused(account.token), what=f"the token of {account.name} is refused", seconds=60)

    def _is_refused(self, token: str) -> bool:
        try:
            self.call("GET", "/api", token=token)
        except ApiRefused as refused:
            return refused.status == _UNAUTHORIZED
        return False

    # how it is made

    def _flags(self, port: int) -> list[str]:
        return [
            f"--etcd-servers={self.etcd.url}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            # loopback may not be the endpoint of a Service
            "--endpoint-reconciler-type=none",
            f"--secure-port={port}",
            f"--cert-dir={self.ca_file.parent}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            f"--service-account-issuer={self.url}",
            f"--service-account-key-file={self.service_account_key}",
            f"--service-account-signing-key-file={self.service_account_key}",
            "--profiling=false",
            *self.requests.flags,
        ]

    def _write_kubeconfig(self, path: Path, token: str, *, namespace: str) -> Path:
        certificate = base64.b64encode(self.ca_file.read_bytes()).decode()
        tree = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "real", "cluster": {"server": self.url, "certificate-authority-data": certificate}}],
            "users": [{"name": "real", "user": {"token": token}}],
            "contexts": [{"name": "real", "context": {"cluster": "real", "user": "real", "namespace": namespace}}],
            "current-context": "real",
        }
        _write_private(path, json.dumps(tree, indent=2))
        return path


def _path_of(manifest: Json) -> str:
    version, meta = manifest["apiVersion"], manifest["metadata"]
    where = f"/namespaces/{meta['namespace']}" if "namespace" in meta else ""
    # every kind of these tests has the plural of a child: an s at its end
    return f"{'/apis' if '/' in version else '/api'}/{version}{where}/{manifest['kind'].lower()}s/{meta['name']}"


def _granted(kind: str, metadata: Json, rules: Sequence[Mapping[str, Any]], *, to: tuple[str, str]) -> list[Json]:
    subject = {"kind": "ServiceAccount", "namespace": to[0], "name": to[1]}
    reference = {"apiGroup": _RBAC, "kind": kind, "name": metadata["name"]}
    return [
        {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, "rules": [dict(rule) for rule in rules]},
        {"apiVersion": f"{_RBAC}/v1", "kind": f"{kind}Binding", "metadata": metadata, "subjects": [subject], "roleRef": reference},
    ]


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
