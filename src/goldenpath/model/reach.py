"""Which part of a wanted container can be had now. A record without a value, or in the middle of a rotation, takes no rotation settings.

What is out of reach is neither drift nor a fault: it waits, a plan says so, and a later apply does it (D12).
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET
from msgspec.structs import replace

from goldenpath.model.store import DesiredSecret, StoreRecord

Hold = Literal["", "no-value", "rotation-under-way"]


def rotation_hold(desired: DesiredSecret, record: StoreRecord | None) -> Hold:
    """Return what keeps the wanted rotation settings from being made now; empty when nothing does, or nothing has to be done.

    Settings that somebody else changed are not held: they are drift, whatever the record is doing (R24).
    """
    if record is None:
        return "no-value" if desired.rotation else ""
    if desired.rotation == record.rotation:
        return ""
    if record.version_at("current") is None:
        return "" if record.rotation else "no-value"
    is_as_left = record.field_digests["rotation"] == record.applied_digests.get("rotation")
    return "rotation-under-way" if record.is_rotating and is_as_left else ""


def within_reach(desired: DesiredSecret, record: StoreRecord | None) -> DesiredSecret:
    """Return the container that can be made now: as wanted, with the rotation settings left as they are where they are held."""
    if not rotation_hold(desired, record):
        return desired
    return replace(desired, native_rotation=UNSET if record is None else record.native_rotation)
