"""The same questions to two clusters: the in-memory one, and a real API server. What only a test does to a cluster goes through here."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from tests.builders import FakeClock
from tests.cluster.api_server import ApiServer
from tests.cluster_fake import FakeCluster

from goldenpath.model.cluster import SECRET, ClusterAccess, ClusterObject, Kind, KubernetesSecret, ObjectMeta
from goldenpath.model.secret import SecretValue
from goldenpath.model.settings import KubernetesSettings
from goldenpath.ports.cluster import Cluster
from goldenpath.providers.kubernetes.cluster import KubernetesCluster
from goldenpath.providers.kubernetes.opening import ClusterOptions, open_cluster
from goldenpath.providers.system import SystemClock, SystemEntropy

CONFIG_MAP = Kind(name="ConfigMap", plural="configmaps", version="v1")
WIDGET_GROUP = "contract.goldenpath.io"
WIDGET = Kind(name="Widget", plural="widgets", version="v1", group=WIDGET_GROUP)
"""A custom kind with two versions and a status of its own, whichever controllers are installed."""


class Bench(Protocol):
    """A cluster, and what happens to it behind its back. ``stranger`` is the same cluster for somebody without any right."""

    cluster: Cluster
    stranger: Cluster

    def namespace(self) -> str:
        """Make a new namespace."""
        ...

    def apply_as(self, manager: str, manifest: Mapping[str, Any], kind: Kind) -> None:
        """Somebody else applies an object."""
        ...

    def set_status(self, found: ClusterObject, status: Mapping[str, Any]) -> None:
        """A controller reports a status."""
        ...

    def put_secret(self, secret: KubernetesSecret) -> None:
        """Somebody else makes a Secret, with annotations and all."""
        ...

    def forget_history(self) -> None:
        """The cluster keeps no changes from before now."""
        ...


class FakeBench:
    """The in-memory cluster."""

    def __init__(self) -> None:
        self.fake = FakeCluster(clock=FakeClock())
        self.fake.served[WIDGET_GROUP] = ("v1", "v1beta1")
        self.cluster: Cluster = self.fake
        denied = FakeCluster()
        verbs = ("get", "list", "watch", "patch", "delete", "create")
        denied.forbidden = {(verb, kind.name) for verb in verbs for kind in (CONFIG_MAP, SECRET, WIDGET)}
        self.stranger: Cluster = denied

    def namespace(self) -> str:
        name = _new_name()
        self.fake.namespace(name)
        return name

    def apply_as(self, manager: str, manifest: Mapping[str, Any], kind: Kind) -> None:
        if kind != SECRET:
            self.fake.apply_as(manager, manifest, kind, is_forced=True)
            return
        data = {key: base64.b64decode(text) for key, text in manifest["data"].items()}
        self.fake.edit_secret(manifest["metadata"]["namespace"], manifest["metadata"]["name"], data, manager=manager)

    def set_status(self, found: ClusterObject, status: Mapping[str, Any]) -> None:
        self.fake.set_status(found.ref, status)

    def put_secret(self, secret: KubernetesSecret) -> None:
        self.fake.put_secret(secret)

    def forget_history(self) -> None:
        self.fake.forget_history()


class RealBench:
    """A real API server."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        if server.get(f"/apis/{WIDGET_GROUP}") is None:
            server.install([_widget_definition()])
        self.cluster: Cluster = connect(server.kubeconfig)
        self.stranger: Cluster = connect(server.kubeconfig_for(server.stranger_token))

    def namespace(self) -> str:
        name = _new_name()
        self.server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    def apply_as(self, manager: str, manifest: Mapping[str, Any], kind: Kind) -> None:
        self.server.apply({"apiVersion": kind.api_version, "kind": kind.name, **manifest}, manager=manager)

    def set_status(self, found: ClusterObject, status: Mapping[str, Any]) -> None:
        path = f"/apis/{found.kind.api_version}/namespaces/{found.meta.namespace}/{found.kind.plural}/{found.meta.name}/status"
        self.server.merge(path, {"status": dict(status)})

    def put_secret(self, secret: KubernetesSecret) -> None:
        meta = {"name": secret.meta.name, "namespace": secret.meta.namespace, "annotations": secret.meta.annotations}
        texts = {key: value.reveal().decode() for key, value in secret.data.items()}
        manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": texts, "type": secret.type}
        self.server.call("POST", f"/api/v1/namespaces/{secret.meta.namespace}/secrets", manifest)

    def forget_history(self) -> None:
        self.server.restart()


def connect(kubeconfig: Path, *, context: str = "real", cluster_id: str = "", retry_limit: int | None = None) -> KubernetesCluster:
    """The product's own client, for a kubeconfig of a real server."""
    return open_cluster(
        ClusterOptions(
            environment="dev",
            settings=KubernetesSettings(cluster_id=cluster_id),
            access=ClusterAccess(kubeconfig=str(kubeconfig), context=context),
            root=kubeconfig.parent,
            clock=SystemClock(),
            entropy=SystemEntropy(),
            variables={},
            retry_limit=retry_limit,
        )
    )


def make_secret(namespace: str, name: str = "db", *, kind: str = "Opaque", is_immutable: bool = False, **data: bytes) -> KubernetesSecret:
    return KubernetesSecret(
        meta=ObjectMeta(name=name, namespace=namespace, labels={"app": "shop"}),
        data={key: SecretValue(value) for key, value in data.items()},
        type=kind,
        is_immutable=is_immutable,
    )


def make_config(namespace: str, name: str = "settings", **parts: Any) -> dict[str, Any]:
    """A ConfigMap's manifest; ``labels``, ``annotations`` and ``finalizers`` go into its metadata, the rest is its data."""
    meta = {part: parts.pop(part) for part in ("labels", "annotations", "finalizers") if part in parts}
    return {"metadata": {"name": name, "namespace": namespace, **meta}, "data": parts}


def make_widget(namespace: str, name: str = "lever", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _new_name() -> str:
    return f"contract-{uuid.uuid4().hex[:10]}"


def _widget_definition() -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    shape = {"type": "object", "properties": {"spec": schema, "status": schema}}
    versions: list[dict[str, Any]] = [
        {"name": name, "served": True, "storage": name == "v1", "schema": {"openAPIV3Schema": shape}, "subresources": {"status": {}}}
        for name in ("v1", "v1beta1")
    ]
    names = {"kind": WIDGET.name, "plural": WIDGET.plural, "singular": "widget"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{WIDGET.plural}.{WIDGET_GROUP}"},
        "spec": {"group": WIDGET_GROUP, "scope": "Namespaced", "names": names, "versions": versions},
    }
