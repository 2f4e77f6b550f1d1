"""One request, found by id on the protected branch, and the store that holds its value. Cost follows one file, not the catalog.

Only the reviewed part of the branch counts: what was merged without approval changes no read, no seed and no manifest either.
"""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.app.audited import AuditedStore, Subject
from goldenpath.app.history import HistoryResult
from goldenpath.app.protected import protected_tip
from goldenpath.app.reviewed import require_reviewed_settings, review, unreviewed
from goldenpath.app.revision import Governance, read_governance, require_clean
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail, target_of
from goldenpath.errors import Conflict, NotFound
from goldenpath.intent.catalog import read_entries
from goldenpath.model.audit import AuditDecision
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.naming import store_ref
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import StoreRecord
from goldenpath.ports.repository import TreeEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A request as the reviewed part of the protected branch states it, with its store."""

    commit: str
    path: str
    governance: Governance
    request: SecretRequest
    ref: SecretRef
    store: AuditedStore

    def record(self) -> StoreRecord:
        """Return the request's own record, ready for values.

        Raises:
            NotFound: ``store.record-missing`` before the first apply.
            Conflict: ``store.scheduled-for-deletion`` or ``store.foreign-record``.
        """
        record = self.store.describe(self.ref)
        if record is None:
            raise NotFound("store.record-missing", "there is no record yet", subject=self.request.id, hint="run goldenpath apply first")
        if record.deletion_date:
            raise Conflict(
                "store.scheduled-for-deletion",
                f"the record is scheduled for deletion on {record.deletion_date}",
                subject=self.request.id,
                hint="goldenpath restore, if the secret is still wanted",
            )
        if record.request_id != self.request.id:
            owner = record.request_id or "nobody known to the platform"
            raise Conflict("store.foreign-record", f"the record at {self.ref} belongs to {owner}", subject=self.request.id)
        return record


def locate(services: Services, request_id: str, *, reason: str = "") -> Located:
    """Find a request on the reviewed part of the protected branch.

    Raises:
        NotFound: ``request.unknown``.
        PolicyBlocked: ``approval.missing`` and its like when it may stand behind a change that nobody reviewed,
            ``platform.settings-unreviewed``.
        Conflict: ``history.rewritten``.
        InvalidIntent: the request's file has faults.
    """
    reader = services.repository()
    history = review(services, protected_tip(reader, services.settings))
    commit = history.verified_to
    require_reviewed_settings(services, commit)
    governance = read_governance(reader, commit)
    root = governance.settings.catalog.root
    wanted = {f"{request_id}.yaml", f"{request_id}.metadata.yaml"}
    files = [entry for entry in reader.list_tree(commit, root) if entry.path.rpartition("/")[2] in wanted]
    entry = _only(services, governance, request_id, files, history)
    ref = store_ref(entry[1], prefix=governance.settings.naming.prefix)
    subject = Subject(
        target=target_of(entry[1], prefix=governance.settings.naming.prefix),
        joins=joins_of(services, entry[1], commit=commit),
        decision=AuditDecision(allowed=True, reason=reason),
    )
    store = AuditedStore(services.store(entry[1].environment, entry[1].spec.provider), open_trail(services), {ref: subject})
    return Located(commit=commit, path=entry[0], governance=governance, request=entry[1], ref=ref, store=store)


def require_readable(request: SecretRequest) -> None:
    """Refuse values of a request that is on its way out (R55: decommissioning starts by issuing nothing).

    Raises:
        Conflict: ``request.retiring``.
    """
    status = request.spec.lifecycle.status
    if status not in PROJECTED_STATES:
        raise Conflict(
            "request.retiring",
            f"the request is {status}; no value is given out or taken any more",
            subject=request.id,
            hint="withdraw the decommissioning (lifecycle.status: deprecated) if the secret is still needed",
        )


def _only(
    services: Services, governance: Governance, request_id: str, files: list[TreeEntry], history: HistoryResult
) -> tuple[str, SecretRequest]:
    catalog = read_entries(services.repository(), files, settings=governance.settings, enums=governance.enums)
    require_clean(catalog.findings, what=f"the file of {request_id}")
    for entry in catalog.entries:
        if entry.request.id == request_id:
            return entry.path, entry.request
    if history.failed is not None:
        raise unreviewed(history)
    raise NotFound(
        "request.unknown",
        f"no request {request_id} on {services.settings.governance.protected_branch}",
        subject=request_id,
        hint="goldenpath status lists what there is; a request on a branch counts once it is merged",
    )
