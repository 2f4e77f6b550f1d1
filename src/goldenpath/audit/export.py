"""Turns records into what other tools read: JSON lines, CSV for spreadsheets, OCSF for a SIEM. Adds nothing and leaves nothing out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from goldenpath.audit.ocsf import ocsf_event
from goldenpath.audit.record import AuditRecord

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NESTED: Final = ("actor", "source", "target", "decision")


def export_lines(records: Iterable[AuditRecord], form: str) -> Iterator[str]:
    """Yield text lines, each with its newline, in ``jsonl``, ``csv`` or ``ocsf`` (one event per line)."""
    return FORMATS[form](records)


def csv_columns() -> tuple[str, ...]:
    """Return the columns of the CSV form: members of the record, those of its objects as ``object.member``."""
    empty = AuditRecord(
        phase="intent", action="", operation_id="", schema_version=1, id="", time="", seq=0, prev_hash="", key_id="", hash=""
    )
    return tuple(_flat(empty))


def neutral_cell(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula: a leading apostrophe where one could begin (CASE 173)."""
    stripped = text.lstrip(" \u00a0\ufeff\u200b")
    return "'" + text if stripped.startswith(_FORMULA_STARTS) else text


def _jsonl(records: Iterable[AuditRecord]) -> Iterator[str]:
    for record in records:
        yield msgspec.json.encode(record).decode("utf-8") + "\n"


def _csv(records: Iterable[AuditRecord]) -> Iterator[str]:
    yield _row(csv_columns())
    for record in records:
        yield _row([neutral_cell(text) for text in _flat(record).values()])


def _ocsf(records: Iterable[AuditRecord]) -> Iterator[str]:
    for record in records:
        yield msgspec.json.encode(ocsf_event(record)).decode("utf-8") + "\n"


def _row(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _flat(record: AuditRecord) -> dict[str, str]:
    tree: dict[str, Any] = msgspec.to_builtins(record)
    ordered = {name: tree.pop(name) for name in ("schema_version", "id", "time", "seq")} | tree
    cells: dict[str, str] = {}
    for name, value in ordered.items():
        members = {f"{name}.{member}": item for member, item in value.items()} if name in _NESTED else {name: value}
        cells |= {column: _cell(item) for column, item in members.items()}
    return cells


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return msgspec.json.encode(value).decode("utf-8")


FORMATS: Final[dict[str, Callable[[Iterable[AuditRecord]], Iterator[str]]]] = {"jsonl": _jsonl, "csv": _csv, "ocsf": _ocsf}
