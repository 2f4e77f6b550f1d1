"""Argo CD through the Application objects in its cluster, as ``kubectl annotate`` does it: no server, no token beside the cluster's own."""

from __future__ import annotations

from typing import Final, Protocol

from goldenpath.errors import NotFound
from goldenpath.model.cluster import ARGO_APPLICATION, ClusterObject
from goldenpath.ports.cluster import ClusterReader, ClusterWriter

_REFRESH: Final = "argocd.argoproj.io/refresh"


class ReadWriteCluster(ClusterReader, ClusterWriter, Protocol):
    """The two powers that this needs."""


class ClusterArgoCd:
    """The Applications of one namespace.

    Args:
        cluster: Where Argo CD runs.
        namespace: Where its Applications are.
    """

    def __init__(self, cluster: ReadWriteCluster, *, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    def application(self, name: str) -> ClusterObject | None:
        """Return an Application."""
        return self._cluster.get(ARGO_APPLICATION, name, namespace=self._namespace)

    def refresh(self, name: str, *, is_hard: bool = False) -> None:
        """Set the annotation that the application controller takes away when it has compared."""
        change = {"metadata": {"annotations": {_REFRESH: "hard" if is_hard else "normal"}}}
        try:
            self._cluster.patch(ARGO_APPLICATION, name, change, namespace=self._namespace)
        except NotFound as error:
            raise application_missing(name, self._namespace) from error


def application_missing(name: str, where: str) -> NotFound:
    """Return the refusal of an Application that is not there."""
    return NotFound(
        "argo.application-missing",
        f"there is no Application {name} in {where}",
        subject=name,
        hint="make it (examples/argo-cd), or correct environments.<name>.kubernetes.argoCd.application in goldenpath.yaml",
    )
