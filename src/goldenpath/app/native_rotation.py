"""Who changes a secret's value, and when: what the request asks of the store's own rotation, beside what the store's record shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from goldenpath.model.policy import ClassCadence
from goldenpath.model.request import SecretRequest
from goldenpath.model.rotation import NativeRotation, RotationDates
from goldenpath.model.rotators import cadence_of, wanted_rotation
from goldenpath.model.settings import Settings
from goldenpath.model.store import StoreRecord

RotationState = Literal["none", "unknown", "waits", "to-apply", "on", "under-way", "drifted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeRotationState:
    """What the store's own rotation does for one secret.

    ``state``: ``none`` (the store does not rotate it), ``unknown`` (the store was not looked at), ``waits`` for a first value,
    ``to-apply``, ``on``, ``under-way`` (a version is pending), or ``drifted`` (somebody else set it, or turned it off).
    ``cadence`` is that of the record once it has one, else the one that is wanted. ``due_days`` is how old the rotation class lets a value
    become, whoever rotates it; None for a class without a cadence. Dates are RFC 3339 UTC; empty for never and for unknown.
    """

    state: RotationState
    rotator: str = ""
    function: str = ""
    cadence: str = ""
    due_days: int | None = None
    last_rotated_at: str = ""
    next_rotation_at: str = ""


def native_rotation_state(
    request: SecretRequest,
    settings: Settings,
    cadences: Mapping[str, ClassCadence],
    record: StoreRecord | None,
    *,
    is_seen: bool = True,
) -> NativeRotationState:
    """Return what the store's own rotation does for a request.

    Args:
        request: The reviewed intent.
        settings: Rotators of its environment.
        cadences: How often each rotation class rotates.
        record: What the store shows; None where it shows nothing.
        is_seen: False when the store was not looked at.
    """
    wanted = wanted_rotation(request, settings, cadences)
    cadence = cadence_of(request, cadences)
    due_days = None if cadence is None else cadence.every_days
    found = record.native_rotation if record is not None and record.request_id == request.id else msgspec.UNSET
    shown = found or wanted
    if not shown:
        return NativeRotationState(state="none", due_days=due_days)
    dates = (record.rotated if record is not None and found else None) or RotationDates()
    return NativeRotationState(
        state=_state(wanted, found, record) if is_seen else "unknown",
        rotator=(request.spec.rotation.rotator or "") if wanted else "",
        function=shown.function,
        cadence=shown.cadence,
        due_days=due_days,
        last_rotated_at=dates.last,
        next_rotation_at=dates.next,
    )


def _state(wanted: NativeRotation | None, found: NativeRotation | msgspec.UnsetType, record: StoreRecord | None) -> RotationState:
    if record is None or (not found and record.version_at("current") is None):
        return "waits"
    if found and record.is_rotating:
        return "under-way"
    if wanted is not None and found == wanted:
        return "on"
    is_as_left = record.field_digests["rotation"] == record.applied_digests.get("rotation")
    return "to-apply" if is_as_left else "drifted"
