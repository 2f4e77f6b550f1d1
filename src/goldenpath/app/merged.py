"""The catalog as it will be after the merge: the base's tip with the change laid over it. Two green changes can still clash (R9)."""

from __future__ import annotations

from goldenpath.app.check import CheckResult
from goldenpath.app.revision import read_requests
from goldenpath.app.services import Services
from goldenpath.intent.catalog import Catalog, CatalogEntry


def merged_catalog(services: Services, result: CheckResult) -> Catalog:
    """Return the base's catalog with the change's requests in place of their older selves; findings are the base's own."""
    base = read_requests(services.repository(), result.governance)
    gone = {change.path_before for change in result.change.requests}
    kept = [entry for entry in base.entries if entry.path not in gone]
    new = [
        CatalogEntry(request=change.after, path=change.path_after, oid="") for change in result.change.requests if change.after is not None
    ]
    entries = sorted((*kept, *new), key=lambda entry: (entry.request.id, entry.path))
    return Catalog(entries=tuple(entries), findings=base.findings, commit=result.change.head)
