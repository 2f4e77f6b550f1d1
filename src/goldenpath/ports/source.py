"""Where a running program's values come from when no store is asked: read-only, and able to say cheaply that something changed (D8).

Missing is ``NotFound`` (``mount.missing``, ``mount.empty`` and their like) and never an empty set of values (R43). A source may raise
``ProviderUnavailable`` (read again), ``AccessDenied`` and ``ProviderRefused`` (do not). No error holds a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from goldenpath.model.base import Record
from goldenpath.model.secret import SecretValue


class FileFacts(Record, frozen=True, kw_only=True):
    """Who may do what with one file of a source: permission bits, and the numbers of its owner and group."""

    name: str
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReading:
    """What was there at one moment, never of two. ``version`` says when to read again; it comes from no value."""

    version: str
    values: dict[str, SecretValue] = field(repr=False)
    facts: tuple[FileFacts, ...] = ()


class RuntimeSource(Protocol):
    """One place with one set of named values."""

    def read(self) -> SourceReading:
        """Return every value as it is now; a new reading follows what changed."""
        ...

    def version(self) -> str:
        """Return the version that a reading would have now, without reading a value; empty when nothing is there."""
        ...
