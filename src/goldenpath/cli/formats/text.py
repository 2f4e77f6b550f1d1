"""Findings for a person at a terminal: one paragraph each, the counts last. Colour only repeats what the words say."""

from __future__ import annotations

from goldenpath.cli.formats import Report, Section, facts_of, level_of, place_of
from goldenpath.model.finding import Finding

_COLORS = {"block": "31;1", "warn": "33", "info": "36", "waived": "35"}
_INDENT = " " * 8


def render(report: Report, *, has_color: bool = False) -> str:
    """Return the whole report as lines."""
    parts = ["\n".join(_paragraph(finding, has_color=has_color)) for finding in report.findings]
    parts += ["\n".join(_section(section)) for section in report.sections]
    parts.append(f"{report.summary}\n{report.counts_line}")
    return "\n\n".join(parts) + "\n"


def _paragraph(finding: Finding, *, has_color: bool) -> list[str]:
    level = level_of(finding)
    head = f"{level:<6}"
    if has_color:
        head = f"\x1b[{_COLORS[level]}m{head}\x1b[0m"
    lines = [f"{head}  {place_of(finding)}  [{finding.rule}]", _INDENT + finding.message]
    return lines + [f"{_INDENT}{label}: {text}" for label, text in facts_of(finding)]


def _section(section: Section) -> list[str]:
    rows = [section.columns, *section.rows]
    widths = [max(len(row[index]) for row in rows) for index in range(len(section.columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [f"{section.title}:", *(f"  {line}" for line in lines)]
