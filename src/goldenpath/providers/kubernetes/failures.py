"""The API server's way to say no, in the words of our one exception family.

A Status carries free text that can repeat the object, so it is dropped. What stays is the HTTP status, the reason from Kubernetes' closed
list, the audit id with which whoever runs the cluster finds the rest, and for a conflict the names of managers and fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from goldenpath.errors import AccessDenied, Conflict, GoldenpathError, NotFound, ProviderRefused, ProviderUnavailable, Unauthenticated
from goldenpath.model.cluster import Kind, ObjectRef
from goldenpath.providers.kubernetes.transport import Reply, unavailable

RETRY_SECONDS: Final = 1.0
RETRY_AFTER_MAX_SECONDS: Final = 300.0
_SERVER_FAULT: Final = 500
_SHOWN_FIELDS: Final = 5
_REASON: Final = re.compile(r"[A-Z][A-Za-z]{1,63}")
_AUDIT_ID: Final = re.compile(r"[0-9a-f-]{1,64}")
_MANAGER: Final = re.compile(r'conflict with "([A-Za-z0-9][A-Za-z0-9._/@ -]{0,127})"')
_STEP: Final = re.compile(r"\.([A-Za-z0-9_][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_-]{1,63})*)|\[[^\]]*\]")


class Errand(NamedTuple):
    """What was to be done, for messages: RBAC's verb, the kind, and where."""

    verb: str
    kind: Kind
    namespace: str = ""
    name: str = ""

    @property
    def subject(self) -> str:
        """What it is about."""
        if self.name:
            return str(ObjectRef(kind=self.kind.name, namespace=self.namespace, name=self.name))
        return f"{self.kind} in {self.namespace}" if self.namespace else str(self.kind)


class Cause(NamedTuple):
    """One cause of a Status. ``field`` can name parts of an object and is never shown as it is."""

    reason: str
    field: str
    text: str


class Status(NamedTuple):
    """What a Status says, as far as a decision may depend on it. ``is_status`` is False for anything else that came back."""

    reason: str = ""
    name: str = ""
    kind: str = ""
    causes: tuple[Cause, ...] = ()
    is_status: bool = False


def status_of(tree: Any) -> Status:
    """Return a Status; an empty one for anything else."""
    if not isinstance(tree, dict) or tree.get("kind") != "Status":
        return Status()
    details = tree.get("details")
    details = details if isinstance(details, dict) else {}
    listed = details.get("causes")
    causes = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return Status(
        reason=_matching(_REASON, tree.get("reason")),
        name=str(details.get("name") or ""),
        kind=str(details.get("kind") or ""),
        causes=tuple(Cause(*(str(each.get(part) or "") for part in ("reason", "field", "message"))) for each in causes),
        is_status=True,
    )


def body_of(reply: Reply) -> Any:
    """Return an answer's JSON; None for what is none."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def failure(reply: Reply, errand: Errand) -> GoldenpathError:
    """Return our error for an answer that is no success."""
    status = status_of(body_of(reply))
    said = _said(status, reply, errand)
    if reply.status >= _SERVER_FAULT:
        return unavailable(said, subject=errand.subject, retry_after_seconds=retry_after(reply) or RETRY_SECONDS)
    return _REFUSALS.get(reply.status, _refused)(status, errand, said, reply)


def refused(reply: Reply, errand: Errand) -> GoldenpathError:
    """Return the error for what the API server does not take, whatever status it says that with."""
    status = status_of(body_of(reply))
    return _refused(status, errand, _said(status, reply, errand), reply)


def retry_after(reply: Reply) -> float | None:
    """Return how long the server asks to wait, in seconds; None when it does not say."""
    text = reply.headers.get("Retry-After", "")
    return min(float(text), RETRY_AFTER_MAX_SECONDS) if text.isascii() and text.isdigit() else None


def object_missing(errand: Errand) -> NotFound:
    """Return the error for an object that has to be there and is not."""
    hint = "goldenpath trace shows how far the secret came"
    return NotFound("cluster.object-missing", "the object is not in the cluster", subject=errand.subject, hint=hint)


def object_changed(errand: Errand, said: str = "the object changed meanwhile") -> Conflict:
    """Return the error for a lost race."""
    hint = "somebody else wrote it; look again and run the command again"
    return Conflict("cluster.object-changed", said, subject=errand.subject, hint=hint)


def watch_expired(errand: Errand) -> Conflict:
    """Return the error for a watch that is too old to go on."""
    return Conflict("cluster.watch-expired", "the version to watch from is gone", subject=errand.subject, hint="list again")


def _unauthenticated(_status: Status, errand: Errand, said: str, _reply: Reply) -> GoldenpathError:
    hint = "log in again as your cluster wants it (kubectl auth whoami shows what it sees), then run the same command again"
    return Unauthenticated("cluster.unauthenticated", said, subject=errand.subject, hint=hint)


def _forbidden(status: Status, errand: Errand, said: str, _reply: Reply) -> GoldenpathError:
    if any(cause.reason == "NamespaceTerminating" for cause in status.causes):
        hint = "wait until it is gone, or choose another"
        return ProviderRefused("cluster.refused", f"the namespace {errand.namespace} is being deleted", subject=errand.subject, hint=hint)
    plural = f"{errand.kind.plural}.{errand.kind.group}" if errand.kind.group else errand.kind.plural
    where = f" in {errand.namespace}" if errand.namespace else " in all namespaces" if errand.kind.is_namespaced else ""
    return AccessDenied(
        "cluster.forbidden",
        f"these credentials may not {errand.verb} {plural}{where} ({said})",
        subject=errand.subject,
        hint=f"RBAC, a quota or an admission policy says so; kubectl auth can-i {errand.verb} {plural} asks RBAC",
    )


def _missing(status: Status, errand: Errand, _said: str, _reply: Reply) -> GoldenpathError:
    if not status.name:
        return NotFound(
            "cluster.kind-missing",
            f"the cluster does not serve {errand.kind} at {errand.kind.api_version}",
            subject=errand.kind.name,
            hint="goldenpath doctor --cluster says which versions are served and what to set",
        )
    if status.kind == "namespaces" and errand.kind.name != "Namespace":
        said = f"the namespace {errand.namespace} is not in the cluster"
        return NotFound("cluster.object-missing", said, subject=errand.subject, hint="create the namespace, or correct the request")
    return object_missing(errand)


def _conflict(status: Status, errand: Errand, _said: str, _reply: Reply) -> GoldenpathError:
    causes = [cause for cause in status.causes if cause.reason == "FieldManagerConflict"]
    if not causes:
        return object_changed(errand)
    owned: dict[str, list[str]] = {}
    for cause in causes:
        found = _MANAGER.match(cause.text)
        owned.setdefault(found[1] if found else "another manager", []).append(field_name(cause.field))
    return Conflict(
        "cluster.field-conflict",
        "; ".join(f"{manager} owns {_listed(sorted(set(fields)))}" for manager, fields in sorted(owned.items())),
        subject=errand.subject,
        hint="let one of the two manage the object; nothing was changed",
    )


def _throttled(_status: Status, errand: Errand, said: str, reply: Reply) -> GoldenpathError:
    return ProviderUnavailable(
        "cluster.throttled",
        said,
        subject=errand.subject,
        hint="it is asked too much, by us or by others; run the same command again later",
        retry_after_seconds=retry_after(reply) or RETRY_SECONDS,
    )


def _refused(_status: Status, errand: Errand, said: str, reply: Reply) -> GoldenpathError:
    if 300 <= reply.status < 400:  # noqa: PLR2004 - HTTP's own numbers
        said = f"{said}: it leads elsewhere, and credentials do not go along"
    hint = "its own words may repeat the object and are not shown; kubectl apply --dry-run=server on the manifest shows them to you"
    return ProviderRefused("cluster.refused", said, subject=errand.subject, hint=hint)


_REFUSALS: Final[Mapping[int, Callable[[Status, Errand, str, Reply], GoldenpathError]]] = {
    401: _unauthenticated,
    403: _forbidden,
    404: _missing,
    409: _conflict,
    410: lambda _status, errand, _said, _reply: watch_expired(errand),
    429: _throttled,
}


def field_name(path: str) -> str:
    """Return a field's path without what stands in brackets, which can be part of the object; ``a field`` for anything unexpected."""
    steps = list(_STEP.finditer(path))
    if not steps or "".join(step[0] for step in steps) != path:
        return "a field"
    return "".join(f".{step[1]}" if step[1] else "[]" for step in steps)


def _listed(fields: list[str]) -> str:
    more = f" and {len(fields) - _SHOWN_FIELDS} more" if len(fields) > _SHOWN_FIELDS else ""
    return ", ".join(fields[:_SHOWN_FIELDS]) + more


def _said(status: Status, reply: Reply, errand: Errand) -> str:
    audit_id = _matching(_AUDIT_ID, reply.headers.get("Audit-Id"))
    details = f"{f' {status.reason}' if status.reason else ''}{f', audit id {audit_id}' if audit_id else ''}"
    return f"the cluster answered {errand.verb} with HTTP {reply.status}{details}"


def _matching(pattern: re.Pattern[str], text: Any) -> str:
    return text if isinstance(text, str) and pattern.fullmatch(text) else ""
