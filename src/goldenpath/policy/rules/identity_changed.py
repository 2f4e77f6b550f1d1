"""Identity (R13): service, environment, name, provider, id and file of a request never change; the store path is made of them."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.identity-changed"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse each identity field that differs; a moved file whose content stayed is refused as a move."""
    if change.before is None or change.after is None:
        return ()
    old, new = _identity(change.before), _identity(change.after)
    fields = [(field, old[field], new[field]) for field in old if old[field] != new[field]]
    if not fields and change.path_before != change.path_after:
        fields = [("", change.path_before, change.path_after)]
    return [_changed(change, context, *field) for field in fields]


def _identity(request: SecretRequest) -> dict[str, str]:
    meta = request.metadata
    return {
        "metadata.id": meta.id,
        "metadata.name": meta.name,
        "metadata.service": meta.service,
        "metadata.environment": meta.environment,
        "spec.provider": request.spec.provider,
    }


def _changed(change: RequestChange, context: GateContext, field: str, old: str, new: str) -> Finding:
    return finding_on(
        change,
        context,
        CODE,
        "block",
        f"{field or 'the file'} of a request cannot change: the record in the store would be left behind",
        field=field,
        got=new,
        expected=old,
        hint="make a new request with a new id, move the readers, then deprecate this one",
        related=tuple(path for path in (change.path_before,) if path and path != change.path_after),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_waivable=False,
    check=check,
    checks="that id, name, service, environment, provider and file of an existing request stay as they are.",
)
