"""Searches lines of a file, and says what was found as findings: file, line and column, and never the match."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Final

from goldenpath.leaks.fingerprints import Index
from goldenpath.leaks.patterns import PRIVATE_KEY, find_tokens
from goldenpath.leaks.redact import masked, spans_of
from goldenpath.model.base import Record
from goldenpath.model.finding import Finding

LINE_BYTES_MAX: Final = 200_000
"""Of a longer line only so much is searched; it is generated or packed, and each byte of it costs the same time as any other."""


class Lines(Record, frozen=True, kw_only=True):
    """Lines of one file, each with its number from 1; 0 is the file's own name."""

    path: str
    lines: tuple[tuple[int, bytes], ...]


def search(files: Iterable[Lines], index: Index) -> Iterator[Finding]:
    """Yield a finding for each managed value and each known token."""
    for file in files:
        shown = shown_path(file.path, index)
        for number, line in ((0, os.fsencode(file.path)), *file.lines):
            for start, rule, message, kind in _found(line[:LINE_BYTES_MAX], index):
                yield _finding(rule, message, file=shown, line=number, column=start + 1 if number else 0, kind=kind)


def shown_path(path: str, index: Index) -> str:
    """Return a file's name as it may be shown: one that holds a value shows the mask in its place."""
    raw = os.fsencode(path)
    spans = [(start, end) for start, end, _kind in spans_of(raw, index)]
    return os.fsdecode(masked(raw, spans)) if spans else path


def lines_of(data: bytes, *, before: bytes = b"") -> tuple[tuple[int, bytes], ...]:
    """Return the lines of ``data`` with their numbers; only those that ``before`` does not have anywhere."""
    known = set(before.splitlines())
    return tuple((number, line) for number, line in enumerate(data.splitlines(), 1) if line not in known)


def _found(line: bytes, index: Index) -> Iterator[tuple[int, str, str, str]]:
    for hit in index.find(line):
        yield hit.start, "scan.managed-value", f"the value of {hit.name} stands here", hit.name
    for match in find_tokens(line):
        rule = "scan.private-key" if match.kind == PRIVATE_KEY else "scan.known-token"
        yield match.start, rule, f"this has the form of a {match.kind}", match.kind


def _finding(rule: str, message: str, *, file: str, line: int, column: int, kind: str) -> Finding:
    return Finding(
        rule=rule,
        level="block",
        message=message if line else f"in the file's name: {message}",
        subject=kind.partition(" ")[0] if rule == "scan.managed-value" else "",
        file=file,
        line=line,
        column=column,
        got=kind,
        expected="a reference to a secret, never its value",
        hint="take it out, and rotate it: what was committed or sent counts as known",
    )
