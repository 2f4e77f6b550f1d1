"""Order of risk tiers. Floors raise, nothing lowers (R14)."""

from __future__ import annotations

TIERS = ("low", "medium", "high")


def stricter(first: str, second: str) -> str:
    """Return the stricter of two tiers."""
    return first if TIERS.index(first) >= TIERS.index(second) else second
