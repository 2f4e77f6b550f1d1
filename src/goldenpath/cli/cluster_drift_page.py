"""What ``drift --cluster`` found, for a terminal, for machines, and as findings. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from goldenpath.app.cluster_drift import ClusterDriftReport
from goldenpath.cli.formats import clean
from goldenpath.cli.output import Output
from goldenpath.delivery.cluster_drift import ObjectDrift
from goldenpath.delivery.manifest_fields import ManifestField
from goldenpath.model.counting import counted
from goldenpath.model.finding import Finding, Level

_WORDS: Final = {
    "drift": "differs from its manifest",
    "missing": "missing",
    "foreign": "foreign: it belongs to somebody else",
    "unowned": "unowned: nothing in the cluster keeps it",
    "edited": "edited by hand",
    "orphan": "orphan: no request explains it",
    "being-deleted": "being deleted",
    "pending": "pending: an apply would change it",
    "to-create": "pending: an apply would create it",
    "ignored": "as wanted but for what is ignored",
}
_RULES: Final = {
    "drift": "cluster.drift",
    "missing": "cluster.missing",
    "foreign": "cluster.secret-foreign",
    "unowned": "cluster.secret-unowned",
    "edited": "cluster.secret-edited",
    "orphan": "cluster.orphan",
    "being-deleted": "cluster.being-deleted",
}
_HINTS: Final = {
    "drift": "Argo CD puts committed manifests back with selfHeal; to keep the change, change the request",
    "missing": "goldenpath trace {id} shows the seam where it stopped",
    "foreign": "two things write one Secret: give the request another k8sSecretName, or take the other one away",
    "unowned": "find out who made it before External Secrets takes it over",
    "edited": "goldenpath sync {id} writes what the store holds",
    "orphan": "goldenpath orphans --cluster says what can be done",
    "being-deleted": "see who deleted it, and whether the controller behind the finalizer runs",
}
_LEFT: Final = {
    "found": "as it was committed; the request changed since",
    "wanted": "committed as wanted: changed in the cluster, or not applied there",
    "neither": "committed in another way: an apply is due, and the cluster differs from what was committed",
    "unknown": "",
}
_COLORS: Final = {"!": "yellow", "~": "yellow"}


def payload(found: ClusterDriftReport) -> dict[str, Any]:
    """Return the JSON document: every object that is not simply as wanted, in full."""
    return {
        "commit": found.commit,
        "environments": found.environments,
        "has_drift": bool(found.drifted),
        "counts": _counts(found),
        "objects": [row for row in found.objects if row.state != "as-wanted"],
        "findings": found.findings,
    }


def render_text(found: ClusterDriftReport, output: Output) -> str:
    """Return the page for people; the counts come last."""
    lines = [line for row in found.objects if row.state != "as-wanted" for line in _object_lines(row)]
    lines += [f"warning: {clean(finding.message)} [{finding.rule}]" for finding in found.findings]
    return "\n".join([*(_painted(line, output) for line in lines), summary(found)])


def summary(found: ClusterDriftReport) -> str:
    """Return the counts as one sentence."""
    where = ", ".join(found.environments)
    counts = _counts(found)
    if not found.drifted and not counts["pending"] and not counts["ignored"]:
        return f"No drift in the cluster of {where}: {counted(len(found.objects), 'object')} as at {found.commit[:12]}"
    return (
        f"Cluster of {where} at {found.commit[:12]}: {counted(counts['drifted'], 'object')} to decide on, {counts['pending']} pending, "
        f"{counts['ignored']} ignored, {counts['as_wanted']} as wanted"
    )


def findings_of(found: ClusterDriftReport) -> list[Finding]:
    """Return one finding per field or object, for annotations: drift blocks, the rest is told."""
    return [*found.findings, *(finding for row in found.objects for finding in _findings(row))]


def _counts(found: ClusterDriftReport) -> dict[str, int]:
    states = [row.state for row in found.objects]
    return {
        "drifted": len(found.drifted),
        "pending": states.count("pending") + states.count("to-create"),
        "ignored": sum(field.state == "ignored" for row in found.objects for field in row.fields),
        "as_wanted": states.count("as-wanted") + states.count("ignored"),
    }


def _object_lines(row: ObjectDrift) -> Iterator[str]:
    sign = "!" if row.is_drifted else "~" if row.state in {"pending", "to-create"} else "="
    detail = f": {clean(row.detail)}" if row.detail else ""
    yield f"{sign} {clean(row.request_id or '-')} {clean(_place(row))}  {_WORDS[row.state]}{detail}"
    for field in row.fields:
        yield f"    {_field_line(field)}"
    if row.writers and row.fields:
        yield f"    set by: {clean(', '.join(row.writers))}"
    if row.is_drifted:
        yield f"    next: {clean(_hint(row))}"


def _field_line(field: ManifestField) -> str:
    sides = f"wanted {_side(field.wanted)}, found {_side(field.found)}"
    if field.state == "ignored":
        until = f", until {clean(field.expires_on)}" if field.expires_on else ""
        return f"= {clean(field.field)}: {sides} (ignored: {clean(field.reason)}; owner {clean(field.owner)}{until})"
    told = f" ({_LEFT[field.left]})" if _LEFT[field.left] else ""
    return f"{'!' if field.state == 'drift' else '~'} {clean(field.field)}: {sides}{told}"


def _side(text: str | None) -> str:
    return "nothing" if text is None else f'"{clean(text)}"'


def _findings(row: ObjectDrift) -> Iterator[Finding]:
    place = _place(row)
    for field in row.fields:
        level: Level = "block" if field.state == "drift" else "info"
        message = f"{place}: {field.field} " + (
            f"is ignored: {field.reason}" if field.state == "ignored" else _LEFT[field.left] or "differs"
        )
        yield Finding(
            rule="cluster.drift",
            level=level,
            message=message,
            subject=row.request_id,
            field=field.field,
            got="nothing" if field.found is None else field.found,
            expected="nothing" if field.wanted is None else field.wanted,
            hint=_hint(row),
        )
    if row.is_drifted and not row.fields:
        detail = f": {row.detail}" if row.detail else ""
        yield Finding(
            rule=_RULES[row.state], level="block", message=f"{place}: {_WORDS[row.state]}{detail}", subject=row.request_id, hint=_hint(row)
        )


def _hint(row: ObjectDrift) -> str:
    return _HINTS.get(row.state, "").format(id=row.request_id)


def _place(row: ObjectDrift) -> str:
    return f"{row.environment}: {row.object}"


def _painted(line: str, output: Output) -> str:
    color = _COLORS.get(line.lstrip()[:1])
    return output.paint(line, color) if color else line
