"""The real External Secrets controller, outside the cluster, reading the stand-in for AWS instead of AWS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.cluster.api_client import Json
from tests.cluster.api_server import ApiServer
from tests.cluster.definitions import released
from tests.cluster.process import Process, free_port, http_answers

_GROUP: Final = "external-secrets.io"
NAMESPACE: Final = "external-secrets"
SERVICE_ACCOUNT: Final = "eso-irsa-sa"


class ExternalSecrets(Process):
    """The controller for an API server that runs and has its CRDs.

    Args:
        cluster: Where it works.
        built: The folder with its binary.
        aws: What points an AWS kit at an AWS (``StrictAws.environment``).
    """

    def __init__(self, cluster: ApiServer, *, built: Path, aws: Mapping[str, str]) -> None:
        folder = cluster.folder / "external-secrets"
        folder.mkdir(parents=True, exist_ok=True)
        live = f"127.0.0.1:{free_port()}"
        self.endpoint = aws["AWS_ENDPOINT_URL"]
        self._cluster = cluster
        environment = {
            **aws,
            **{f"AWS_{service}_ENDPOINT": self.endpoint for service in ("SECRETSMANAGER", "SSM", "STS")},
            "KUBECONFIG": str(cluster.kubeconfig),
        }
        flags = [
            f"--live-addr={live}",
            f"--metrics-addr=127.0.0.1:{free_port()}",
            "--enable-leader-election=false",
            "--concurrent=4",
            "--zap-time-encoding=iso8601",
        ]
        command = [str(built / "external-secrets"), *flags]
        super().__init__(
            "external-secrets", command, folder=folder, is_ready=lambda: http_answers(f"http://{live}/healthz"), environment=environment
        )

    def act_as_role(self, arn: str) -> None:
        """Make the ServiceAccount that generated stores name, with the IAM role that the controller assumes through it."""
        annotations = {"eks.amazonaws.com/role-arn": arn}
        metadata = {"name": SERVICE_ACCOUNT, "namespace": NAMESPACE, "annotations": annotations}
        self._cluster.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        )


def definitions(built: Path, *, served: tuple[str, ...] = ("v1",)) -> list[Json]:
    """Return the CRDs of External Secrets as they were released.

    Args:
        built: The folder with what was built of it.
        served: The versions of its own kinds that the API shall serve. The release serves ``v1``; older clusters served ``v1beta1``, which
            is still in the definitions. The controller itself needs ``v1``.
    """
    trees = released(built)
    for version in (one for tree in trees if tree["spec"]["group"] == _GROUP for one in _old_and_new(tree)):
        version["served"] = version["name"] in served
    return trees


def _old_and_new(definition: Json) -> list[dict[str, Any]]:
    """Return a definition's versions where it has both; kinds of one version are served whatever a cluster's age."""
    versions: list[dict[str, Any]] = definition["spec"]["versions"]
    return versions if {"v1", "v1beta1"} <= {version["name"] for version in versions} else []
