"""What an infrastructure tool is asked for and what it says it would do, in our words. Containers only; a value never comes here."""

from __future__ import annotations

from typing import Literal

from goldenpath.model.base import Record
from goldenpath.model.plan import FieldChange

Part = Literal["secret", "policy", "rotation", "role", "unknown"]
ChangeAction = Literal["create", "update", "delete", "replace", "none"]


class ExistingRecord(Record, frozen=True, kw_only=True):
    """A record that is ours and in place, so that the tool takes it over as it is instead of making it again."""

    request_id: str
    name: str
    has_policy: bool
    has_rotation: bool = False


class ReaderRole(Record, frozen=True, kw_only=True):
    """The role that External Secrets assumes, with its two documents as they are projected."""

    name: str
    trust_policy: str
    policy: str


class InfrastructureRoot(Record, frozen=True, kw_only=True):
    """One environment as the tool should make it.

    ``variables`` is the aggregate file of variables, byte for byte as it is delivered. ``account`` is the only one that may be written
    to (R33). ``existing`` are records that may not be in the tool's state yet.
    """

    environment: str
    variables: bytes
    account: str
    region: str
    role_arn: str = ""
    profile: str = ""
    session_name: str = "goldenpath"
    existing: tuple[ExistingRecord, ...] = ()
    reader_role: ReaderRole | None = None


class InfrastructureChange(Record, frozen=True, kw_only=True):
    """What the tool would do at one of its addresses.

    ``request_id`` is empty for what belongs to no request. ``fields`` are the container's fields that would differ: a change without
    any concerns the tool's own settings. ``is_import``: the record is there and only becomes known to the tool.
    """

    address: str
    request_id: str
    part: Part
    action: ChangeAction
    fields: tuple[FieldChange, ...] = ()
    is_import: bool = False


class InfrastructurePlan(Record, frozen=True, kw_only=True):
    """All that the tool would do, by address. ``forgotten`` are ids whose records leave the tool's care and stay as they are."""

    environment: str
    changes: tuple[InfrastructureChange, ...]
    forgotten: tuple[str, ...] = ()

    def ids(self, action: ChangeAction) -> tuple[str, ...]:
        """Return the requests, sorted, whose container would be created, or would differ afterwards."""
        found = {each.request_id for each in self.changes if each.action == action and (each.fields or action != "update")}
        return tuple(sorted(found - {""}))
