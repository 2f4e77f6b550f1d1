"""Looks at an environment's cluster and says what would keep secrets from arriving. It changes nothing and reads no value.

Every look answers for itself: what these credentials may not see is told as unknown, and the others still run. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from goldenpath.app.context import standing_context
from goldenpath.app.doctor import Check, CheckState, failed_check
from goldenpath.app.doctor_argo import look_at_argo
from goldenpath.app.doctor_external_secrets import look_at_controller, look_at_served_versions, look_at_stores
from goldenpath.app.doctor_rights import look_at_rights
from goldenpath.app.protected import protected_tip
from goldenpath.app.revision import Governance, read_governance, read_requests
from goldenpath.app.services import Services
from goldenpath.errors import AccessDenied, GoldenpathError
from goldenpath.model.cluster import NAMESPACE, POD, ClusterAccess
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.request import SecretRequest
from goldenpath.ports.cluster import Cluster

_DRIFT_SECONDS = 10
"""A clock that is further off makes old answers look new: what ``sync`` waits for is compared by the cluster's time."""
_BROKEN_SECONDS = 300
_API_SERVER = {"component": "kube-apiserver"}
"""How kubeadm labels the API server's own pod; a managed cluster shows none."""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What is examined: one environment's cluster, against what the protected branch says."""

    services: Services
    cluster: Cluster
    environment: str

    @cached_property
    def governance(self) -> Governance:
        """Settings and policy at the tip of the protected branch."""
        reader = self.services.repository()
        return read_governance(reader, protected_tip(reader, self.services.settings))

    @cached_property
    def requests(self) -> tuple[SecretRequest, ...]:
        """The environment's requests that take values."""
        entries = read_requests(self.services.repository(), self.governance).entries
        mine = (entry.request for entry in entries if entry.request.environment == self.environment)
        return tuple(request for request in mine if request.spec.lifecycle.status in PROJECTED_STATES)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that the requests project into."""
        return tuple(sorted({request.spec.access.namespace for request in self.requests}))


def examine_cluster(services: Services, environment: str, access: ClusterAccess) -> tuple[Check, ...]:
    """Return every check of an environment's cluster, in a fixed order; one that cannot be reached is one failed check."""
    try:
        seen = Examined(services=services, cluster=services.cluster(environment, access), environment=environment)
    except GoldenpathError as error:
        return (failed_check("cluster", error),)
    first = _guarded("cluster", _cluster, seen)
    if any(check.state == "fail" for check in first):
        return first
    return (*first, *(check for name, look in _LOOKS for check in _guarded(name, look, seen)))


def _guarded(name: str, look: Callable[[Examined], Iterator[Check]], seen: Examined) -> tuple[Check, ...]:
    checks: list[Check] = []
    try:
        checks.extend(look(seen))
    except AccessDenied as error:
        checks.append(Check(name=name, state="warn", message=f"unknown: {error.message}", fix="look with credentials that may see it"))
    except GoldenpathError as error:
        checks.append(failed_check(name, error))
    return tuple(checks)


def _cluster(seen: Examined) -> Iterator[Check]:
    version = seen.cluster.version()
    uid = seen.cluster.identity()
    place = seen.services.settings.environment(seen.environment).kubernetes
    stated = "" if place is None else place.cluster_id
    setting = f"environments.{seen.environment}.kubernetes.clusterId"
    message = f"Kubernetes {version.text} answers; its id is {uid}"
    if stated and stated != uid:
        message = f"this is cluster {uid}, and {seen.environment} belongs to {stated}"
        yield Check(name="cluster", state="fail", message=message, fix=f"check --context and {setting}; nothing is written to it")
    elif stated:
        yield Check(name="cluster", state="ok", message=f"{message}, as {setting} says")
    else:
        fix = f"set {setting}: {uid} in goldenpath.yaml, so that no other cluster is ever written to"
        yield Check(name="cluster", state="warn", message=f"{message}; the settings name none", fix=fix)


def _clock(seen: Examined) -> Iterator[Check]:
    theirs, ours = seen.cluster.now(), seen.services.clock.now()
    ahead = (theirs - ours).total_seconds()
    message = f"the cluster's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    if abs(ahead) <= _DRIFT_SECONDS:
        yield Check(name="clocks", state="ok", message=f"the cluster's clock and ours agree to {_DRIFT_SECONDS} s")
    else:
        state: CheckState = "fail" if abs(ahead) > _BROKEN_SECONDS else "warn"
        fix = "set the clock that is wrong (NTP); waits go by the cluster's, and tokens end by both"
        yield Check(name="clocks", state=state, message=message, fix=fix)


def _served_versions(seen: Examined) -> Iterator[Check]:
    return look_at_served_versions(seen.cluster, seen.governance.settings, seen.environment)


def _controller(seen: Examined) -> Iterator[Check]:
    return look_at_controller(seen.cluster)


def _stores(seen: Examined) -> Iterator[Check]:
    return look_at_stores(seen.cluster, seen.governance.settings, seen.environment, seen.requests)


def _argo(seen: Examined) -> Iterator[Check]:
    return look_at_argo(seen.cluster, seen.governance.settings, seen.environment)


def _rights(seen: Examined) -> Iterator[Check]:
    return look_at_rights(seen.cluster, seen.namespaces)


def _namespaces(seen: Examined) -> Iterator[Check]:
    """Look for namespaces that are missing, reserved, or not mapped to the service."""
    compiled = standing_context(seen.governance, today=seen.services.clock.now().date()).compiled
    faults = False
    for name in seen.namespaces:
        services = sorted({request.metadata.service for request in seen.requests if request.spec.access.namespace == name})
        strangers = [service for service in services if not compiled.is_mapped(name, service, seen.environment)]
        if compiled.is_reserved_namespace(name) or strangers:
            faults = True
            message = f"{name} is reserved" if compiled.is_reserved_namespace(name) else f"{name} is not mapped to {', '.join(strangers)}"
            fix = "move the request into a namespace of its service, or have the platform map this one in governance/policy.yaml"
            yield Check(name="namespaces", state="fail", message=message, fix=fix)
        if seen.cluster.get(NAMESPACE, name) is None:
            faults = True
            message = f"{name} is not in the cluster; Secrets of {', '.join(services)} go there"
            yield Check(
                name="namespaces", state="fail", message=message, fix=f"kubectl create namespace {name}, or deploy the service first"
            )
    if not faults:
        yield Check(name="namespaces", state="ok", message=", ".join(seen.namespaces) or "no request projects into this cluster")


def _encryption(seen: Examined) -> Iterator[Check]:
    """Say whether Secrets are encrypted in etcd, where the API server's own pod shows how it was started."""
    servers = seen.cluster.list(POD, namespace="kube-system", labels=_API_SERVER).objects
    commands = [" ".join(_words(server.spec)) for server in servers]
    fix = "ask who runs the control plane; with kubeadm: kube-apiserver --encryption-provider-config, secrets first in its resources"
    if not commands:
        message = "unknown: the API does not tell whether Secrets are encrypted in etcd, and this control plane shows no pod"
        yield Check(name="encryption at rest", state="warn", message=message, fix=fix)
    elif all("--encryption-provider-config" in command for command in commands):
        message = (
            "the API server is started with an encryption configuration; what it encrypts stands in its file, which the API does not show"
        )
        yield Check(name="encryption at rest", state="ok", message=message)
    else:
        message = "the API server is started without --encryption-provider-config: Secrets lie in etcd as they are"
        yield Check(name="encryption at rest", state="fail", message=message, fix=fix)


def _words(spec: dict[str, Any]) -> Iterator[str]:
    """Yield the words that a pod's containers are started with."""
    for container in spec.get("containers") or ():
        for part in ("command", "args"):
            yield from container.get(part) or ()


_LOOKS: tuple[tuple[str, Callable[[Examined], Iterator[Check]]], ...] = (
    ("clocks", _clock),
    ("external secrets api", _served_versions),
    ("external secrets", _controller),
    ("stores", _stores),
    ("argo cd", _argo),
    ("namespaces", _namespaces),
    ("rights", _rights),
    ("encryption at rest", _encryption),
)
