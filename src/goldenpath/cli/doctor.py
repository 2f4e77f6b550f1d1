"""``goldenpath doctor``: what is missing here, or in an environment's cluster, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.cluster_options import cluster_access, cluster_options
from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.output import Output, printable
from goldenpath.cli.params import EnvironmentType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.doctor import Check

_COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option("--cluster", "is_for_cluster", is_flag=True, help="Check an environment's cluster instead; needs -e.")
@click.option("-e", "--environment", type=EnvironmentType(), help="With --cluster: the environment.")
@cluster_options
@example(
    "goldenpath doctor",
    "goldenpath doctor -C ../platform --json",
    "goldenpath doctor --cluster --environment staging",
    "goldenpath doctor --cluster --environment prod --context prod --kubeconfig ~/.kube/prod",
)
@pass_state
def doctor(state: CliState, is_for_cluster: bool, environment: str | None, kubeconfig: Path | None, kube_context: str | None) -> int:
    """Check the surroundings: tools, repository, keys, stores, audit log. Changes nothing; exits 1 when a check fails.

    With --cluster: the environment's cluster, its External Secrets, stores and Argo CD, and what these credentials may do there. No value
    is read. What cannot be known is said to be unknown.
    """
    if is_for_cluster:
        checks = _examine_cluster(state, environment or state.environment, kubeconfig, kube_context)
    elif environment or kubeconfig or kube_context:
        raise click.UsageError("-e, --kubeconfig and --context go with --cluster")
    else:
        from goldenpath.app.doctor import examine
        from goldenpath.providers.surroundings import SystemSurroundings

        checks = examine(SystemSurroundings(), lambda: state.services)
    counts = {name: sum(1 for check in checks if check.state == name) for name in _COLORS}
    payload = {"checks": checks, "counts": counts}
    state.output.data("Doctor", payload, text="\n".join([*_lines(state.output, checks), _total(counts)]))
    return Exit.FINDINGS if counts["fail"] else Exit.DONE


def _examine_cluster(state: CliState, environment: str | None, kubeconfig: Path | None, kube_context: str | None) -> tuple[Check, ...]:
    from goldenpath.app.doctor_cluster import examine_cluster
    from goldenpath.bootstrap import offline_refusal

    if environment is None:
        raise click.UsageError("--cluster needs -e: each environment has its own cluster")
    if state.is_offline:
        raise offline_refusal()
    return examine_cluster(state.services, environment, cluster_access(kubeconfig, kube_context))


def _lines(output: Output, checks: Iterable[Check]) -> Iterator[str]:
    for check in checks:
        yield f"{output.paint(check.state.ljust(4), _COLORS[check.state])}  {check.name}: {printable(check.message)}"
        if check.fix and check.state != "ok":
            yield f"      fix: {printable(check.fix)}"


def _total(counts: dict[str, int]) -> str:
    return f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} to fix"
