"""The exit codes (CONVENTIONS 1.3) and the one table from error kind to code."""

from __future__ import annotations

from enum import IntEnum

from goldenpath.errors import GoldenpathError


class Exit(IntEnum):
    """What the process says when it ends."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    NOT_PERMITTED = 3
    UNAVAILABLE = 4
    WAITING = 5
    CONFLICT = 6
    INTERNAL = 70
    INTERRUPTED = 130


_BY_KIND = {
    "invalid-intent": Exit.USAGE,
    "policy-blocked": Exit.FINDINGS,
    "unauthenticated": Exit.NOT_PERMITTED,
    "access-denied": Exit.NOT_PERMITTED,
    "not-found": Exit.CONFLICT,
    "conflict": Exit.CONFLICT,
    "provider-unavailable": Exit.UNAVAILABLE,
    "provider-refused": Exit.FINDINGS,
    "sync-timeout": Exit.UNAVAILABLE,
    "audit-unavailable": Exit.UNAVAILABLE,
    "misconfigured": Exit.USAGE,
    "internal": Exit.INTERNAL,
}

_WAITING_CODES = frozenset({"approval.missing", "value.awaiting"})


def exit_code(error: GoldenpathError) -> Exit:
    """Return the exit code of an error; an error that a human can resolve by acting is ``WAITING``."""
    if error.code in _WAITING_CODES:
        return Exit.WAITING
    return _BY_KIND[error.kind]
