"""Native rotation in one line for people. Renders what ``app.native_rotation`` found; decides nothing."""

from __future__ import annotations

from goldenpath.app.native_rotation import NativeRotationState

_STATES = {
    "unknown": "the store was not observed",
    "waits": "waits for a first value",
    "to-apply": "the next apply changes it",
    "on": "on",
    "under-way": "a rotation is under way",
    "drifted": "changed outside the platform",
}


def rotation_line(native: NativeRotationState) -> str:
    """Return ``by postgres, every 90 days: on; last 2026-01-02, next 2026-04-02``, or that the store does not rotate the value."""
    if native.state == "none":
        due = "no new value" if native.due_days is None else f"a new value every {native.due_days} days"
        return f"not rotated by the store; its class asks for {due}"
    dates = [f"{word} {text[:10]}" for word, text in (("last", native.last_rotated_at), ("next", native.next_rotation_at)) if text]
    who = f"by {native.rotator}" if native.rotator else f"by {native.function}"
    return f"{who}, {native.cadence}: {_STATES[native.state]}" + (f"; {', '.join(dates)}" if dates else "")
