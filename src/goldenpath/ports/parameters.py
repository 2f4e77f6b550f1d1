"""The port of a parameter store: one name, one value, versions that count up, tags that say whose it is. No stages, no recovery.

Missing is left out of what is returned. Every method may raise ``ProviderUnavailable`` (retry) and ``ProviderRefused`` (do not).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol

from goldenpath.model.parameter import DesiredParameter, ParameterInfo
from goldenpath.model.secret import SecretValue
from goldenpath.model.store import Fence
from goldenpath.ports.store import Fencing


class ParameterValue(NamedTuple):
    """A value and the number of its version."""

    value: SecretValue
    version: int


class ParameterObserver(Protocol):
    """Sees parameters, never values."""

    def identity(self) -> str:
        """Return the account that these credentials really belong to (R33)."""
        ...

    def list_parameters(self, path: str, *, owners: Collection[str]) -> dict[str, ParameterInfo]:
        """Return, by name, everything one level below ``path``; ``owner_id`` is filled for parameters of the request ids ``owners``.

        May lag behind writes.
        """
        ...

    def look_up(self, names: Iterable[str]) -> dict[str, ParameterInfo]:
        """Return the parameters of these names as they are now, at a call for each; tier and key stay unknown."""
        ...

    def has_room(self, name: str) -> bool:
        """Say whether another version can be written: False while the oldest of all versions that are kept carries a label."""
        ...


class ParameterReader(Protocol):
    """Reads values."""

    def read_values(self, names: Iterable[str]) -> dict[str, ParameterValue]:
        """Return the current values by name."""
        ...


class ParameterWriter(Protocol):
    """Changes parameters. ``fence`` is looked at shortly before each write; an older one raises ``Conflict`` ``store.fenced-out``."""

    def put(self, desired: DesiredParameter, value: SecretValue, *, expected_version: int, fence: Fence) -> int:
        """Write a SecureString and return its version; ``expected_version`` is the one seen, 0 for a parameter that was not there.

        Raises:
            Conflict: ``parameter.version-race`` when another version came in between, ``parameter.version-labelled``.
        """
        ...

    def delete(self, names: Collection[str], *, fence: Fence) -> frozenset[str]:
        """Delete for good and return the names that were there."""
        ...


class ParameterStore(ParameterObserver, ParameterReader, ParameterWriter, Fencing, Protocol):
    """All powers in one object, for wiring."""
