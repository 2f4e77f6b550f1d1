"""The store ports, split by power so that nobody needs a stub that lies.

Vocabulary: a *record* is the container (tags, policy, key); a *version* is one value in it; a *stage* (``current``, ``previous``,
``pending``) sits on at most one version. Missing is ``None`` for ``describe`` and :class:`~goldenpath.errors.NotFound` for everything else.
Every method may raise ``ProviderUnavailable`` (retry) and ``ProviderRefused`` (do not). Vendor text never travels in either.
A name scheduled for deletion is described with its ``deletion_date``, cannot be read, and blocks creation (R21).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.store import DesiredSecret, Fence, Stage, StoreRecord, VersionInfo


class SecretObserver(Protocol):
    """Sees records, never values."""

    def identity(self) -> str:
        """Return the account (or store id) that these credentials really belong to; compared before the first write (R33)."""
        ...

    def describe(self, ref: SecretRef) -> StoreRecord | None:
        """Return the record at ``ref``, scheduled for deletion included; ``None`` when the name is free. Strongly consistent."""
        ...

    def list_records(self, environment: str) -> Iterator[StoreRecord]:
        """Yield every record of the environment, foreign ones included, in path order. May lag behind writes (minutes on AWS)."""
        ...


class SecretReader(Protocol):
    """Reads values."""

    def read(self, ref: SecretRef, *, stage: Stage = "current", version_id: str = "") -> tuple[SecretValue, VersionInfo]:
        """Return the value and its version, by ``version_id`` when given, else by ``stage``.

        Raises:
            NotFound: ``store.record-missing`` or ``store.version-missing`` (also: no value was ever given).
            Conflict: ``store.scheduled-for-deletion``.
        """
        ...


class SecretWriter(Protocol):
    """Changes records and values. ``fence`` is checked atomically with each write; an older one raises ``Conflict`` ``store.fenced-out``.

    ``token`` makes a call idempotent: the same token with the same content is a no-op, with other content ``Conflict``
    ``store.token-reused``.
    """

    def create(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], token: str, fence: Fence) -> StoreRecord:
        """Create an empty record with tags, policy and key in one effect.

        Raises:
            Conflict: ``store.record-exists`` (someone's record has the name) or ``store.scheduled-for-deletion``.
        """
        ...

    def update(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        """Make the container's fields equal to ``desired``; another request's record is ``Conflict`` ``store.foreign-record``."""
        ...

    def put_version(
        self,
        ref: SecretRef,
        value: SecretValue,
        *,
        token: str,
        stage: Stage,
        fence: Fence,
        expected_current: str | None,
    ) -> VersionInfo:
        """Add a version and give it ``stage`` (``current`` moves the old current to ``previous``).

        ``expected_current`` is the version id that must be current now, ``""`` for none, ``None`` for no check.

        Raises:
            Conflict: ``store.version-race`` when another version is current.
            ProviderRefused: ``store.limit-exceeded``, naming the limit, before any effect.
        """
        ...

    def move_stage(self, ref: SecretRef, stage: Stage, *, to_version: str, from_version: str, fence: Fence) -> StoreRecord:
        """Compare-and-swap of a stage: it must sit on ``from_version`` (``""``: on none). Moving ``current`` sets ``previous``.

        Raises:
            Conflict: ``store.stage-moved``.
        """
        ...

    def adopt(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        """Take over a record that carries no ``goldenpath:id``; its value stays. Only the reviewed adopt action calls this (R20)."""
        ...


class SecretRetirer(Protocol):
    """Ends records and brings them back. Only reviewed actions call this (R21)."""

    def schedule_deletion(self, ref: SecretRef, *, recovery_window_days: int, fence: Fence) -> StoreRecord:
        """Schedule; 7 to 30 days; there is no forced form."""
        ...

    def restore(self, ref: SecretRef, *, fence: Fence) -> StoreRecord:
        """Cancel a scheduled deletion."""
        ...


class SecretFingerprinter(Protocol):
    """Derives comparable, keyed digests of values."""

    def fingerprint(self, ref: SecretRef, value: SecretValue) -> str:
        """Return a keyed, truncated digest; the same for the same value in the same store, meaningless without its key."""
        ...


class Fencing(Protocol):
    """One writer per environment (R19)."""

    def acquire(self, environment: str, *, holder: str, lease_seconds: float) -> Fence:
        """Take the environment with a generation above every earlier one.

        Raises:
            Conflict: ``store.writer-active`` with the holder and seconds left, while another holder's lease runs.
        """
        ...

    def release(self, fence: Fence) -> None:
        """Give it back; releasing a lost fence does nothing."""
        ...

    def break_lease(self, environment: str) -> None:
        """End another holder's lease by an operator's decision; the generation still only grows."""
        ...


class Store(SecretObserver, SecretReader, SecretWriter, SecretRetirer, SecretFingerprinter, Fencing, Protocol):
    """All powers in one object, for wiring; stages ask for the narrow ones."""
