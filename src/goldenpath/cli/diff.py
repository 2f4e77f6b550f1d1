"""``goldenpath diff``: two environments side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.params import EnvironmentType
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.app.compare import Comparison, PairRow, Side


@click.command()
@click.option("--from", "source", required=True, type=EnvironmentType(), help="The environment to compare.")
@click.option("--to", "target", required=True, type=EnvironmentType(), help="The environment to compare it with.")
@click.option("--service", default="", metavar="NAME", help="Only this service.")
@click.option("--compare-values", "compares_values", is_flag=True, help="Say whether values are equal; both are read, on record.")
@click.option("--reason", metavar="TEXT", default="", help="With --compare-values: why, for the audit log.")
@click.option("--exit-code", "wants_code", is_flag=True, help="End with 1 when presence, contract or presence of a value differ.")
@example("goldenpath diff --from staging --to prod", "goldenpath diff --from dev --to staging --service payments --exit-code -o json")
@pass_state
def diff(state: CliState, *, source: str, target: str, service: str, compares_values: bool, reason: str, wants_code: bool) -> int:
    """Compare the secrets of two environments: which there are, what their requests say, and whether they have a value.

    Secrets are paired by service and name. Fingerprints of two environments are keyed separately, so only --compare-values can tell
    whether two values are equal; it shows no value, only same or different.
    """
    from goldenpath.app.compare import compare_environments

    if source == target:
        raise click.UsageError("--from and --to name the same environment")
    found = compare_environments(
        state.services, source=source, target=target, service=service, compares_values=compares_values, reason=reason
    )
    state.output.data("EnvironmentDiff", _payload(found), text=_text(state, found))
    return Exit.FINDINGS if wants_code and any(row.has_difference for row in found.rows) else Exit.DONE


def _payload(found: Comparison) -> dict[str, Any]:
    return {
        "commit": found.commit,
        "from": found.source,
        "to": found.target,
        "has_difference": any(row.has_difference for row in found.rows),
        "pairs": [_entry(row) for row in found.rows],
        "findings": found.findings,
    }


def _entry(row: PairRow) -> dict[str, Any]:
    return {
        "service": row.pair.service,
        "name": row.pair.name,
        "presence": row.pair.presence,
        "from": row.source,
        "to": row.target,
        "contract": [{"field": each.field, "from": each.source, "to": each.target} for each in row.pair.differences],
        "values": row.values,
        "same_keys": row.same_keys,
        "has_difference": row.has_difference,
    }


def _text(state: CliState, found: Comparison) -> str:
    from goldenpath.cli.output import printable
    from goldenpath.model.counting import counted

    columns = ("", "SERVICE", "NAME", found.source.upper(), found.target.upper(), "VALUES")
    lines = [state.output.table(columns, [_cells(row) for row in found.rows])] if found.rows else ["No requests in either."]
    for row in found.rows:
        for each in row.pair.differences:
            sides = f"{each.source or '(default)'} -> {each.target or '(default)'}"
            lines.append(printable(f"~ {row.pair.service}/{row.pair.name} {each.field}: {sides}"))
    lines += [printable(f"warning: {finding.message} [{finding.rule}]") for finding in found.findings]
    different = sum(row.has_difference for row in found.rows)
    lines.append(
        f"{counted(len(found.rows), 'secret')} at {found.commit[:12]}: {different} differ between {found.source} and {found.target}"
    )
    return "\n".join(lines)


def _cells(row: PairRow) -> tuple[str, ...]:
    sign = {"only-from": "-", "only-to": "+", "both": "~" if row.has_difference else "="}[row.pair.presence]
    return (sign, row.pair.service, row.pair.name, _side(row.source), _side(row.target), row.values.replace("-", " "))


def _side(side: Side | None) -> str:
    if side is None:
        return "no request"
    if side.value != "present":
        return f"{side.request_id} {side.value}"
    age = "" if side.age_days is None else f", {side.age_days} d old"
    fingerprint = f", {side.fingerprint[:8]}" if side.fingerprint else ""
    return f"{side.request_id} version {side.version_id[:8]}{age}{fingerprint}"
