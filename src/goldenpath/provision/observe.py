"""Looks at a store the cheap way, and again wherever a lagging list could mislead a plan.

A list may be minutes behind (AWS). So what it does not show, what it shows and nobody wants, and what it shows different from
the request is described before anybody believes it: no second create, no false orphan, no false drift. A list may also leave fields
out (the policies); today's share of the records is looked at in full, so that each has its turn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from goldenpath.errors import AccessDenied
from goldenpath.model.base import Record
from goldenpath.model.reach import within_reach
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import FIELDS, DesiredSecret, StoreRecord
from goldenpath.ports.store import SecretObserver
from goldenpath.provision.retry import Retrier

LOOKS = 10
"""How many records an observation looks at beyond those in doubt, where a list does not show everything; others every day."""
MISSING_LOOKS = 20
"""Up to how many wanted records that are not listed are looked for. Beyond, creating them is the check: a taken name is refused."""


class Observation(Record, frozen=True, kw_only=True):
    """What a store holds in one environment. ``described`` counts the records that were looked at one by one."""

    account: str
    records: tuple[StoreRecord, ...]
    described: int = 0


def observe(
    store: SecretObserver,
    environment: str,
    desired: Iterable[DesiredSecret],
    *,
    retrier: Retrier,
    expected_account: str | None = None,
    now: datetime | None = None,
    is_thorough: bool = False,
    as_compared: Callable[[DesiredSecret, StoreRecord], StoreRecord] = lambda _desired, record: record,
) -> Observation:
    """Return the records of the environment, in path order, as a plan may trust them.

    Args:
        store: Where to look.
        environment: Canonical name.
        desired: The containers of the whole catalog in this environment.
        retrier: Deadline and pace of the calls.
        expected_account: The account that the environment is configured for; checked before any other call when given (R33).
        now: Chooses today's :data:`LOOKS` among the records that the list does not show in full; none are looked at without it.
        is_thorough: Look at every record that the list does not show in full.
        as_compared: Returns a listed record without the differences that nobody minds, which are no reason to look again.

    Raises:
        AccessDenied: ``provision.wrong-account``, and what the store denies.
        ProviderUnavailable: ``provision.deadline``.
    """
    wanted = {each.ref: each for each in desired}
    account = require_account(store, expected_account, environment=environment, retrier=retrier)
    listed = {record.ref: record for record in retrier.call(lambda: tuple(store.list_records(environment)))}
    compared = {ref: as_compared(wanted[ref], record) if ref in wanted else record for ref, record in listed.items()}
    doubtful = _doubtful(wanted, compared)
    doubtful += _looks(listed.keys() - doubtful, listed, now=now, is_thorough=is_thorough)
    for ref in doubtful:
        found = retrier.call(lambda ref=ref: store.describe(ref))  # type: ignore[misc]
        if found is None:
            listed.pop(ref, None)
        else:
            listed[ref] = found
    records = tuple(listed[ref] for ref in sorted(listed, key=_order))
    return Observation(account=account, records=records, described=len(doubtful))


def require_account(store: SecretObserver, expected: str | None, *, environment: str, retrier: Retrier) -> str:
    """Return the account that the credentials belong to; another than ``expected`` (None: any) is refused.

    Raises:
        AccessDenied: ``provision.wrong-account``.
    """
    account = retrier.call(store.identity)
    if expected is not None and account != expected:
        raise AccessDenied(
            "provision.wrong-account",
            f"the credentials belong to {account}, expected {expected or '(unknown)'} for {environment}",
            subject=environment,
            hint="use the credentials of this environment; nothing was read or written",
        )
    return account


def is_as_desired(desired: DesiredSecret, record: StoreRecord | None) -> bool:
    """Say whether the record is ours, alive, and equal to what is wanted, as far as that can be had now."""
    if record is None or record.deletion_date or record.request_id != desired.request_id:
        return False
    wanted, found = within_reach(desired, record).field_digests, record.field_digests
    return all(wanted[name] == found[name] for name in FIELDS)


def _doubtful(wanted: Mapping[SecretRef, DesiredSecret], listed: Mapping[SecretRef, StoreRecord]) -> list[SecretRef]:
    missing = wanted.keys() - listed.keys()
    asked = wanted.keys() | listed.keys() if len(missing) <= MISSING_LOOKS else listed.keys()
    return [ref for ref in sorted(asked, key=_order) if _is_doubtful(wanted.get(ref), listed.get(ref))]


def _looks(
    refs: Iterable[SecretRef], listed: Mapping[SecretRef, StoreRecord], *, now: datetime | None, is_thorough: bool
) -> list[SecretRef]:
    """Return the records to look at although nothing speaks against them: hand edits may hide in what the list does not show (R24)."""
    ours = [ref for ref in refs if listed[ref].request_id and not listed[ref].deletion_date]
    if not is_thorough:
        ours = _todays_share(ours, now) if now is not None and any(listed[ref].unobserved for ref in ours) else []
    return sorted((ref for ref in ours if listed[ref].unobserved), key=_order)


def _todays_share(refs: list[SecretRef], now: datetime) -> list[SecretRef]:
    """Return :data:`LOOKS` of the records, the next ones every day, in an order that has nothing to do with their names."""
    mixed = sorted(refs, key=lambda ref: hashlib.sha256(str(ref).encode()).digest())
    start = now.toordinal() * LOOKS % len(mixed)
    return (mixed + mixed)[start : start + min(LOOKS, len(mixed))]


def _is_doubtful(desired: DesiredSecret | None, record: StoreRecord | None) -> bool:
    if desired is None:
        return record is not None and bool(record.request_id)
    return not is_as_desired(desired, record)


def _order(ref: SecretRef) -> tuple[str, str, str]:
    return (ref.environment, ref.path, ref.provider)
