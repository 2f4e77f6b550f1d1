"""What ``orphans --cluster`` found, for a terminal, for machines, and as findings. Decides nothing."""

from __future__ import annotations

from typing import Any

from goldenpath.app.cluster_drift import ClusterOrphans
from goldenpath.cli.output import Output, printable
from goldenpath.delivery.cluster_orphans import UnexplainedObject
from goldenpath.model.counting import counted
from goldenpath.model.finding import Finding

_COLUMNS = ("KIND", "ID", "OBJECT", "OWNER", "OWNED BY", "AGE")


def payload(found: ClusterOrphans) -> dict[str, Any]:
    """Return the JSON document."""
    return {
        "commit": found.commit,
        "environments": found.environments,
        "orphans": [_entry(row) for row in found.rows],
        "leaving": [_entry(row) for row in found.leaving],
        "findings": found.findings,
    }


def render_text(found: ClusterOrphans, output: Output) -> str:
    """Return the page for people; the counts come last."""
    lines = [output.table(_COLUMNS, [_cells(row) for row in found.rows])] if found.rows else []
    lines += [printable(f"{row.object}: {_next(row)}") for row in found.rows]
    if found.leaving:
        lines += ["", output.paint("Leaving"), output.table(_COLUMNS, [_cells(row) for row in found.leaving]), ""]
    lines += [f"warning: {printable(finding.message)} [{finding.rule}]" for finding in found.findings]
    return "\n".join([*lines, summary(found)])


def summary(found: ClusterOrphans) -> str:
    """Return the counts as one sentence."""
    where = ", ".join(found.environments)
    if not found.rows:
        return f"No orphans in the cluster of {where} ({found.commit[:12]}); {len(found.leaving)} leaving"
    unmanaged = sum(row.kind == "unmanaged" for row in found.rows)
    orphaned = counted(len(found.rows) - unmanaged, "orphan")
    return f"{orphaned}, {unmanaged} unmanaged, {len(found.leaving)} leaving in the cluster of {where}; nothing was deleted"


def findings_of(found: ClusterOrphans) -> list[Finding]:
    """Return one finding per object, for annotations."""
    rows = [
        Finding(
            rule="cluster.unmanaged" if row.kind == "unmanaged" else "cluster.orphan",
            level="block",
            message=f"{row.environment}: {row.object}: no request explains it ({row.kind})",
            subject=row.request_id,
            hint=_next(row),
        )
        for row in found.rows
    ]
    return [*found.findings, *rows]


def _entry(row: UnexplainedObject) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in row.__struct_fields__}, "next": _next(row)}


def _cells(row: UnexplainedObject) -> tuple[str, ...]:
    age = "-" if row.age_days is None else f"{row.age_days} d"
    return (row.kind, row.request_id or "-", str(row.object), row.owner or "-", row.owned_by, age)


def _next(row: UnexplainedObject) -> str:
    if row.kind == "leaving":
        return "nothing: it goes when its manifest does; goldenpath sync waits for that"
    if row.object.kind == "Secret" and row.owned_by != "nobody":
        return f"it goes with {row.owned_by}"
    if row.kind == "moved":
        return f"{row.request_id} asks for another place now; once its consumers use that one, take this away by hand"
    if row.kind == "orphan":
        return "bring its request back, or take it away by hand once nobody uses it: goldenpath trace and its consumers say who does"
    reads = "a whole store" if "*" in row.reads else ", ".join(row.reads)
    what = f"it reads {reads}" if row.reads else "it carries our labels and no id"
    return f"{what}: write a request for it, or take it away by hand; the access policy decides what it may read"
