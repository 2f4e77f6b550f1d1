"""The lifecycle table (D14, R54): every transition that is not in it is refused."""

from __future__ import annotations

STATES = ("active", "deprecated", "decommission_requested", "decommissioned")

TRANSITIONS = frozenset(
    {
        ("active", "deprecated"),
        ("deprecated", "decommission_requested"),
        ("decommission_requested", "deprecated"),
        ("decommission_requested", "decommissioned"),
    },
)
"""Adjacent forward steps, plus withdrawal back to ``deprecated`` before deletion starts."""

DWELL_DAYS = {"low": 1, "medium": 7, "high": 14}
"""Minimum days in a state before the next forward step, by tier."""

RECOVERY_WINDOW_DAYS = {"low": 7, "medium": 14, "high": 30}
"""Days between deletion and destruction, by tier."""

PROJECTED_STATES = frozenset({"active", "deprecated"})
"""States in which manifests exist; every later state takes them away."""


def is_allowed(before: str, after: str) -> bool:
    """Say whether a request may go from ``before`` to ``after`` in one change; staying is always allowed."""
    return before == after or (before, after) in TRANSITIONS


def is_forward(before: str, after: str) -> bool:
    """Say whether the step leads towards ``decommissioned``; only those have a minimum dwell."""
    return STATES.index(after) > STATES.index(before)
