"""Keeping the calls of everybody who shares an account below the account's rate (R22)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Final, Literal, Protocol

Operation = Literal["write", "tag", "policy", "read", "list"]
"""What a vendor counts together. ``write`` is whatever makes, changes or deletes a record or a value (also ``PutParameter``)."""

THROTTLED: Final = "store.throttled"
"""The code of a call that was refused for now and had no effect."""


class Pace(Protocol):
    """Gives out turns. Safe from any number of threads; who else shares it is the implementation's matter."""

    def turn(self, operation: Operation) -> AbstractContextManager[None]:
        """Wait for the turn of one call, and learn from how the block ends.

        Send exactly one request inside the block, with the vendor kit's own retries switched off, and wrap its errors there already:
        ``ProviderUnavailable`` :data:`THROTTLED` that leaves the block slows everybody down, a block that ends well speeds a slowed
        pace up again, any other error says nothing. Never take a second turn inside the block.

        Raises:
            ProviderUnavailable: ``state.unavailable``, and
            Misconfigured: ``state.*`` when what processes share cannot be used; nothing was sent.
        """
        ...


class _Unpaced:
    """As fast as the store answers."""

    def turn(self, operation: Operation) -> AbstractContextManager[None]:  # noqa: ARG002 - the port's signature
        """Wait for nothing."""
        return nullcontext()


UNPACED: Final[Pace] = _Unpaced()
