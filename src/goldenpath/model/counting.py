"""Numbers with their nouns, so that no page says ``1 records``. English only; must not know what is counted."""

from __future__ import annotations


def counted(number: int, noun: str, *, plural: str = "") -> str:
    """Return ``1 record``, ``0 records`` or ``12 records``; ``plural`` is for nouns that take more than an s."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
