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
    TERMINATED = 143


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "done, or clean",
    Exit.FINDINGS: "findings: policy violation, drift, leak, unhealthy (or a difference, only with `--exit-code`)",
    Exit.USAGE: "usage, schema or configuration error",
    Exit.NOT_PERMITTED: "not authenticated or not permitted",
    Exit.UNAVAILABLE: "dependency unavailable or timed out; safe to run again",
    Exit.WAITING: "waiting on a human or a time: approval, review, first value or change window",
    Exit.CONFLICT: "not found, conflict or lost race",
    Exit.INTERNAL: "internal fault, with a report id",
    Exit.INTERRUPTED: "interrupted or declined; run again to resume",
    Exit.TERMINATED: "ended by SIGTERM (other signals: 128 + number); run again to resume",
}
"""One line per code, for ``--help`` pages and the reference."""

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

_BY_CODE = {
    "approval.missing": Exit.WAITING,
    "value.awaiting": Exit.WAITING,
    "rollout.outside-window": Exit.WAITING,
    "cli.declined": Exit.INTERRUPTED,
    "cli.interrupted": Exit.INTERRUPTED,
    "cli.terminated": Exit.TERMINATED,
}
"""Codes whose meaning is finer than their kind."""


def exit_code(error: GoldenpathError) -> Exit:
    """Return the exit code of an error; an error that a human can resolve by acting is ``WAITING``."""
    return _BY_CODE.get(error.code) or _BY_KIND[error.kind]
