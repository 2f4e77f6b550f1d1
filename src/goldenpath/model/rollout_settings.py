"""When and how workloads are restarted: the part ``rollout`` of ``goldenpath.yaml``."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, field

from goldenpath.model.base import Contract
from goldenpath.model.request import Label

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DayWord = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, Meta(pattern=r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$(?!\n)", description="HH:MM in UTC")]


class ChangeWindow(Contract, frozen=True, kw_only=True):
    """One stretch of time on each of its ``days``, UTC. ``to`` is not part of it; at or before ``from`` it is on the next day."""

    days: Annotated[tuple[DayWord, ...], Meta(min_length=1, max_length=7)]
    from_: TimeOfDay = field(name="from")
    to: TimeOfDay


class RolloutSettings(Contract, frozen=True, kw_only=True):
    """Restarts of workloads, on request only.

    ``windows`` are by environment; in one that is not named, workloads may be restarted at any time. ``at_once`` is how many restart at the
    same time, ``timeout_seconds`` how long one may take.
    """

    windows: dict[Label, Annotated[tuple[ChangeWindow, ...], Meta(min_length=1, max_length=50)]] = {}
    at_once: Annotated[int, Meta(ge=1, le=20)] = 1
    timeout_seconds: Annotated[int, Meta(ge=10, le=7200)] = 600
