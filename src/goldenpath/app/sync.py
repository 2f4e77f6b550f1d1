"""Force what the store holds into the cluster now, and prove that it arrived (seed 003's force refresh, R30, R31).

Argo CD first, where it is configured: an ExternalSecret that is not there yet cannot be refreshed. Then each ExternalSecret is asked, and
what it made is compared with the version that was current in the store before it was asked. Every request has an audit record of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from goldenpath.app.cluster_selection import Selected, Selection, is_wanted_in_cluster, select, served_external_secret
from goldenpath.app.services import Services
from goldenpath.app.sync_absence import await_absence
from goldenpath.app.sync_argo import AppliedRevision, apply_revision
from goldenpath.app.sync_receipts import ReceiptBook
from goldenpath.delivery.force_sync import ForceSync, Hooks, SyncLimits, require_some
from goldenpath.errors import AccessDenied
from goldenpath.model.cluster import ClusterAccess, ClusterObject, Kind, Listing, ObjectRef
from goldenpath.model.naming import external_secret_name
from goldenpath.model.request import SecretRequest
from goldenpath.model.sync import SyncReceipt
from goldenpath.ports.cluster import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOrder:
    """What is wanted. ``revision`` of the GitOps repository must be applied first; empty: the newest."""

    selection: Selection
    access: ClusterAccess
    limits: SyncLimits = field(default_factory=SyncLimits)
    is_waiting: bool = True
    asks_argo: bool = True
    revision: str = ""
    is_hard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSync:
    """What became of one environment. ``applied`` is None where Argo CD was not asked."""

    environment: str
    applied: AppliedRevision | None
    receipts: tuple[SyncReceipt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """All environments of one run."""

    commit: str
    environments: tuple[EnvironmentSync, ...]

    @property
    def receipts(self) -> tuple[SyncReceipt, ...]:
        """Every receipt, by environment and place."""
        return tuple(receipt for environment in self.environments for receipt in environment.receipts)


def sync_secrets(services: Services, order: SyncOrder) -> SyncReport:
    """Refresh what is selected and return a receipt for each.

    Raises:
        NotFound: ``sync.nothing-selected``, ``request.unknown``, ``cluster.kind-missing``, ``argo.application-missing``.
        Misconfigured: ``cluster.not-configured``, ``cluster.wrong-cluster``.
        Conflict, SyncTimeout: ``argo.*``; nothing was refreshed then.
        AuditUnavailable: nothing is asked without a record.
    """
    selected = select(services, order.selection)
    return SyncReport(
        commit=selected.governance.commit,
        environments=tuple(_sync(services, order, selected, environment) for environment in selected.environments),
    )


def _sync(services: Services, order: SyncOrder, selected: Selected, environment: str) -> EnvironmentSync:
    cluster = services.cluster(environment, order.access)
    settings = selected.governance.settings
    applied = apply_revision(services, order, environment) if order.asks_argo and order.is_waiting else None
    kind = served_external_secret(cluster, settings.external_secrets.api_version)
    requests = selected.of(environment)
    leaving = [request for request in requests if not is_wanted_in_cluster(request)] if order.selection.is_by_request else []
    wanted = [request for request in requests if is_wanted_in_cluster(request)]
    listing = _list(cluster, kind, order.selection, wanted, is_needed=bool(wanted) or not order.selection.is_by_request)
    explained = {_place(request): request for request in selected.every if request.environment == environment}
    book = ReceiptBook(services, selected.governance, environment, cluster, explained)
    chosen = _chosen(listing, order.selection, wanted)
    absent = (
        [request for request in wanted if _place(request) not in {found.ref for found in chosen}] if order.selection.is_by_request else []
    )
    if not leaving and not absent:
        require_some(chosen, what=f"{order.selection.text} in {environment}")
    with book:
        receipts = [book.missing(request) for request in absent]
        sync = ForceSync(
            cluster,
            kind=kind,
            clock=services.clock,
            entropy=services.entropy,
            limits=order.limits,
            hooks=Hooks(before=book.begin, verify=book.verify, progress=services.progress),
        )
        ended = sync.run(chosen, since=listing.resource_version) if order.is_waiting else sync.ask(chosen)
        receipts += (book.close(each, is_waiting=order.is_waiting) for each in ended)
        receipts += await_absence(services, book, cluster, kind, leaving, limits=order.limits, is_waiting=order.is_waiting)
    return EnvironmentSync(
        environment=environment, applied=applied, receipts=tuple(sorted(receipts, key=lambda receipt: receipt.external_secret))
    )


def _list(cluster: Cluster, kind: Kind, selection: Selection, wanted: Sequence[SecretRequest], *, is_needed: bool) -> Listing:
    """Return the ExternalSecrets to choose from: of the cluster in one question, or namespace by namespace where that is not allowed."""
    namespaces = sorted({request.spec.access.namespace for request in wanted}) if selection.is_by_request else []
    only = selection.namespace or (namespaces[0] if len(namespaces) == 1 else "")
    if not is_needed:
        return Listing(objects=(), resource_version="")
    try:
        return cluster.list(kind, namespace=only, labels=selection.labels)
    except AccessDenied:
        if only or not namespaces:
            raise
    # the oldest version of all is one that every namespace's watch can start from
    parts = [cluster.list(kind, namespace=namespace, labels=selection.labels) for namespace in namespaces]
    return Listing(objects=tuple(found for part in parts for found in part.objects), resource_version=parts[0].resource_version)


def _chosen(listing: Listing, selection: Selection, wanted: Sequence[SecretRequest]) -> tuple[ClusterObject, ...]:
    if not selection.is_by_request:
        return listing.objects
    places = {_place(request) for request in wanted}
    return tuple(found for found in listing.objects if found.ref in places)


def _place(request: SecretRequest) -> ObjectRef:
    return ObjectRef(kind="ExternalSecret", namespace=request.spec.access.namespace, name=external_secret_name(request))
