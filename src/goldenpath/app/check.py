"""The gate: read the change, judge it with the rules of the base, count its approvals. Pull request and apply ask the same code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from goldenpath.app.change import read_change
from goldenpath.app.context import gate_context
from goldenpath.app.evidence import NOTHING, EvidenceDesk, Gather, Question
from goldenpath.app.places import with_places
from goldenpath.app.proposed import proposed_faults
from goldenpath.app.revision import Governance, read_governance
from goldenpath.app.services import Services
from goldenpath.app.unique import conflicts_with_base
from goldenpath.model.approval import Approval
from goldenpath.model.change import Change
from goldenpath.model.finding import Finding, Verdict
from goldenpath.model.request import SecretRequest
from goldenpath.policy.approvals import ApprovalResult, evaluate
from goldenpath.policy.gate import judge
from goldenpath.ports.repository import RepositoryReader
from goldenpath.projection.access_table import check_access
from goldenpath.projection.role_lint import check_roles
from goldenpath.projection.stores import find_unprojected


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What the gate says about one change. ``base`` is the commit whose rules judged it.

    ``hands`` are the logins of those who had a hand in it, as the forge knows them.
    """

    base: str
    governance: Governance
    change: Change
    verdict: Verdict
    approvals: ApprovalResult
    hands: tuple[str, ...] = ()

    @property
    def is_approved(self) -> bool:
        """True when nothing blocks and every needed approval is there."""
        return not self.verdict.is_blocked and self.approvals.is_satisfied

    @property
    def counted(self) -> tuple[Approval, ...]:
        """The approvals that count."""
        return self.approvals.counted


def check_change(services: Services, *, base: str, head: str) -> CheckResult:
    """Judge ``base...head`` for a pull request: rules, uniqueness over the whole base catalog, approvals.

    Raises:
        NotFound: a ref or the merge base is missing (R15: that is no pass).
        Misconfigured: the base's governance cannot be read.
    """
    reader = services.repository()
    base_commit, head_commit = reader.resolve(base), reader.resolve(head)
    gather = EvidenceDesk(services).gather
    result = judge_range(reader, gather, base=base_commit, head=head_commit, today=services.clock.now().date())
    found = conflicts_with_base(reader, result.governance, result.change, cache=services.index_file())
    return CheckResult(
        base=result.base,
        governance=result.governance,
        change=result.change,
        verdict=Verdict(findings=with_places(reader, head_commit, (*result.verdict.findings, *found)), needs=result.verdict.needs),
        approvals=result.approvals,
        hands=result.hands,
    )


def judge_range(reader: RepositoryReader, gather: Gather, *, base: str, head: str, today: date, merged: str = "") -> CheckResult:
    """Judge one range of commits by itself; ``base`` empty means from nothing, judged by the head's own governance.

    ``merged`` is the commit that brought it to the protected branch; empty before that. Where nobody has to agree, nobody is asked.
    Uniqueness over the whole catalog is left to the caller, who may already hold the catalog.
    """
    governance = read_governance(reader, base or head)
    read = read_change(reader, governance, base=base, head=head)
    context = gate_context(reader, governance, read.change, today=today)
    faults = (*read.findings, *proposed_faults(reader, governance, read.change), *_projection_faults(read.change, governance))
    verdict = _with(judge(read.change, context), faults)
    question = Question(governance=governance, change=read.change, needs=verdict.needs, base=base, merged=merged)
    evidence = gather(question) if verdict.needs else NOTHING
    return CheckResult(
        base=base,
        governance=governance,
        change=read.change,
        verdict=verdict,
        approvals=evaluate(
            verdict.needs, evidence.approvals, governance.approvers, read.change, is_merged=bool(merged), hands=evidence.hands
        ),
        hands=evidence.hands,
    )


def _projection_faults(change: Change, governance: Governance) -> tuple[Finding, ...]:
    """Return what is wrong with the access policies that the change would generate, and which requests reach no cluster."""
    requests = [each.after for each in change.requests if each.after is not None]
    access = [finding for request in requests for finding in check_access(request, settings=governance.settings)]
    return (*access, *_role_faults(requests, governance), *find_unprojected(requests))


def _role_faults(requests: list[SecretRequest], governance: Governance) -> list[Finding]:
    providers: dict[str, set[str]] = {}
    for request in requests:
        providers.setdefault(request.environment, set()).add(request.spec.provider)
    return [
        finding
        for environment, used in sorted(providers.items())
        for finding in check_roles(environment, settings=governance.settings, providers=used)
    ]


def _with(verdict: Verdict, more: tuple[Finding, ...]) -> Verdict:
    if not more:
        return verdict
    return Verdict(findings=tuple(sorted((*verdict.findings, *more), key=lambda finding: finding.sort_key)), needs=verdict.needs)
