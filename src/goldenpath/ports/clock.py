"""Time and randomness, so that tests own both."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """Return the current time, always with UTC attached."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean something."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Entropy(Protocol):
    """Where randomness comes from. Everything secret is drawn from a cryptographic source."""

    def token_bytes(self, count: int) -> bytes:
        """Return ``count`` unpredictable bytes."""
        ...

    def below(self, bound: int) -> int:
        """Return an unpredictable integer in ``[0, bound)``, without modulo bias."""
        ...

    def sortable_id(self) -> str:
        """Return a new unique id whose text sorts by creation time (UUIDv7)."""
        ...
