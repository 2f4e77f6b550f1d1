"""Bringing back a record that is scheduled for deletion (R21): its own reviewed action, never a side effect of an apply."""

from __future__ import annotations

from goldenpath.errors import Conflict
from goldenpath.model.receipt import StepReceipt
from goldenpath.model.store import DesiredSecret, Fence, StoreRecord
from goldenpath.provision.adopt import action_receipt, require_expected, require_record
from goldenpath.provision.effects import Effect, EffectRunner, operation_token


def restore(desired: DesiredSecret, *, expected_digest: str, runner: EffectRunner) -> StepReceipt:
    """Cancel the scheduled deletion of a request's own record; its fields are left to the next apply.

    Args:
        desired: The container of the request, whose lifecycle the caller checked: only one that wants a record is restored.
        expected_digest: ``StoreRecord.container_digest`` of what the reviewer saw.
        runner: Carries out the one effect.

    Returns:
        A receipt: ``done``, or ``already`` when the record is not scheduled any more.

    Raises:
        NotFound: ``store.record-missing``, also when the recovery window is over.
        Conflict: ``store.foreign-record``, ``provision.expectation-failed``.
    """
    found = require_record(desired, runner)
    if found.request_id != desired.request_id:
        raise Conflict(
            "store.foreign-record",
            f"the record belongs to {found.request_id or 'nobody known to the platform'}",
            subject=str(desired.ref),
            hint="only the request that owns the record can have it back",
        )
    if not found.deletion_date:
        return action_receipt(desired, "restore", "already")
    require_expected(found, expected_digest)

    def send(fence: Fence) -> StoreRecord:
        return runner.store.restore(desired.ref, fence=fence)

    def is_done(record: StoreRecord | None) -> bool:
        return record is not None and record.request_id == desired.request_id and not record.deletion_date

    token = operation_token(desired, f"restore {found.deletion_date}")
    runner.run(Effect(action="restore", token=token, desired=desired, send=send, is_done=is_done))
    return action_receipt(desired, "restore", "done")
