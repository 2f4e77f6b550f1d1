"""The service account of the pod that we run in: address from the environment, authority and token from the mounted folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from goldenpath.providers.kubernetes.kubeconfig import read_small
from goldenpath.providers.kubernetes.place import Endpoint, Login, Place

FOLDER: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_HOST, _PORT = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"


def is_in_pod(variables: Mapping[str, str], folder: Path) -> bool:
    """Say whether this process runs in a pod with a service account."""
    return bool(variables.get(_HOST) and variables.get(_PORT)) and (folder / "token").is_file()


def pod_place(variables: Mapping[str, str], folder: Path) -> Place:
    """Return the pod's own API server. Raises ``Misconfigured`` ``cluster.kubeconfig-unreadable``."""
    host = variables[_HOST]
    authority = read_small(folder / "ca.crt", named_by="the pod's service account")
    server = f"https://{f'[{host}]' if ':' in host else host}:{variables[_PORT]}"
    return Place(
        name="the pod's service account",
        endpoint=Endpoint(server=server, authority=authority),
        login=Login(token_file=folder / "token"),
    )
