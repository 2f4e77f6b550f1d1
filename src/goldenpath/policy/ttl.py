"""The term of a request (D15): counted from the first apply or the last reviewed renewal. Running out never deletes anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from goldenpath.model.request import SecretRequest
from goldenpath.policy.context import GateContext
from goldenpath.policy.days import add_days, parse_day


@dataclass(frozen=True, slots=True)
class Term:
    """From when to when a request holds; ``days_left`` is zero or less once it has run out."""

    started: date
    ends: date
    days_left: int

    @property
    def is_expired(self) -> bool:
        """True on the day the term ends and after."""
        return self.days_left <= 0


def term_of(request: SecretRequest, context: GateContext) -> Term | None:
    """Return the running term; None while the request was never applied nor renewed. A renewal in the future does not count."""
    renewed = parse_day(request.spec.renewed_on) if request.spec.renewed_on else None
    starts = [day for day in (renewed, context.first_applied.get(request.id)) if day is not None and day <= context.today]
    if not starts:
        return None
    started = max(starts)
    ends = add_days(started, request.spec.ttl_days)
    return Term(started, ends, (ends - context.today).days)


def is_renewed(before: SecretRequest, after: SecretRequest, context: GateContext) -> bool:
    """Say whether ``after`` carries a later renewal than ``before`` that gives it days again."""
    old, new = before.spec.renewed_on or "", after.spec.renewed_on or ""
    term = term_of(after, context)
    return new > old and term is not None and not term.is_expired
