"""One writer per environment, as pure functions (R19): a lease says who may start, the generation who may still write."""

from __future__ import annotations

from datetime import datetime, timedelta

from goldenpath.model.base import Record
from goldenpath.model.instant import from_text, to_text
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import Fence
from goldenpath.providers import refusals


class Lease(Record, frozen=True, kw_only=True):
    """The state of one environment. An empty ``holder`` means that nobody may write.

    ``is_guarded``: the holder also has a lock that ends with its process, so its death is noticed before the lease ends.
    """

    environment: str
    generation: int = 0
    holder: str = ""
    ends_at: str = ""
    is_guarded: bool = False

    @property
    def fence(self) -> Fence:
        """The right to write that the lease stands for."""
        return Fence(environment=self.environment, generation=self.generation, holder=self.holder)

    def seconds_left(self, now: datetime) -> float:
        """Return how long the lease still runs; 0 when nobody holds it."""
        return max(0.0, (from_text(self.ends_at) - now).total_seconds()) if self.holder else 0.0


def acquire(
    lease: Lease,
    *,
    holder: str,
    lease_seconds: float,
    now: datetime,
    is_guarded: bool,
    is_holder_dead: bool,
) -> Lease:
    """Return the lease of the new holder, with a generation above every earlier one."""
    left = lease.seconds_left(now)
    if left > 0 and lease.holder != holder and not is_holder_dead:
        raise refusals.writer_active(lease.environment, holder=lease.holder, seconds_left=left)
    ends_at = to_text(now + timedelta(seconds=lease_seconds))
    return Lease(
        environment=lease.environment,
        generation=lease.generation + 1,
        holder=holder,
        ends_at=ends_at,
        is_guarded=is_guarded,
    )


def release(lease: Lease, fence: Fence) -> Lease:
    """Return the lease given back, or as it was when the fence is not the newest."""
    return Lease(environment=lease.environment, generation=lease.generation) if lease.fence == fence else lease


def end(lease: Lease) -> Lease:
    """Return the lease ended by an operator; the broken holder's fence is old from now on."""
    return Lease(environment=lease.environment, generation=lease.generation + 1)


def require_current(lease: Lease, fence: Fence, ref: SecretRef, *, record_generation: int) -> None:
    """Refuse a write under any fence but the environment's newest, or older than the record's last writer."""
    if fence == lease.fence and fence.environment == ref.environment and fence.generation >= record_generation and fence.holder:
        return
    raise refusals.fenced_out(
        str(ref),
        f"generation {fence.generation} of {fence.environment} may not write; "
        f"{lease.environment} is at {lease.generation}, the record at {record_generation}",
    )
