"""Plan → ApplyReceipt by an infrastructure tool: one whole plan of its own, compared with ours, then what the store really shows.

The tool makes the containers; the platform writes its bookkeeping tags afterwards, through the store and under the fence, so that the
next plan tells drift from a change. Both engines end in the same state, and running again converges (R17).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from goldenpath.errors import AuditUnavailable, GoldenpathError, ProviderUnavailable
from goldenpath.model.infrastructure import ExistingRecord, InfrastructurePlan
from goldenpath.model.plan import Plan, Step
from goldenpath.model.receipt import ApplyReceipt, StepOutcome, StepReceipt
from goldenpath.model.store import DesiredSecret, StoreRecord
from goldenpath.ports.infrastructure import InfrastructureWorkspace
from goldenpath.provision.agreement import Objection, is_agreed, objections
from goldenpath.provision.effects import Effect, EffectRunner, operation_token
from goldenpath.provision.executor import NOT_CONVERGED, close_open_entries
from goldenpath.provision.fence import HeldFence
from goldenpath.provision.observe import is_as_desired

HELD_UP = "terraform.held-up"
MARGIN_SECONDS = 60
"""For asking Terraform to stop and for its last calls."""

Recorded = Callable[[Sequence[Step]], AbstractContextManager[Callable[[str, str], None]]]
"""Opens an audit record per step; what it hands out marks a step (by request id) as failed with a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfrastructureResult:
    """The receipt, and what the tool said that it would do; None when it was not asked."""

    receipt: ApplyReceipt
    proposed: InfrastructurePlan | None


def lease_seconds(configured: float, command_timeout_seconds: float) -> float:
    """Return a lease in which one whole command fits even when half of it has passed, which is when it is taken anew."""
    return max(configured, 2 * (command_timeout_seconds + MARGIN_SECONDS))


def existing_records(plan: Plan) -> tuple[ExistingRecord, ...]:
    """Return the records that are ours and alive, for the tool to take over."""
    return tuple(
        ExistingRecord(
            request_id=step.request_id,
            name=step.observed.ref.path,
            has_policy=_has_policy(step.desired, step.observed),
            has_rotation=bool(step.observed.native_rotation and step.desired.native_rotation),
        )
        for step in plan.steps
        if step.desired is not None
        and step.observed is not None
        and step.observed.request_id == step.request_id
        and not step.observed.deletion_date
        and step.action != "blocked"
    )


class InfrastructureRun:
    """Carries out one plan.

    Args:
        plan: Ours, made under the fence that is held.
        runner: Writes the journal and the bookkeeping tags.
        fence: The right to write; held during the tool's whole apply.
        recorded: Opens the audit records of the steps.
        accept_drift: Request ids whose drift a person decided to overwrite.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        runner: EffectRunner,
        fence: HeldFence,
        recorded: Recorded,
        accept_drift: frozenset[str] = frozenset(),
    ) -> None:
        self._plan = plan
        self._runner = runner
        self._fence = fence
        self._recorded = recorded
        self._accept_drift = accept_drift

    @property
    def held_up(self) -> tuple[Objection, ...]:
        """What our own plan already refuses: the tool would do all or nothing, so it is not even asked."""
        waiting = (step for step in self._plan.steps if step.action in {"blocked", "drift"} and not is_agreed(step, self._accept_drift))
        return tuple(Objection(step.request_id, step.reason, step.detail) for step in waiting)

    def refuse(self, reasons: Sequence[Objection], proposed: InfrastructurePlan | None = None) -> InfrastructureResult:
        """Return the receipt of a run in which nothing was done."""
        by_id = {each.request_id: each for each in reversed(reasons)}
        pending = {step.request_id: _refusal(step, by_id) for step in self._pending(by_id)}
        others = tuple(_unowned(each) for each in by_id.values() if each.request_id not in pending)
        return self._result(pending, proposed, others=others)

    def carry_out(self, workspace: InfrastructureWorkspace) -> InfrastructureResult:
        """Let the tool plan, compare, apply, and look at what came of it.

        Raises:
            AuditUnavailable: a record could not be written; the run stops there.
            GoldenpathError: the tool could not plan; nothing was done.
        """
        proposed = workspace.plan()
        against = objections(self._plan, proposed, accept_drift=self._accept_drift)
        if against:
            return self.refuse(against, proposed)
        steps = [step for step in self._plan.steps if is_agreed(step, self._accept_drift)]
        unsettled = [step for step in self._plan.steps if step.action == "unchanged" and _needs_settling(step)]
        with self._recorded([*steps, *unsettled]) as failed:
            done = self._apply(workspace, steps, is_needed=bool(proposed.changes))
            for request_id, receipt in done.items():
                if receipt.outcome != "done":
                    failed(request_id, receipt.code)
            for step in unsettled:
                self._runner.run(self._effect(step))
        return self._result(done, proposed)

    def _apply(self, workspace: InfrastructureWorkspace, steps: Sequence[Step], *, is_needed: bool) -> dict[str, StepReceipt]:
        effects = [self._effect(step) for step in steps]
        for effect in effects:
            self._runner.intend(effect)
        error: GoldenpathError | None = None
        if is_needed:
            try:
                with self._fence.writing():
                    workspace.apply()
            except GoldenpathError as raised:
                if raised.code not in {"terraform.command-failed", "terraform.timeout"}:
                    raise
                error = raised
        return {step.request_id: self._confirmed(step, effect, error) for step, effect in zip(steps, effects, strict=True)}

    def _confirmed(self, step: Step, effect: Effect, error: GoldenpathError | None) -> StepReceipt:
        """Believe the store alone (R19): a record that is as wanted is done, however the tool's command ended."""
        found: StoreRecord | None = None
        try:
            found = self._runner.describe(effect.desired.ref)
            if is_as_desired(effect.desired, found):
                self._runner.run(effect)
                return _receipt(step, "done")
        except AuditUnavailable:
            raise
        except GoldenpathError as raised:
            return _receipt(step, "partial", raised.code, raised.message, is_retryable=isinstance(raised, ProviderUnavailable))
        if error is not None:
            outcome: StepOutcome = "partial" if _is_touched(step, found) else "failed"
            return _receipt(step, outcome, error.code, error.message, is_retryable=isinstance(error, ProviderUnavailable))
        return _receipt(step, "partial", NOT_CONVERGED, "the record is not as wanted after the apply; plan again")

    def _effect(self, step: Step) -> Effect:
        desired = _desired(step)
        action = "create" if step.action == "create" else "update"
        bookkeeping = self._runner.bookkeeping(desired)
        return Effect(
            action=action,
            token=operation_token(desired, action),
            desired=desired,
            send=lambda fence: self._runner.store.update(desired, bookkeeping=bookkeeping, fence=fence),
            is_done=lambda record: is_as_desired(desired, record) and _is_settled(desired, record),
        )

    def _pending(self, refused: Mapping[str, Objection]) -> list[Step]:
        return [step for step in self._plan.steps if step.request_id in refused or step.action in {"create", "update", "drift", "blocked"}]

    def _result(
        self, done: Mapping[str, StepReceipt], proposed: InfrastructurePlan | None, *, others: tuple[StepReceipt, ...] = ()
    ) -> InfrastructureResult:
        receipts = (*(done.get(step.request_id) or _left_alone(step) for step in self._plan.steps), *others)
        close_open_entries(self._runner, self._plan.environment, {receipt.request_id: receipt.outcome for receipt in receipts})
        receipt = ApplyReceipt(
            environment=self._plan.environment,
            commit=self._plan.commit,
            plan_digest=self._plan.digest,
            generation=self._fence.generation,
            steps=receipts,
            correlation_id=self._runner.correlation_id,
            mutating_calls=self._runner.mutating_calls,
        )
        return InfrastructureResult(receipt=receipt, proposed=proposed)


def _has_policy(desired: DesiredSecret, record: StoreRecord) -> bool:
    """Say whether a record has a policy; where that was not looked at, it is believed to be as it was left."""
    return bool(desired.policy) if "policy" in record.unobserved else bool(record.policy)


def _refusal(step: Step, by_id: Mapping[str, Objection]) -> StepReceipt:
    reason = by_id.get(step.request_id)
    if reason is not None:
        return _receipt(step, "refused", reason.code, reason.message)
    return _receipt(step, "refused", HELD_UP, "not tried: another part of the same Terraform plan was refused")


def _unowned(reason: Objection) -> StepReceipt:
    """Return the receipt for what is in the tool's plan and in none of our steps."""
    return StepReceipt(
        request_id=reason.request_id, ref="", action="terraform", outcome="refused", code=reason.code, message=reason.message
    )


def _left_alone(step: Step) -> StepReceipt:
    return _receipt(step, "skipped" if step.action == "orphan" else "already", step.reason, step.detail)


def _needs_settling(step: Step) -> bool:
    """Say whether a run died between the tool's apply and our bookkeeping: without that the next change would look like drift."""
    return step.desired is not None and not _is_settled(step.desired, step.observed)


def _is_settled(desired: DesiredSecret, record: StoreRecord | None) -> bool:
    return record is not None and record.applied_digests == desired.applied_digests


def _is_touched(step: Step, found: StoreRecord | None) -> bool:
    return found is not None and (step.observed is None or found.container != step.observed.container)


def _desired(step: Step) -> DesiredSecret:
    if step.desired is None:
        raise ValueError("a step that is carried out says what is wanted")
    return step.desired


def _receipt(step: Step, outcome: StepOutcome, code: str = "", message: str = "", *, is_retryable: bool = False) -> StepReceipt:
    subject = step.desired or step.observed
    return StepReceipt(
        request_id=step.request_id,
        ref=str(subject.ref) if subject else "",
        action=step.action,
        outcome=outcome,
        code=code,
        message=message,
        is_retryable=is_retryable,
    )
