"""What a plan costs: calls now, calls and dollars per month afterwards. An estimate from the settings' prices, for the preview."""

from __future__ import annotations

import math
from collections.abc import Mapping

from goldenpath.model.base import Record
from goldenpath.model.plan import Plan, Step
from goldenpath.model.settings import Settings, StoreSettings

SECONDS_PER_MONTH = 30 * 24 * 3600
LIST_PAGE = 100
"""Records per page of a real store's list call."""
CREATE_CALLS = 2
"""A record with its tags, then its policy."""
_UNITS = {"s": 1, "m": 60, "h": 3600}


class CostEstimate(Record, frozen=True, kw_only=True):
    """``apply_calls`` are sent once; the rest is per month of 30 days, after the apply. Dollars are rounded to cents.

    ``billed_records`` is what the vendor counts: a request of Parameter Store is one parameter for each key, and one for itself;
    a copy in another region counts like a record.
    ``is_embedded``: the store is part of the platform, so no cluster polls it and nobody sends a bill.
    """

    apply_calls: int
    records: int
    added_records: int
    polling_calls_month: int
    dollars_month: float
    added_dollars_month: float
    is_embedded: bool = False
    billed_records: int = 0
    added_billed_records: int = 0


def estimate_cost(plan: Plan, *, settings: Settings, store: StoreSettings, keys: Mapping[str, int]) -> CostEstimate:
    """Return the estimate.

    Args:
        plan: One environment's plan for one store.
        settings: Prices and the refresh interval of External Secrets.
        store: The store; an embedded one is neither polled nor paid for.
        keys: How many keys each request with an ExternalSecret declares. Secrets Manager is asked once for all of a request's keys at
            each refresh, Parameter Store once for each key.
    """
    polls = 0 if store.is_embedded else polls_per_month(settings.external_secrets.refresh_interval)
    there = [step for step in plan.steps if step.action == "create" or step.observed is not None]
    added = [step for step in plan.steps if step.action == "create"]
    calls, added_calls = (polls * sum(_polled(step, store, keys) for step in steps) for steps in (there, added))
    billed, added_billed = (0 if store.is_embedded else sum(_billed(step, store, keys) for step in steps) for steps in (there, added))
    return CostEstimate(
        apply_calls=apply_calls(plan),
        records=len(there),
        added_records=len(added),
        polling_calls_month=calls,
        dollars_month=_dollars(billed, calls, settings, store),
        added_dollars_month=_dollars(added_billed, added_calls, settings, store),
        is_embedded=store.is_embedded,
        billed_records=billed,
        added_billed_records=added_billed,
    )


def apply_calls(plan: Plan) -> int:
    """Return how many store calls an apply of the plan sends when nothing fails: listing, confirming, writing.

    The writer's lease, the share of policies that is looked at each day and retries come on top.
    """
    listed = sum(step.observed is not None for step in plan.steps)
    pages = max(1, math.ceil(listed / LIST_PAGE))
    confirmed = sum(step.action != "unchanged" for step in plan.steps)
    return pages + confirmed + CREATE_CALLS * plan.count("create") + sum(_update_calls(step) for step in plan.steps)


def polls_per_month(interval: str) -> int:
    """Return how often External Secrets reads one record per month; ``0`` means that it reads once and never again."""
    if interval == "0":
        return 0
    seconds = int(interval[:-1]) * _UNITS[interval[-1]]
    return math.ceil(SECONDS_PER_MONTH / seconds) if seconds else 0


def _update_calls(step: Step) -> int:
    """Return the calls of one update: look, fields, policy, copies (up to two), rotation, tags to take away (two), tags that end it."""
    if step.action != "update":
        return 0
    changed = {change.field for change in step.changes}
    surplus = any(change.field.startswith("tags.") and not change.after for change in step.changes)
    rotation = "rotation" in changed
    copies = sum(bool(change.before) + bool(change.after) for change in step.changes if change.field == "replicas")
    return 1 + bool(changed & {"description", "kms_key"}) + ("policy" in changed) + copies + rotation + 2 * surplus + 1


def _polled(step: Step, store: StoreSettings, keys: Mapping[str, int]) -> int:
    if step.desired is None or step.action == "blocked" or step.request_id not in keys:
        return 0
    return keys[step.request_id] if store.backend == "aws-parameter-store" else 1


def _billed(step: Step, store: StoreSettings, keys: Mapping[str, int]) -> int:
    if store.backend == "aws-parameter-store":
        return 1 + keys.get(step.request_id, 0)
    container = step.desired or step.observed
    return 1 + len((container.replica_regions if container is not None else ()) or ())


def _dollars(records: int, calls: int, settings: Settings, store: StoreSettings) -> float:
    price = settings.price(store)
    return round(records * price.record_month + calls / 10_000 * price.per_10000_calls, 2)
