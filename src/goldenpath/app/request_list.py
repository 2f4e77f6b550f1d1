"""The requests of a working tree, as its author looks for them. No store is asked: what it holds is the business of ``status``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from goldenpath.app.author import Author
from goldenpath.app.context import standing_context
from goldenpath.app.dates import first_dates
from goldenpath.app.steps import Base
from goldenpath.errors import InvalidIntent
from goldenpath.intent.catalog import CatalogEntry
from goldenpath.policy.ttl import term_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """One request. ``ends`` and ``days_left`` tell its term (D15), negative when over; None while it was neither merged nor renewed."""

    id: str
    name: str
    service: str
    environment: str
    owner: str
    secret_type: str
    tier: str
    rotation_class: str
    state: str
    ends: date | None
    days_left: int | None
    path: str


def list_requests(author: Author, base: Base | None, *, wanted: Mapping[str, Any], expiring_days: int | None = None) -> list[RequestRow]:
    """Return the requests whose fields are all as ``wanted`` (field of :class:`RequestRow` to words; none for any), by id.

    ``expiring_days`` keeps those whose term ends within that many days, or is over already.

    Raises:
        InvalidIntent: ``request.filter-unknown`` for a word that no request can have: an empty answer would look like good news.
    """
    _require_known(author, wanted)
    ends = _ends(author, base)
    rows = [_row(entry, ends.get(entry.request.id)) for entry in author.entries]
    kept = [row for row in rows if all(getattr(row, name) in words for name, words in wanted.items() if words)]
    if expiring_days is None:
        return kept
    return [row for row in kept if row.days_left is not None and row.days_left <= expiring_days and row.state != "decommissioned"]


def _require_known(author: Author, wanted: Mapping[str, Any]) -> None:
    enums = author.enums
    known = {"owner": enums.owners, "tier": enums.security.risk_tiers.values, "state": enums.security.lifecycle_status.values}
    for name, words in known.items():
        if set(wanted.get(name, ())) - set(words):
            raise InvalidIntent("request.filter-unknown", f"--{name} names none of the platform's", hint=f"one of: {', '.join(words)}")


def _ends(author: Author, base: Base | None) -> dict[str, tuple[date, int]]:
    if base is None:
        return {}
    first = first_dates(base.reader, until=base.commit, paths={entry.request.id: entry.path for entry in author.entries})
    context = standing_context(base.governance, today=base.today, first_applied=first)
    terms = ((entry.request.id, term_of(entry.request, context)) for entry in author.entries)
    return {request_id: (term.ends, term.days_left) for request_id, term in terms if term is not None}


def _row(entry: CatalogEntry, term: tuple[date, int] | None) -> RequestRow:
    meta, spec = entry.request.metadata, entry.request.spec
    return RequestRow(
        id=meta.id,
        name=meta.name,
        service=meta.service,
        environment=meta.environment,
        owner=meta.owner,
        secret_type=spec.secret_type,
        tier=spec.risk.tier,
        rotation_class=spec.rotation.rotation_class,
        state=spec.lifecycle.status,
        ends=term[0] if term else None,
        days_left=term[1] if term else None,
        path=entry.path,
    )
