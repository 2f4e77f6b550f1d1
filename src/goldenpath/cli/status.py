"""``goldenpath status``: every request and its state, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.cluster_options import cluster_access, cluster_options
from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.status import Status, StatusRow


@click.command()
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only this one; repeatable.")
@click.option(
    "--exit-code", "wants_code", is_flag=True, help="End with 1 when something is overdue, drifted, stale, missing, foreign or orphaned."
)
@cluster_options
@example("goldenpath status", "goldenpath status --environment prod -o json")
@pass_state
def status(state: CliState, environments: tuple[str, ...], wants_code: bool, kubeconfig: Path | None, kube_context: str | None) -> int:
    """Show every request on the protected branch: lifecycle, value, version, drift, and what is due.

    Where the settings say how to reach an environment's cluster, also how each secret stands there: synced, stale, missing or foreign.
    Nothing is changed and no value is read.
    """
    from goldenpath.app.status import read_status

    access = cluster_access(kubeconfig, kube_context)
    found = read_status(state.services, environments=state.environments(environments), access=access)
    columns = ("ID", "NAME", "SERVICE", "ENV", "TIER", "LIFECYCLE", "VALUE", "VERSION", "RECORD", "CLUSTER", "ROTATION", "TTL")
    text = [state.output.table(columns, [_cells(row) for row in found.rows])] if found.rows else ["No requests."]
    text += [f"{row.id}: {row.cluster} in the cluster: {row.cluster_message}" for row in found.rows if row.cluster_message]
    text += [f"orphan: {step.observed.ref} carries {step.request_id}, which no request explains" for step in found.orphans if step.observed]
    text.append(_summary(found))
    state.output.data(
        "Status",
        {"commit": found.commit, "requests": found.rows, "orphans": [step.observed for step in found.orphans]},
        text="\n".join(text),
    )
    return Exit.FINDINGS if wants_code and _needs_attention(found) else Exit.DONE


def _cells(row: StatusRow) -> tuple[str, ...]:
    record = {"unchanged": "as wanted", "create": "to create", "update": "to change"}.get(row.drift, row.drift)
    return (
        row.id,
        row.name,
        row.service,
        row.environment,
        row.tier,
        row.lifecycle,
        row.value,
        row.version_id[:8] or "-",
        record,
        row.cluster or "-",
        _rotation(row),
        _days(row.ttl_left_days, overdue=row.ttl_left_days is not None and row.ttl_left_days < 0),
    )


def _rotation(row: StatusRow) -> str:
    """When the value changes next: by the store's own rotation where there is one, else by whoever has to do it."""
    native = row.native_rotation
    due = _days(row.rotation_due_days, overdue=row.is_rotation_overdue)
    if native.state == "none":
        return due
    if native.state == "on":
        when = f"next {native.next_rotation_at[:10]}" if native.next_rotation_at else native.cadence
        return f"{native.rotator}: {when}" + (f", {due}" if row.is_rotation_overdue else "")
    return f"{native.rotator or 'by the store'}: {native.state}"


def _days(days: int | None, *, overdue: bool) -> str:
    if days is None:
        return "-"
    if overdue:
        return f"overdue {-days} d"
    return f"due {-days} d ago" if days < 0 else f"in {days} d"


def _summary(found: Status) -> str:
    from goldenpath.model.counting import counted

    awaiting = sum(row.value == "awaiting-value" for row in found.rows)
    overdue = sum(row.is_rotation_overdue for row in found.rows)
    drifted = sum(row.drift == "drift" for row in found.rows)
    native = sum(row.native_rotation.state != "none" for row in found.rows)
    by_the_store = f"{native} of them rotated by the store, " if native else ""
    return (
        f"{counted(len(found.rows), 'request')} at {found.commit[:12]}: {awaiting} awaiting a value, {drifted} drifted, {by_the_store}"
        f"{overdue} overdue for rotation, {counted(len(found.orphans), 'orphan')}"
    )


def _needs_attention(found: Status) -> bool:
    faulty = any(
        row.drift in {"drift", "blocked"}
        or row.cluster in {"stale", "missing", "foreign"}
        or row.is_rotation_overdue
        or (row.ttl_left_days is not None and row.ttl_left_days < 0)
        for row in found.rows
    )
    return faulty or bool(found.orphans)
