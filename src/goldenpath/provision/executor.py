"""Plan → ApplyReceipt. Each step stands alone: one that fails is reported, and the others are done.

Running twice, late, or after a killed run ends in the same state (R17). Drift, blocked records and orphans are reported and left
alone; only drift that a person accepted by request id is overwritten (R24).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from goldenpath.errors import (
    AccessDenied,
    AuditUnavailable,
    Conflict,
    GoldenpathError,
    PolicyBlocked,
    ProviderRefused,
    ProviderUnavailable,
)
from goldenpath.model.plan import Plan, Step
from goldenpath.model.receipt import ApplyReceipt, StepOutcome, StepReceipt
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import DesiredSecret, StoreRecord
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.journal import Journal
from goldenpath.ports.store import Store
from goldenpath.provision.effects import Effect, EffectRunner, operation_token
from goldenpath.provision.fence import HeldFence
from goldenpath.provision.observe import is_as_desired, require_account
from goldenpath.provision.retry import DEADLINE, Retrier

Progress = Callable[[StepReceipt], None]

PROVIDER_CHANGED = "plan.provider-changed"
NOT_CONVERGED = "provision.not-converged"
JOURNALLED_ACTIONS = frozenset({"create", "update", "adopt", "restore"})
_REFUSALS = (AccessDenied, Conflict, PolicyBlocked, ProviderRefused)
_RUN_ENDING = frozenset({DEADLINE, "store.fenced-out", "store.writer-active"})
"""After one of these no further step can succeed, so none is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionLimits:
    """``workers`` steps at a time; ``deadline_seconds`` for the whole run.

    ``retry_limit`` is how often one call is tried again at most; None leaves it to the deadline.
    """

    workers: int = 1
    deadline_seconds: float = 1800.0
    retry_limit: int | None = None


def execute(
    plan: Plan,
    *,
    store: Store,
    fence: HeldFence,
    journal: Journal,
    clock: Clock,
    entropy: Entropy,
    correlation_id: str,
    accept_drift: frozenset[str] = frozenset(),
    progress: Progress | None = None,
    limits: ExecutionLimits | None = None,
) -> ApplyReceipt:
    """Do what the plan says and return the proof.

    Args:
        plan: One environment's plan; the caller checked that it is fresh and approved.
        store: The store that the plan was made on.
        fence: The right to write in the plan's environment.
        journal: Where intents and outcomes go.
        clock: Time and waiting.
        entropy: Jitter of retries.
        correlation_id: Joins this run to its records elsewhere.
        accept_drift: Request ids whose drift a person decided to overwrite.
        progress: Called with each receipt, in plan order.
        limits: Threads and deadline.

    Raises:
        AccessDenied: ``provision.wrong-account`` when the store is not the one of the plan; nothing was written.
        Conflict: ``provision.other-environment`` when the fence is for another environment.
        AuditUnavailable: from an audited store; the run stops at once (R50).
    """
    limits = limits or ExecutionLimits()
    if fence.environment != plan.environment:
        raise Conflict("provision.other-environment", f"the fence is for {fence.environment}", subject=plan.environment)
    retrier = Retrier(clock=clock, entropy=entropy, deadline_seconds=limits.deadline_seconds, retry_limit=limits.retry_limit)
    require_account(store, plan.account, environment=plan.environment, retrier=retrier)
    runner = EffectRunner(
        store=store,
        fence=fence,
        journal=journal,
        clock=clock,
        retrier=retrier,
        commit=plan.commit,
        correlation_id=correlation_id,
    )
    run = _Run(runner, accept_drift)
    receipts = []
    for receipt in _each(run, plan.steps, limits.workers):
        receipts.append(receipt)
        if progress is not None:
            progress(receipt)
    close_open_entries(runner, plan.environment, {receipt.request_id: receipt.outcome for receipt in receipts})
    return ApplyReceipt(
        environment=plan.environment,
        commit=plan.commit,
        plan_digest=plan.digest,
        generation=fence.generation,
        steps=tuple(receipts),
        correlation_id=correlation_id,
        mutating_calls=runner.mutating_calls,
    )


def close_open_entries(runner: EffectRunner, environment: str, outcomes: dict[str, StepOutcome]) -> None:
    """Settle what killed runs left open: what the store shows is done; what no request asks for any more never will be."""
    for entry in list(runner.journal.unfinished(environment)):
        if entry.action not in JOURNALLED_ACTIONS:
            continue
        outcome = outcomes.get(entry.request_id)
        if outcome in {"done", "already"}:
            runner.close_entry(entry, "done", "confirmed by reading the store")
        elif outcome is None:
            runner.close_entry(entry, "failed", "no request asks for it any more")


def _each(run: _Run, steps: tuple[Step, ...], workers: int) -> Iterator[StepReceipt]:
    if workers <= 1:
        yield from (run.step(step) for step in steps)
        return
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="apply")
    try:
        yield from pool.map(run.step, steps)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Run:
    """What becomes of each kind of step."""

    def __init__(self, runner: EffectRunner, accept_drift: frozenset[str]) -> None:
        self._runner = runner
        self._accept_drift = accept_drift
        self._ended_by: GoldenpathError | None = None

    def step(self, step: Step) -> StepReceipt:
        """Do one step and return its receipt; only a missing audit log stops the run."""
        try:
            return self._do(step)
        except AuditUnavailable:
            raise
        except GoldenpathError as error:
            if error.code in _RUN_ENDING:
                self._ended_by = error
            return self._failed(step, error)

    def _do(self, step: Step) -> StepReceipt:
        if step.action == "unchanged":
            return _receipt(step, "already", code=step.reason, message=step.detail)
        if step.action == "orphan":
            return _receipt(step, "skipped", code=step.reason, message=step.detail)
        if step.action == "blocked" or (step.action == "drift" and step.request_id not in self._accept_drift):
            return _receipt(step, "refused", code=step.reason, message=step.detail)
        if self._ended_by is not None:
            return _receipt(step, "failed", error=self._ended_by, message="not tried: the run ended before this step")
        return self._create(step) if step.action == "create" else self._update(step)

    def _create(self, step: Step) -> StepReceipt:
        desired = _desired(step)
        token = operation_token(desired, "create")
        bookkeeping = self._runner.bookkeeping(desired)
        effect = Effect(
            action="create",
            token=token,
            desired=desired,
            send=lambda fence: self._runner.store.create(desired, bookkeeping=bookkeeping, token=token, fence=fence),
        )
        try:
            record = self._runner.run(effect)
        except Conflict as error:
            if error.code == "store.record-exists" and is_as_desired(desired, self._runner.describe(desired.ref)):
                return _receipt(step, "already", message="another run created it meanwhile")
            raise
        return _checked(step, record)

    def _update(self, step: Step) -> StepReceipt:
        desired = _desired(step)
        found = self._runner.describe(desired.ref)
        if is_as_desired(desired, found):
            return _receipt(step, "already", message="another run changed it meanwhile")
        if found is None or step.observed is None or not found.has_container_of(step.observed):
            return _receipt(step, "refused", code=PROVIDER_CHANGED, message="the record changed since the plan was made")
        bookkeeping = self._runner.bookkeeping(desired)
        effect = Effect(
            action="update",
            token=operation_token(desired, "update"),
            desired=desired,
            send=lambda fence: self._runner.store.update(desired, bookkeeping=bookkeeping, fence=fence),
        )
        return _checked(step, self._runner.run(effect))

    def _failed(self, step: Step, error: GoldenpathError) -> StepReceipt:
        outcome: StepOutcome = "refused" if isinstance(error, _REFUSALS) else "failed"
        if not isinstance(error, Conflict) and self._left_something(step):
            outcome = "partial"
        return _receipt(step, outcome, error=error, message=error.message)

    def _left_something(self, step: Step) -> bool:
        """Say whether the failed step changed the record all the same; unknown counts as no, the next plan looks again."""
        before = step.observed
        try:
            found = self._runner.store.describe(_desired(step).ref)
        except AuditUnavailable:
            raise
        except GoldenpathError:
            return False
        if found is None or found.request_id != step.request_id:
            return False
        return before is None or not found.has_container_of(before)


def _checked(step: Step, record: StoreRecord) -> StepReceipt:
    """Believe the store's answer only when it shows what was asked for (R19: looked at again after the write)."""
    if is_as_desired(_desired(step), record):
        return _receipt(step, "done")
    return _receipt(step, "partial", code=NOT_CONVERGED, message="the record is not as wanted after the write; plan again")


def _desired(step: Step) -> DesiredSecret:
    if step.desired is None:
        raise Conflict("plan.unreadable", f"a step to {step.action} says nothing about what is wanted", subject=step.request_id)
    return step.desired


def _ref(step: Step) -> SecretRef | None:
    subject = step.desired or step.observed
    return subject.ref if subject else None


def _receipt(step: Step, outcome: StepOutcome, *, code: str = "", message: str = "", error: GoldenpathError | None = None) -> StepReceipt:
    return StepReceipt(
        request_id=step.request_id,
        ref=str(_ref(step) or ""),
        action=step.action,
        outcome=outcome,
        code=error.code if error else code,
        message=message,
        is_retryable=isinstance(error, ProviderUnavailable),
    )
