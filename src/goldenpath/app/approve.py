"""Sign off a change: check first, sign a statement that binds its digest (R12), and write it only when it counts."""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.app.check import CheckResult, check_change
from goldenpath.app.evidence import read_note
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.errors import AccessDenied, InvalidIntent, PolicyBlocked
from goldenpath.model.approval import Approval, ApprovalStatement, Person
from goldenpath.model.audit import AuditDecision, Target
from goldenpath.model.base import canonical_bytes
from goldenpath.model.change import EFFECTS_VERSION
from goldenpath.model.instant import to_text
from goldenpath.model.statement import STATEMENT_VERSION
from goldenpath.policy.approvals import evaluate, person_with_email


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The approval as written, and where the change stands after it. ``object_id`` is empty when the same person had approved before."""

    statement: ApprovalStatement
    object_id: str
    after: CheckResult


def approve_change(services: Services, *, base: str, head: str, signing_key: str, name: str, email: str) -> Signed:
    """Approve ``base...head`` in the name of the person whose address is ``email``, with their SSH key; once is enough.

    Raises:
        InvalidIntent: ``approval.nothing-changes`` for a range without a request or a steering file, as after its merge;
            ``approval.reviews-only`` where the base counts reviews on its forge and no statements.
        PolicyBlocked: ``approval.change-blocked`` when the gate blocks; nobody can approve that.
        AccessDenied: ``approval.not-eligible`` with the reason (unknown, bot, author), ``approval.key-unknown`` when the key is not theirs.
            Nothing was written.
    """
    before = check_change(services, base=base, head=head)
    _refuse_unchanged(before, base, head)
    _refuse_reviews_only(before)
    person = person_with_email(before.governance.approvers, email)
    given = next((each for each in before.counted if person is not None and each.statement.approver == person.id), None)
    if given is not None:
        return Signed(statement=given.statement, object_id="", after=before)
    statement = _statement(services, before, person.id if person else "")
    joins = joins_of(services, commit=before.change.head, plan_digest=before.change.digest)
    decision = AuditDecision(allowed=person is not None, roles=person.roles if person else ())
    target = Target(intent_id=",".join(change.id for change in before.change.requests[:20]))
    with open_trail(services).operation("change.approve", target=target, decision=decision, joins=joins):
        _refuse_blocked(before, base, head)
        _refuse_ineligible(before, statement, person, email, ask=f"goldenpath policy check --base {base} --head {head}")
        notes, commit = services.notes(), before.change.head
        signed = notes.sign(commit, canonical_bytes(statement), signing_key=signing_key, name=name, email=email)
        _refuse_uncounted(before, read_note(notes, before.governance, signed))
        object_id = notes.add(commit, signed, name=name, email=email)
    return Signed(statement=statement, object_id=object_id, after=check_change(services, base=base, head=head))


def _statement(services: Services, result: CheckResult, approver: str) -> ApprovalStatement:
    return ApprovalStatement(
        schema_version=STATEMENT_VERSION,
        change_digest=result.change.digest,
        content_digest=result.change.content_digest,
        effects_digest=result.change.effects_digest,
        effects_version=EFFECTS_VERSION,
        head=result.change.head,
        merge_base=result.change.merge_base,
        approver=approver,
        time=to_text(services.clock.now()),
        correlation_id=services.correlation_id,
    )


def _refuse_blocked(result: CheckResult, base: str, head: str) -> None:
    blocking = [finding for finding in result.verdict.findings if finding.is_blocking]
    if blocking:
        raise PolicyBlocked(
            "approval.change-blocked",
            f"the gate blocks this change (findings: {len(blocking)}, first: {blocking[0].message}); nobody can approve it",
            subject=blocking[0].subject,
            hint=f"goldenpath policy check --base {base} --head {head}",
        )


def _refuse_unchanged(result: CheckResult, base: str, head: str) -> None:
    if not result.change.requests and not result.change.governance_paths:
        raise InvalidIntent(
            "approval.nothing-changes",
            f"{head} changes no request and no steering file that {base} does not have already, so there is nothing to approve",
            subject=result.change.head[:12],
            hint="when it is merged already, name the range that goldenpath apply asks for: --base BEFORE-THE-MERGE --head BRANCH",
        )


def _refuse_reviews_only(result: CheckResult) -> None:
    if not result.governance.settings.approvals.counts_notes:
        raise InvalidIntent(
            "approval.reviews-only",
            "here reviews on the forge count, and signed statements do not (approvals.source: reviews)",
            subject=result.change.head[:12],
            hint="approve the pull request on the forge, with the account that the approvers file lists for you",
        )


def _refuse_ineligible(result: CheckResult, statement: ApprovalStatement, person: Person | None, email: str, *, ask: str) -> None:
    if person is None:
        raise AccessDenied(
            "approval.not-eligible",
            f"{email} is nobody in {result.governance.settings.governance.approvers} of the base",
            subject=email,
            hint="set git's user.email to the address in the approvers file, or have yourself added there",
        )
    reason = _why_uncounted(result, Approval(statement=statement, is_valid=True))
    if reason:
        reason = f"this approval would not count: {reason}"
        raise AccessDenied("approval.not-eligible", reason, subject=person.id, hint=f"{ask} says who can approve")


def _refuse_uncounted(result: CheckResult, approval: Approval) -> None:
    """Refuse an approval that does not verify: the key is not one that the base lists for this person."""
    reason = _why_uncounted(result, approval)
    if reason:
        raise AccessDenied(
            "approval.key-unknown",
            f"the approval would not count and was not written: {reason}",
            subject=approval.statement.approver,
            hint="sign with a key that the approvers file of the base lists for you (--key)",
        )


def _why_uncounted(result: CheckResult, approval: Approval) -> str:
    trial = evaluate(result.verdict.needs, [approval], result.governance.approvers, result.change, hands=result.hands)
    return trial.rejected[0].reason if trial.rejected else ""
