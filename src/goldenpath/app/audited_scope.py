"""The store of one scope with what its records say: which request, which approvals, which waivers."""

from __future__ import annotations

from goldenpath.app.audited import AuditedStore, Subject
from goldenpath.app.desired import StoreScope
from goldenpath.app.ready import Ready
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail, target_of
from goldenpath.model.audit import ApprovalRef, AuditDecision
from goldenpath.model.naming import store_ref
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretRef


def audited_scope(services: Services, ready: Ready, scope: StoreScope) -> AuditedStore:
    """Return the store of ``scope``; whatever it changes is recorded with the request behind it and why it is allowed."""
    prefix = ready.governance.settings.naming.prefix
    subjects: dict[SecretRef, Subject] = {
        store_ref(request, prefix=prefix): Subject(
            target=target_of(request, prefix=prefix),
            joins=joins_of(services, request, commit=ready.commit),
            decision=_decision(ready, request),
        )
        for request in scope.requests
    }
    return AuditedStore(services.store(scope.environment, scope.provider), open_trail(services), subjects)


def _decision(ready: Ready, request: SecretRequest) -> AuditDecision:
    statements = [approval.statement for approval in ready.approvals.get(request.id, ())]
    return AuditDecision(
        approvals=tuple(ApprovalRef(actor=each.approver, time=each.time, plan_digest=each.change_digest) for each in statements),
        waivers=tuple(sorted({finding.waived_by for finding in ready.warnings if finding.subject == request.id and finding.waived_by})),
    )
