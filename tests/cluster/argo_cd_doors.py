"""The parts of Argo CD that no Application needs: the server of its API, and the controller that makes Applications of ApplicationSets."""

from __future__ import annotations

import base64
import json
import urllib.request

from tests.cluster.api_client import Json
from tests.cluster.api_server import ApiServer
from tests.cluster.argo_cd import API_ACCOUNT, NAMESPACE, ArgoCd
from tests.cluster.process import Process, free_port, http_answers, wait_until

_ANSWER_SECONDS = 30


class ArgoCdServer(Process):
    """Its API for an Argo CD that runs, without TLS, on loopback.

    Args:
        argo_cd: Whose Applications it shows.
        cluster: Where they are.
    """

    def __init__(self, argo_cd: ArgoCd, cluster: ApiServer) -> None:
        port, metrics = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._cluster = cluster
        flags = [
            "--insecure",
            *("--address", "127.0.0.1", "--port", str(port), "--metrics-address", "127.0.0.1", "--metrics-port", str(metrics)),
            *("--kubeconfig", argo_cd.environment["KUBECONFIG"], "--namespace", NAMESPACE),
            *("--repo-server", argo_cd.repositories, "--repo-server-plaintext", "--staticassets", str(argo_cd.folder), *argo_cd.with_redis),
        ]
        command = [str(argo_cd.binaries / "argocd-server"), *flags]
        ready = f"{self.url}/healthz"
        super().__init__(
            "argocd-server", command, folder=argo_cd.folder, is_ready=lambda: http_answers(ready), environment=argo_cd.environment
        )

    def token(self, *, seconds: int = 3600) -> str:
        """Return a token of the account that may do what our documentation asks for; the administrator, whom the server made, makes it."""
        path = f"/api/v1/namespaces/{NAMESPACE}/secrets/argocd-initial-admin-secret"
        made = wait_until(lambda: self._cluster.get(path), what="Argo CD makes its administrator", seconds=30)
        password = base64.b64decode(made["data"]["password"]).decode()
        admin = self._post("/api/v1/session", {"username": "admin", "password": password})["token"]
        return str(self._post(f"/api/v1/account/{API_ACCOUNT}/token", {"expiresIn": seconds}, token=admin)["token"])

    def _post(self, path: str, body: Json, *, token: str = "") -> Json:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        request = urllib.request.Request(self.url + path, data=json.dumps(body).encode(), headers=headers, method="POST")  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_ANSWER_SECONDS) as answer:
            return dict(json.loads(answer.read()))


class ApplicationSets(Process):
    """The controller that makes Applications of ApplicationSets, for an Argo CD that runs."""

    def __init__(self, argo_cd: ArgoCd) -> None:
        metrics = f"127.0.0.1:{free_port()}"  # it registers no check with its probes
        flags = [
            *("--metrics-addr", metrics, "--probe-addr", f"127.0.0.1:{free_port()}", "--webhook-addr", f"127.0.0.1:{free_port()}"),
            *("--namespace", NAMESPACE, "--argocd-repo-server", argo_cd.repositories, "--repo-server-plaintext"),
        ]
        command = [str(argo_cd.binaries / "argocd-applicationset-controller"), *flags]
        super().__init__(
            "argocd-applicationset-controller",
            command,
            folder=argo_cd.folder,
            is_ready=lambda: http_answers(f"http://{metrics}/metrics"),
            environment=argo_cd.environment,
        )
