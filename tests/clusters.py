"""A platform whose environments have a cluster in memory, for tests of the verbs that look into one.

What Argo CD and External Secrets would do to it happens when a test says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from tests.cluster_fake import FakeCluster
from tests.e2e.world import Run, World

from goldenpath import bootstrap
from goldenpath.app.services import Services
from goldenpath.errors import AccessDenied
from goldenpath.intent.reader import read_plain
from goldenpath.model.cluster import (
    CLUSTER_SECRET_STORE,
    EXTERNAL_SECRET,
    SECRET,
    ClusterAccess,
    ClusterObject,
    FieldWriter,
    Kind,
    Listing,
    ObjectMeta,
    ObjectRef,
    Owner,
)
from goldenpath.model.instant import to_text

KINDS = {"ExternalSecret": EXTERNAL_SECRET, "ClusterSecretStore": CLUSTER_SECRET_STORE}
MANAGER = "externalsecrets.external-secrets.io/{}"


def with_clusters(services: Services, clusters: Mapping[str, FakeCluster]) -> Services:
    """The platform with these clusters behind its environments; others have none."""

    def cluster(environment: str, access: ClusterAccess) -> FakeCluster:
        if environment not in clusters:
            services.cluster(environment, access)
        return clusters[environment]

    return dataclasses.replace(services, cluster=cluster)


def run(world: World, clusters: Mapping[str, FakeCluster], who: str, *arguments: str, typed: bytes = b"") -> Run:
    """Run a verb in a process of its own that sees these clusters. What it changes in them is not seen by the test."""
    return world.cli(who, *arguments, typed=typed, before=lambda: patch_platform(clusters))


def patch_platform(clusters: Mapping[str, FakeCluster]) -> None:
    """Let every platform that this process opens have these clusters."""
    opened: Callable[..., Services] = bootstrap.open_platform
    bootstrap.open_platform = lambda *given, **named: with_clusters(opened(*given, **named), clusters)


def deliver(cluster: FakeCluster, gitops: Path, environment: str) -> None:
    """Put the committed manifests of an environment into the cluster, as Argo CD does."""
    for path in sorted((gitops / "environments" / environment).rglob("*.yaml")):
        tree = read_plain(path.read_bytes())
        if tree["kind"] not in KINDS:
            continue
        meta = tree["metadata"]
        if meta.get("namespace"):
            cluster.namespace(meta["namespace"])
        shown = ObjectMeta(name=meta["name"], namespace=meta.get("namespace", ""))
        cluster.put(ClusterObject(kind=KINDS[tree["kind"]], meta=shown, body={"spec": tree["spec"]}))


class NamespacedCluster(FakeCluster):
    """A cluster whose credentials see one namespace at a time."""

    def list(self, kind: Kind, *, namespace: str = "", labels: Mapping[str, str] = {}) -> Listing:
        if kind.is_namespaced and not namespace:
            raise AccessDenied("cluster.forbidden", f"these credentials may not list {kind.plural}", subject=kind.name)
        return super().list(kind, namespace=namespace, labels=labels)


def reconcile(cluster: FakeCluster, *, namespace: str = "") -> None:
    """Make the Secret of each ExternalSecret, as External Secrets does; as metadata, because no test here looks at values."""
    for external in cluster.list(EXTERNAL_SECRET, namespace=namespace).objects:
        target = external.spec["target"]
        meta = ObjectMeta(
            name=target["name"],
            namespace=external.meta.namespace,
            labels={**target["template"]["metadata"]["labels"], "reconcile.external-secrets.io/managed": "true"},
            owners=(
                Owner(
                    api_version="external-secrets.io/v1",
                    kind="ExternalSecret",
                    name=external.meta.name,
                    uid=external.meta.uid,
                    is_controller=True,
                ),
            ),
            managers=(MANAGER.format(external.meta.name),),
            writers=(written(cluster, MANAGER.format(external.meta.name)),),
        )
        cluster.put(ClusterObject(kind=SECRET, meta=meta))
        cluster.set_status(external.ref, {"conditions": [{"type": "Ready", "status": "True", "reason": "SecretSynced"}]})


def written(cluster: FakeCluster, manager: str, *fields: str) -> FieldWriter:
    """Say that somebody set a Secret's data just now."""
    return FieldWriter(manager=manager, at=to_text(cluster.now()), fields=fields or ("data", "data.password", "metadata.labels"))


def edit_meta(cluster: FakeCluster, ref: ObjectRef, **fields: Any) -> None:
    """Change an object's metadata behind the platform's back."""
    found = next(each for each in cluster.list(SECRET if ref.kind == "Secret" else EXTERNAL_SECRET).objects if each.ref == ref)
    cluster.put(msgspec.structs.replace(found, meta=msgspec.structs.replace(found.meta, **fields)))
