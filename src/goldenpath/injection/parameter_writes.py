"""Writes what changed, several parameters at a time, and says of each what became of it: written, refused, or not tried (R22, R29).

One parameter that is refused holds no other up. What no later write can get past (throttled for good, another writer, no credentials)
ends the run; the rest is reported as not written, and a rerun writes exactly that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal

from goldenpath.errors import AuditUnavailable, Conflict, GoldenpathError, ProviderUnavailable, Unauthenticated
from goldenpath.injection.parameters import Change
from goldenpath.model.base import Record

ParameterOutcome = Literal["written", "unchanged", "pruned", "refused", "not-written"]

_RUN_ENDING: Final = frozenset({"store.fenced-out", "store.writer-active"})


class ParameterReceipt(Record, frozen=True, kw_only=True):
    """What became of one parameter; ``code`` and ``message`` say why it was not written.

    ``is_retryable`` says that running again is all it needs.
    """

    key: str
    name: str
    request_id: str
    outcome: ParameterOutcome
    version: int = 0
    code: str = ""
    message: str = ""
    is_retryable: bool = False


def write_changes(
    changes: Sequence[Change],
    write: Callable[[Change], int],
    *,
    workers: int,
    progress: Callable[[ParameterReceipt], None] = lambda _receipt: None,
) -> tuple[ParameterReceipt, ...]:
    """Write every change and return the receipts, in the order of ``changes``.

    Args:
        changes: What to write.
        write: Writes one and returns its version; safe for threads.
        workers: How many at a time.
        progress: Told about each receipt, in order.

    Raises:
        AuditUnavailable: from ``write``; the run stops at once (R50).
    """
    run = _Run(write)
    receipts = []
    for receipt in _each(run, changes, workers):
        progress(receipt)
        receipts.append(receipt)
    return tuple(receipts)


def receipt_of(change: Change, outcome: ParameterOutcome, *, version: int = 0, error: GoldenpathError | None = None) -> ParameterReceipt:
    """Return the receipt of one change."""
    return ParameterReceipt(
        key=change.assignment.declared.spec.name,
        name=change.desired.name,
        request_id=change.desired.request_id,
        outcome=outcome,
        version=version,
        code=error.code if error else "",
        message=error.message if error else "",
        is_retryable=error is not None and _ends_the_run(error) and not isinstance(error, Unauthenticated),
    )


def _each(run: _Run, changes: Sequence[Change], workers: int) -> Iterator[ParameterReceipt]:
    pool = ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="inject")
    try:
        yield from pool.map(run.write, changes)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Run:
    """Remembers what ended the run, so that nothing is tried after it."""

    def __init__(self, write: Callable[[Change], int]) -> None:
        self._write = write
        self._ended_by: GoldenpathError | None = None

    def write(self, change: Change) -> ParameterReceipt:
        if self._ended_by is not None:
            return receipt_of(change, "not-written", error=self._ended_by)
        try:
            return receipt_of(change, "written", version=self._write(change))
        except AuditUnavailable:
            raise
        except GoldenpathError as error:
            if _ends_the_run(error):
                self._ended_by = error
                return receipt_of(change, "not-written", error=error)
            return receipt_of(change, "refused", error=error)


def _ends_the_run(error: GoldenpathError) -> bool:
    return isinstance(error, ProviderUnavailable | Unauthenticated) or (isinstance(error, Conflict) and error.code in _RUN_ENDING)
