"""One worker commits for all waiting threads: many records, one flush to disk, and a wait that always ends (CASE 151).

The worker exists because a call stuck in the kernel cannot be interrupted: the callers wait beside it, with a limit.
Knows nothing of records or files.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from goldenpath.errors import AuditUnavailable

Q = TypeVar("Q")
R = TypeVar("R")


class _Ticket(Generic[Q, R]):
    """One caller's request and, later, its result."""

    __slots__ = ("error", "is_abandoned", "request", "result", "settled")

    def __init__(self, request: Q) -> None:
        self.request = request
        self.result: R | None = None
        self.error: Exception | None = None
        self.is_abandoned = False
        self.settled = threading.Event()


class GroupCommit(Generic[Q, R]):
    """Gathers requests and hands them to ``commit`` in batches, in order, from one thread.

    Args:
        commit: Takes the batch, returns one result per request, or raises for all of them.
        timeout_seconds: How long a caller waits before it is told ``audit.timeout``.
        batch_max: Requests per call of ``commit``.
    """

    def __init__(self, commit: Callable[[list[Q]], list[R]], *, timeout_seconds: float, batch_max: int = 1024) -> None:
        self._commit = commit
        self._timeout_seconds = timeout_seconds
        self._batch_max = batch_max
        self._is_stalled = False
        self._reset()

    def submit(self, request: Q) -> R:
        """Return the result of ``request`` once its batch is committed.

        Raises:
            AuditUnavailable: ``audit.timeout``, or what ``commit`` raised.
        """
        if self._owner != os.getpid():
            self._reset()  # a forked child inherits the object but not the thread
        ticket: _Ticket[Q, R] = _Ticket(request)
        with self._wake:
            self._start()
            self._queue.append(ticket)
            self._wake.notify()
        self._await(ticket)
        if ticket.error is not None:
            raise ticket.error
        assert ticket.result is not None  # noqa: S101 - a settled ticket has one of the two
        return ticket.result

    def stop(self) -> bool:
        """End the worker when its queue is empty; the next request starts a new one. False when it hangs and could not end."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
            worker = self._worker
        if worker is None or self._owner != os.getpid():
            return True
        worker.join(self._timeout_seconds)
        return not worker.is_alive()

    def _await(self, ticket: _Ticket[Q, R]) -> None:
        patience = 0.0 if self._is_stalled else self._timeout_seconds
        if ticket.settled.wait(patience):
            return
        ticket.is_abandoned = True
        self._is_stalled = True
        raise AuditUnavailable(
            "audit.timeout",
            f"the audit log did not take the record within {self._timeout_seconds:g} seconds",
            hint="check the disk under the audit log, and whether another process holds its lock",
            retry_after_seconds=self._timeout_seconds,
        )

    def _reset(self) -> None:
        self._owner = os.getpid()
        self._queue: deque[_Ticket[Q, R]] = deque()
        self._wake = threading.Condition()
        self._worker: threading.Thread | None = None
        self._is_stopping = False
        self._is_stalled = False

    def _start(self) -> None:
        self._is_stopping = False
        if self._worker is None:
            self._worker = threading.Thread(target=self._run, name="goldenpath-audit", daemon=True)
            self._worker.start()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or self._is_stopping)
                if not self._queue:
                    self._worker = None  # under the lock: a new request either sees this worker take it, or starts another
                    return
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), self._batch_max))]
            self._settle([ticket for ticket in batch if not ticket.is_abandoned])

    def _settle(self, batch: list[_Ticket[Q, R]]) -> None:
        try:
            results = self._commit([ticket.request for ticket in batch]) if batch else []
        except Exception as error:  # noqa: BLE001 - a long-running loop: every waiting caller must hear of it
            for ticket in batch:
                ticket.error = error
        else:
            for ticket, result in zip(batch, results, strict=True):
                ticket.result = result
        self._is_stalled = False
        for ticket in batch:
            ticket.settled.set()
