"""Where audit events go. Fail closed: an event that is not durable raises, and then nothing is done (R50)."""

from __future__ import annotations

from typing import Protocol

from goldenpath.model.audit import AuditEvent


class AuditSink(Protocol):
    """Takes events durably, in order."""

    def append(self, event: AuditEvent) -> str:
        """Return the record's id once it is durable (fsync or better).

        Raises:
            AuditUnavailable: the record is not durable; the caller must not act.
        """
        ...

    def keyed_hash(self, text: bytes) -> str:
        """Return a keyed, truncated digest for anything derived from a value, of whatever type (R52)."""
        ...
