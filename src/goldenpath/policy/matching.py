"""Distinct people for distinct needs: the largest possible assignment, so that one person with two roles counts once (R12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def assign(candidates: Sequence[Sequence[T]]) -> list[T | None]:
    """Give each position one of its candidates, nobody twice, with as few positions left empty as possible.

    Args:
        candidates: For each position, who could take it; earlier ones are preferred.

    Returns:
        Who took each position, None where nobody is left. The same input gives the same answer.
    """
    taken: dict[T, int] = {}
    for position in range(len(candidates)):
        _place(position, candidates, taken, set())
    result: list[T | None] = [None] * len(candidates)
    for candidate, position in taken.items():
        result[position] = candidate
    return result


def _place(position: int, candidates: Sequence[Sequence[T]], taken: dict[T, int], tried: set[T]) -> bool:
    """Find a candidate for ``position``, moving earlier ones aside where they have another place to go."""
    for candidate in candidates[position]:
        if candidate in tried:
            continue
        tried.add(candidate)
        if candidate not in taken or _place(taken[candidate], candidates, taken, tried):
            taken[candidate] = position
            return True
    return False
