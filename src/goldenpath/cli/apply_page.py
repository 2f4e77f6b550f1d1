"""An apply as text and JSON: the plan before, the receipt after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goldenpath.app.apply import ApplyResult
from goldenpath.cli.output import Output
from goldenpath.model.receipt import ApplyReceipt
from goldenpath.plan.render import render_text

_SIGNS = {"done": "✓", "already": "=", "skipped": "-", "failed": "✗", "refused": "!", "partial": "✗"}


def payload(result: ApplyResult) -> dict[str, Any]:
    """Return the JSON document."""
    return {
        "commit": result.commit,
        "is_complete": result.is_complete,
        "plans": [{"provider": each.provider, "digest": each.plan.digest, "plan": each.plan} for each in result.plans],
        "receipts": [{"environment": each.environment, "receipt": each} for each in result.receipts],
        "delivery": result.delivery,
        "awaiting_value": result.awaiting,
        "warnings": result.warnings,
    }


def render_plans(result: ApplyResult, output: Output) -> str:
    """Return every plan that does something, and one line for the rest."""
    lines: list[str] = []
    for each in result.plans:
        if any(step.action != "unchanged" or step.reason for step in each.plan.steps):
            lines += [output.paint(f"{each.plan.environment} · {each.provider}"), render_text(each.plan).rstrip()]
    return "\n".join(lines) or f"Nothing to do: every store matches {result.commit[:12]}."


def render_result(result: ApplyResult, output: Output) -> str:
    """Return what was done, what was not and why, and what comes next."""
    lines = [line for receipt in result.receipts for line in _receipt_lines(receipt, output)]
    if not lines:
        lines.append(f"Nothing to do: every store matches {result.commit[:12]}.")
    delivery = result.delivery
    if delivery is not None:
        done = (
            f"commit {delivery.commit[:12]}, {len(delivery.written)} written, {len(delivery.removed)} removed"
            if delivery.commit
            else "unchanged"
        )
        lines.append(f"Manifests: {done}")
    if result.awaiting:
        lines.append(f"Awaiting a first value: {', '.join(result.awaiting)}  (goldenpath seed ID)")
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
