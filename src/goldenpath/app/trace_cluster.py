"""The last seams of a secret's way: Argo CD, the ExternalSecret, the Secret. A fault of the cluster is a seam that nobody could look at.

The Secret's data is read only where its fingerprint can be compared with the store's, and on record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from goldenpath.app.cluster_selection import is_wanted_in_cluster, served_external_secret
from goldenpath.app.cluster_state import proven
from goldenpath.app.consumers import view_of
from goldenpath.app.locate import Located
from goldenpath.app.seam import CLUSTER_SEAM, Seam
from goldenpath.app.services import Services
from goldenpath.app.sync_argo import contains
from goldenpath.app.trail import joins_of, open_trail, target_of
from goldenpath.delivery.argo_application import judge_application, read_application
from goldenpath.delivery.arrival import Arrival, compare_arrival, standing
from goldenpath.delivery.consumers import data_changed_at, find_consumers, need_of
from goldenpath.delivery.external_secret_state import ExternalSecretState, read_state
from goldenpath.delivery.flights import deletion_text
from goldenpath.errors import GoldenpathError, InvalidIntent
from goldenpath.model.cluster import SECRET, ClusterAccess, ObjectMeta
from goldenpath.model.counting import counted
from goldenpath.model.naming import external_secret_name
from goldenpath.model.payload import encode_payload
from goldenpath.model.store import StoreRecord, VersionInfo
from goldenpath.ports.cluster import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What the seams of one request look at."""

    services: Services
    located: Located
    cluster: Cluster
    access: ClusterAccess
    version: VersionInfo | None
    manifest_commit: str

    @property
    def is_wanted(self) -> bool:
        return is_wanted_in_cluster(self.located.request) and self.version is not None


def cluster_seams(
    services: Services, located: Located, record: StoreRecord | None, *, manifest_commit: str, access: ClusterAccess
) -> tuple[Seam, ...]:
    """Return the seams from the GitOps repository to the Secret; one unknown seam where it is not stated how to reach the cluster."""
    environment = located.request.environment
    settings = services.settings.environment(environment).kubernetes
    if settings is None and not access.is_stated:
        return (Seam(name=CLUSTER_SEAM, state="unknown", summary="not looked at: no cluster is configured for this command"),)
    try:
        cluster = services.cluster(environment, access)
    except GoldenpathError as error:
        return (Seam(name="external-secret", state="unknown", summary=f"the cluster cannot be looked at: {error.code}"),)
    view = _View(
        services=services,
        located=located,
        cluster=cluster,
        access=access,
        version=None if record is None else record.version_at("current"),
        manifest_commit=manifest_commit,
    )
    argo = (_guarded("argo-cd", lambda: _argo(view)),) if settings is not None and settings.argo_cd is not None else ()
    return (*argo, *_objects(view))


def _argo(view: _View) -> Seam:
    environment = view.located.request.environment
    configured = view.services.settings.environment(environment).kubernetes
    if configured is None or configured.argo_cd is None or not view.manifest_commit:
        return Seam(name="argo-cd", state="ok", summary="nothing to apply: no manifest is committed")
    name = configured.argo_cd.application.replace("{environment}", environment)
    found = view.services.deployer(environment, view.access).application(name)
    if found is None:
        return Seam(name="argo-cd", state="behind", summary=f"there is no Application {name}: goldenpath doctor --cluster")
    state = read_application(found)
    applied = judge_application(
        state, wanted=view.manifest_commit, is_within=lambda revision: contains(view.services, view.manifest_commit, revision)
    )
    facts = (("application", name), ("revisions", ", ".join(state.revisions)), ("sync", state.sync), ("health", state.health))
    if applied.state == "applied":
        summary = f"{name} has applied {applied.revision[:12]}"
        return Seam(name="argo-cd", state="ok", summary=summary, time=state.reconciled_at, facts=facts)
    return Seam(name="argo-cd", state="behind", summary=f"{applied.message}: goldenpath sync", time=state.reconciled_at, facts=facts)


def _objects(view: _View) -> tuple[Seam, ...]:
    request = view.located.request
    try:
        kind = served_external_secret(view.cluster, view.located.governance.settings.external_secrets.api_version)
        found = view.cluster.get(kind, external_secret_name(request), namespace=request.spec.access.namespace)
    except GoldenpathError as error:
        return (Seam(name="external-secret", state="unknown", summary=f"the cluster cannot be looked at: {error.code}"),)
    external = None if found is None else read_state(found)
    seams = (_external_secret(view, external), _guarded("secret", lambda: _secret(view, external)))
    return (*seams, _guarded("pods", lambda: _pods(view))) if view.is_wanted else seams


def _external_secret(view: _View, external: ExternalSecretState | None) -> Seam:
    name = "external-secret"
    if external is None:
        if view.is_wanted:
            return Seam(name=name, state="behind", summary="it is not in the cluster: goldenpath apply commits it, Argo CD brings it")
        return Seam(name=name, state="ok", summary="none, as wanted")
    facts = (
        ("object", f"{external.ref.namespace}/{external.ref.name}"),
        ("resource_version", external.resource_version),
        ("synced_version", external.synced_version),
    )
    if external.deleted_at:
        return Seam(name=name, state="behind", summary=deletion_text(external), facts=facts)
    if not view.is_wanted:
        return Seam(name=name, state="behind", summary="it is still there and should not be: goldenpath apply removes it", facts=facts)
    if not external.is_synced:
        reason = external.shown_reason if external.reason else "its controller has not looked at it yet"
        return Seam(name=name, state="behind", summary=f"not synced: {reason}", time=external.refresh_time, facts=facts)
    return Seam(name=name, state="ok", summary=f"refreshed from {external.store}", time=external.refresh_time, facts=facts)


def _secret(view: _View, external: ExternalSecretState | None) -> Seam:
    request = view.located.request
    access = request.spec.access
    if not view.is_wanted:
        left = view.cluster.get(SECRET, access.k8s_secret_name, namespace=access.namespace)
        if left is None:
            return Seam(name="secret", state="ok", summary="none, as wanted")
        return Seam(name="secret", state="behind", summary=f"the Secret {access.k8s_secret_name} is still there")
    meta, fingerprint = _read(view)
    arrival = _arrival(view, external, meta, fingerprint)
    facts = (
        ("object", f"{access.namespace}/{access.k8s_secret_name}"),
        ("resource_version", meta.resource_version if meta else ""),
        ("fingerprint", fingerprint),
        ("evidence", arrival.evidence),
    )
    version = view.version.id[:8] if view.version else ""
    if arrival.state == "synced":
        return Seam(
            name="secret", state="ok", summary=f"{access.k8s_secret_name} holds version {version} ({arrival.evidence})", facts=facts
        )
    if arrival.state == "unproven":
        return Seam(name="secret", state="unknown", summary=f"{arrival.message}: goldenpath sync {request.id}", facts=facts)
    return Seam(name="secret", state="behind", summary=f"{arrival.message}: goldenpath sync {request.id}", facts=facts)


def _pods(view: _View) -> Seam:
    """Say whether the pods that use the Secret have seen what it holds."""
    access = view.located.request.spec.access
    secret = view.cluster.get(SECRET, access.k8s_secret_name, namespace=access.namespace)
    if secret is None:
        return Seam(name="pods", state="ok", summary="nobody can use a Secret that is not there")
    found = find_consumers(view_of(view.cluster, access.namespace), access.k8s_secret_name)
    if not found:
        return Seam(name="pods", state="ok", summary="no workload uses it")
    changed_at = data_changed_at(secret.meta)
    facts = tuple((f"{each.workload.kind}/{each.workload.name}", f"oldest pod since {each.oldest_start or 'never'}") for each in found)
    older = [each.workload for each in found if need_of(each, changed_at) == "restart"]
    if older:
        names = ", ".join(f"{workload.kind}/{workload.name}" for workload in older)
        summary = f"{names} started before the Secret changed: goldenpath rollout {view.located.request.id}"
        return Seam(name="pods", state="behind", summary=summary, time=changed_at, facts=facts)
    return Seam(name="pods", state="ok", summary=f"{counted(len(found), 'workload')} up to date", time=changed_at, facts=facts)


def _read(view: _View) -> tuple[ObjectMeta | None, str]:
    """Return the Secret's metadata, and the fingerprint of its data where the store's can be compared with it."""
    access, located = view.located.request.spec.access, view.located
    if view.version is None or not view.version.fingerprint:
        found = view.cluster.get(SECRET, access.k8s_secret_name, namespace=access.namespace)
        return (None if found is None else found.meta), ""
    target = target_of(located.request, prefix=located.governance.settings.naming.prefix)
    joins = joins_of(view.services, located.request, commit=located.commit)
    with open_trail(view.services).operation("cluster.secret-read", target=target, joins=joins) as operation:
        secret = view.cluster.read_secret(access.namespace, access.k8s_secret_name)
        if secret is None:
            return None, ""
        try:
            fingerprint = located.store.fingerprint(located.ref, encode_payload(secret.data))
        except InvalidIntent:
            return secret.meta, ""  # bytes that are no text never came from a record of keys
        operation.set_version("", fingerprint=fingerprint)
        return secret.meta, fingerprint


def _arrival(view: _View, external: ExternalSecretState | None, meta: ObjectMeta | None, fingerprint: str) -> Arrival:
    if external is not None:
        exact = compare_arrival(external, meta, version=view.version, secret_fingerprint=fingerprint, is_ordered=False)
        if exact.state != "unproven":
            return exact
    return standing(external, meta, version=view.version, proven=proven(view.services.journal(), view.located.request))


def _guarded(name: str, look: Callable[[], Seam]) -> Seam:
    try:
        return look()
    except GoldenpathError as error:
        return Seam(name=name, state="unknown", summary=f"cannot be looked at: {error.code}")
