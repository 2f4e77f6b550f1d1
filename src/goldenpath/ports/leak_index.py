"""Where the fingerprints of managed values lie on this machine: one sealed file that only its owner can read, and never in Git."""

from __future__ import annotations

from typing import Protocol


class LeakIndexKeeper(Protocol):
    """Keeps one index. Errors: ``key.*`` and ``state.*``."""

    def load(self) -> tuple[bytes, bytes] | None:
        """Return what was saved and the key of its fingerprints; None where there is no index. Makes nothing.

        Raises:
            Misconfigured: ``scan.index-unreadable``: damaged, or sealed by another installation.
        """
        ...

    def new_key(self) -> bytes:
        """Return the key for fingerprints that are saved next."""
        ...

    def save(self, content: bytes) -> None:
        """Seal ``content`` in place of what was there."""
        ...
