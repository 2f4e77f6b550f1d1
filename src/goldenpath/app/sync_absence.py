"""Waits until what must not be in the cluster any more is gone: the ExternalSecret, and the Secret that it owned (R31, R55)."""

from __future__ import annotations

from collections.abc import Sequence

from goldenpath.app.services import Services
from goldenpath.app.sync_receipts import ReceiptBook
from goldenpath.delivery.external_secret_state import read_state
from goldenpath.delivery.flights import deletion_text
from goldenpath.delivery.force_sync import SyncLimits
from goldenpath.errors import GoldenpathError, SyncTimeout
from goldenpath.model.cluster import SECRET, Kind
from goldenpath.model.naming import external_secret_name
from goldenpath.model.request import SecretRequest
from goldenpath.model.sync import SyncReceipt
from goldenpath.ports.cluster import Cluster

_POLL_SECONDS = 2.0


def await_absence(
    services: Services,
    book: ReceiptBook,
    cluster: Cluster,
    kind: Kind,
    leaving: Sequence[SecretRequest],
    *,
    limits: SyncLimits,
    is_waiting: bool,
) -> list[SyncReceipt]:
    """Return a receipt for each request that must have nothing in the cluster; all share one deadline."""
    left = list(leaving)
    receipts: list[SyncReceipt] = []
    deadline = services.clock.monotonic() + (limits.timeout_seconds if is_waiting else 0.0)
    while left:
        is_over = services.clock.monotonic() >= deadline
        for request in tuple(left):
            what = _left_of(cluster, kind, request)
            if what is None or is_over:
                left.remove(request)
                receipts.append(book.absent(request, what))
        if left:
            services.progress(f"waiting until {len(left)} ExternalSecrets and their Secrets are gone")
            services.clock.sleep(_POLL_SECONDS)
    return receipts


def _left_of(cluster: Cluster, kind: Kind, request: SecretRequest) -> GoldenpathError | None:
    """Return what is still there, as the error that it will be when the time is over; None when everything is gone."""
    access = request.spec.access
    found = cluster.get(kind, external_secret_name(request), namespace=access.namespace)
    if found is not None:
        state = read_state(found)
        if state.deleted_at:
            return SyncTimeout("sync.stuck-deletion", deletion_text(state), subject=request.id, hint="is its controller running?")
        return SyncTimeout(
            "sync.still-there",
            f"the ExternalSecret {state.ref.name} is still there, and nobody deletes it",
            subject=request.id,
            hint="goldenpath apply commits the removal; Argo CD takes it away only with prune on",
        )
    secret = cluster.get(SECRET, access.k8s_secret_name, namespace=access.namespace)
    if secret is None:
        return None
    return SyncTimeout(
        "sync.secret-left",
        f"the ExternalSecret is gone, and the Secret {access.k8s_secret_name} is still there"
        + ("" if secret.meta.owners else ", without an owner that would take it along"),
        subject=request.id,
        hint="goldenpath orphans --cluster tells whose it is",
    )
