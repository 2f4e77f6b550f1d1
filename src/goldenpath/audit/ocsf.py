"""Maps one record to one OCSF event (https://schema.ocsf.io, version 1.3.0): the words of a SIEM, nothing of ours lost.

Grants become Authorize Session, everything else API Activity. What OCSF has no member for stands under ``unmapped``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from goldenpath.audit.record import AuditRecord

VERSION: Final = "1.3.0"
API_ACTIVITY: Final = 6003
AUTHORIZE_SESSION: Final = 3003
_GRANT_PREFIX: Final = "grant."
_EMPTY: Final[tuple[Any, ...]] = ("", None, {}, [])
_ASSIGN_PRIVILEGES: Final = 1
_OTHER: Final = 99

_ACTIVITIES: Final = {
    1: ("Create", frozenset({"create", "put-version", "seed", "approve", "adopt", "segment-opened", "issue"})),
    2: ("Read", frozenset({"read", "get", "list", "reveal", "exec", "show", "export", "status", "trace", "verify"})),
    3: ("Update", frozenset({"update", "move-stage", "apply", "restore", "rotate", "commit", "deliver", "break", "renew", "recovered"})),
    4: ("Delete", frozenset({"delete", "schedule-deletion", "remove", "decommission", "revoke"})),
}
_USER_TYPES: Final = {"human": (1, "User"), "workload": (_OTHER, "workload"), "automation": (_OTHER, "automation")}
_STATUS: Final = {"success": (1, "Success"), "degraded": (1, "Success"), "denied": (2, "Failure"), "failed": (2, "Failure")}
_SEVERITY: Final = {"denied": (3, "Medium"), "failed": (2, "Low"), "degraded": (2, "Low")}


def ocsf_event(record: AuditRecord) -> dict[str, Any]:
    """Return the event as a plain tree, empty members left out."""
    is_grant = record.action.startswith(_GRANT_PREFIX)
    class_uid = AUTHORIZE_SESSION if is_grant else API_ACTIVITY
    activity_id, activity_name = (_ASSIGN_PRIVILEGES, "Assign Privileges") if is_grant else _activity(record.action)
    status_id, status = _STATUS.get(record.outcome, (0, "Unknown"))
    severity_id, severity = _SEVERITY.get(record.outcome, (1, "Informational"))
    event: dict[str, Any] = {
        "category_uid": class_uid // 1000,
        "category_name": "Identity & Access Management" if is_grant else "Application Activity",
        "class_uid": class_uid,
        "class_name": "Authorize Session" if is_grant else "API Activity",
        "activity_id": activity_id,
        "activity_name": activity_name,
        "type_uid": class_uid * 100 + activity_id,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "status_code": record.error_type,
        "status_detail": record.decision.reason,
        "time": _milliseconds(record.time),
        "metadata": _metadata(record),
        "unmapped": _unmapped(record),
    }
    if record.phase == "outcome":
        event["duration"] = record.duration_ms
    event |= _session_members(record) if is_grant else _api_members(record)
    return {name: item for name, member in event.items() if (item := _without_empty(member)) not in _EMPTY}


def _metadata(record: AuditRecord) -> dict[str, Any]:
    return {
        "version": VERSION,
        "product": {"name": "goldenpath", "vendor_name": "Goldenpath", "version": record.source.client_version},
        "uid": record.id,
        "sequence": record.seq,
        "correlation_uid": record.correlation_id or record.operation_id,
        "event_code": record.action,
        "log_name": "audit",
        "original_time": record.time,
    }


def _api_members(record: AuditRecord) -> dict[str, Any]:
    return {
        "actor": {"user": _user(record), "session": {"uid": record.actor.session_id}, "invoked_by": record.actor.on_behalf_of},
        "api": {
            "operation": record.action,
            "request": {"uid": record.operation_id},
            "service": {"name": "goldenpath"},
            "response": {"error": record.error_type},
        },
        "src_endpoint": {"ip": record.source.ip, "svc_name": record.source.user_agent or "goldenpath"},
        "http_request": {"user_agent": record.source.user_agent} if record.source.ip else {},
        "resources": [_resource(record)],
    }


def _session_members(record: AuditRecord) -> dict[str, Any]:
    return {
        "user": {"name": record.actor.on_behalf_of, "uid": record.actor.on_behalf_of} if record.actor.on_behalf_of else _user(record),
        "privileges": list(record.decision.roles) or [record.action],
        "session": {"uid": record.decision.grant_id or record.actor.session_id or record.operation_id},
        "actor": {"user": _user(record)},
        "src_endpoint": {"ip": record.source.ip, "svc_name": record.source.user_agent or "goldenpath"},
    }


def _user(record: AuditRecord) -> dict[str, Any]:
    type_id, type_name = _USER_TYPES[record.actor.kind]
    return {"uid": record.actor.id, "name": record.actor.display or record.actor.id, "type_id": type_id, "type": type_name}


def _resource(record: AuditRecord) -> dict[str, Any]:
    target = record.target
    return {
        "uid": target.backend_ref or target.intent_id,
        "name": target.intent_id,
        "type": target.backend,
        "version": target.version_id,
        "namespace": target.namespace,
        "data": {"service": target.service, "environment": target.environment, "fingerprint": target.fingerprint},
    }


def _unmapped(record: AuditRecord) -> dict[str, Any]:
    tree: dict[str, Any] = msgspec.to_builtins(record)
    ours = ("phase", "outcome", "operation_id", "decision", "details", "prev_hash", "hash", "key_id", "actor", "target")
    joins = ("trace_id", "repository", "change_id", "commit", "pipeline_run_id", "plan_digest", "sync_receipt_id", "backend_request_id")
    return {name: tree[name] for name in (*ours, *joins)}


def _activity(action: str) -> tuple[int, str]:
    verb = action.rpartition(".")[2]
    for activity_id, (name, verbs) in _ACTIVITIES.items():
        if verb in verbs:
            return activity_id, name
    return _OTHER, verb


def _milliseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = ((name, _without_empty(item)) for name, item in value.items())
        return {name: item for name, item in pairs if item not in _EMPTY}
    if isinstance(value, list):
        return [item for item in map(_without_empty, value) if item not in _EMPTY]
    return value
