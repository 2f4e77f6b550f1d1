"""The plan of the tool that makes containers, by request id, as text and JSON: shown next to ours, so that a difference is seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from goldenpath.app.infrastructure import ProposedInfrastructure
from goldenpath.model.infrastructure import ChangeAction, InfrastructureChange
from goldenpath.plan.text import plain

_SIGNS: dict[ChangeAction, str] = {"create": "+", "update": "~", "delete": "-", "replace": "-", "none": "="}


def payload(each: ProposedInfrastructure) -> dict[str, Any]:
    """Return the JSON document of one environment."""
    return {
        "environment": each.plan.environment,
        "provider": each.provider,
        "changes": each.plan.changes,
        "forgotten": each.plan.forgotten,
        "refused": [{"request_id": one.request_id, "code": one.code, "message": one.message} for one in each.objections],
    }


def text_lines(each: ProposedInfrastructure) -> Iterator[str]:
    """Yield one line per request, what would be refused, and the count."""
    grouped: dict[str, list[InfrastructureChange]] = defaultdict(list)
    for change in each.plan.changes:
        grouped[change.request_id or change.address].append(change)
    for owner, changes in sorted(grouped.items()):
        yield f"{_sign(changes)} {plain(owner)}  {', '.join(_part(change) for change in changes)}"
    yield from (f"- {request_id}  leaves Terraform's state; the record stays" for request_id in each.plan.forgotten)
    yield from (f"! {plain(one.message)} [{one.code}]" for one in each.objections)
    added, changed = len(each.plan.ids("create")), len(set(each.plan.ids("update")) - set(each.plan.ids("create")))
    lost = sum(change.action in {"delete", "replace"} for change in each.plan.changes)
    imported = len({change.request_id for change in each.plan.changes if change.is_import})
    yield f"Terraform: {added} to add, {changed} to change, {imported} to import, {lost} to destroy"


def _sign(changes: list[InfrastructureChange]) -> str:
    actions = {change.action for change in changes if change.fields or change.action != "update"}
    return next((_SIGNS[action] for action in ("delete", "replace", "create", "update") if action in actions), "=")


def _part(change: InfrastructureChange) -> str:
    word = "import" if change.is_import and not change.fields else change.action
    names = ", ".join(plain(field.field) for field in change.fields) if change.action == "update" else ""
    return f"{word} {change.part}" + (f" ({names})" if names else "")
