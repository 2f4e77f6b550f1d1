"""Looks at a store the cheap way, and again wherever a lagging list could mislead a plan.

A list may be minutes behind (AWS). So what it does not show, what it shows and nobody wants, and what it shows different from
the request is described before anybody believes it: no second create, no false orphan, no false drift.
"""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.errors import AccessDenied
from goldenpath.model.base import Record
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import FIELDS, DesiredSecret, StoreRecord
from goldenpath.ports.store import SecretObserver
from goldenpath.provision.retry import Retrier


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
) -> Observation:
    """Return the records of the environment, in path order, as a plan may trust them.

    Args:
        store: Where to look.
        environment: Canonical name.
        desired: The containers of the whole catalog in this environment.
        retrier: Deadline and pace of the calls.
        expected_account: The account that the environment is configured for; checked before any other call when given (R33).

    Raises:
        AccessDenied: ``provision.wrong-account``, and what the store denies.
        ProviderUnavailable: ``provision.deadline``.
    """
    wanted = {each.ref: each for each in desired}
    account = require_account(store, expected_account, environment=environment, retrier=retrier)
    listed = {record.ref: record for record in retrier.call(lambda: tuple(store.list_records(environment)))}
    doubtful = [ref for ref in sorted({*wanted, *listed}, key=_order) if _is_doubtful(wanted.get(ref), listed.get(ref))]
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
    """Say whether the record is ours, alive, and equal to what is wanted."""
    if record is None or record.deletion_date or record.request_id != desired.request_id:
        return False
    wanted, found = desired.field_digests, record.field_digests
    return all(wanted[name] == found[name] for name in FIELDS)


def _is_doubtful(desired: DesiredSecret | None, record: StoreRecord | None) -> bool:
    if desired is None:
        return record is not None and bool(record.request_id)
    return not is_as_desired(desired, record)


def _order(ref: SecretRef) -> tuple[str, str, str]:
    return (ref.environment, ref.path, ref.provider)
