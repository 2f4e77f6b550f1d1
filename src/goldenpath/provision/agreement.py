"""Does an infrastructure tool's plan say the same as ours (R8, R20, R21, R24)? What it would do beyond ours is refused, before anything.

The tool doing less than we planned is no fault here: after the apply the store is looked at, and a record that is not as wanted is
reported then.
"""

from __future__ import annotations

from typing import NamedTuple

from goldenpath.model.infrastructure import InfrastructureChange, InfrastructurePlan
from goldenpath.model.plan import Plan, Step

WOULD_DESTROY = "terraform.would-destroy"
UNKNOWN_ADDRESS = "terraform.unknown-address"
WOULD_CREATE = "terraform.would-create"
PLAN_DIFFERS = "terraform.plan-differs"


class Objection(NamedTuple):
    """Why the tool's plan may not be carried out. ``request_id`` is empty for what belongs to no request."""

    request_id: str
    code: str
    message: str


def is_agreed(step: Step, accept_drift: frozenset[str]) -> bool:
    """Say whether the step may be carried out: ours to do, and drift only when a person accepted it."""
    return step.action in {"create", "update"} or (step.action == "drift" and step.request_id in accept_drift)


def objections(plan: Plan, proposed: InfrastructurePlan, *, accept_drift: frozenset[str] = frozenset()) -> tuple[Objection, ...]:
    """Return everything in ``proposed`` that ``plan`` does not ask for, by address; at most one per address."""
    steps = {step.request_id: step for step in plan.steps if step.desired is not None}
    found = (_judged(change, steps.get(change.request_id), accept_drift) for change in proposed.changes)
    return tuple(each for each in found if each is not None)


def _judged(change: InfrastructureChange, step: Step | None, accept_drift: frozenset[str]) -> Objection | None:
    if change.part == "rotation" and step is not None:
        return _rotation_objection(change, step, accept_drift)
    return _objection(change, step, accept_drift)


def _objection(change: InfrastructureChange, step: Step | None, accept_drift: frozenset[str]) -> Objection | None:
    if change.action in {"delete", "replace"}:
        return Objection(change.request_id, WOULD_DESTROY, f"Terraform would {change.action} {change.address}")
    if change.part == "role" or change.action == "none":
        return None
    if step is None:
        return Objection(
            change.request_id, UNKNOWN_ADDRESS, f"Terraform would {change.action} {change.address}, which is no request of this plan"
        )
    if not is_agreed(step, accept_drift):
        return _beyond(change, step)
    if change.action == "create" and change.part == "secret" and step.action != "create":
        return Objection(step.request_id, WOULD_CREATE, f"Terraform would create {change.address}, whose record exists")
    return None


def _beyond(change: InfrastructureChange, step: Step) -> Objection | None:
    """Object to a change of a record that our plan leaves alone; the tool's own settings are not the record's."""
    if change.action == "update" and not change.fields:
        return None
    if step.action == "blocked" and change.action == "create":
        return Objection(step.request_id, WOULD_CREATE, f"Terraform would create {change.address}: {step.detail}")
    if step.action in {"blocked", "drift"}:
        return Objection(step.request_id, step.reason, step.detail)
    names = ", ".join(field.field for field in change.fields)
    return Objection(step.request_id, PLAN_DIFFERS, f"Terraform would {change.action} {change.address} ({names}); our plan leaves it alone")


def _rotation_objection(change: InfrastructureChange, step: Step, accept_drift: frozenset[str]) -> Objection | None:
    """Object to rotation settings other than our plan's. To take the resource away is to turn rotation off, and loses nothing else."""
    aims_at = {each.after for each in step.changes if each.field == "rotation"}
    fields = [each for each in change.fields if each.field == "rotation"]
    if not change.fields and change.action in {"none", "update"}:
        return None
    if is_agreed(step, accept_drift) and change.action != "replace" and aims_at and {each.after for each in fields} == aims_at:
        return None
    return _beyond_rotation(change, step)


def _beyond_rotation(change: InfrastructureChange, step: Step) -> Objection:
    if change.action in {"delete", "replace"}:
        return Objection(step.request_id, WOULD_DESTROY, f"Terraform would {change.action} {change.address}")
    if step.action in {"blocked", "drift"}:
        return Objection(step.request_id, step.reason, step.detail)
    return Objection(
        step.request_id, PLAN_DIFFERS, f"Terraform would {change.action} {change.address} (rotation); our plan leaves it alone"
    )
