"""The record that an adopt or a restore is about, for the person who decides, and the entry that would allow it."""

from __future__ import annotations

from typing import Any

from goldenpath.app.takeover import Review
from goldenpath.cli.output import Output


def payload(found: Review, action: str) -> dict[str, Any]:
    """Return the JSON document."""
    return {
        "request_id": found.request_id,
        "environment": found.environment,
        "action": action,
        "digest": found.digest,
        "is_reviewed": found.entry is not None,
        "record": found.record,
    }


def render_review(found: Review, output: Output, *, action: str) -> str:
    """Return what there is, and what has to stand in governance/actions.yaml."""
    record = found.record
    rows = [
        ("record", str(record.ref)),
        ("owner", record.request_id or "nobody known to the platform"),
        ("description", record.description),
        ("tags", ", ".join(f"{key}={value}" for key, value in record.tags)),
        ("versions", str(len(record.versions))),
        ("deletion", record.deletion_date or "not scheduled"),
        ("digest", found.digest),
        ("reviewed", "yes" if found.entry else "no"),
    ]
    entry = f"  - action: {action}\n    request: {found.request_id}\n    expect: {found.digest}\n    ticket: TICKET\n    reason: WHY"
    next_step = (
        f"Reviewed; to do it: goldenpath {action} {found.request_id}" if found.entry else f"To have it reviewed, add to actions:\n{entry}"
    )
    return f"{output.table(('FIELD', 'VALUE'), rows)}\n{next_step}"
