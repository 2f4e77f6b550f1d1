"""Where a secret is (safe to print) and what it is (never printable by accident)."""

from __future__ import annotations

from typing import NoReturn, SupportsIndex

from goldenpath.model.base import Record

MASK = "********"
"""Constant-width token shown instead of any value: no first letters, no hint of the length."""


class SecretRef(Record, frozen=True, kw_only=True):
    """The address of a secret: which kind of store, which environment's instance of it, and the path inside. Safe to print."""

    provider: str
    environment: str
    path: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.environment}:{self.path}"


class SecretValue:
    """Opaque secret bytes that redact themselves everywhere but in :meth:`reveal`.

    Formatting, ``repr``, ``str``, JSON and pickle never show the bytes, and equality is left out on purpose
    (a comparison that is not constant-time leaks): use ``hmac.compare_digest`` on revealed bytes where it is needed.
    """

    __slots__ = ("__bytes",)

    def __init__(self, value: bytes) -> None:
        if not isinstance(value, bytes):
            raise TypeError("SecretValue takes bytes")
        self.__bytes = value

    def reveal(self) -> bytes:
        """Return the bytes exactly as stored. The one deliberate way out; callers audit first."""
        return self.__bytes

    def __repr__(self) -> str:
        return f"SecretValue({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str, /) -> str:
        return MASK

    def __bool__(self) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise TypeError("secret values are not compared; use hmac.compare_digest on revealed bytes")

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> NoReturn:
        raise TypeError("secret values cannot be pickled or copied")
