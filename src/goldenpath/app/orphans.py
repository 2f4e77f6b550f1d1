"""Records that no request explains, with what is known about each and what can be done. Nothing is changed, and never deleted (R13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goldenpath.app.reviewed import holds
from goldenpath.app.services import Services
from goldenpath.app.survey import Survey, survey
from goldenpath.plan.orphans import Unexplained, unexplained


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanRow:
    """One record. ``file`` is the request's file as it was at the commit that wrote the record last; empty when it was not there."""

    record: Unexplained
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphans:
    """What needs a decision, and apart from it the records that retirement will end."""

    commit: str
    rows: tuple[OrphanRow, ...]
    retiring: tuple[OrphanRow, ...]


def find_orphans(services: Services, *, environments: Sequence[str] = ()) -> Orphans:
    """Look for records without a request; a record that a lagging list shows is looked at again before it is named.

    Raises:
        InvalidIntent: ``intent.catalog-invalid``: a request that cannot be read would make its record an orphan.
        AuditUnavailable: the listing could not be recorded, so there was none.
    """
    found = survey(services, environments=environments)
    known = frozenset(entry.request.id for entry in found.catalog.entries)
    rows = [
        OrphanRow(record=record, file=_file_at(services, found, record) if record.kind == "orphan" else "")
        for store in found.stores
        for record in unexplained(
            store.planned.plan,
            store.planned.records,
            known_ids=known,
            prefix=found.governance.settings.naming.prefix,
            now=services.clock.now(),
        )
    ]
    return Orphans(
        commit=found.commit,
        rows=tuple(row for row in rows if row.record.kind != "awaiting-retirement"),
        retiring=tuple(row for row in rows if row.record.kind == "awaiting-retirement"),
    )


def _file_at(services: Services, found: Survey, record: Unexplained) -> str:
    """Return where the record's request lay when the record was last written: tags are the only witness, so all are checked."""
    reader = services.repository()
    if not record.commit or not record.service or not holds(reader, found.commit, record.commit):
        return ""
    path = f"{found.governance.settings.catalog.root}/{record.service}/{record.environment}/{record.request_id}.yaml"
    return path if reader.tree_oid(record.commit, path) else ""
