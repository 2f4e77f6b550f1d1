"""A pair of audit records for each restart of a workload: the intent before its pod template changes, the outcome when it came through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.audit.trail import Operation
from goldenpath.delivery.restart_plan import PlannedRestart
from goldenpath.delivery.rollout import RestartResult
from goldenpath.model.audit import AuditDecision, Joins, Target
from goldenpath.model.cluster import ObjectRef
from goldenpath.model.request import SecretRequest

ACTION = "workload.restart"


class RestartRecords:
    """The records of one run. Entering does nothing; leaving ends those that a fault left open, as failed.

    Args:
        services: The platform.
        environment: Canonical name.
        requests: The requests whose Secrets changed.
        commit: The reviewed commit that they are read from.
        reason: Why, as somebody said it; empty where nobody had to.
        is_past_window: Says whether the environment's change window is closed right now.
    """

    def __init__(
        self,
        services: Services,
        *,
        environment: str,
        requests: Sequence[SecretRequest],
        commit: str,
        reason: str,
        is_past_window: Callable[[], bool],
    ) -> None:
        self._services = services
        self._environment = environment
        self._requests = {request.id: request for request in requests}
        self._commit = commit
        self._reason = reason
        self._is_past_window = is_past_window
        self._trail = open_trail(services)
        self._open: dict[ObjectRef, tuple[ExitStack, Operation]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for stack, _operation in self._open.values():
            stack.__exit__(kind, error, trace)
        self._open.clear()

    def begin(self, planned: PlannedRestart) -> None:
        """Record that a workload is about to be restarted, and for what.

        Raises:
            AuditUnavailable: it must not be restarted.
        """
        details = {"workload": str(planned.workload)}
        details |= {f"version.{change.request_id}": change.version_id for change in planned.changes}
        if self._is_past_window():
            details["outside_window"] = "true"
        stack = ExitStack()
        operation = stack.enter_context(
            self._trail.operation(
                ACTION,
                target=self._target(planned),
                decision=AuditDecision(allowed=True, reason=self._reason),
                details=details,
                joins=self._joins(planned),
            )
        )
        self._open[planned.workload] = (stack, operation)

    def end(self, result: RestartResult) -> None:
        """Record how it ended; one that was not begun has no record to end."""
        begun = self._open.pop(result.workload, None)
        if begun is None:
            return
        stack, operation = begun
        operation.add_detail("result", result.outcome)
        if not result.is_done:
            operation.failed(result.code)
        stack.close()

    def _target(self, planned: PlannedRestart) -> Target:
        return Target(
            intent_id=",".join(planned.request_ids),
            environment=self._environment,
            namespace=planned.workload.namespace,
            k8s_secret=",".join(sorted({change.secret for change in planned.changes})),
        )

    def _joins(self, planned: PlannedRestart) -> Joins:
        """Return the join keys of the one request that it is about; of several, those of the run."""
        only = self._requests.get(planned.request_ids[0]) if len(planned.request_ids) == 1 else None
        return joins_of(self._services, only, commit=self._commit)
