"""A real kube-controller-manager: garbage is collected, namespaces empty themselves, workloads get their pods (which nothing runs)."""

from __future__ import annotations

from typing import Final

from tests.cluster.api_client import ApiClient
from tests.cluster.api_server import ApiServer
from tests.cluster.process import Process, free_port

CONTROLLERS: Final = (
    "daemonset-controller",
    "deployment-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "replicaset-controller",
    "serviceaccount-controller",
    "statefulset-controller",
)


class ControllerManager(Process):
    """The controllers of ``CONTROLLERS`` for an API server that runs. There is no scheduler and no node: pods stay pending."""

    def __init__(self, cluster: ApiServer) -> None:
        folder = cluster.folder / "controller-manager"
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        own = ApiClient(url=f"https://127.0.0.1:{port}", ca_file=folder / "kube-controller-manager.crt", token=cluster.token)
        flags = [
            f"--kubeconfig={cluster.kubeconfig}",
            f"--controllers={','.join(CONTROLLERS)}",
            f"--service-account-private-key-file={cluster.service_account_key}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={folder}",
            "--leader-elect=false",
        ]
        self.server_starts = cluster.starts
        """How often the API server had been started when these were."""
        binary = str(cluster.kubernetes / "kube-controller-manager")
        super().__init__("kube-controller-manager", [binary, *flags], folder=folder, is_ready=lambda: own.answers("/healthz"))
