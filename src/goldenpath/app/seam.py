"""One step of a secret's way, as ``trace`` shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SeamState = Literal["ok", "behind", "waiting", "unknown"]

CLUSTER_SEAM = "cluster"
"""The seam that stands for the whole cluster where nobody said how to look into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """One step of the way. ``waiting`` needs a person, ``behind`` needs a command, ``unknown`` could not be looked at."""

    name: str
    state: SeamState
    summary: str
    time: str = ""
    facts: tuple[tuple[str, str], ...] = ()
