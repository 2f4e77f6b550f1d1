"""The machine's own clock and randomness."""

from __future__ import annotations

import os
import secrets
import time
from datetime import UTC, datetime


class SystemClock:
    """Wall time in UTC and the monotonic clock."""

    def now(self) -> datetime:
        """Return the current time with UTC attached."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class SystemEntropy:
    """The operating system's cryptographic random source."""

    def token_bytes(self, count: int) -> bytes:
        """Return ``count`` unpredictable bytes."""
        return os.urandom(count)

    def below(self, bound: int) -> int:
        """Return an unpredictable integer in ``[0, bound)``, without modulo bias."""
        return secrets.randbelow(bound)

    def sortable_id(self) -> str:
        """Return a UUIDv7 (RFC 9562): 48 bits of milliseconds, then randomness."""
        milliseconds = time.time_ns() // 1_000_000
        raw = bytearray(milliseconds.to_bytes(6, "big") + os.urandom(10))
        raw[6] = 0x70 | (raw[6] & 0x0F)
        raw[8] = 0x80 | (raw[8] & 0x3F)
        text = raw.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
