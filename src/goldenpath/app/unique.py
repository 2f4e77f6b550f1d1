"""Does the change take what another request or a tombstone holds? Asked of the base's whole catalog, not only of the diff (R9)."""

from __future__ import annotations

from pathlib import Path

from goldenpath.app.revision import Governance
from goldenpath.intent.catalog import CatalogEntry
from goldenpath.intent.index import CatalogView
from goldenpath.model.change import Change
from goldenpath.model.finding import Finding
from goldenpath.ports.repository import RepositoryReader


def conflicts_with_base(reader: RepositoryReader, governance: Governance, change: Change, *, cache: Path | None) -> tuple[Finding, ...]:
    """Return a finding for every changed file that clashes with the base's catalog, its tombstones, or another changed file.

    ``cache`` is the index's file, so that the cost follows the change and not the catalog (P3); None keeps it in memory.
    """
    changed = {each.path_after: each.after for each in change.requests if each.after is not None}
    if not changed:
        return ()
    gone = {each.path_before for each in change.requests if each.path_before}
    entries = [CatalogEntry(request=request, path=path, oid="") for path, request in changed.items()]
    with CatalogView(
        reader,
        governance.commit,
        settings=governance.settings,
        enums=governance.enums,
        tombstones=governance.tombstones,
        cache=cache,
    ) as view:
        return view.conflicts(entries, without=gone, fetch=lambda path: reader.read_file(change.head, path) or b"")
