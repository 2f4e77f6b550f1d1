"""Reviewed actions on one record: adopt what the platform did not create, restore what is being deleted (R20, R21).

Both are done only when the protected branch says so in ``governance/actions.yaml``, for exactly the record that was reviewed. Neither is
ever a side effect of an apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from goldenpath.app.desired import StoreScope
from goldenpath.app.effects import desired_of
from goldenpath.app.locate import Located, locate
from goldenpath.app.planning import require_account
from goldenpath.app.ready import prepare
from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.services import Services
from goldenpath.app.trail import open_trail
from goldenpath.errors import Conflict, NotFound, PolicyBlocked
from goldenpath.intent.contract import load
from goldenpath.model.actions import Actions, ReviewedAction
from goldenpath.model.audit import Target
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.receipt import StepReceipt
from goldenpath.model.store import StoreRecord
from goldenpath.provision.adopt import adopt
from goldenpath.provision.effects import EffectRunner
from goldenpath.provision.fence import hold_fence
from goldenpath.provision.restore import restore
from goldenpath.provision.retry import Retrier

ActionName = Literal["adopt", "restore"]
_ACTS = {"adopt": adopt, "restore": restore}


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What there is to decide on: the record as it is now, and the reviewed entry that allows the act, if there is one."""

    request_id: str
    environment: str
    record: StoreRecord
    entry: ReviewedAction | None

    @property
    def digest(self) -> str:
        """Digest of the record's container, for the entry's ``expect``."""
        return self.record.container_digest


def review(services: Services, request_id: str, action: ActionName) -> Review:
    """Return the record at a request's path, whoever owns it, and the entry for ``action`` on the protected branch.

    Raises:
        NotFound: ``store.record-missing``.
    """
    located = locate(services, request_id)
    record = located.store.describe(located.ref)
    if record is None:
        raise NotFound("store.record-missing", f"no record at {located.ref}", subject=request_id, hint="goldenpath apply creates it")
    entry = _entry(services, located, action, record.container_digest)
    return Review(request_id=request_id, environment=located.request.environment, record=record, entry=entry)


def take_over(services: Services, request_id: str, action: ActionName) -> StepReceipt:
    """Do the reviewed act.

    Raises:
        PolicyBlocked: ``action.not-reviewed`` when the protected branch has no entry for this record as it is now.
        Conflict: ``request.retiring``, ``store.foreign-record``, ``provision.expectation-failed``.
    """
    ready = prepare(services, action=f"platform.{action}")
    with refusals_recorded(services, f"platform.{action}", target=Target(intent_id=request_id)):
        entry = _reviewed_entry(services, request_id, action)
        located = locate(services, request_id, reason=f"{entry.ticket}: {entry.reason}")
        _require_in_use(located)
        _require_own_account(services, located)
    subject = located.store.subject(located.ref)
    with open_trail(services).operation(f"platform.{action}", target=subject.target, decision=subject.decision, joins=subject.joins):
        return _act(services, located, ready.commit, entry)


def _reviewed_entry(services: Services, request_id: str, action: ActionName) -> ReviewedAction:
    found = review(services, request_id, action)
    if found.entry is None:
        raise PolicyBlocked(
            "action.not-reviewed",
            f"nobody reviewed to {action} the record of {request_id} as it is now ({found.digest[:19]})",
            subject=request_id,
            hint=f"goldenpath {action} {request_id} --dry-run prints an entry to have reviewed into {services.settings.governance.actions}",
        )
    return found.entry


def _entry(services: Services, located: Located, action: str, digest: str) -> ReviewedAction | None:
    path = located.governance.settings.governance.actions
    data = services.repository().read_file(located.commit, path)
    actions = Actions() if data is None else load(data, Actions, file=path).value
    if actions is None:
        raise PolicyBlocked(
            "platform.governance-unreadable", f"{path} cannot be read", subject=path, hint="mend it on the protected branch"
        )
    wanted = (action, located.request.id, digest)
    return next((entry for entry in actions.actions if (entry.action, entry.request, entry.expect) == wanted), None)


def _require_in_use(located: Located) -> None:
    status = located.request.spec.lifecycle.status
    if status not in PROJECTED_STATES:
        raise Conflict(
            "request.retiring",
            f"the request is {status}; a record is taken over only for a request in use",
            subject=located.request.id,
            hint="withdraw the decommissioning through a reviewed change first",
        )


def _require_own_account(services: Services, located: Located) -> None:
    scope = StoreScope(environment=located.request.environment, provider=located.ref.provider, requests=(located.request,))
    require_account(located.governance, scope, _retrier(services, located).call(located.store.identity))


def _retrier(services: Services, located: Located) -> Retrier:
    deadline = located.governance.settings.apply.deadline_seconds
    return Retrier(clock=services.clock, entropy=services.entropy, deadline_seconds=deadline, retry_limit=services.retry_limit)


def _act(services: Services, located: Located, commit: str, entry: ReviewedAction) -> StepReceipt:
    settings, environment = located.governance.settings, located.request.environment
    with hold_fence(
        located.store,
        environment,
        holder=f"{services.correlation_id}:{services.entropy.sortable_id()}",
        lease_seconds=settings.apply.lease_seconds,
        clock=services.clock,
        wait_seconds=settings.apply.lease_seconds,
    ) as held:
        runner = EffectRunner(
            store=located.store,
            fence=held,
            journal=services.journal(),
            clock=services.clock,
            retrier=_retrier(services, located),
            commit=commit,
            correlation_id=services.correlation_id,
        )
        return _ACTS[entry.action](
            desired_of(located.request, settings, located.governance.policy.rotation), expected_digest=entry.expect, runner=runner
        )
