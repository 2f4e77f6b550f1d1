"""``goldenpath trace``: one secret from commit to reader."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.cluster_options import cluster_access, cluster_options
from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import RequestIdType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.seam import Seam
    from goldenpath.app.trace import Trace

_SIGNS = {"ok": ("✓", "green"), "behind": ("✗", "red"), "waiting": ("…", "yellow"), "unknown": ("?", "dim")}


_CODE_HELP = "End with 1 when a seam is behind, 5 when one waits for a person, 4 when one cannot be looked at."


@click.command()
@click.argument("request_id", metavar="ID", type=RequestIdType())
@click.option("--exit-code", "wants_code", is_flag=True, help=_CODE_HELP)
@cluster_options
@example("goldenpath trace SEC-0007", "goldenpath trace SEC-0007 -o json")
@pass_state
def trace(state: CliState, request_id: str, wants_code: bool, kubeconfig: Path | None, kube_context: str | None) -> int:
    """Follow a secret seam by seam: request, approval, store, value, manifest, Argo CD, ExternalSecret, Secret, reads.

    Names the first seam that is behind, and the command that moves it on.
    """
    from goldenpath.app.trace import trace_request

    found = trace_request(state.services, request_id, access=cluster_access(kubeconfig, kube_context))
    behind = found.first_behind
    text = [f"{found.request_id}  correlation id {found.correlation_id}"]
    for seam in found.seams:
        text += _lines(state, seam)
    text.append(_conclusion(found))
    state.output.data(
        "Trace",
        {
            "request_id": found.request_id,
            "correlation_id": found.correlation_id,
            "seams": [
                {
                    "name": seam.name,
                    "state": seam.state,
                    "summary": seam.summary,
                    "time": seam.time,
                    "facts": [list(fact) for fact in seam.facts],
                }
                for seam in found.seams
            ],
            "first_behind": behind.name if behind else None,
        },
        text="\n".join(text),
    )
    if not wants_code:
        return Exit.DONE
    if behind is None:
        return Exit.UNAVAILABLE if found.unseen else Exit.DONE
    return Exit.WAITING if behind.state == "waiting" else Exit.FINDINGS


def _conclusion(found: Trace) -> str:
    if found.first_behind is not None:
        return f"First seam behind: {found.first_behind.name} ({found.first_behind.summary})"
    if found.unseen:
        return f"Not known whether all has arrived: {', '.join(seam.name for seam in found.unseen)} cannot be looked at (goldenpath doctor)"
    return "Everything that can be seen has arrived."


def _lines(state: CliState, seam: Seam) -> list[str]:
    from goldenpath.cli.output import printable

    sign, color = _SIGNS[seam.state]
    when = f"  {seam.time[:19]}Z" if seam.time else ""
    lines = [f"  {state.output.paint(sign, color)} {seam.name:<15}{when}  {printable(seam.summary)}"]
    if state.output.is_verbose or seam.name in {"approval", "value"}:
        lines += [f"      {name}: {printable(text)}" for name, text in seam.facts if text]
    return lines
