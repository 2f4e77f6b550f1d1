"""Environments and their aliases (D2): one table, used for files, paths, settings and commands alike."""

from __future__ import annotations

from goldenpath.errors import InvalidIntent

ENVIRONMENTS = ("dev", "test", "staging", "prod", "ephemeral")

ALIASES = {"stage": "staging", "stg": "staging", "production": "prod", "prd": "prod", "pr": "ephemeral"}

_CANONICAL = {**{name: name for name in ENVIRONMENTS}, **ALIASES}


def canonical_environment(word: str) -> str | None:
    """Return the canonical name of ``word``, or ``None`` when it is unknown. Case variants are unknown on purpose (R6)."""
    return _CANONICAL.get(word)


def require_environment(word: str, *, subject: str = "") -> str:
    """Return the canonical name of ``word``.

    Raises:
        InvalidIntent: ``intent.environment-unknown`` when the word is no environment or alias, case variants included.
    """
    name = canonical_environment(word)
    if name is None:
        known = ", ".join(ENVIRONMENTS)
        raise InvalidIntent(
            "intent.environment-unknown",
            f"unknown environment {word!r}; expected one of {known} (aliases: {', '.join(sorted(ALIASES))})",
            subject=subject,
            hint="environments are written in lower case",
        )
    return name
