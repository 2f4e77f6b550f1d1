"""The ``Cluster`` port over the Kubernetes API. Which cluster it is gets checked before anything is changed or a value is read (R33)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from goldenpath.errors import GoldenpathError, Misconfigured
from goldenpath.model.cluster import NAMESPACE, ClusterObject, ClusterVersion, Kind, KubernetesSecret, Listing, ObjectChange
from goldenpath.ports.clock import Clock
from goldenpath.providers.kubernetes import reading, writing
from goldenpath.providers.kubernetes.calls import ApiCalls
from goldenpath.providers.kubernetes.failures import Errand, object_missing

IDENTITY_NAMESPACE = "kube-system"


class KubernetesCluster:
    """One cluster; safe for threads. Each method is described in :class:`~goldenpath.ports.cluster.Cluster`.

    Args:
        calls: The way to its API server.
        clock: Time.
        name: The context, for messages.
        expected_id: The uid of the namespace ``kube-system``; empty for any cluster.
    """

    def __init__(self, calls: ApiCalls, *, clock: Clock, name: str, expected_id: str = "") -> None:
        self._calls = calls
        self._clock = clock
        self._name = name
        self._expected_id = expected_id
        self._identity = ""
        self._asking = threading.Lock()

    def __repr__(self) -> str:
        return f"KubernetesCluster({self._name})"

    def get(self, kind: Kind, name: str, *, namespace: str = "") -> ClusterObject | None:
        """Return one object."""
        return reading.get(self._calls, kind, name, namespace)

    def list(self, kind: Kind, *, namespace: str = "", labels: Mapping[str, str] = {}) -> Listing:
        """Return every object of a kind."""
        return reading.list_all(self._calls, kind, namespace, labels)

    def watch(
        self, kind: Kind, *, namespace: str = "", labels: Mapping[str, str] = {}, since: str, seconds: float
    ) -> Iterator[ObjectChange]:
        """Yield what changes."""
        return reading.watch(self._calls, kind, namespace, labels, since=since, seconds=seconds, clock=self._clock)

    def read_secret(self, namespace: str, name: str) -> KubernetesSecret | None:
        """Return a Secret with its values. Raises also ``Misconfigured`` ``cluster.wrong-cluster``."""
        self._require_identity()
        return reading.read_secret(self._calls, namespace, name)

    def patch(self, kind: Kind, name: str, merge: Mapping[str, Any], *, namespace: str = "", resource_version: str = "") -> ClusterObject:
        """Merge into an object. Raises also ``Misconfigured`` ``cluster.wrong-cluster``."""
        self._require_identity()
        return writing.patch(self._calls, kind, name, merge, namespace=namespace, resource_version=resource_version)

    def apply(self, manifest: Mapping[str, Any], kind: Kind, *, is_forced: bool = False, is_dry_run: bool = False) -> ClusterObject:
        """Make or change an object. Raises also ``Misconfigured`` ``cluster.wrong-cluster``."""
        self._require_identity()
        return writing.apply(self._calls, manifest, kind, is_forced=is_forced, is_dry_run=is_dry_run)

    def apply_secret(self, secret: KubernetesSecret, *, is_forced: bool = False, is_dry_run: bool = False) -> ClusterObject:
        """Make or change a Secret. Raises also ``Misconfigured`` ``cluster.wrong-cluster``."""
        self._require_identity()
        return writing.apply_secret(self._calls, secret, is_forced=is_forced, is_dry_run=is_dry_run)

    def delete(self, kind: Kind, name: str, *, namespace: str = "", uid: str) -> None:
        """Delete an object. Raises also ``Misconfigured`` ``cluster.wrong-cluster``."""
        self._require_identity()
        writing.delete(self._calls, kind, name, namespace=namespace, uid=uid)

    def identity(self) -> str:
        """Return the cluster's uid."""
        found = self.get(NAMESPACE, IDENTITY_NAMESPACE)
        if found is None:
            raise object_missing(Errand("get", NAMESPACE, name=IDENTITY_NAMESPACE))
        return found.meta.uid

    def version(self) -> ClusterVersion:
        """Return the API server's version."""
        return reading.version(self._calls)

    def served_versions(self, group: str) -> tuple[str, ...]:
        """Return the versions of an API group."""
        return reading.served_versions(self._calls, group)

    def may(self, verb: str, kind: Kind, *, namespace: str = "", subresource: str = "") -> bool:
        """Say whether the cluster allows something."""
        return reading.may(self._calls, verb, kind, namespace, subresource)

    def now(self) -> datetime:
        """Return the cluster's time."""
        return reading.now(self._calls)

    def _require_identity(self) -> None:
        """Ask once which cluster this is, and refuse any but the one that the settings name."""
        if not self._expected_id:
            return
        with self._asking:
            self._identity = self._identity or self.identity()
        if self._identity != self._expected_id:
            raise _wrong_cluster(self._name, self._identity, self._expected_id)


def _wrong_cluster(name: str, found: str, expected: str) -> GoldenpathError:
    return Misconfigured(
        "cluster.wrong-cluster",
        f"{name} leads to the cluster {found}, and the settings name {expected}",
        subject=name,
        hint="choose the right context; if the cluster was made anew, correct clusterId after review. Nothing was read or written",
    )
