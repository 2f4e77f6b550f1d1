"""``goldenpath audit``: read the log, prove it, export it, sign it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state
from goldenpath.model.counting import counted

if TYPE_CHECKING:
    from goldenpath.audit.query import RecordFilter
    from goldenpath.audit.record import AuditRecord
    from goldenpath.audit.report import VerifyReport

F = TypeVar("F", bound=Callable[..., Any])
_AGE = re.compile(r"([0-9]{1,6})([smhd])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SHOWN = 20
"""Problems in the text of a verification; a lost key alone makes one of every record."""
_COLUMNS = ("TIME", "SEQ", "PHASE", "ACTION", "OUTCOME", "ACTOR", "TARGET", "REASON")


def _filters(function: F) -> F:
    for option in reversed(
        (
            click.option("--action", default="", metavar="ACTION", help="Only this action; secret.* for a family."),
            click.option("--target", default="", metavar="NAME", help="Only this id, path, service or environment."),
            click.option("--actor", default="", metavar="ID", help="Only what this actor did."),
            click.option(
                "--since", default="", metavar="WHEN", help="Only since a UTC time (2026-01-31T12:00:00Z) or for an age (30m, 24h, 7d)."
            ),
        )
    ):
        function = option(function)
    return function


@click.group()
@example("goldenpath audit tail -n 20", "goldenpath audit verify")
def audit() -> None:
    """Read, verify and export the audit log."""


@audit.command()
@click.option("-n", "--lines", "count", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many records.")
@_filters
@click.option("-f", "--follow", "is_following", is_flag=True, help="Go on showing records as they come, until interrupted.")
@example("goldenpath audit tail -n 50 --target SEC-0007", "goldenpath audit tail -f --action 'secret.*' -o ndjson")
@pass_state
def tail(state: CliState, /, count: int, is_following: bool, **filters: str) -> None:
    """Show the newest records, oldest first."""
    from goldenpath.app.audit_log import follow_audit, tail_audit

    wanted = _wanted(state, **filters)
    records, snapshot = tail_audit(state.services, wanted, count)
    if not is_following:
        _show(state, records)
        return
    for record in records:
        _show_one(state, record)
    for record in follow_audit(state.services, wanted, snapshot):
        _show_one(state, record)


@audit.command()
@click.option("--mirror", type=click.Path(path_type=Path, file_okay=False), help="Folder with the copy of the checkpoints.")
@click.option("--public-key", type=click.Path(path_type=Path, dir_okay=False), help="PEM file with the signing keys to trust.")
@example("goldenpath audit verify", "goldenpath audit verify --mirror /mnt/audit --public-key auditor.pem --json")
@pass_state
def verify(state: CliState, mirror: Path | None, public_key: Path | None) -> int:
    """Prove that the log is what was written; exit 1 and the first bad record when it is not."""
    from goldenpath.app.audit_log import verify_audit

    report = verify_audit(state.services, mirror=mirror, public_key=public_key)
    _show_report(state, report)
    return Exit.DONE if report.is_intact else Exit.FINDINGS


@audit.command()
@click.option(
    "--format", "form", type=click.Choice(("jsonl", "csv", "ocsf")), default="jsonl", show_default=True, help="Form of the export."
)
@_filters
@example("goldenpath audit export --format csv --since 30d > audit.csv", "goldenpath audit export --format ocsf --target SEC-0007")
@pass_state
def export(state: CliState, /, form: str, **filters: str) -> None:
    """Write records to stdout for other tools, oldest first."""
    from goldenpath.app.audit_log import Exported, export_audit

    exported = Exported()
    for line in export_audit(state.services, _wanted(state, **filters), form, exported):
        state.output.document(line)
    state.output.progress(f"{exported.records} records exported")
    if exported.unreadable:
        state.output.warn(f"{exported.unreadable} lines are no records; goldenpath audit verify tells why")


@audit.command()
@click.option(
    "--export-public-key", type=click.Path(path_type=Path, dir_okay=False), help="Also write the public key as PEM, for an auditor."
)
@example("goldenpath audit checkpoint", "goldenpath audit checkpoint --export-public-key auditor.pem")
@pass_state
def checkpoint(state: CliState, export_public_key: Path | None) -> None:
    """Sign how far the log has come, here and in the mirror."""
    from goldenpath.app import audit_log

    newest = audit_log.checkpoint_audit(state.services)
    if export_public_key is not None:
        audit_log.export_public_key(state.services, export_public_key)
    if newest is None:
        state.output.data("Checkpoint", {"seq": 0}, text="The log has no records yet.")
        return
    fields = {name: getattr(newest, name) for name in newest.__struct_fields__}
    text = f"Record {newest.seq} of chain {newest.chain_id} is signed by key {newest.signing_key_id} ({newest.time})."
    state.output.data("Checkpoint", fields, text=text)


def _wanted(state: CliState, *, action: str, target: str, actor: str, since: str) -> RecordFilter:
    from goldenpath.audit.query import RecordFilter

    return RecordFilter(action=action, target=target, actor=actor, since=_moment(state, since) if since else "")


def _moment(state: CliState, since: str) -> str:
    from goldenpath.audit.record import timestamp

    age = _AGE.match(since)
    if age is not None:
        return timestamp(state.services.clock.now() - timedelta(**{_UNITS[age.group(2)]: int(age.group(1))}))
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise click.BadParameter("expected a time such as 2026-01-31T12:00:00Z or an age such as 24h", param_hint="--since") from None
    return timestamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _show(state: CliState, records: list[AuditRecord]) -> None:
    if state.output.format == "ndjson":
        for record in records:
            _show_one(state, record)
        return
    text = state.output.table(_COLUMNS, [_cells(record) for record in records]) if records else "No such records."
    state.output.data("AuditRecords", {"records": records}, text=text)


def _show_one(state: CliState, record: AuditRecord) -> None:
    fields = {name: getattr(record, name) for name in record.__struct_fields__}
    state.output.data("AuditRecord", fields, text="  ".join(_printable(_cells(record))))
    state.output.stdout.flush()


def _cells(record: AuditRecord) -> tuple[str, ...]:
    target = record.target.intent_id or record.target.backend_ref or record.target.environment
    outcome = f"{record.outcome} {record.error_type}".strip()
    who = record.actor.display or record.actor.id
    return (record.time, str(record.seq), record.phase, record.action, outcome, who, target, record.decision.reason)


def _printable(cells: tuple[str, ...]) -> list[str]:
    from goldenpath.cli.output import printable

    return [printable(cell) for cell in cells]


def _show_report(state: CliState, report: VerifyReport) -> None:
    fields = {name: getattr(report, name) for name in report.__struct_fields__}
    payload = {**fields, "is_intact": report.is_intact, "first_bad_seq": report.first_bad_seq}
    state.output.data("AuditVerification", payload, text="\n".join(_report_lines(state, report)))


def _report_lines(state: CliState, report: VerifyReport) -> list[str]:
    verdict = state.output.paint("intact", "green") if report.is_intact else state.output.paint("BROKEN", "red")
    extent = f"{counted(report.records, 'record')} in {counted(report.segments, 'segment')}"
    lines = [f"Audit log {verdict}: {extent}, chain {report.chain_id or '(none)'}."]
    if report.problems:
        lines.append(f"First bad record: {report.first_bad_seq}. Problems: {report.problem_count}.")
        rows = [
            (str(problem.seq), f"{problem.segment}:{problem.line}", problem.code, problem.message) for problem in report.problems[:_SHOWN]
        ]
        lines.append(state.output.table(("SEQ", "SEGMENT:LINE", "CODE", "PROBLEM"), rows))
        if report.problem_count > len(rows):
            lines.append(f"... and {report.problem_count - len(rows)} more; -o json names up to {len(report.problems)}")
    mirror = (
        "and in a mirror"
        if report.has_mirror
        else "in the log's own folder only: without a mirror, a rollback of the whole folder goes unseen"
    )
    lines.append(f"Signed checkpoints: {report.checkpoints}, up to record {report.proven_seq} of {report.last_seq}, {mirror}.")
    if report.torn_fragments:
        lines.append(f"Torn writes, kept and marked: {report.torn_fragments}.")
    if report.open_intent_count:
        lines.append(f"Intents without an outcome: {report.open_intent_count}.")
        lines += [f"  {intent.time}  record {intent.seq}  {intent.action}  {intent.operation_id}" for intent in report.open_intents[:10]]
    return lines
