"""``goldenpath sync``: bring what the store holds into the cluster now, and prove it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.cluster_options import cluster_access, cluster_options
from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType, RequestIdType, SecondsType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.sync import EnvironmentSync, SyncReport
    from goldenpath.model.sync import SyncReceipt

_SIGNS = {"arrived": ("✓", "green"), "gone": ("✓", "green"), "asked": ("·", "dim"), "waiting": ("…", "yellow")}


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=RequestIdType())
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Environment; repeatable.")
@click.option("--service", metavar="NAME", default="", help="Requests of this service.")
@click.option("-n", "--namespace", metavar="NAME", default="", help="Only in this namespace.")
@click.option("-l", "--label", "labels", metavar="NAME=VALUE", multiple=True, help="ExternalSecrets with this label; repeatable.")
@click.option("--wait/--no-wait", "is_waiting", default=True, help="Wait for proof, or only ask. [default: wait]")
@click.option(
    "--wait-seconds", type=SecondsType(min=1, max=3600), default=120.0, metavar="SECONDS", help="Longest wait for one. [default: 120]"
)
@click.option("--at-once", type=click.IntRange(1, 500), default=50, metavar="N", help="Ask at most so many at the same time. [default: 50]")
@click.option(
    "--argo/--no-argo", "asks_argo", default=True, help="Let Argo CD apply the manifests first. [default: argo, where configured]"
)
@click.option("--hard", "is_hard", is_flag=True, help="Let Argo CD render the manifests anew.")
@click.option("--revision", metavar="COMMIT", default="", help="Commit of the GitOps repository to wait for. [default: the newest]")
@cluster_options
@example("goldenpath sync SEC-0007", "goldenpath sync --environment prod --service payments -o json")
@pass_state
def sync(
    state: CliState,
    ids: tuple[str, ...],
    environments: tuple[str, ...],
    service: str,
    namespace: str,
    labels: tuple[str, ...],
    is_waiting: bool,
    wait_seconds: float,
    at_once: int,
    asks_argo: bool,
    is_hard: bool,
    revision: str,
    kubeconfig: Path | None,
    kube_context: str | None,
) -> int:
    """Refresh ExternalSecrets now, and wait until each one's Secret holds the version that the store holds.

    Argo CD first, where it is configured: it is asked to compare with Git, and must have applied the newest manifests. Then each
    ExternalSecret is marked, and counts only when the controller says that it worked on this mark. A request that leaves the cluster
    counts when its ExternalSecret and its Secret are gone.
    """
    from goldenpath.app.cluster_selection import Selection
    from goldenpath.app.sync import SyncOrder, sync_secrets
    from goldenpath.delivery.force_sync import SyncLimits

    report = sync_secrets(
        state.services,
        SyncOrder(
            selection=Selection(
                ids=ids, environments=_environments(state, environments, ids), service=service, namespace=namespace, labels=_labels(labels)
            ),
            access=cluster_access(kubeconfig, kube_context),
            limits=SyncLimits(timeout_seconds=wait_seconds, at_once=at_once),
            is_waiting=is_waiting,
            asks_argo=asks_argo,
            revision=_revision(revision),
            is_hard=is_hard,
        ),
    )
    state.output.data("Sync", {"commit": report.commit, "environments": report.environments}, text="\n".join(_text(state, report)))
    return _exit(report)


def _environments(state: CliState, chosen: tuple[str, ...], ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return what ``-e`` says; a default environment does not narrow requests that are named by id."""
    return chosen if ids else state.environments(chosen)


def _labels(pairs: tuple[str, ...]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name or any(character in pair for character in " ,!()"):
            raise click.BadParameter("expected NAME=VALUE", param_hint="--label")
        labels[name] = value
    return labels


def _revision(text: str) -> str:
    if text and not (len(text) in {40, 64} and all(character in "0123456789abcdef" for character in text)):
        raise click.BadParameter("expected the full id of a commit", param_hint="--revision")
    return text


def _text(state: CliState, report: SyncReport) -> list[str]:
    from goldenpath.model.counting import counted

    lines: list[str] = []
    for environment in report.environments:
        lines += _environment_lines(state, environment)
    done = sum(receipt.is_done for receipt in report.receipts)
    rest: dict[str, int] = {}
    for receipt in report.receipts:
        if not receipt.is_done:
            rest[receipt.result] = rest.get(receipt.result, 0) + 1
    others = "".join(f", {count} {result}" for result, count in sorted(rest.items()))
    return [*lines, f"{counted(len(report.receipts), 'ExternalSecret')}: {done} done{others}."]


def _environment_lines(state: CliState, environment: EnvironmentSync) -> list[str]:
    lines = []
    if environment.applied is not None:
        lines.append(f"{environment.environment}: {environment.applied.application} has applied {environment.applied.revision[:12]}")
    rows = [_cells(state, receipt) for receipt in environment.receipts]
    columns = ("", "ID", "NAMESPACE", "EXTERNALSECRET", "RESULT", "VERSION", "EVIDENCE", "SECONDS")
    lines.append(state.output.table(columns, rows))
    lines += [line for receipt in environment.receipts for line in _notes(receipt)]
    return lines


def _cells(state: CliState, receipt: SyncReceipt) -> tuple[str, ...]:
    sign, color = _SIGNS.get(receipt.result, ("✗", "red"))
    return (
        state.output.paint(sign, color),
        receipt.request_id or "-",
        receipt.external_secret.namespace,
        receipt.external_secret.name,
        receipt.result,
        receipt.version_id[:8] or "-",
        receipt.evidence or "-",
        f"{receipt.seconds:.1f}",
    )


def _notes(receipt: SyncReceipt) -> list[str]:
    from goldenpath.cli.output import printable

    if not receipt.message:
        return []
    code = f" [{receipt.code}]" if receipt.code else ""
    hint = [f"    {receipt.hint}"] if receipt.hint else []
    return [printable(f"{receipt.external_secret}: {receipt.message}{code}"), *(printable(line) for line in hint)]


def _exit(report: SyncReport) -> Exit:
    results = {receipt.result for receipt in report.receipts} - {"arrived", "gone", "asked"}
    if not results:
        return Exit.DONE
    if results == {"timeout"}:
        return Exit.UNAVAILABLE
    return Exit.WAITING if results == {"waiting"} else Exit.FINDINGS
