"""The journal of external effects: intent before, outcome after, so that a killed run can be resumed (R18, R59)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from goldenpath.model.base import Record

JournalState = Literal["intended", "done", "failed"]


class JournalEntry(Record, frozen=True, kw_only=True):
    """One external effect. ``token`` is derived from content, so the same work has the same entry on a rerun."""

    token: str
    environment: str
    request_id: str
    action: str
    state: JournalState
    commit: str
    correlation_id: str
    updated_at: str
    detail: str = ""


class Journal(Protocol):
    """Durable, keyed by token."""

    def record(self, entry: JournalEntry) -> None:
        """Write or replace the entry; durable on return. Raises ``ProviderUnavailable`` ``journal.unwritable``."""
        ...

    def get(self, token: str) -> JournalEntry | None:
        """Return the entry; None when the effect was never intended here."""
        ...

    def unfinished(self, environment: str) -> Iterator[JournalEntry]:
        """Yield entries still ``intended``, oldest first."""
        ...

    def remember(self, key: str, value: str) -> None:
        """Keep one small fact (last verified commit, applied commit); durable on return."""
        ...

    def recall(self, key: str) -> str:
        """Return the fact; empty when never kept."""
        ...
