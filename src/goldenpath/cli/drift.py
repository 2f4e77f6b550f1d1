"""``goldenpath drift``: records, or a cluster's objects, that somebody changed outside the platform, field by field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.cluster_options import cluster_access, cluster_options, refuse_without
from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType, RequestIdType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.drift import DriftReport
    from goldenpath.model.cluster import ClusterAccess


@click.command()
@click.argument("request_ids", metavar="[ID]...", nargs=-1, type=RequestIdType())
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Only this one; repeatable.")
@click.option("--cluster", "is_cluster", is_flag=True, help="Look at ExternalSecrets and Secrets in the cluster, not at the stores.")
@cluster_options
@example(
    "goldenpath drift",
    "goldenpath drift SEC-0007 -o json",
    "goldenpath drift --environment prod -o github",
    "goldenpath drift --cluster --environment prod",
)
@pass_state
def drift(
    state: CliState,
    request_ids: tuple[str, ...],
    environments: tuple[str, ...],
    is_cluster: bool,
    kubeconfig: Path | None,
    kube_context: str | None,
) -> int:
    """Show records that differ from their requests, field by field: what is wanted, what was found, and who changed it.

    Ends with 1 when somebody changed a record, took it away, or scheduled it for deletion, and for records that no request explains.
    What an apply would change anyway, and what governance/drift-ignores.yaml covers, is shown and does not count.
    To overwrite drift: goldenpath apply --accept-drift ID. To keep it: change the request.

    With --cluster the same is said of the cluster: manifests that were changed or are missing, Secrets that belong to somebody else.
    """
    refuse_without(is_cluster, kubeconfig, kube_context)
    if is_cluster:
        return _cluster_drift(state, cluster_access(kubeconfig, kube_context), request_ids, environments)
    from goldenpath.app.drift import read_drift

    found = read_drift(state.services, environments=state.environments(environments), request_ids=request_ids)
    _show(state, found)
    return Exit.FINDINGS if found.drifted else Exit.DONE


def _cluster_drift(state: CliState, access: ClusterAccess, request_ids: tuple[str, ...], environments: tuple[str, ...]) -> int:
    from goldenpath.app.cluster_drift import read_cluster_drift
    from goldenpath.cli.cluster_drift_page import findings_of, payload, render_text, summary

    found = read_cluster_drift(state.services, access, environments=state.environments(environments), request_ids=request_ids)
    if state.output.format in {"github", "sarif", "junit"}:
        from goldenpath.cli.findings import render_findings

        render_findings(state.output, findings_of(found), summary=summary(found), kind="ClusterDrift")
    else:
        state.output.data("ClusterDrift", payload(found), text=render_text(found, state.output))
    return Exit.FINDINGS if found.drifted else Exit.DONE


def _show(state: CliState, found: DriftReport) -> None:
    from goldenpath.cli.drift_page import findings_of, payload, render_text, summary

    if state.output.format in {"github", "sarif", "junit"}:
        from goldenpath.cli.findings import render_findings

        render_findings(state.output, findings_of(found), summary=summary(found), kind="Drift")
        return
    state.output.data("Drift", payload(found), text=render_text(found, state.output))
