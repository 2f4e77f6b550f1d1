"""What ``drift`` found, for a terminal, for machines, and as findings. Renders what ``app.drift`` found; decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from goldenpath.app.drift import DriftReport
from goldenpath.cli.formats import clean
from goldenpath.cli.output import Output
from goldenpath.model.counting import counted
from goldenpath.model.finding import Finding, Level
from goldenpath.plan.drift import FieldDrift, RecordDrift
from goldenpath.plan.policy_diff import policy_lines

_WORDS: Final = {
    "drift": "changed outside the platform",
    "missing": "missing: the record was there, and is gone",
    "scheduled-for-deletion": "scheduled for deletion",
    "foreign": "foreign: the record at this path is not the request's",
    "duplicate": "duplicate: another request has the same id or path",
    "orphan": "orphan: no request explains it",
    "pending": "pending: an apply would change it",
    "to-create": "pending: an apply would create it",
    "ignored": "as wanted but for what is ignored",
    "awaiting-retirement": "awaiting retirement",
}
_RULES: Final = {
    "drift": "plan.drift",
    "missing": "plan.missing-record",
    "scheduled-for-deletion": "store.scheduled-for-deletion",
    "foreign": "store.foreign-record",
    "duplicate": "plan.duplicate-request",
    "orphan": "plan.orphan",
}
_HINTS: Final = {
    "drift": "to overwrite it: goldenpath apply --accept-drift {id}; to keep it: change the request, or have it ignored with a reason",
    "missing": "find out who took it away; goldenpath apply makes an empty one, and its value has to be given again",
    "scheduled-for-deletion": "to keep it: goldenpath restore {id}",
    "foreign": "to take it over: goldenpath adopt {id}",
    "orphan": "goldenpath orphans says what can be done",
}
_LEFT: Final = {
    "found": "as the platform left it; the request changed since",
    "wanted": "changed since the last apply",
    "neither": "changed since the last apply, and so was the request",
    "unknown": "what the last apply left is not known",
}
_COLORS: Final = {"+": "green", "-": "red", "!": "yellow", "~": "yellow"}


def payload(found: DriftReport) -> dict[str, Any]:
    """Return the JSON document: every record that is not simply as wanted, in full."""
    return {
        "commit": found.commit,
        "has_drift": bool(found.drifted),
        "counts": _counts(found),
        "records": [record for record in found.records if record.state != "as-wanted"],
        "findings": found.findings,
    }


def render_text(found: DriftReport, output: Output) -> str:
    """Return the page for people; the counts come last."""
    lines = [line for record in found.records if record.state != "as-wanted" for line in _record_lines(record)]
    lines += [f"warning: {clean(finding.message)} [{finding.rule}]" for finding in found.findings]
    return "\n".join([*(_painted(line, output) for line in lines), summary(found)])


def summary(found: DriftReport) -> str:
    """Return the counts as one sentence."""
    if not any(record.state not in {"as-wanted", "awaiting-retirement"} for record in found.records):
        return f"No drift: every record is as the platform left it ({counted(len(found.records), 'record')} at {found.commit[:12]})"
    counts = _counts(found)
    return (
        f"Drift at {found.commit[:12]}: {counted(counts['drifted'], 'record')} to decide on, {counts['pending']} pending, "
        f"{counts['ignored']} ignored, {counts['as_wanted']} as wanted"
    )


def findings_of(found: DriftReport) -> list[Finding]:
    """Return one finding per field or record, for annotations: drift blocks, the rest is told."""
    return [*found.findings, *(finding for record in found.records for finding in _findings(record))]


def _counts(found: DriftReport) -> dict[str, int]:
    states = [record.state for record in found.records]
    return {
        "drifted": len(found.drifted),
        "pending": states.count("pending") + states.count("to-create"),
        "ignored": sum(field.state == "ignored" for record in found.records for field in record.fields),
        "as_wanted": states.count("as-wanted") + states.count("ignored"),
    }


def _record_lines(record: RecordDrift) -> Iterator[str]:
    sign = "!" if record.is_drifted else "~" if record.state in {"pending", "to-create"} else "="
    yield f"{sign} {clean(record.request_id)} {clean(_place(record))}  {_WORDS[record.state]}"
    if record.detail and record.state not in {"drift", "orphan"}:
        yield f"    {clean(record.detail)}"
    for field in record.fields:
        yield from (f"    {line}" for line in _field_lines(field))
    hint = _HINTS.get(record.state, "")
    if hint:
        yield f"    next: {hint.format(id=clean(record.request_id))}"


def _field_lines(field: FieldDrift) -> Iterator[str]:
    name = clean(field.field)
    if field.state == "ignored":
        until = f", until {clean(field.expires_on)}" if field.expires_on else ""
        yield f"= {name}: ignored: {clean(field.reason)} (owner {clean(field.owner)}{until})"
    sign = {"drift": "!", "pending": "~", "ignored": " "}[field.state]
    if field.field == "policy":
        yield f"{sign} policy: {_LEFT[field.left]} (- wanted, + found)"
        yield from (f"    {clean(line)}" for line in policy_lines(field.wanted or "", field.found or ""))
        return
    told = "" if field.state == "ignored" else f" ({_LEFT[field.left]})"
    yield f"{sign} {name}: wanted {_side(field.wanted)}, found {_side(field.found)}{told}"


def _side(text: str | None) -> str:
    return "no such tag" if text is None else f'"{clean(text)}"'


def _findings(record: RecordDrift) -> Iterator[Finding]:
    for field in record.fields:
        if record.state == "drift" or field.state == "ignored":
            yield _field_finding(record, field)
    if record.is_drifted and record.state != "drift":
        yield _finding(record, _RULES[record.state], "block", f"{_place(record)}: {_WORDS[record.state]}", hint=_hint(record))


def _field_finding(record: RecordDrift, field: FieldDrift) -> Finding:
    if field.state == "ignored":
        return _finding(record, "plan.drift", "info", f"{_place(record)}: drift of {field.field} is ignored: {field.reason}")
    level: Level = "block" if field.state == "drift" else "info"
    message = f"{_place(record)}: {field.field} {_LEFT[field.left]}"
    wanted, found = ("no such tag" if side is None else side for side in (field.wanted, field.found))
    return _finding(record, "plan.drift", level, message, field=field.field, got=found, expected=wanted, hint=_hint(record))


def _finding(
    record: RecordDrift, rule: str, level: Level, message: str, *, field: str = "", got: str = "", expected: str = "", hint: str = ""
) -> Finding:
    return Finding(rule=rule, level=level, message=message, subject=record.request_id, field=field, got=got, expected=expected, hint=hint)


def _hint(record: RecordDrift) -> str:
    return _HINTS.get(record.state, "").format(id=record.request_id)


def _place(record: RecordDrift) -> str:
    return f"{record.provider}:{record.environment}:{record.path}"


def _painted(line: str, output: Output) -> str:
    color = _COLORS.get(line.lstrip()[:1])
    return output.paint(line, color) if color else line
