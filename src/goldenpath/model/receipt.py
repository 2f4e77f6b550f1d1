"""Proof of what was done."""

from __future__ import annotations

from typing import Literal

from goldenpath.model.base import Record

StepOutcome = Literal["done", "already", "skipped", "failed", "refused", "partial"]


class StepReceipt(Record, frozen=True, kw_only=True):
    """What became of one step. ``code`` is the error code of a failure; ``is_retryable`` says that running again is all it needs."""

    request_id: str
    ref: str
    action: str
    outcome: StepOutcome
    code: str = ""
    message: str = ""
    version_id: str = ""
    is_retryable: bool = False


class ApplyReceipt(Record, frozen=True, kw_only=True):
    """What one apply did in one environment. ``is_complete`` is False when a rerun is needed."""

    environment: str
    commit: str
    plan_digest: str
    generation: int
    steps: tuple[StepReceipt, ...]
    correlation_id: str
    mutating_calls: int = 0

    @property
    def is_complete(self) -> bool:
        """True when nothing failed, was refused or is partial."""
        return not self.unfinished

    @property
    def unfinished(self) -> tuple[StepReceipt, ...]:
        """The steps that failed, were refused or are partial."""
        return tuple(step for step in self.steps if step.outcome not in {"done", "already", "skipped"})

    @property
    def needs_only_a_rerun(self) -> bool:
        """True when all that is unfinished is so because a store, a disk or the time was not there."""
        return all(step.is_retryable for step in self.unfinished)


class DeliveryReceipt(Record, frozen=True, kw_only=True):
    """What was committed to the GitOps repository; ``commit`` is empty when every byte was already there.

    ``drift`` names generated files that were changed by hand and, with the drift accepted, overwritten.
    """

    repository: str
    branch: str
    commit: str
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    drift: tuple[str, ...] = ()
