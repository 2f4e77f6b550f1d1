"""Two environments compared: which secrets each has, what their contracts say, and whether there are values. Values only on request.

Each store keys its fingerprints with a key of its own, so they say nothing across environments. Whether two values are equal is known
only by reading both, which is recorded like any other read (R50).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from goldenpath.app.locate import locate, require_readable
from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.services import Services
from goldenpath.app.status import value_state
from goldenpath.app.survey import Survey, survey
from goldenpath.model.audit import Target
from goldenpath.model.finding import Finding
from goldenpath.model.instant import from_text
from goldenpath.model.naming import store_ref
from goldenpath.model.payload import decode_payload
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.store import StoreRecord
from goldenpath.plan.environments import Pair, paired

ValueComparison = Literal["not-compared", "same", "different"]

SHARED = "value.shared-across-environments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One environment's record of a secret. ``value`` as in status; ``age_days`` of the current version; None where there is none."""

    request_id: str
    value: str
    version_id: str
    age_days: int | None
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """One secret. A side is None where no request asks for it. ``same_keys`` are the keys whose values are equal, once compared."""

    pair: Pair
    source: Side | None
    target: Side | None
    values: ValueComparison = "not-compared"
    same_keys: tuple[str, ...] = ()

    @property
    def has_difference(self) -> bool:
        """True when presence, contract or the presence of a value differ. Values are meant to differ, so they do not count."""
        if self.source is None or self.target is None:
            return True
        return bool(self.pair.differences) or self.source.value != self.target.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every secret of either environment. ``findings`` name values that both environments share."""

    commit: str
    source: str
    target: str
    rows: tuple[PairRow, ...]
    findings: tuple[Finding, ...] = ()


def compare_environments(
    services: Services, *, source: str, target: str, service: str = "", compares_values: bool = False, reason: str = ""
) -> Comparison:
    """Return how two environments differ.

    Args:
        services: The platform.
        source: Canonical name of the first environment.
        target: Canonical name of the second.
        service: Only this service; all when empty.
        compares_values: Read both values of each secret and say whether they are equal; every read is recorded.
        reason: Why, for the records of the reads.

    Raises:
        AuditUnavailable: a look or a read could not be recorded, so there was none.
    """
    found = survey(services, environments=(source, target))
    chosen = [entry.request for entry in found.catalog.entries if service in {"", entry.request.metadata.service}]
    pairs = paired(*([request for request in chosen if request.environment == name] for name in (source, target)))
    records = {record.ref: record for store in found.stores for record in store.planned.records}
    rows = tuple(_row(services, found, pair, records) for pair in pairs)
    if compares_values:
        rows = tuple(_with_values(services, row, reason) for row in rows)
    shared = tuple(_shared(row, source, target) for row in rows if row.same_keys)
    return Comparison(commit=found.commit, source=source, target=target, rows=rows, findings=shared)


def _row(services: Services, found: Survey, pair: Pair, records: Mapping[SecretRef, StoreRecord]) -> PairRow:
    source, target = (
        None
        if request is None
        else _side(services, request, records.get(store_ref(request, prefix=found.governance.settings.naming.prefix)))
        for request in (pair.source, pair.target)
    )
    return PairRow(pair=pair, source=source, target=target)


def _side(services: Services, request: SecretRequest, record: StoreRecord | None) -> Side:
    value = value_state(request, record)
    current = record.version_at("current") if record is not None and value == "present" else None
    has_date = current is not None and current.created_at
    return Side(
        request_id=request.id,
        value=value,
        version_id=current.id if current else "",
        age_days=(services.clock.now() - from_text(current.created_at)).days if current and has_date else None,
        fingerprint=current.fingerprint if current else "",
    )


def _with_values(services: Services, row: PairRow, reason: str) -> PairRow:
    if row.source is None or row.target is None or {row.source.value, row.target.value} != {"present"}:
        return row
    first, second = (_read(services, side.request_id, reason) for side in (row.source, row.target))
    same = tuple(sorted(name for name in first.keys() & second.keys() if is_same_value(first[name], second[name])))
    is_same = len(same) == len(first) == len(second)
    return PairRow(pair=row.pair, source=row.source, target=row.target, values="same" if is_same else "different", same_keys=same)


def is_same_value(first: SecretValue, second: SecretValue) -> bool:
    """Say whether two values are equal, in a time that does not depend on where they differ (R4)."""
    return hmac.compare_digest(first.reveal(), second.reveal())


def _read(services: Services, request_id: str, reason: str) -> dict[str, SecretValue]:
    with refusals_recorded(services, "secret.read", target=Target(intent_id=request_id)):
        located = locate(services, request_id, reason=reason)
        require_readable(located.request)
        located.record()
    blob, _version = located.store.read(located.ref)
    return decode_payload(blob)


def _shared(row: PairRow, source: str, target: str) -> Finding:
    assert row.source is not None  # noqa: S101 - values were read on both sides
    assert row.target is not None  # noqa: S101 - values were read on both sides
    keys = ", ".join(row.same_keys)
    return Finding(
        rule=SHARED,
        level="warn",
        message=f"the same value in two environments: {keys} of {row.source.request_id} ({source}) and {row.target.request_id} ({target})",
        subject=row.target.request_id,
        field=keys,
        hint=f"where it is a credential, give {target} one of its own: goldenpath seed {row.target.request_id}",
    )
