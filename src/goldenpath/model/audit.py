"""The audit record (CONVENTIONS 2.4): who did what to which secret, why it was allowed, and how it ended. Never a value."""

from __future__ import annotations

from typing import Literal

from goldenpath.model.base import Record

ActorKind = Literal["human", "workload", "automation"]
Phase = Literal["intent", "outcome"]
Outcome = Literal["success", "denied", "failed", "degraded", ""]


class Actor(Record, frozen=True, kw_only=True):
    """Who acts."""

    id: str
    kind: ActorKind = "human"
    display: str = ""
    auth_method: str = ""
    session_id: str = ""
    on_behalf_of: str = ""


class Source(Record, frozen=True, kw_only=True):
    """Where the call came from."""

    ip: str = ""
    user_agent: str = ""
    client_version: str = ""


class Target(Record, frozen=True, kw_only=True):
    """What the action is about. ``fingerprint`` is keyed and truncated."""

    intent_id: str = ""
    service: str = ""
    environment: str = ""
    backend: str = ""
    backend_ref: str = ""
    version_id: str = ""
    fingerprint: str = ""
    namespace: str = ""
    k8s_secret: str = ""


class ApprovalRef(Record, frozen=True, kw_only=True):
    """One approval that the decision rests on."""

    actor: str
    time: str
    plan_digest: str


class AuditDecision(Record, frozen=True, kw_only=True):
    """Why the action was allowed or not."""

    allowed: bool = True
    rules: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    waivers: tuple[str, ...] = ()
    approvals: tuple[ApprovalRef, ...] = ()
    grant_id: str = ""
    reason: str = ""
    ticket: str = ""


class Joins(Record, frozen=True, kw_only=True):
    """Keys that join the record to other systems' records."""

    correlation_id: str = ""
    trace_id: str = ""
    repository: str = ""
    change_id: str = ""
    commit: str = ""
    pipeline_run_id: str = ""
    plan_digest: str = ""
    sync_receipt_id: str = ""
    backend_request_id: str = ""


class AuditEvent(Record, frozen=True, kw_only=True):
    """The content of one record, before the log adds identity and chain.

    ``details`` holds small, safe facts (counts, paths); anything derived from a value goes through the log's keyed hash first.
    """

    phase: Phase
    action: str
    operation_id: str
    actor: Actor
    target: Target = Target()
    outcome: Outcome = ""
    error_type: str = ""
    duration_ms: int = 0
    source: Source = Source()
    decision: AuditDecision = AuditDecision()
    joins: Joins = Joins()
    details: tuple[tuple[str, str], ...] = ()
