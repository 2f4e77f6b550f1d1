"""``goldenpath materialize``: Kubernetes Secrets straight from the store, for clusters without External Secrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.cluster_options import cluster_access, cluster_options
from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType, RequestIdType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.materialize import Materialized, Wanted
    from goldenpath.model.materialize import SecretReceipt

_SIGNS = {"create": "+", "update": "~", "overwrite": "~", "delete": "-", "unchanged": "=", "drift": "!", "awaiting-value": "?"}
_COLORS = {"+": "green", "~": "yellow", "-": "red", "!": "red"}
_DONE = {"create": "created", "update": "updated", "overwrite": "overwritten", "delete": "deleted"}


@click.command()
@click.argument("request_ids", metavar="[ID]...", nargs=-1, type=RequestIdType())
@click.option("-e", "--environment", required=True, type=EnvironmentType(), help="The environment.")
@click.option("--service", metavar="NAME", default="", help="Only the requests of this service.")
@click.option(
    "--accept-drift", multiple=True, type=RequestIdType(), metavar="ID", help="Overwrite this request's hand-edited Secret; repeatable."
)
@click.option("--prune", "is_pruning", is_flag=True, help="Delete Secrets made here that no request asks for any more.")
@click.option("--reason", metavar="TEXT", default="", help="Why, for the audit log.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Judge everything and let the cluster rehearse it; change nothing.")
@click.option("-y", "--yes", "is_confirmed", is_flag=True, help="Do not ask.")
@cluster_options
@example(
    "goldenpath materialize --environment staging --dry-run",
    "goldenpath materialize --environment staging --service payments --yes",
    "goldenpath materialize --environment staging SEC-0007 --accept-drift SEC-0007",
    "goldenpath materialize --environment staging --prune --context staging",
)
@pass_state
def materialize(
    state: CliState,
    request_ids: tuple[str, ...],
    environment: str,
    service: str,
    accept_drift: tuple[str, ...],
    is_pruning: bool,
    reason: str,
    is_dry_run: bool,
    is_confirmed: bool,
    kubeconfig: Path | None,
    kube_context: str | None,
) -> int:
    """Make and update the Kubernetes Secrets of an environment from its store, where no External Secrets runs.

    Everything is judged before the first write, and one refusal stops all of it. A Secret that somebody edited by hand is left alone
    and reported. Running it again writes only what is not as it should be.
    """
    from goldenpath.app.materialize import Wanted, plan_materialization
    from goldenpath.app.materialize import materialize as make_secrets

    if is_pruning and request_ids:
        raise click.UsageError("--prune looks at a whole environment or service; it takes no ID")
    access = cluster_access(kubeconfig, kube_context)
    wanted = Wanted(
        environment=environment,
        service=service,
        request_ids=request_ids,
        accept_drift=frozenset(accept_drift),
        is_pruning=is_pruning,
        reason=reason,
    )
    if is_dry_run:
        planned = plan_materialization(state.services, wanted, access)
        _show(state, planned, is_dry_run=True)
        return Exit.FINDINGS if planned.refusals else Exit.DONE
    if not is_confirmed:
        wanted = _agreed(state, wanted, plan_materialization(state.services, wanted, access))
    done = make_secrets(state.services, wanted, access)
    _show(state, done, is_dry_run=False)
    return _exit_code(done, is_named=bool(request_ids))


def _exit_code(done: Materialized, *, is_named: bool) -> Exit:
    if done.refusals:
        return Exit.FINDINGS
    if done.unfinished:
        return Exit.UNAVAILABLE if all(receipt.is_retryable for receipt in done.unfinished) else Exit.FINDINGS
    if done.with_action("drift"):
        return Exit.FINDINGS
    return Exit.WAITING if is_named and done.with_action("awaiting-value") else Exit.DONE


def _agreed(state: CliState, wanted: Wanted, planned: Materialized) -> Wanted:
    """Show what would be done, ask, and bind the run to it; nothing to do asks nothing."""
    import dataclasses

    from goldenpath.cli.confirm import confirm_change
    from goldenpath.model.counting import counted

    if planned.changes and not planned.refusals:
        state.output.stderr.write("\n".join(_lines(state, planned, is_dry_run=True)) + "\n")
        removals = len(planned.with_action("delete"))
        writes = len(planned.changes) - removals
        parts = [f"write {counted(writes, 'Secret')}"] if writes else []
        parts += [f"delete {counted(removals, 'Secret')}"] if removals else []
        confirm_change(state.output, environment=wanted.environment, action=" and ".join(parts), is_confirmed=False)
    return dataclasses.replace(wanted, agreed=planned.changes)


def _show(state: CliState, done: Materialized, *, is_dry_run: bool) -> None:
    if done.unreviewed:
        state.output.warn(f"only what was reviewed counts, up to {done.commit[:12]}: {done.unreviewed}")
    for finding in done.left_alone:
        state.output.warn(f"{finding.message}; it stays [{finding.rule}]")
    text = "\n".join(_lines(state, done, is_dry_run=is_dry_run))
    state.output.data("Materialized", _payload(done, is_dry_run=is_dry_run), text=text)


def _payload(done: Materialized, *, is_dry_run: bool) -> dict[str, Any]:
    return {
        "environment": done.environment,
        "commit": done.commit,
        "cluster_id": done.cluster_id,
        "is_dry_run": is_dry_run,
        "is_complete": not (done.refusals or done.unfinished or done.with_action("drift")),
        "secrets": done.receipts,
        "refusals": done.refusals,
        "left_alone": done.left_alone,
        "unreviewed": done.unreviewed,
    }


def _lines(state: CliState, done: Materialized, *, is_dry_run: bool) -> Iterator[str]:
    for finding in done.refusals:
        yield f"{state.output.paint('✗', 'red')} {finding.subject}: {finding.message} [{finding.rule}]"
        yield f"    {finding.hint}"
    if done.refusals:
        yield f"{done.environment}: {len(done.refusals)} refused, so nothing was written."
        return
    for receipt in done.receipts:
        yield _line(state, receipt)
    yield _total(done, is_dry_run=is_dry_run)


def _line(state: CliState, receipt: SecretReceipt) -> str:
    sign = _SIGNS[receipt.action]
    shown = state.output.paint(sign, _COLORS[sign]) if sign in _COLORS else sign
    what = _DONE[receipt.action] if receipt.outcome == "done" else receipt.action
    keys = f", {receipt.keys} key{'' if receipt.keys == 1 else 's'}" if receipt.keys else ""
    version = f", version {receipt.version_id}" if receipt.version_id else ""
    line = f"{shown} {receipt.namespace}/{receipt.name} ({receipt.request_id}): {what}{keys}{version}"
    if receipt.code:
        return f"{line}; {receipt.outcome}: {receipt.message} [{receipt.code}]"
    if receipt.action == "drift":
        return f"{line}; edited by hand, left alone; overwrite it with --accept-drift {receipt.request_id}"
    return line


def _total(done: Materialized, *, is_dry_run: bool) -> str:
    def count(*actions: str) -> int:
        return sum(1 for receipt in done.with_action(*actions) if receipt.outcome in {"planned", "done", "none"})

    verbs = ("to create", "to update", "to delete") if is_dry_run else ("created", "updated", "deleted")
    numbers = (count("create"), count("update", "overwrite"), count("delete"))
    parts = [f"{number} {verb}" for number, verb in zip(numbers, verbs, strict=True) if number or verb != verbs[2]]
    parts += [f"{count('unchanged')} unchanged"]
    parts += [
        f"{number} {what}" for what, number in (("edited by hand", count("drift")), ("awaiting a value", count("awaiting-value"))) if number
    ]
    left = len(done.unfinished)
    ends = f", {left} not done; run the same command again." if left else "; nothing was written." if is_dry_run else "."
    return f"{done.environment}: {', '.join(parts)}{ends}"
