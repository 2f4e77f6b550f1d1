"""What every findings format is given: one report, already safe to print. Formats turn it into text and decide nothing.

Everything foreign (file names, titles, field contents) passes :func:`clean` on the way in, so that no format can be talked into
moving a cursor, hiding a line or issuing a workflow command (R11).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from goldenpath.cli.output import printable
from goldenpath.model.base import Record
from goldenpath.model.finding import Finding

TEXT_MAX = 2000
"""Characters of one text that any format shows; a longer one is cut and says so."""

LEVELS = ("block", "warn", "info", "waived")

_WORKFLOW_COMMAND = re.compile(r"(?:^|(?<=\s))::|::(?=[A-Za-z][A-Za-z-]*(?:::|\s))|##(?=[a-z]*\[)")
"""What a build runner would take for a command: ``::`` at the start of a line or word, ``::name::``, ``##[`` and ``##vso[`` anywhere."""

_BROKEN_COMMAND = {"::": "\\x3a:", "##": "#\\x23"}


class Section(Record, frozen=True, kw_only=True):
    """A small table beside the findings: approvals needed, waivers used."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Report(Record, frozen=True, kw_only=True):
    """Findings in stable order, the sentence that sums them up, and whatever else the verb has to tell.

    ``details`` are additional members of the JSON document; ``sections`` the same facts for people.
    """

    kind: str
    summary: str
    findings: tuple[Finding, ...]
    details: Mapping[str, Any] = {}
    sections: tuple[Section, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Return how many findings stand at each level, waived ones apart."""
        found = [level_of(finding) for finding in self.findings]
        return {level: found.count(level) for level in LEVELS}

    @property
    def counts_line(self) -> str:
        """Return the counts as one line for people."""
        counts = self.counts
        return (
            f"{counts['block']} blocking, {counts['warn']} {_plural('warning', counts['warn'])}, "
            f"{counts['info']} {_plural('note', counts['info'])}, {counts['waived']} waived"
        )


def make_report(
    findings: Iterable[Finding],
    *,
    kind: str,
    summary: str,
    details: Mapping[str, Any] | None = None,
    sections: Sequence[Section] = (),
) -> Report:
    """Return the report with every foreign text made safe and the findings in stable order."""
    return Report(
        kind=kind,
        summary=clean(summary),
        findings=tuple(sorted((_clean_finding(finding) for finding in findings), key=lambda finding: finding.sort_key)),
        details=_clean_tree(msgspec.to_builtins(dict(details or {}))),
        sections=tuple(_clean_section(section) for section in sections),
    )


def level_of(finding: Finding) -> str:
    """Return the level to show: a waived finding is no longer what its rule made it."""
    return "waived" if finding.waived_by else finding.level


def place_of(finding: Finding) -> str:
    """Return ``file:line:column`` as far as known, else the subject."""
    if not finding.file:
        return finding.subject
    position = f":{finding.line}:{finding.column}" if finding.line else ""
    return finding.file + position


def facts_of(finding: Finding) -> tuple[tuple[str, str], ...]:
    """Return what is known beside the message, as (label, text), in reading order."""
    facts = (
        ("field", finding.field),
        ("got", finding.got),
        ("expected", finding.expected),
        ("fix", finding.hint),
        ("see also", ", ".join(finding.related)),
        ("waived by", finding.waived_by),
    )
    return tuple((label, text) for label, text in facts if text)


def clean(text: str) -> str:
    """Return ``text`` as one line without control characters or workflow commands, cut to :data:`TEXT_MAX` characters."""
    shown = printable(text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + " (cut)")
    return _WORKFLOW_COMMAND.sub(lambda match: _BROKEN_COMMAND[match.group()], shown)


def _clean_finding(finding: Finding) -> Finding:
    return msgspec.structs.replace(
        finding,
        rule=clean(finding.rule),
        message=clean(finding.message),
        subject=clean(finding.subject),
        file=clean(finding.file),
        field=clean(finding.field),
        got=clean(finding.got),
        expected=clean(finding.expected),
        hint=clean(finding.hint),
        related=tuple(clean(path) for path in finding.related),
        waived_by=clean(finding.waived_by),
    )


def _clean_section(section: Section) -> Section:
    return Section(
        title=clean(section.title),
        columns=tuple(clean(column) for column in section.columns),
        rows=tuple(tuple(clean(cell) for cell in row) for row in section.rows),
    )


def _clean_tree(tree: Any) -> Any:
    if isinstance(tree, str):
        return clean(tree)
    if isinstance(tree, dict):
        return {clean(str(key)): _clean_tree(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_clean_tree(value) for value in tree]
    return tree


def _plural(word: str, count: int) -> str:
    return word if count == 1 else word + "s"
