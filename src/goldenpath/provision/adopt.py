"""Taking over a record that the platform did not create (R20): its own reviewed action, never a side effect of an apply."""

from __future__ import annotations

from goldenpath.errors import Conflict, NotFound
from goldenpath.model.reach import within_reach
from goldenpath.model.receipt import StepOutcome, StepReceipt
from goldenpath.model.store import DesiredSecret, StoreRecord
from goldenpath.provision.effects import Effect, EffectRunner, operation_token
from goldenpath.provision.observe import is_as_desired

EXPECTATION_FAILED = "provision.expectation-failed"


def adopt(desired: DesiredSecret, *, expected_digest: str, runner: EffectRunner) -> StepReceipt:
    """Make a request the owner of the record that already has its name; the record's values stay.

    Args:
        desired: The container that the request wants; its fields replace what is there.
        expected_digest: ``StoreRecord.container_digest`` of what the reviewer saw.
        runner: Carries out the one effect.

    Returns:
        A receipt: ``done``, or ``already`` when the record is the request's own and as wanted.

    Raises:
        NotFound: ``store.record-missing``.
        Conflict: ``store.scheduled-for-deletion``, ``store.foreign-record`` (another request's), ``provision.expectation-failed``.
    """
    found = require_record(desired, runner)
    if found.deletion_date:
        raise Conflict("store.scheduled-for-deletion", f"scheduled for deletion on {found.deletion_date}", subject=str(desired.ref))
    if found.request_id == desired.request_id and is_as_desired(desired, found):
        return action_receipt(desired, "adopt", "already")
    if found.request_id:
        raise Conflict(
            "store.foreign-record",
            f"the record already belongs to {found.request_id}",
            subject=str(desired.ref),
            hint="only a record without an owner can be adopted; goldenpath apply changes the request's own record",
        )
    require_expected(found, expected_digest)
    desired = within_reach(desired, found)
    bookkeeping = runner.bookkeeping(desired)
    runner.run(
        Effect(
            action="adopt",
            token=operation_token(desired, "adopt"),
            desired=desired,
            send=lambda fence: runner.store.adopt(desired, bookkeeping=bookkeeping, fence=fence),
        ),
    )
    return action_receipt(desired, "adopt", "done")


def require_record(desired: DesiredSecret, runner: EffectRunner) -> StoreRecord:
    """Return the record that an action is about. Raises ``NotFound`` ``store.record-missing``."""
    found = runner.describe(desired.ref)
    if found is None:
        raise NotFound("store.record-missing", "no record has this name", subject=str(desired.ref), hint="goldenpath apply creates it")
    return found


def require_expected(found: StoreRecord, expected_digest: str) -> None:
    """Refuse when the record is not the one that was reviewed. Raises ``Conflict`` ``provision.expectation-failed``."""
    if found.container_digest != expected_digest:
        raise Conflict(
            EXPECTATION_FAILED,
            f"the record changed since it was reviewed: expected {expected_digest[:19]}, found {found.container_digest[:19]}",
            subject=str(found.ref),
            hint="look at the record and have the action reviewed again",
        )


def action_receipt(desired: DesiredSecret, action: str, outcome: StepOutcome) -> StepReceipt:
    """Return the proof of one reviewed action."""
    return StepReceipt(request_id=desired.request_id, ref=str(desired.ref), action=action, outcome=outcome)
