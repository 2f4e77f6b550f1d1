"""Findings for a person at a terminal: one paragraph each, the counts last. Colour only repeats what the words say."""

from __future__ import annotations

from collections.abc import Callable

from goldenpath.cli.formats import Report, Section, facts_of, level_of, place_of
from goldenpath.cli.table import render_table
from goldenpath.model.finding import Finding

Paint = Callable[[str, str], str]

_COLORS = {"block": "red", "warn": "yellow", "info": "cyan", "waived": "dim"}
_INDENT = " " * 8


def render(report: Report, *, paint: Paint) -> str:
    """Return the whole report as lines; ``paint(text, color)`` colours a word or leaves it as it is."""
    parts = ["\n".join(_paragraph(finding, paint)) for finding in report.findings]
    parts += [_section(section) for section in report.sections]
    parts.append(f"{report.summary}\n{report.counts_line}")
    return "\n\n".join(parts) + "\n"


def _paragraph(finding: Finding, paint: Paint) -> list[str]:
    level = level_of(finding)
    lines = [f"{paint(f'{level:<6}', _COLORS[level])}  {place_of(finding)}  [{finding.rule}]", _INDENT + finding.message]
    return lines + [f"{_INDENT}{label}: {text}" for label, text in facts_of(finding)]


def _section(section: Section) -> str:
    table = render_table(section.columns, section.rows)
    return "\n".join([f"{section.title}:", *(f"  {line}" for line in table.split("\n"))])
