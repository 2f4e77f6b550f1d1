"""Ids and store paths are used once (R54, D6)."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.model.naming import store_path
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.id-reuse"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse a new request whose id or store path is taken at the base or was retired."""
    request = change.after
    if change.before is not None or request is None:
        return ()
    path = store_path(request, prefix=context.settings.naming.prefix)
    taken_by = context.ids_at_base.get(request.id, "")
    if taken_by or request.id in context.tombstoned_ids:
        return (_reused(change, context, "metadata.id", request.id, taken_by),)
    if path in context.tombstoned_paths:
        return (_reused(change, context, "metadata.name", path, ""),)
    return ()


def _reused(change: RequestChange, context: GateContext, field: str, got: str, taken_by: str) -> Finding:
    what = "id" if field == "metadata.id" else "store path"
    why = f"already belongs to {taken_by}" if taken_by else "belonged to a decommissioned secret and stays retired"
    return finding_on(
        change,
        context,
        CODE,
        "block",
        f"{what} {got} {why}",
        field=field,
        got=got,
        expected=f"an unused {what}",
        hint="let goldenpath request new choose the id" if what == "id" else "choose another name",
        related=(taken_by,) if taken_by else (),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_waivable=False,
    check=check,
    checks="that a new request's id and store path were never used before.",
)
