"""Findings for a pull request comment or a job summary: the verdict first, then a table.

Everything but our own frame is foreign text: each character that Markdown, HTML, tables, mentions, references or auto-links could
act on is written as a character reference, which a renderer shows and never obeys.
"""

from __future__ import annotations

import re

from goldenpath.cli.formats import Report, Section, facts_of, level_of, place_of
from goldenpath.model.finding import Finding

_JOINER = "&#8288;"
_REFERENCES = {ord(char): f"&#{ord(char)};" for char in "&<>\"'`*_[](){}|\\~$^=+"}
_REFERENCES |= {ord(char): f"&#{ord(char)};{_JOINER}" for char in "@#!"}
_AUTO_LINK = re.compile(r":(?=/)|(?<=www)\.|(?<=\bgh)-(?=\d)", re.IGNORECASE)


def render(report: Report) -> str:
    """Return the verdict, the findings as a table, and one table per section."""
    lines = [f"**{escape(report.summary)}**", "", escape(report.counts_line), ""]
    if report.findings:
        lines += _table(("Level", "Rule", "Where", "What"), [_row(finding) for finding in report.findings])
    for section in report.sections:
        lines += _section(section)
    return "\n".join(lines).rstrip("\n") + "\n"


def escape(text: str) -> str:
    """Return ``text`` so that a Markdown renderer shows exactly it: no markup, link, mention, HTML or table border comes alive."""
    escaped = text.translate(_REFERENCES)
    return _AUTO_LINK.sub(lambda match: f"&#{ord(match.group())};{_JOINER}", escaped)


def _row(finding: Finding) -> tuple[str, ...]:
    what = [escape(finding.message), *(f"*{label}:* {escape(text)}" for label, text in facts_of(finding))]
    return (f"**{level_of(finding)}**", escape(finding.rule), escape(place_of(finding)), "<br>".join(what))


def _section(section: Section) -> list[str]:
    rows = [tuple(escape(cell) for cell in row) for row in section.rows]
    return ["", f"### {escape(section.title)}", "", *_table(tuple(escape(column) for column in section.columns), rows)]


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]
