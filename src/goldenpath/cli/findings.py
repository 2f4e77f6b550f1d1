"""The one way in which findings leave the process, in every format that people and machines expect (CONVENTIONS 1.2, 1.4).

It decides nothing: levels, waivers and exit codes are the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from goldenpath.cli.formats import Report, Section, level_of, make_report
from goldenpath.cli.output import MACHINE_FORMATS, Output
from goldenpath.model.finding import Finding


def render_findings(
    output: Output,
    findings: Iterable[Finding],
    *,
    summary: str,
    kind: str = "Findings",
    details: Mapping[str, Any] | None = None,
    sections: Sequence[Section] = (),
) -> None:
    """Write the findings in the output's format.

    Args:
        output: Where and how to write.
        findings: In any order; they are written in stable order, foreign text made safe.
        summary: One sentence with the verdict.
        kind: Name of the JSON document.
        details: Additional members of the JSON document; any msgspec-encodable values.
        sections: Small tables for people, shown by table and markdown.
    """
    report = make_report(findings, kind=kind, summary=summary, details=details, sections=sections)
    if output.format == "ndjson":
        _write_stream(output, report)
    elif output.format in {"json", "yaml"}:
        output.data(report.kind, {**_totals(report), "findings": [_entry(finding) for finding in report.findings]}, text="")
    elif output.format in MACHINE_FORMATS:
        output.document(_text(output, report))
    else:
        output.write(_text(output, report))


def _write_stream(output: Output, report: Report) -> None:
    for finding in report.findings:
        output.data("Finding", _entry(finding), text="")
    output.data(report.kind, _totals(report), text="")


def _totals(report: Report) -> dict[str, Any]:
    return {**report.details, "summary": report.summary, "counts": report.counts}


def _entry(finding: Finding) -> dict[str, Any]:
    fields = {name: getattr(finding, name) for name in finding.__struct_fields__}
    return {**fields, "is_blocking": finding.is_blocking, "shown_level": level_of(finding)}


def _text(output: Output, report: Report) -> str:
    """Each format is imported when it is asked for: the catalogue of codes and the XML writer cost start time (P4)."""
    if output.format == "sarif":
        from goldenpath.cli.formats.sarif import render
    elif output.format == "junit":
        from goldenpath.cli.formats.junit import render
    elif output.format == "github":
        from goldenpath.cli.formats.github import render
    elif output.format == "markdown":
        from goldenpath.cli.formats.markdown import render
    else:
        from goldenpath.cli.formats import text

        return text.render(report, paint=output.paint)
    return render(report)
