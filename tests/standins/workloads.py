"""A stand-in for the controllers of workloads and the kubelet, on the in-memory cluster: it replaces pods when a template changes.

The real controllers are tested on (``tests/real``); a kubelet nobody has there, so pods get their status from a test.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from tests.cluster_fake import FakeCluster

from goldenpath.model.cluster import (
    DAEMON_SET,
    DEPLOYMENT,
    POD,
    REPLICA_SET,
    STATEFUL_SET,
    ClusterObject,
    Kind,
    ObjectMeta,
    Owner,
)

KINDS = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)


@dataclass
class StandInWorkloads:
    """Takes ``delay`` calls for a rollout; the pods of names in ``broken`` never become ready; ``stuck`` names are never looked at."""

    delay: int = 2
    replicas: int = 2
    broken: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    most_at_once: int = 0

    def __call__(self, cluster: FakeCluster) -> None:
        busy = 0
        for kind in KINDS:
            for found in cluster.list(kind).objects:
                if found.meta.name not in self.stuck and found.status.get("settledGeneration") != found.meta.generation:
                    busy += 1
                    self._step(cluster, found)
        self.most_at_once = max(self.most_at_once, busy)

    def settle(self, cluster: FakeCluster) -> None:
        """Go on until nothing changes: what a test starts with."""
        for _ in range(self.delay + 2):
            self(cluster)

    def _step(self, cluster: FakeCluster, found: ClusterObject) -> None:
        generation, calls = self._seen.get(found.meta.uid, (0, 0))
        calls = calls + 1 if generation == found.meta.generation else 0
        self._seen[found.meta.uid] = (found.meta.generation, calls)
        if found.meta.name in self.broken:
            cluster.set_status(found.ref, {**found.status, "observedGeneration": found.meta.generation, **self._counts(1, 0)})
        elif calls < self.delay:
            cluster.set_status(found.ref, {**found.status, "observedGeneration": found.meta.generation, **self._counts(calls, calls)})
        else:
            self._replace_pods(cluster, found)
            status = {"observedGeneration": found.meta.generation, "settledGeneration": found.meta.generation}
            cluster.set_status(found.ref, {**status, **self._counts(self.replicas, self.replicas)})

    def _counts(self, updated: int, available: int) -> dict[str, Any]:
        return {
            "replicas": self.replicas,
            "updatedReplicas": updated,
            "readyReplicas": available,
            "availableReplicas": available,
            "desiredNumberScheduled": self.replicas,
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
            "updateRevision": "new",
            "currentRevision": "new" if updated == self.replicas else "old",
        }

    def _replace_pods(self, cluster: FakeCluster, found: ClusterObject) -> None:
        owner = found
        if found.kind is DEPLOYMENT:
            meta = ObjectMeta(name=f"{found.meta.name}-{found.meta.generation}", namespace=found.meta.namespace, owners=owned_by(found))
            owner = cluster.put(ClusterObject(kind=REPLICA_SET, meta=meta, body={"spec": copy.deepcopy(found.spec)}))
        for pod in cluster.list(POD, namespace=found.meta.namespace).objects:
            if pod.meta.name.startswith(f"{found.meta.name}-"):
                cluster.remove(pod.ref)
        for number in range(self.replicas):
            meta = ObjectMeta(
                name=f"{found.meta.name}-{found.meta.generation}-{number}", namespace=found.meta.namespace, owners=owned_by(owner)
            )
            start = cluster.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            body = {"spec": copy.deepcopy(found.spec["template"]["spec"]), "status": {"phase": "Running", "startTime": start}}
            cluster.put(ClusterObject(kind=POD, meta=meta, body=body))


class WaitingClock:
    """The cluster's time; whoever sleeps lets its controllers work."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster
        self.now = cluster.clock.now
        self.monotonic = cluster.clock.monotonic

    def sleep(self, seconds: float) -> None:
        self._cluster.clock.advance(seconds)
        self._cluster.work()


def owned_by(found: ClusterObject) -> tuple[Owner, ...]:
    return (Owner(api_version=found.kind.api_version, kind=found.kind.name, name=found.meta.name, uid=found.meta.uid, is_controller=True),)


def add_workload(
    cluster: FakeCluster, name: str, pod_spec: Mapping[str, Any], *, kind: Kind = DEPLOYMENT, namespace: str = "payments", **spec: Any
) -> ClusterObject:
    body = {"spec": {"replicas": 2, "template": {"metadata": {}, "spec": dict(pod_spec)}, **spec}}
    return cluster.put(ClusterObject(kind=kind, meta=ObjectMeta(name=name, namespace=namespace), body=body))


def template_annotations(found: ClusterObject) -> dict[str, str]:
    return dict(found.spec["template"]["metadata"].get("annotations") or {})


def change_spec(cluster: FakeCluster, found: ClusterObject, **spec: Any) -> ClusterObject:
    """Somebody else changes a workload."""
    return cluster.put(msgspec.structs.replace(found, body={**found.body, "spec": {**found.spec, **spec}}))
