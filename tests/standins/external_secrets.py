"""A stand-in for the controller of External Secrets, on the in-memory cluster: for faults that the real one does not show on demand.

What the real one does is tested on it (``tests/real``). Facts: ``pkg/controllers/externalsecret`` of v0.20.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
from tests.cluster_fake import FakeCluster

from goldenpath.delivery.external_secret_state import controller_version
from goldenpath.model.cluster import (
    CLUSTER_SECRET_STORE,
    EXTERNAL_SECRET,
    SECRET,
    ClusterObject,
    KubernetesSecret,
    ObjectMeta,
    ObjectRef,
    Owner,
)
from goldenpath.model.secret import SecretValue


@dataclass
class StandInExternalSecrets:
    """Refreshes what changed, as often as somebody waits. ``values`` is what the store holds for (namespace, ExternalSecret name).

    ``delay`` is how many times it is called before it looks at a change; ``most`` how many objects it works through each time; ``broken``
    holds names that fail; ``clock_ahead`` shifts its clock; ``version_of`` replaces the form of versions.
    """

    values: Callable[[ClusterObject], Mapping[str, bytes] | None] = lambda _found: {"password": b"one"}
    delay: int = 0
    most: int = 1000
    is_stopped: bool = False
    broken: set[str] = field(default_factory=set)
    clock_ahead: timedelta = timedelta()
    version_of: Callable[[ObjectMeta], str] = controller_version
    refreshed: list[str] = field(default_factory=list)
    _seen: dict[ObjectRef, tuple[str, int]] = field(default_factory=dict)

    def __call__(self, cluster: FakeCluster) -> None:
        if self.is_stopped:
            return
        worked = 0
        for found in cluster.list(EXTERNAL_SECRET.at(cluster.served[EXTERNAL_SECRET.group][0])).objects:
            if worked < self.most and self._is_due(found):
                self.refresh(cluster, found)
                worked += 1

    def refresh(self, cluster: FakeCluster, found: ClusterObject) -> None:
        """Work through one object."""
        now = (cluster.clock.now() + self.clock_ahead).strftime("%Y-%m-%dT%H:%M:%SZ")
        values = None if found.meta.name in self.broken else self.values(found)
        self.refreshed.append(found.meta.name)
        if values is None:
            self._fail(cluster, found, now)
            return
        target = found.spec.get("target", {}).get("name") or found.meta.name
        owner = Owner(
            api_version=EXTERNAL_SECRET.api_version, kind="ExternalSecret", name=found.meta.name, uid=found.meta.uid, is_controller=True
        )
        meta = ObjectMeta(
            name=target, namespace=found.meta.namespace, owners=(owner,), labels={"app.kubernetes.io/managed-by": "goldenpath"}
        )
        data = {key: SecretValue(value) for key, value in values.items()}
        cluster.put_secret(KubernetesSecret(meta=meta, data=data))
        condition = {"type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced"}
        status = {
            "refreshTime": now,
            "syncedResourceVersion": self.version_of(found.meta),
            "conditions": [{**condition, "lastTransitionTime": now}],
        }
        cluster.set_status(found.ref, status)

    def _fail(self, cluster: FakeCluster, found: ClusterObject, now: str) -> None:
        old = found.status.get("conditions", [{}])[0]
        condition = {
            "type": "Ready",
            "status": "False",
            "reason": "SecretSyncedError",
            "message": "could not get secret data from provider",
        }
        since = old.get("lastTransitionTime", now) if old.get("status") == "False" else now
        cluster.set_status(found.ref, {**found.status, "conditions": [{**condition, "lastTransitionTime": since}]})

    def _is_due(self, found: ClusterObject) -> bool:
        if found.status.get("syncedResourceVersion") == self.version_of(found.meta):
            return False
        version = controller_version(found.meta)
        seen, waited = self._seen.get(found.ref, ("", 0))
        waited = waited + 1 if seen == version else 0
        self._seen[found.ref] = (version, waited)
        return waited >= self.delay


def make_external_secret(name: str = "payments-db-credentials-sync", namespace: str = "payments", **spec: Any) -> ClusterObject:
    body = {
        "refreshInterval": "1h",
        "secretStoreRef": {"name": "aws-secrets-manager", "kind": "ClusterSecretStore"},
        "target": {"name": name.removesuffix("-sync"), "creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "dataFrom": [{"extract": {"key": f"goldenpath/{namespace}/dev/{name.removesuffix('-sync')}"}}],
    }
    labels = spec.pop("labels", {})
    meta = ObjectMeta(name=name, namespace=namespace, labels=labels)
    return ClusterObject(kind=EXTERNAL_SECRET, meta=meta, body={"spec": {**body, **spec}})


def make_store(name: str = "aws-secrets-manager", *, ready: str = "True", **spec: Any) -> ClusterObject:
    condition = {"type": "Ready", "status": ready, "reason": "Valid" if ready == "True" else "InvalidProviderConfig"}
    return ClusterObject(kind=CLUSTER_SECRET_STORE, meta=ObjectMeta(name=name), body={"spec": spec, "status": {"conditions": [condition]}})


def make_cluster(*, namespaces: tuple[str, ...] = ("payments",)) -> FakeCluster:
    """A cluster with namespaces and a store that is ready."""
    cluster = FakeCluster()
    for namespace in namespaces:
        cluster.namespace(namespace)
    cluster.put(make_store())
    return cluster


def secret_of(cluster: FakeCluster, name: str = "payments-db-credentials", namespace: str = "payments") -> ClusterObject:
    found = cluster.get(SECRET, name, namespace=namespace)
    assert found is not None
    return found


def touch(cluster: FakeCluster, ref: ObjectRef, **annotations: str) -> ClusterObject:
    """Somebody else changes an annotation."""
    found = cluster.get(EXTERNAL_SECRET, ref.name, namespace=ref.namespace)
    assert found is not None
    return cluster.put(
        msgspec.structs.replace(found, meta=msgspec.structs.replace(found.meta, annotations={**found.meta.annotations, **annotations}))
    )
