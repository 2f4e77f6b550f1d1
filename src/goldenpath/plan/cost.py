"""What a plan costs: calls now, calls and dollars per month afterwards. An estimate from the settings' prices, for the preview."""

from __future__ import annotations

import math

from goldenpath.model.base import Record
from goldenpath.model.plan import Plan, Step
from goldenpath.model.settings import Settings

SECONDS_PER_MONTH = 30 * 24 * 3600
LIST_PAGE = 100
"""Records per page of a real store's list call."""
_UNITS = {"s": 1, "m": 60, "h": 3600}


class CostEstimate(Record, frozen=True, kw_only=True):
    """``apply_calls`` are sent once; the rest is per month of 30 days, after the apply. Dollars are rounded to cents.

    ``is_embedded``: the store is part of the platform, so no cluster polls it and nobody sends a bill.
    """

    apply_calls: int
    records: int
    added_records: int
    polling_calls_month: int
    dollars_month: float
    added_dollars_month: float
    is_embedded: bool = False


def estimate_cost(plan: Plan, *, settings: Settings, projected: frozenset[str], is_embedded: bool = False) -> CostEstimate:
    """Return the estimate.

    Args:
        plan: One environment's plan.
        settings: Prices and the refresh interval of External Secrets.
        projected: Ids of requests that have an ExternalSecret, which polls the store once per interval.
        is_embedded: The store is embedded: it is neither polled nor paid for.
    """
    added = plan.count("create")
    records = added + sum(step.observed is not None for step in plan.steps)
    if is_embedded:
        return CostEstimate(
            apply_calls=apply_calls(plan),
            records=records,
            added_records=added,
            polling_calls_month=0,
            dollars_month=0.0,
            added_dollars_month=0.0,
            is_embedded=True,
        )
    polling = sum(_is_polled(step, projected) for step in plan.steps) * polls_per_month(settings.external_secrets.refresh_interval)
    added_polling = sum(step.action == "create" and _is_polled(step, projected) for step in plan.steps)
    added_polling *= polls_per_month(settings.external_secrets.refresh_interval)
    return CostEstimate(
        apply_calls=apply_calls(plan),
        records=records,
        added_records=added,
        polling_calls_month=polling,
        dollars_month=_dollars(records, polling, settings),
        added_dollars_month=_dollars(added, added_polling, settings),
    )


def apply_calls(plan: Plan) -> int:
    """Return how many store calls an apply of the plan sends when nothing fails: listing, confirming, writing."""
    listed = sum(step.observed is not None for step in plan.steps)
    pages = max(1, math.ceil(listed / LIST_PAGE))
    confirmed = sum(step.action != "unchanged" for step in plan.steps)
    return pages + confirmed + plan.count("create") + 2 * plan.count("update")


def polls_per_month(interval: str) -> int:
    """Return how often External Secrets reads one record per month; ``0`` means that it reads once and never again."""
    if interval == "0":
        return 0
    seconds = int(interval[:-1]) * _UNITS[interval[-1]]
    return math.ceil(SECONDS_PER_MONTH / seconds) if seconds else 0


def _is_polled(step: Step, projected: frozenset[str]) -> bool:
    return step.desired is not None and step.action != "blocked" and step.request_id in projected


def _dollars(records: int, calls: int, settings: Settings) -> float:
    prices = settings.prices
    return round(records * prices.secret_month + calls / 10_000 * prices.per_10000_calls, 2)
