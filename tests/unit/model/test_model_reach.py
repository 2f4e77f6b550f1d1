"""What of a wanted container can be had now: rotation settings wait for a value, and for a rotation under way (D12, R24)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.stores import make_desired, make_ref, make_rotation

from goldenpath.model.reach import Hold, rotation_hold, within_reach
from goldenpath.model.rotation import NativeRotation
from goldenpath.model.store import TAG_APPLIED, StoreRecord, VersionInfo

A, B, C = (make_rotation(days=days) for days in (10, 20, 30))
CURRENT = VersionInfo(id="v1", stages=("current",))
PENDING = VersionInfo(id="v2", stages=("pending",))
BOTH = VersionInfo(id="v1", stages=("current", "pending"))


def record(found: NativeRotation | None, *versions: VersionInfo, left: NativeRotation | None = None) -> StoreRecord:
    """A record with settings as found, whose tag remembers what was left."""
    as_left = make_desired(rotation=left)
    shown = make_desired(rotation=found)
    return StoreRecord(
        ref=make_ref(),
        description=shown.description,
        policy=shown.policy,
        tags=tuple(sorted({**dict(shown.tags), TAG_APPLIED: as_left.applied_tag}.items())),
        versions=versions,
        native_rotation=shown.native_rotation,
    )


@pytest.mark.parametrize(
    ("wanted", "found", "hold"),
    [
        (None, None, ""),
        (A, None, "no-value"),
        (None, record(None), ""),
        (A, record(None), "no-value"),
        (A, record(None, PENDING), "no-value"),
        (A, record(None, CURRENT), ""),
        (A, record(A, CURRENT, PENDING, left=A), ""),
        (B, record(A, CURRENT, PENDING, left=A), "rotation-under-way"),
        (None, record(A, CURRENT, PENDING, left=A), "rotation-under-way"),
        (B, record(A, BOTH, left=A), ""),
        (B, record(C, CURRENT, PENDING, left=A), ""),
        (B, record(None, CURRENT, PENDING, left=A), ""),
        (B, record(A, left=A), ""),
    ],
)
def test_what_is_held(wanted: NativeRotation | None, found: StoreRecord | None, hold: Hold) -> None:
    desired = make_desired(rotation=wanted)
    assert rotation_hold(desired, found) == hold
    reachable = within_reach(desired, found)
    if not hold:
        assert reachable == desired
    else:
        assert reachable.rotation == ("" if found is None else found.rotation)
        assert replace(reachable, native_rotation=desired.native_rotation) == desired, "nothing else changes"
    assert rotation_hold(reachable, found) == "", "what can be had is not held again"
