"""A proposed change to the stores: ordered, printable, digestible."""

from __future__ import annotations

from typing import Literal

from goldenpath.model.base import Record, digest
from goldenpath.model.store import DesiredSecret, StoreRecord

Action = Literal["create", "update", "drift", "blocked", "orphan", "unchanged"]


class FieldChange(Record, frozen=True, kw_only=True):
    """One field before and after. Container fields only; a value never comes here."""

    field: str
    before: str
    after: str


class Step(Record, frozen=True, kw_only=True):
    """The unit of a plan: one record.

    ``drift``: someone else changed the record; needs a decision. ``blocked``: cannot be done, ``reason`` is the stable code.
    ``orphan``: ours, but no request explains it; reported, never deleted here. ``observed`` is None where nothing exists.
    """

    action: Action
    request_id: str
    desired: DesiredSecret | None = None
    observed: StoreRecord | None = None
    changes: tuple[FieldChange, ...] = ()
    reason: str = ""
    detail: str = ""


class Plan(Record, frozen=True, kw_only=True):
    """All steps for one environment at one commit, in stable order. ``created_at`` and ``expires_at`` are RFC 3339 UTC."""

    environment: str
    commit: str
    steps: tuple[Step, ...]
    created_at: str = ""
    expires_at: str = ""
    account: str = ""

    @property
    def digest(self) -> str:
        """Digest over what would be done and what it was computed from; times are left out."""
        return digest({"environment": self.environment, "commit": self.commit, "account": self.account, "steps": self.steps})

    def count(self, action: Action) -> int:
        """Return how many steps have ``action``."""
        return sum(step.action == action for step in self.steps)
