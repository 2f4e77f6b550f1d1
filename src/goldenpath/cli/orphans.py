"""``goldenpath orphans``: records, or a cluster's objects, that no request explains, and what can be done about each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.cluster_options import cluster_access, cluster_options, refuse_without
from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.orphans import OrphanRow, Orphans
    from goldenpath.model.cluster import ClusterAccess


@click.command()
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only this one; repeatable.")
@click.option("--cluster", "is_cluster", is_flag=True, help="Look at ExternalSecrets and Secrets in the cluster, not at the stores.")
@cluster_options
@example("goldenpath orphans", "goldenpath orphans --environment prod -o json", "goldenpath orphans --cluster --environment prod")
@pass_state
def orphans(state: CliState, environments: tuple[str, ...], is_cluster: bool, kubeconfig: Path | None, kube_context: str | None) -> int:
    """Show records that no request explains, and records below our prefix that carry none of our tags. Ends with 1 when there are any.

    Nothing is deleted. Records of decommissioned requests are shown apart and do not count. With --cluster it looks for ExternalSecrets
    that carry our marks or read below our prefix, and for Secrets that carry our labels.
    """
    refuse_without(is_cluster, kubeconfig, kube_context)
    if is_cluster:
        return _cluster_orphans(state, cluster_access(kubeconfig, kube_context), environments)
    from goldenpath.app.orphans import find_orphans

    found = find_orphans(state.services, environments=state.environments(environments))
    if state.output.format in {"github", "sarif", "junit"}:
        from goldenpath.cli.findings import render_findings

        render_findings(state.output, findings_of(found), summary=_summary(found), kind="Orphans")
    else:
        state.output.data("Orphans", _payload(found), text=_text(state, found))
    return Exit.FINDINGS if found.rows else Exit.DONE


def _cluster_orphans(state: CliState, access: ClusterAccess, environments: tuple[str, ...]) -> int:
    from goldenpath.app.cluster_drift import find_cluster_orphans
    from goldenpath.cli.cluster_orphans_page import findings_of, payload, render_text, summary

    found = find_cluster_orphans(state.services, access, environments=state.environments(environments))
    if state.output.format in {"github", "sarif", "junit"}:
        from goldenpath.cli.findings import render_findings

        render_findings(state.output, findings_of(found), summary=summary(found), kind="ClusterOrphans")
    else:
        state.output.data("ClusterOrphans", payload(found), text=render_text(found, state.output))
    return Exit.FINDINGS if found.rows else Exit.DONE


def _payload(found: Orphans) -> dict[str, Any]:
    return {
        "commit": found.commit,
        "orphans": [_entry(row) for row in found.rows],
        "awaiting_retirement": [_entry(row) for row in found.retiring],
    }


def _entry(row: OrphanRow) -> dict[str, Any]:
    record = row.record
    return {**{name: getattr(record, name) for name in record.__struct_fields__}, "file": row.file, "next": _next(row)}


def _text(state: CliState, found: Orphans) -> str:
    from goldenpath.cli.output import printable

    columns = ("KIND", "ID", "RECORD", "OWNER", "AGE", "COMMIT")
    lines = [state.output.table(columns, [_cells(row) for row in found.rows])] if found.rows else []
    lines += [f"{printable(row.record.request_id or row.record.path)}: {printable(_next(row))}" for row in found.rows]
    if found.retiring:
        lines += ["", state.output.paint("Awaiting retirement"), state.output.table(columns, [_cells(row) for row in found.retiring]), ""]
    return "\n".join([*lines, _summary(found)])


def _cells(row: OrphanRow) -> tuple[str, ...]:
    record = row.record
    age = "-" if record.age_days is None else f"{record.age_days} d"
    place = f"{record.provider}:{record.environment}:{record.path}"
    return (record.kind, record.request_id or "-", place, record.owner or "-", age, record.commit[:12] or "-")


def _next(row: OrphanRow) -> str:
    record = row.record
    if record.deletion_date:
        return f"scheduled for deletion on {record.deletion_date}; to keep it, bring its request back first"
    if record.kind == "moved":
        return f"{record.request_id} asks for another path now; move the value there with a reviewed seed, then retire this record"
    if record.kind == "unmanaged":
        return f"goldenpath adopt {record.wanted_by}" if record.wanted_by else "write a request for this path and adopt it, or move it away"
    if record.kind == "awaiting-retirement":
        return "nothing: retirement ends it"
    back = f"git checkout {record.commit[:12]} -- {row.file}" if row.file else "write its request again"
    return f"bring the request back ({back}), then keep it or take it through decommissioning"


def _summary(found: Orphans) -> str:
    from goldenpath.model.counting import counted

    if not found.rows:
        return f"No orphans: a request explains every record ({found.commit[:12]}); {len(found.retiring)} awaiting retirement"
    unmanaged = sum(row.record.kind == "unmanaged" for row in found.rows)
    orphaned = counted(len(found.rows) - unmanaged, "orphan")
    return f"{orphaned}, {unmanaged} unmanaged, {len(found.retiring)} awaiting retirement; nothing was deleted"


def findings_of(found: Orphans) -> list[Any]:
    """Return one finding per record that needs a decision, for annotations and issues."""
    from goldenpath.model.finding import Finding

    return [
        Finding(
            rule="plan.unmanaged-record" if row.record.kind == "unmanaged" else "plan.orphan",
            level="block",
            message=f"{row.record.provider}:{row.record.environment}:{row.record.path}: no request explains it ({row.record.kind})",
            subject=row.record.request_id,
            hint=_next(row),
        )
        for row in found.rows
    ]
