"""How a use-case records what it does: an intent that is durable before the effect, an outcome after it (R50, R53).

If the intent cannot be written, nothing happens. If the outcome cannot be written, the effect has happened and the caller
is told so by ``AuditUnavailable``; the intent without an outcome stays as the trace, and ``audit verify`` lists it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import msgspec

from goldenpath.errors import AccessDenied, AuditUnavailable, GoldenpathError, PolicyBlocked, Unauthenticated
from goldenpath.model.audit import Actor, AuditDecision, AuditEvent, Joins, Outcome, Source, Target
from goldenpath.ports.audit import AuditSink
from goldenpath.ports.clock import Clock, Entropy

_NO_SOURCE = Source()
_NO_JOINS = Joins()
_NO_TARGET = Target()
_ALLOWED = AuditDecision()
_REFUSED = AuditDecision(allowed=False)
_DENIALS = (AccessDenied, PolicyBlocked, Unauthenticated)


class AuditTrail:
    """Writes the pairs of one actor, from one source, under one set of join keys."""

    def __init__(
        self,
        sink: AuditSink,
        clock: Clock,
        entropy: Entropy,
        *,
        actor: Actor,
        source: Source = _NO_SOURCE,
        joins: Joins = _NO_JOINS,
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._entropy = entropy
        self._actor = actor
        self._source = source
        self._joins = joins

    def operation(
        self,
        action: str,
        *,
        target: Target = _NO_TARGET,
        decision: AuditDecision = _ALLOWED,
        details: Mapping[str, str] | None = None,
        joins: Joins | None = None,
    ) -> Operation:
        """Return a context whose entry writes the intent and whose exit writes the outcome.

        Args:
            action: What is done, dotted, e.g. ``secret.read``.
            target: What it is done to.
            decision: Why it is allowed.
            details: Small, safe facts. Anything derived from a value goes through :meth:`AuditSink.keyed_hash` first.
            joins: Join keys of this operation instead of the trail's.

        Entering raises ``AuditUnavailable`` when the intent is not durable; then the body does not run.
        """
        event = AuditEvent(
            phase="intent",
            action=action,
            operation_id=self._entropy.sortable_id(),
            actor=self._actor,
            source=self._source,
            target=target,
            decision=decision,
            joins=joins or self._joins,
            details=tuple((details or {}).items()),
        )
        return Operation(self._sink, self._clock, event)

    def denied(
        self,
        action: str,
        *,
        error_type: str,
        target: Target = _NO_TARGET,
        decision: AuditDecision = _REFUSED,
        details: Mapping[str, str] | None = None,
    ) -> str:
        """Record a refusal as fully as an allowed act, and return its operation id.

        Args:
            action: What was asked for.
            error_type: The stable code of the refusal, e.g. ``policy.rotation-required``.
            target: What it was asked of.
            decision: Why not; recorded as not allowed whatever it says.
            details: Small, safe facts.

        Raises:
            AuditUnavailable: the refusal could not be recorded.
        """
        refusal = msgspec.structs.replace(decision, allowed=False)
        with self.operation(action, target=target, decision=refusal, details=details) as operation:
            operation.denied(decision.reason, error_type=error_type)
        return operation.id


class Operation:
    """One act in progress. Its setters describe the outcome; the exit writes it, also when the body raises."""

    def __init__(self, sink: AuditSink, clock: Clock, intent: AuditEvent) -> None:
        self._sink = sink
        self._clock = clock
        self._event = intent
        self._outcome: Outcome = "success"
        self._error_type = ""
        self._started = 0.0

    @property
    def id(self) -> str:
        """The id that pairs intent and outcome."""
        return self._event.operation_id

    def set_version(self, version_id: str, *, fingerprint: str = "") -> None:
        """Name the version that was written or read."""
        target = msgspec.structs.replace(
            self._event.target, version_id=version_id, fingerprint=fingerprint or self._event.target.fingerprint
        )
        self._event = msgspec.structs.replace(self._event, target=target)

    def set_decision(self, decision: AuditDecision) -> None:
        """Give the reasons that became known on the way."""
        self._event = msgspec.structs.replace(self._event, decision=decision)

    def set_joins(self, **names: str) -> None:
        """Give join keys that became known on the way, e.g. ``commit`` or ``sync_receipt_id``."""
        self._event = msgspec.structs.replace(self._event, joins=msgspec.structs.replace(self._event.joins, **names))

    def add_detail(self, name: str, text: str) -> None:
        """Add a small, safe fact to the outcome."""
        self._event = msgspec.structs.replace(self._event, details=(*self._event.details, (name, text)))

    def denied(self, reason: str, *, error_type: str = "") -> None:
        """Record the outcome as denied, for this reason."""
        self._outcome, self._error_type = "denied", error_type
        self.set_decision(msgspec.structs.replace(self._event.decision, allowed=False, reason=reason))

    def failed(self, error_type: str) -> None:
        """Record the outcome as failed although nothing is raised."""
        self._outcome, self._error_type = "failed", error_type

    def degraded(self, error_type: str = "") -> None:
        """Record that the act worked with less than it should have."""
        self._outcome, self._error_type = "degraded", error_type

    def __enter__(self) -> Self:
        self._sink.append(self._event)
        self._started = self._clock.monotonic()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._blame(error)
        elapsed = self._clock.monotonic() - self._started
        outcome = msgspec.structs.replace(
            self._event,
            phase="outcome",
            outcome=self._outcome,
            error_type=self._error_type,
            duration_ms=max(0, round(elapsed * 1000)),
        )
        try:
            self._sink.append(outcome)
        except AuditUnavailable as failure:
            raise AuditUnavailable(
                "audit.outcome-unwritten",
                f"{self._event.action} ended as {self._outcome}, but its outcome could not be recorded: {failure.message}",
                subject=self._event.target.intent_id,
                hint="the effect may have happened: check it with `goldenpath trace`, repair the audit log, then run again",
            ) from failure

    def _blame(self, error: BaseException) -> None:
        """Take outcome and type from what was raised; the text of an error is never recorded."""
        self._error_type = error.code if isinstance(error, GoldenpathError) else type(error).__name__
        if isinstance(error, _DENIALS):
            self.denied(self._event.decision.reason, error_type=self._error_type)
        else:
            self._outcome = "failed"
