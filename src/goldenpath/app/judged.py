"""A pull request after the gate: what each of the three commit statuses says, and what a page about it needs. Holds results only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from goldenpath.app.check import CheckResult
from goldenpath.app.preview import PreviewResult
from goldenpath.errors import GoldenpathError
from goldenpath.model.counting import counted
from goldenpath.model.finding import ApprovalNeed, Finding
from goldenpath.model.forge import PullRequest, StatusState
from goldenpath.policy.waivers import ListedWaiver

POLICY: Final = "goldenpath/policy"
PREVIEW: Final = "goldenpath/preview"
APPROVAL: Final = "goldenpath/approval"
CONTEXTS: Final = (POLICY, PREVIEW, APPROVAL)
"""The commit statuses, in the order in which they are set: the last one is the last to turn green."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One commit status. ``summary`` is our own sentence with names of roles and teams; the forge cuts it where it is too long."""

    name: str
    state: StatusState
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A pull request and what the gate says about it, by the rules of the base. ``waivers`` are the exceptions that it used.

    ``fault`` says why there is no preview of a change that blocks: one that clashes with the base has none.
    """

    pull: PullRequest
    preview: PreviewResult
    waivers: tuple[ListedWaiver, ...] = ()
    fault: GoldenpathError | None = None

    @property
    def check(self) -> CheckResult:
        """The gate's word."""
        return self.preview.check

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, those about the approvers file included."""
        return (*self.check.verdict.findings, *self.check.approvals.problems)

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """The commit statuses."""
        return (_policy(self.check), _preview(self.preview, self.fault), _approval(self.check))


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestFault:
    """A pull request that could not be judged: it blocks (R15)."""

    pull: PullRequest
    error: GoldenpathError

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """The commit statuses: none is green."""
        return tuple(Concern(name=name, state="error", summary=f"could not be judged: {self.error.code}") for name in CONTEXTS)


def waiting_concerns() -> tuple[Concern, ...]:
    """Return the statuses while a pull request is being judged: whatever was green before is not any more."""
    return tuple(Concern(name=name, state="pending", summary="being judged") for name in CONTEXTS)


def _policy(check: CheckResult) -> Concern:
    blocking = [finding for finding in check.verdict.findings if finding.is_blocking]
    if blocking:
        rules = ", ".join(sorted({finding.rule for finding in blocking}))
        return Concern(name=POLICY, state="failure", summary=f"{counted(len(blocking), 'finding')} must be resolved: {rules}")
    if not check.change.requests and not check.change.governance_paths:
        return Concern(name=POLICY, state="success", summary="nothing governed changes")
    warnings = sum(finding.level == "warn" and not finding.waived_by for finding in check.verdict.findings)
    return Concern(name=POLICY, state="success", summary="passes" + (f" with {counted(warnings, 'warning')}" if warnings else ""))


def _preview(preview: PreviewResult, fault: GoldenpathError | None) -> Concern:
    if fault is not None:
        return Concern(name=PREVIEW, state="error", summary=f"there is none while the change is blocked: {fault.code}")
    signs = [change.before is None for change in preview.check.change.requests]
    files = sum(len(each.files) for each in preview.environments)
    told = f"{counted(sum(signs), 'new request')}, {len(signs) - sum(signs)} changed, {counted(files, 'generated file')}"
    return Concern(name=PREVIEW, state="success", summary=told)


def _approval(check: CheckResult) -> Concern:
    """A change that blocks is not approved either: what would be approved has to change first."""
    approvals = check.approvals
    if not approvals.is_satisfied:
        return Concern(name=APPROVAL, state="pending", summary=f"missing: {_names(approvals.missing)}")
    if check.verdict.is_blocked:
        return Concern(name=APPROVAL, state="pending", summary="what blocks has to be resolved first")
    if not check.verdict.needs:
        return Concern(name=APPROVAL, state="success", summary="none needed")
    return Concern(name=APPROVAL, state="success", summary=f"given by {', '.join(met.person for met in approvals.met)}")


def _names(needs: Sequence[ApprovalNeed]) -> str:
    return ", ".join(need.owner or need.role for need in needs)
