"""One external effect, done so that a killed or cut-off run can be resumed (R18, R22, R59).

Intent in the journal, then the call, then the outcome. A lost answer is resolved by reading back. Decisions are never taken from
the journal: the store is what counts, on whatever machine the rerun happens.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from goldenpath.errors import AuditUnavailable, GoldenpathError, ProviderUnavailable
from goldenpath.model.base import canonical_bytes
from goldenpath.model.instant import to_text
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import TAG_APPLIED, TAG_COMMIT, DesiredSecret, Fence, StoreRecord
from goldenpath.ports.clock import Clock
from goldenpath.ports.journal import Journal, JournalEntry, JournalState
from goldenpath.ports.store import Store
from goldenpath.provision.fence import HeldFence
from goldenpath.provision.observe import is_as_desired
from goldenpath.provision.retry import Retrier


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What to send for one record.

    ``action`` names it in the journal. ``send`` must be safe to repeat. ``is_done`` judges what reading back shows after a lost
    answer; left out, it means "the record is as desired".
    """

    action: str
    token: str
    desired: DesiredSecret
    send: Callable[[Fence], StoreRecord]
    is_done: Callable[[StoreRecord | None], bool] | None = None


class EffectRunner:
    """Runs effects in one environment. Counts the mutating calls that it sent."""

    def __init__(
        self,
        *,
        store: Store,
        fence: HeldFence,
        journal: Journal,
        clock: Clock,
        retrier: Retrier,
        commit: str,
        correlation_id: str,
    ) -> None:
        self.store = store
        self.journal = journal
        self.mutating_calls = 0
        self._fence = fence
        self._clock = clock
        self._retrier = retrier
        self._commit = commit
        self.correlation_id = correlation_id
        self._lock = threading.Lock()

    def run(self, effect: Effect) -> StoreRecord:
        """Return the record after the effect.

        Raises:
            GoldenpathError: what the store refused, which the journal says too; or an outcome that nobody knows (a deadline, a store
                or an audit log that went away), which stays open in the journal until a run looks again.
        """
        self._write(effect, "intended")
        try:
            record = self._retrier.call(lambda: self._send(effect), recover=lambda: self._look(effect))
        except (ProviderUnavailable, AuditUnavailable):
            raise
        except GoldenpathError as error:
            self._write(effect, "failed", error.code)
            raise
        self._write(effect, "done")
        return record

    def intend(self, effect: Effect) -> None:
        """Write what is about to be done by other means; :meth:`run` or the next run settles it."""
        self._write(effect, "intended")

    def describe(self, ref: SecretRef) -> StoreRecord | None:
        """Return the record as it is now, with retries."""
        return self._retrier.call(lambda: self.store.describe(ref))

    def bookkeeping(self, desired: DesiredSecret) -> dict[str, str]:
        """Return the tags that say who wrote last, and what."""
        return {TAG_COMMIT: self._commit, TAG_APPLIED: desired.applied_tag}

    def close_entry(self, entry: JournalEntry, state: JournalState, detail: str) -> None:
        """Give an entry that an earlier run left open its outcome."""
        self.journal.record(replace(entry, state=state, detail=detail, updated_at=to_text(self._clock.now())))

    def _send(self, effect: Effect) -> StoreRecord:
        with self._fence.writing() as fence:
            with self._lock:
                self.mutating_calls += 1
            return effect.send(fence)

    def _look(self, effect: Effect) -> StoreRecord | None:
        record = self.store.describe(effect.desired.ref)
        is_done = effect.is_done(record) if effect.is_done else _is_finished(effect.desired, record)
        return record if is_done else None

    def _write(self, effect: Effect, state: JournalState, detail: str = "") -> None:
        entry = JournalEntry(
            token=effect.token,
            environment=effect.desired.ref.environment,
            request_id=effect.desired.request_id,
            action=effect.action,
            state=state,
            commit=self._commit,
            correlation_id=self.correlation_id,
            updated_at=to_text(self._clock.now()),
            detail=detail,
        )
        self.journal.record(entry)


def _is_finished(desired: DesiredSecret, record: StoreRecord | None) -> bool:
    """Say whether the record is as wanted and says so itself: a store that needs several calls remembers last what it did."""
    return record is not None and is_as_desired(desired, record) and dict(record.tags).get(TAG_APPLIED) == desired.applied_tag


def operation_token(desired: DesiredSecret, action: str) -> str:
    """Return the idempotency token of one operation: 64 hex characters, the same on every machine for the same content."""
    content = [desired.request_id, desired.ref, desired.field_digests, action]
    return hashlib.sha256(b"goldenpath/operation/1\x00" + canonical_bytes(content)).hexdigest()
