"""Finds records in a log for people and exports: the newest first when few are wanted, all in order otherwise. Proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from goldenpath.audit.reader import FileView, Line, Snapshot, read_lines
from goldenpath.audit.record import AuditRecord, split_line
from goldenpath.model.base import Record

_END_BYTES: Final = 1_048_576


class Unreadable(Record, frozen=True, kw_only=True):
    """A line that is no record: half-written and named by a recovery record, or damaged. ``audit verify`` tells which."""

    segment: int
    line: int


class RecordFilter(Record, frozen=True, kw_only=True):
    """Which records are wanted; an empty member wants all. ``action`` ending in ``.*`` wants a whole family.

    ``since`` is compared as text with the record's time, so it must have the same form.
    """

    action: str = ""
    target: str = ""
    actor: str = ""
    since: str = ""

    def wants(self, record: AuditRecord) -> bool:
        """Say whether the record is one of the wanted."""
        return (
            (not self.action or _is_of(record.action, self.action))
            and (not self.target or self.target in _names_of(record))
            and (not self.actor or self.actor == record.actor.id)
            and (not self.since or record.time >= self.since)
        )


def all_records(snapshot: Snapshot, wanted: RecordFilter) -> Iterator[AuditRecord | Unreadable]:
    """Yield the wanted records in order, and every line that cannot be read."""
    for number, view in snapshot.segments:
        yield from _records(number, view, 0, wanted)


def newest_records(snapshot: Snapshot, wanted: RecordFilter, count: int) -> list[AuditRecord]:
    """Return the last ``count`` wanted records in order, reading no more of the log than needed."""
    found: list[AuditRecord] = []
    for number, view in reversed(snapshot.segments):
        if len(found) >= count:
            break
        found = [*_newest_of(number, view, wanted, count - len(found)), *found]
    return found


def records_after(before: Snapshot, now: Snapshot, wanted: RecordFilter) -> Iterator[AuditRecord]:
    """Yield the wanted records that came between two snapshots."""
    sizes = {number: view.size for number, view in before.segments}
    for number, view in now.segments:
        for record in _records(number, view, sizes.get(number, 0), wanted):
            if isinstance(record, AuditRecord):
                yield record


def _newest_of(number: int, view: FileView, wanted: RecordFilter, count: int) -> list[AuditRecord]:
    starts = [view.size - _END_BYTES, 0] if view.size > _END_BYTES else [0]
    found: list[AuditRecord] = []
    for start in starts:
        # a start inside a line yields one unreadable piece, which is left out like every other
        found = [record for record in _records(number, view, start, wanted) if isinstance(record, AuditRecord)][-count:]
        if len(found) >= count:
            break
    return found


def _records(segment: int, view: FileView, start: int, wanted: RecordFilter) -> Iterator[AuditRecord | Unreadable]:
    for number, line in enumerate(read_lines(view, start=start), 1):
        record = _decode(line)
        if record is None:
            yield Unreadable(segment=segment, line=number)
        elif wanted.wants(record):
            yield record


def _decode(line: Line) -> AuditRecord | None:
    if split_line(line.text) is None:
        return None
    try:
        return msgspec.json.decode(line.text, type=AuditRecord)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _is_of(action: str, pattern: str) -> bool:
    return action.startswith(pattern[:-1]) if pattern.endswith(".*") else action == pattern


def _names_of(record: AuditRecord) -> tuple[str, ...]:
    target = record.target
    return (target.intent_id, target.backend_ref, target.service, target.environment, target.k8s_secret)
