"""Findings as GitHub annotations: one workflow command per finding, and the verdict as a plain line.

Escaping follows the runner's own tables: ``%``, CR and LF in the message, also ``:`` and ``,`` in properties.
"""

from __future__ import annotations

from goldenpath.cli.formats import Report, facts_of, level_of
from goldenpath.model.finding import Finding

_COMMANDS = {"block": "error", "warn": "warning", "info": "notice", "waived": "notice"}
_SHOWN_FACTS = frozenset({"got", "expected", "fix", "waived by"})


def render(report: Report) -> str:
    """Return one ``::error``, ``::warning`` or ``::notice`` line per finding, then the summary."""
    lines = [_annotation(finding) for finding in report.findings]
    return "\n".join([*lines, report.summary, report.counts_line]) + "\n"


def _annotation(finding: Finding) -> str:
    properties = _properties(finding)
    joined = ",".join(f"{name}={_property(value)}" for name, value in properties)
    facts = "".join(f"\n{label}: {text}" for label, text in facts_of(finding) if label in _SHOWN_FACTS)
    return f"::{_COMMANDS[level_of(finding)]} {joined}::{_data(finding.message + facts)}"


def _properties(finding: Finding) -> list[tuple[str, str]]:
    found = [("file", finding.file)] if finding.file else []
    if finding.file and finding.line:
        found += [("line", str(finding.line)), ("col", str(max(finding.column, 1)))]
    return [*found, ("title", " ".join(filter(None, (level_of(finding), finding.rule, finding.subject))))]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
