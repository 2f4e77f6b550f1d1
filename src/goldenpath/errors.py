"""The one exception family.

Expected outcomes (a finding, a denial, drift) are values; an exception here means "could not do the job".
An error never carries a value: messages are built from names, positions, limits and identifiers only.
"""

from __future__ import annotations

from typing import ClassVar


class GoldenpathError(Exception):
    """Root of every exception that this package raises on purpose.

    Args:
        code: Stable, dotted, machine-readable reason, e.g. ``intent.duplicate-key``. Documented by ``goldenpath explain``.
        message: What failed, where, got and expected. Never holds a value.
        subject: What it is about: a request id, ``file:line:column``, a store path. Empty when there is none.
        hint: The next step for the reader. Empty when there is none.
        retry_after_seconds: How long to wait before trying again; ``None`` means that retrying as is cannot help.
    """

    kind: ClassVar[str] = "internal"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        subject: str = "",
        hint: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.subject = subject
        self.hint = hint
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        where = f"{self.subject}: " if self.subject else ""
        return f"{where}{self.message} [{self.code}]"


class InvalidIntent(GoldenpathError):
    """What a person wrote (a request, an argument, a file) cannot be understood or is out of limits."""

    kind = "invalid-intent"


class PolicyBlocked(GoldenpathError):
    """The gate said no, or an approval that must exist does not."""

    kind = "policy-blocked"


class Unauthenticated(GoldenpathError):
    """Nobody proved who is calling."""

    kind = "unauthenticated"


class AccessDenied(GoldenpathError):
    """The caller is known and not allowed. Never a reason to fall back to another source."""

    kind = "access-denied"


class NotFound(GoldenpathError):
    """The named thing is not there."""

    kind = "not-found"


class Conflict(GoldenpathError):
    """Someone else changed or owns the thing: a lost race, a foreign record, a stale plan, a name being deleted."""

    kind = "conflict"


class ProviderUnavailable(GoldenpathError):
    """The store or server did not answer usefully; retry after ``retry_after_seconds``."""

    kind = "provider-unavailable"


class ProviderRefused(GoldenpathError):
    """The store or server understood and refused; retrying as is cannot help."""

    kind = "provider-refused"


class SyncTimeout(GoldenpathError):
    """A wait for another system's state ran out of time."""

    kind = "sync-timeout"


class AuditUnavailable(GoldenpathError):
    """The audit log could not take the record, so the action was not done (R50)."""

    kind = "audit-unavailable"


class Misconfigured(GoldenpathError):
    """The platform's own configuration, key files or surroundings are wrong."""

    kind = "misconfigured"
