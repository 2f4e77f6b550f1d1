"""What ``materialize`` does to a cluster: each look at values and each change recorded before it happens, and retried (R50, R22).

A write needs no journal: it says what the Secret should be, at the version that was looked at, so running again is always right.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from goldenpath.app.cluster_selection import served_external_secret
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.audit.trail import Operation
from goldenpath.model.audit import AuditDecision, Target
from goldenpath.model.cluster import EXTERNAL_SECRETS_GROUP, SECRET, ClusterObject, KubernetesSecret
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret_marks import FINGERPRINT, LABEL_ENVIRONMENT, LABEL_ID, LABEL_SERVICE, MANAGED_BY, PLATFORM, STORE_VERSION
from goldenpath.plan.kubernetes_secrets import is_as_wanted
from goldenpath.ports.cluster import Cluster
from goldenpath.provision.retry import Retrier

BACKEND: Final = "kubernetes"


class ClusterSecrets:
    """The Secrets of one environment's cluster.

    Args:
        services: Audit log, clock.
        cluster: The cluster.
        retrier: One deadline for everything.
        environment: Canonical environment.
        commit: The reviewed commit that the run works from.
        reason: Why, for the audit log.
    """

    def __init__(self, services: Services, cluster: Cluster, retrier: Retrier, *, environment: str, commit: str, reason: str) -> None:
        self._services = services
        self._cluster = cluster
        self._call = retrier.call
        self._environment = environment
        self._commit = commit
        self._trail = open_trail(services)
        self._decision = AuditDecision(allowed=True, reason=reason)

    def identity(self) -> str:
        """Return the cluster's uid."""
        return self._call(self._cluster.identity)

    def look(self, request: SecretRequest) -> ClusterObject | None:
        """Return the metadata of the request's Secret; None when the name is free."""
        access = request.spec.access
        return self._call(lambda: self._cluster.get(SECRET, access.k8s_secret_name, namespace=access.namespace))

    def external_secrets(self, namespaces: Collection[str], *, preferred: str) -> dict[str, tuple[ClusterObject, ...]]:
        """Return the ExternalSecrets of each namespace, at the ``preferred`` API version if it is served; none where none is."""
        if not self._call(lambda: self._cluster.served_versions(EXTERNAL_SECRETS_GROUP)):
            return {}
        kind = self._call(lambda: served_external_secret(self._cluster, preferred))
        return {name: self._call(lambda name=name: self._cluster.list(kind, namespace=name)).objects for name in sorted(namespaces)}  # type: ignore[misc]

    def list_made(self, *, service: str = "") -> tuple[ClusterObject, ...]:
        """Return the Secrets in any namespace that carry our labels for the environment, and for the service if one is named."""
        labels = {MANAGED_BY: PLATFORM, LABEL_ENVIRONMENT: self._environment, **({LABEL_SERVICE: service} if service else {})}
        return self._call(lambda: self._cluster.list(SECRET, labels=labels)).objects

    def read(self, request: SecretRequest) -> KubernetesSecret | None:
        """Return the request's Secret with its values, to compare them; nobody reads values without a record."""
        access = request.spec.access
        with self._operation("kubernetes-secret.read", self._target(request), request, details={"purpose": "compare"}):
            return self._call(lambda: self._cluster.read_secret(access.namespace, access.k8s_secret_name))

    def rehearse(self, secret: KubernetesSecret, *, is_forced: bool) -> None:
        """Let the cluster judge a write without doing it: namespace, rights, owners of fields, quotas, admission.

        Raises:
            GoldenpathError: what the cluster would refuse the write with.
        """
        self._call(lambda: self._cluster.apply_secret(secret, is_forced=is_forced, is_dry_run=True))

    def write(self, request: SecretRequest, secret: KubernetesSecret, *, surplus: Collection[str] = (), is_forced: bool = False) -> None:
        """Make or change one Secret; ``surplus`` are keys that somebody else put into it, which go.

        Raises:
            GoldenpathError: what the cluster refused, or an outcome that nobody knows.
        """
        marks = secret.meta.annotations
        with self._operation("kubernetes-secret.apply", self._target(request), request) as operation:
            operation.set_version(marks[STORE_VERSION], fingerprint=marks[FINGERPRINT])
            written = self._call(
                lambda: self._cluster.apply_secret(secret, is_forced=is_forced), recover=lambda: self._find(request, secret)
            )
            operation.add_detail("resource_version", written.meta.resource_version)
            if surplus:
                self._take_away(secret, surplus, written)

    def delete(self, found: ClusterObject) -> ClusterObject | None:
        """Delete exactly this Secret; return what is left of it while something holds it."""
        meta = found.meta
        target = Target(
            intent_id=meta.labels.get(LABEL_ID, ""),
            service=meta.labels.get(LABEL_SERVICE, ""),
            environment=self._environment,
            backend=BACKEND,
            version_id=meta.annotations.get(STORE_VERSION, ""),
            namespace=meta.namespace,
            k8s_secret=meta.name,
        )
        with self._operation("kubernetes-secret.delete", target, None):
            self._call(lambda: self._cluster.delete(SECRET, meta.name, namespace=meta.namespace, uid=meta.uid))
            left = self._call(lambda: self._cluster.get(SECRET, meta.name, namespace=meta.namespace))
        return left if left is not None and left.meta.uid == meta.uid else None

    def _find(self, request: SecretRequest, secret: KubernetesSecret) -> ClusterObject | None:
        """Look whether a write whose answer was lost took effect; None when it did not."""
        found = self._cluster.read_secret(secret.meta.namespace, secret.meta.name)
        return self.look(request) if found is not None and is_as_wanted(secret, found) else None

    def _take_away(self, secret: KubernetesSecret, keys: Collection[str], written: ClusterObject) -> None:
        meta = secret.meta
        self._call(
            lambda: self._cluster.patch(
                SECRET,
                meta.name,
                {"data": dict.fromkeys(sorted(keys))},
                namespace=meta.namespace,
                resource_version=written.meta.resource_version,
            )
        )

    def _target(self, request: SecretRequest) -> Target:
        return Target(
            intent_id=request.id,
            service=request.metadata.service,
            environment=self._environment,
            backend=BACKEND,
            namespace=request.spec.access.namespace,
            k8s_secret=request.spec.access.k8s_secret_name,
        )

    def _operation(
        self, action: str, target: Target, request: SecretRequest | None, *, details: Mapping[str, str] | None = None
    ) -> Operation:
        joins = joins_of(self._services, request, commit=self._commit)
        return self._trail.operation(action, target=target, decision=self._decision, details=details, joins=joins)
