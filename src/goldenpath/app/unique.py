"""Does the change take what another request or a tombstone holds? Asked of the base's whole catalog, not only of the diff (R9)."""

from __future__ import annotations

from goldenpath.app.revision import Governance, read_requests
from goldenpath.intent.catalog import CatalogEntry
from goldenpath.intent.uniqueness import find_conflicts
from goldenpath.model.change import Change
from goldenpath.model.finding import Finding
from goldenpath.ports.repository import RepositoryReader


def conflicts_with_base(reader: RepositoryReader, governance: Governance, change: Change) -> tuple[Finding, ...]:
    """Return a finding for every changed file that clashes with the base's catalog, its tombstones, or another changed file."""
    changed = {each.path_after: each.after for each in change.requests if each.after is not None}
    if not changed:
        return ()
    gone = {each.path_before for each in change.requests}
    base = read_requests(reader, governance)
    entries = [entry for entry in base.entries if entry.path not in gone and entry.path not in changed]
    entries += [CatalogEntry(request=request, path=path, oid="") for path, request in changed.items()]

    def fetch(path: str) -> bytes:
        return reader.read_file(change.head if path in changed else governance.commit, path) or b""

    found = find_conflicts(entries, settings=governance.settings, tombstones=governance.tombstones, fetch=fetch)
    return tuple(finding for finding in found if finding.file in changed)
