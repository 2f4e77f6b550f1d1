"""How long to wait before a call is sent again: full jitter below a ceiling that doubles (R22), so that many who failed at once spread."""

from __future__ import annotations

from typing import NamedTuple

from goldenpath.ports.clock import Entropy

_JITTER_STEPS = 1 << 20


class Backoff(NamedTuple):
    """The ceiling of the first pause, and of all of them."""

    base_seconds: float
    cap_seconds: float

    def pause_seconds(self, attempt: int, entropy: Entropy) -> float:
        """Return how long to wait after the ``attempt``-th try, counted from 0."""
        ceiling: float = min(self.cap_seconds, self.base_seconds * 2**attempt)
        return ceiling * entropy.below(_JITTER_STEPS) / _JITTER_STEPS
