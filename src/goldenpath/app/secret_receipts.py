"""The receipts of a run of ``materialize``, and which failures running again mends."""

from __future__ import annotations

import msgspec

from goldenpath.app.secret_batch import Judged
from goldenpath.errors import Conflict, GoldenpathError, ProviderUnavailable, Unauthenticated
from goldenpath.model.cluster import ClusterObject
from goldenpath.model.materialize import SecretOutcome, SecretReceipt
from goldenpath.model.secret_marks import LABEL_ID, STORE_VERSION

VERSION_MOVED = "materialize.version-moved"
SECRET_HELD = "materialize.secret-held"
_MENDED_BY_A_RERUN = frozenset({VERSION_MOVED, SECRET_HELD, "cluster.object-changed"})


def receipt_of(judged: Judged, outcome: SecretOutcome, error: GoldenpathError | None = None) -> SecretReceipt:
    """Return the receipt of a request's Secret."""
    access = judged.request.spec.access
    receipt = SecretReceipt(
        request_id=judged.request.id,
        namespace=access.namespace,
        name=access.k8s_secret_name,
        action=judged.action,
        outcome=outcome,
        keys=judged.keys,
        version_id=judged.version_id,
    )
    return _with_error(receipt, error)


def removal_of(found: ClusterObject, outcome: SecretOutcome, error: GoldenpathError | None = None) -> SecretReceipt:
    """Return the receipt of a Secret that nobody asks for any more."""
    receipt = SecretReceipt(
        request_id=found.meta.labels.get(LABEL_ID, ""),
        namespace=found.meta.namespace,
        name=found.meta.name,
        action="delete",
        outcome=outcome,
        version_id=found.meta.annotations.get(STORE_VERSION, ""),
    )
    return _with_error(receipt, error)


def outcome_after(error: GoldenpathError | None) -> SecretOutcome:
    """Return what an attempt ended as."""
    if error is None:
        return "done"
    return "not-done" if ends_the_run(error) or error.code in _MENDED_BY_A_RERUN else "refused"


def ends_the_run(error: GoldenpathError) -> bool:
    """Say whether no later act can get past it."""
    return isinstance(error, ProviderUnavailable | Unauthenticated)


def moved(judged: Judged, now: str) -> Conflict:
    """Return the error for a version that stopped being the current one while it was written."""
    return Conflict(
        VERSION_MOVED,
        f"version {judged.version_id} was written, and {now or 'none'} is current by now",
        subject=judged.request.id,
        hint="run again, it writes the current one",
    )


def held(found: ClusterObject) -> Conflict:
    """Return the error for a Secret that something keeps alive."""
    waits = ", ".join(found.meta.finalizers) or "the cluster"
    return Conflict(
        SECRET_HELD,
        f"it is being deleted, and waits for {waits}",
        subject=str(found.ref),
        hint="find out what should finish it; it is gone once that has",
    )


def _with_error(receipt: SecretReceipt, error: GoldenpathError | None) -> SecretReceipt:
    if error is None:
        return receipt
    is_retryable = isinstance(error, ProviderUnavailable) or error.code in _MENDED_BY_A_RERUN
    return msgspec.structs.replace(receipt, code=error.code, message=error.message, is_retryable=is_retryable)
