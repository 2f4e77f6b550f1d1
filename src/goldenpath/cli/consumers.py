"""``goldenpath consumers``: who uses a secret in its cluster, how, and who would need a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from goldenpath.cli.cluster_options import cluster_access, cluster_options
from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType, RequestIdType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.consumers import ConsumerRow, ConsumersReport, SecretConsumers

_NEEDS: Final = {
    "restart": "restart",
    "re-read": "re-read its files",
    "next-pull": "next pull",
    "next-run": "next run",
    "none": "nothing",
    "never": "never sees one",
    "not-running": "nothing runs",
}
_COLUMNS: Final = ("WORKLOAD", "HOW", "KEYS", "PODS", "OLDEST START", "NEEDS")


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=RequestIdType())
@click.option("-e", "--environment", "environments", multiple=True, type=EnvironmentType(), help="Environment; repeatable.")
@click.option("--service", metavar="NAME", default="", help="Requests of this service.")
@cluster_options
@example("goldenpath consumers SEC-0007", "goldenpath consumers --service payments --environment prod -o json")
@pass_state
def consumers(
    state: CliState,
    ids: tuple[str, ...],
    environments: tuple[str, ...],
    service: str,
    kubeconfig: Path | None,
    kube_context: str | None,
) -> int:
    """Show which workloads use the Secret of a request: by which fields and keys, since when their pods run, and what they need.

    A container takes variables once, when it starts; a mounted volume is refreshed, and the application has to read it again. Nothing is
    restarted: goldenpath rollout does that, when it is asked to. No value is read.
    """
    from goldenpath.app.cluster_selection import Selection
    from goldenpath.app.consumers import read_consumers

    if not ids and not service:
        raise click.UsageError("name requests by their ids, or those of a service with --service")
    chosen = environments if ids else state.environments(environments)
    selection = Selection(ids=ids, environments=chosen, service=service)
    found = read_consumers(state.services, selection, cluster_access(kubeconfig, kube_context))
    state.output.data("Consumers", _payload(found), text="\n".join(_lines(state, found)))
    return Exit.DONE


def _payload(found: ConsumersReport) -> dict[str, Any]:
    return {"commit": found.commit, "secrets": [_secret(each) for each in found.secrets]}


def _secret(each: SecretConsumers) -> dict[str, Any]:
    return {
        "request_id": each.request_id,
        "environment": each.environment,
        "secret": each.secret,
        "is_there": each.is_there,
        "changed_at": each.changed_at,
        "is_immutable": each.is_immutable,
        "consumers": [_row(row) for row in each.rows],
    }


def _row(row: ConsumerRow) -> dict[str, Any]:
    consumer = row.consumer
    return {
        "workload": consumer.workload,
        "needs": row.need,
        "takes_it_once": consumer.takes_it_once,
        "oldest_start": consumer.oldest_start,
        "uses": consumer.uses,
        "pods": consumer.pods,
    }


def _lines(state: CliState, found: ConsumersReport) -> Iterator[str]:
    from goldenpath.model.counting import counted

    for each in found.secrets:
        since = f"changed {each.changed_at}" if each.is_there else "not in the cluster"
        yield state.output.paint(f"{each.request_id} {each.environment}: {each.secret}, {since}")
        if each.rows:
            yield state.output.table(_COLUMNS, [_cells(row) for row in each.rows])
    rows = [row for each in found.secrets for row in each.rows]
    behind = sum(row.need == "restart" for row in rows)
    yield f"{counted(len(rows), 'consumer')}, {behind} to restart" + (": goldenpath rollout" if behind else "")


def _cells(row: ConsumerRow) -> tuple[str, ...]:
    consumer = row.consumer
    ways = sorted({f"{use.way} ({use.container})" if use.container else use.way for use in consumer.uses})
    keys = sorted({key for use in consumer.uses for key in use.keys})
    is_whole = any(not use.keys for use in consumer.uses)
    ending = sum(pod.is_ending for pod in consumer.pods)
    pods = str(len(consumer.pods) - ending) + (f" (+{ending} ending)" if ending else "")
    return (
        f"{consumer.workload.kind} {consumer.workload.name}",
        ", ".join(ways),
        "all" if is_whole else ", ".join(keys),
        pods,
        consumer.oldest_start or "-",
        _NEEDS[row.need],
    )
