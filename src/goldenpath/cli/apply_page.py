"""An apply as text and JSON: the plan before, the receipt after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goldenpath.app.decisions import ApplyResult, Decisions
from goldenpath.app.pending import EnvironmentManifests, ManifestAction, PendingDelivery
from goldenpath.cli.infrastructure_page import payload as infrastructure_payload
from goldenpath.cli.infrastructure_page import text_lines
from goldenpath.cli.output import Output
from goldenpath.model.counting import counted
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.receipt import ApplyReceipt
from goldenpath.plan.render import render_text
from goldenpath.plan.text import plain

_FILE_SIGNS: dict[ManifestAction, str] = {"create": "+", "change": "~", "remove": "-"}
_NAMED = 20
_SIGNS = {"done": "✓", "already": "=", "skipped": "-", "failed": "✗", "refused": "!", "partial": "✗"}


def payload(result: ApplyResult) -> dict[str, Any]:
    """Return the JSON document."""
    return {
        "commit": result.commit,
        "is_complete": result.is_complete,
        "plans": [{"provider": each.provider, "digest": each.plan.digest, "plan": each.plan} for each in result.plans],
        "manifests": None if result.pending is None else [_manifests_payload(each) for each in result.pending.environments],
        "infrastructure": [infrastructure_payload(each) for each in result.infrastructure],
        "receipts": [{"environment": each.environment, "receipt": each} for each in result.receipts],
        "delivery": result.delivery,
        "awaiting_value": result.awaiting,
        "warnings": result.warnings,
    }


def _manifests_payload(each: EnvironmentManifests) -> dict[str, Any]:
    return {
        "environment": each.environment,
        "files": [{"path": change.path, "action": change.action, "is_drift": change.is_drift} for change in each.changes],
        "foreign": each.foreign,
    }


def render_plans(result: ApplyResult, output: Output) -> str:
    """Return every plan that does something, the manifests that differ, and one line for the rest."""
    lines: list[str] = []
    for each in result.plans:
        if any(step.action != "unchanged" or step.reason for step in each.plan.steps):
            lines += [output.paint(f"{each.plan.environment} · {each.provider}"), render_text(each.plan).rstrip()]
    for proposed in result.infrastructure:
        lines += [output.paint(f"{proposed.plan.environment} · Terraform"), *text_lines(proposed)]
    for part in result.pending.environments if result.pending else ():
        lines += [output.paint(f"{part.environment} · manifests"), *_manifest_lines(part)]
    lines = lines or [f"Nothing to do: stores and manifests match {result.commit[:12]}."]
    return "\n".join([*_awaiting_lines(result), *lines] if result.pending else lines)


def work_in(result: ApplyResult, decisions: Decisions) -> dict[str, str]:
    """Return, by environment, what an apply would do there, as the sentence part that the question needs; nothing to do, no entry."""
    return {environment: work for environment in ENVIRONMENTS if (work := _work(result, decisions, environment))}


def _work(result: ApplyResult, decisions: Decisions, environment: str) -> str:
    steps = sum(
        step.action in {"create", "update"} or (step.action == "drift" and step.request_id in decisions.accept_drift)
        for each in result.plans
        if each.plan.environment == environment
        for step in each.plan.steps
    )
    files = _committable(result.pending, decisions, environment)
    parts = [f"apply {counted(steps, 'step')}"] if steps else []
    return " and ".join([*parts, f"commit {counted(files, 'manifest')}"] if files else parts)


def _committable(pending: PendingDelivery | None, decisions: Decisions, environment: str) -> int:
    if pending is None or not pending.can_be_committed(accept_drift=decisions.accept_manifest_drift):
        return 0
    return sum(len(part.changes) for part in pending.environments if part.environment == environment)


def _manifest_lines(part: EnvironmentManifests) -> Iterator[str]:
    for change in part.changes:
        yield f"{_FILE_SIGNS[change.action]} {plain(change.path)}{'  changed by hand' if change.is_drift else ''}"
    yield from (f"! {plain(path)}  in the way, not generated" for path in part.foreign)
    if part.drift_count:
        yield f"{part.drift_count} changed by hand: no manifest is committed until you revert them, or decide with --accept-manifest-drift"
    if part.foreign:
        yield f"{len(part.foreign)} in the way: no manifest is committed until they are moved away"
    yield f"Manifests: {part.count('create')} to add, {part.count('change')} to change, {part.count('remove')} to remove"


def _awaiting_lines(result: ApplyResult) -> Iterator[str]:
    if result.awaiting:
        more = f" and {len(result.awaiting) - _NAMED} more" if len(result.awaiting) > _NAMED else ""
        names = ", ".join(result.awaiting[:_NAMED]) + more
        yield f"Awaiting a first value, without an ExternalSecret until then: {names}  (goldenpath seed ID)"


def render_result(result: ApplyResult, output: Output) -> str:
    """Return what was done, what was not and why, and what comes next."""
    lines = [line for receipt in result.receipts for line in _receipt_lines(receipt, output)]
    if not lines:
        lines.append(f"Every store matches {result.commit[:12]}.")
    delivery = result.delivery
    if delivery is not None:
        done = (
            f"commit {delivery.commit[:12]}, {len(delivery.written)} written, {len(delivery.removed)} removed"
            if delivery.commit
            else "unchanged"
        )
        lines.append(f"Manifests: {done}")
    lines += _awaiting_lines(result)
    lines.append(
        "Complete." if result.is_complete else "Incomplete: resolve what is marked above and run apply again; what is done stays done."
    )
    return "\n".join(lines)


def _receipt_lines(receipt: ApplyReceipt, output: Output) -> Iterator[str]:
    shown = [step for step in receipt.steps if step.outcome != "already" or step.code]
    if shown:
        yield output.paint(f"{receipt.environment} (generation {receipt.generation})")
    for step in shown:
        why = f"  {step.message} [{step.code}]" if step.code else ""
        yield f"  {_SIGNS[step.outcome]} {step.request_id} {step.action}: {step.outcome}{why}"
