"""One secret from commit to reader, seam by seam, joined by one correlation id; names the first seam that is behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from goldenpath.app.audit_log import tail_audit
from goldenpath.app.check import CheckResult
from goldenpath.app.committed_manifests import manifest_tip
from goldenpath.app.deliver import manifest_paths, rendered
from goldenpath.app.effects import desired_of
from goldenpath.app.locate import Located, locate
from goldenpath.app.provenance import Origin, judged_origin, origin_of
from goldenpath.app.seam import CLUSTER_SEAM, Seam
from goldenpath.app.services import Services
from goldenpath.app.trace_cluster import cluster_seams
from goldenpath.audit.query import RecordFilter
from goldenpath.audit.record import AuditRecord
from goldenpath.errors import GoldenpathError, NotFound
from goldenpath.model.change import CommitInfo
from goldenpath.model.cluster import NO_ACCESS, ClusterAccess
from goldenpath.model.correlation import correlation_id
from goldenpath.model.instant import to_text
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.naming import external_secret_name
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.store import TAG_COMMIT, StoreRecord
from goldenpath.ports.repository import RepositoryReader
from goldenpath.projection.emitter import Tree
from goldenpath.projection.overlay_result import is_same, overlay_result
from goldenpath.projection.overlays import wanted_trees
from goldenpath.projection.stores import is_projectable
from goldenpath.provision.observe import is_as_desired

RECORDS_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The whole line of one request."""

    request_id: str
    correlation_id: str
    seams: tuple[Seam, ...]

    @property
    def first_behind(self) -> Seam | None:
        """The first seam where the line stops; None when everything that can be seen has arrived."""
        return next((seam for seam in self.seams if seam.state in {"behind", "waiting"}), None)

    @property
    def unseen(self) -> tuple[Seam, ...]:
        """The seams that should have been looked at and could not be; a cluster counts once one is configured."""
        return tuple(seam for seam in self.seams if seam.state == "unknown" and seam.name != CLUSTER_SEAM)


def trace_request(services: Services, request_id: str, *, access: ClusterAccess = NO_ACCESS) -> Trace:
    """Follow one request through Git, store, audit log and cluster.

    No value is read from the store; the Secret's data is, on record, where its fingerprint can be compared (see ``trace_cluster``).
    """
    located = locate(services, request_id)
    records = _records(services, request_id)
    record = located.store.describe(located.ref)
    manifest = _manifest(services, located, record)
    seams = (
        *_intent(services, located),
        _store(located, record),
        _value(record),
        manifest,
        *cluster_seams(services, located, record, manifest_commit=dict(manifest.facts).get("commit", ""), access=access),
        _reads(records),
    )
    return Trace(request_id=request_id, correlation_id=correlation_id(located.request), seams=seams)


def _intent(services: Services, located: Located) -> tuple[Seam, Seam]:
    origin = origin_of(services, until=located.commit, path=located.path)
    brought = services.repository().commits(origin.base, origin.head) if origin.base else (origin.merged,)
    request = Seam(
        name="request",
        state="ok",
        summary=f"{located.path} merged in {origin.merged.oid[:12]}",
        time=_time(origin.merged),
        facts=(
            ("commit", origin.merged.oid),
            ("head", origin.head),
            ("authors", ", ".join(sorted({commit.author_email for commit in brought}))),
        ),
    )
    return request, _approval(services, located, origin)


def _approval(services: Services, located: Located, origin: Origin) -> Seam:
    try:
        result = judged_origin(services, origin, until=located.commit)
    except GoldenpathError as error:
        return Seam(name="approval", state="unknown", summary=f"cannot be judged again: {error.code}")
    if result is None:
        return Seam(name="approval", state="ok", summary="part of the commit that founded the platform", time=_time(origin.merged))
    return _approval_seam(result)


def _approval_seam(result: CheckResult) -> Seam:
    given = [approval.statement for approval in result.counted]
    facts = (("change_digest", result.change.digest), *(("approved_by", f"{each.approver} at {each.time}") for each in given))
    if not result.verdict.needs:
        return Seam(name="approval", state="ok", summary="none needed", facts=facts)
    if result.approvals.is_satisfied:
        names = ", ".join(each.approver for each in given)
        return Seam(name="approval", state="ok", summary=f"approved by {names}", time=max(each.time for each in given), facts=facts)
    missing = ", ".join(need.owner or need.role for need in result.approvals.missing)
    return Seam(name="approval", state="waiting", summary=f"missing: {missing}", facts=facts)


def _store(located: Located, record: StoreRecord | None) -> Seam:
    if record is None:
        return Seam(name="store", state="behind", summary="no record yet: goldenpath apply")
    facts = (("ref", str(located.ref)), ("commit", dict(record.tags).get(TAG_COMMIT, "")), ("generation", str(record.generation)))
    if record.deletion_date:
        return Seam(name="store", state="behind", summary=f"scheduled for deletion on {record.deletion_date}", facts=facts)
    if not is_as_desired(desired_of(located.request, located.governance.settings, located.governance.policy.rotation), record):
        return Seam(name="store", state="behind", summary="the record differs from the request: goldenpath drift", facts=facts)
    return Seam(name="store", state="ok", summary=f"record as wanted at {located.ref.path}", time=record.created_at, facts=facts)


def _value(record: StoreRecord | None) -> Seam:
    current = None if record is None else record.version_at("current")
    if current is None:
        return Seam(name="value", state="waiting", summary="awaiting a first value: goldenpath seed")
    return Seam(
        name="value",
        state="ok",
        summary=f"version {current.id[:8]} is current",
        time=current.created_at,
        facts=(("version_id", current.id), ("fingerprint", current.fingerprint)),
    )


def _manifest(services: Services, located: Located, record: StoreRecord | None) -> Seam:
    request = located.request
    if request.spec.lifecycle.status not in PROJECTED_STATES:
        return Seam(name="manifest", state="ok", summary=f"none: the request is {request.spec.lifecycle.status}")
    if record is None or record.version_at("current") is None:
        return Seam(name="manifest", state="waiting", summary="committed after the first value")
    if not is_projectable(request):
        return Seam(name="manifest", state="ok", summary=f"none: provider {request.spec.provider} is not projected")
    path = manifest_paths(request, settings=located.governance.settings)[0]
    try:
        reader = services.manifest_reader()
        tip = manifest_tip(services)
        found, history = _arrived(reader, tip, located), reader.path_history(tip, path)
    except (GoldenpathError, NotFound) as error:
        return Seam(name="manifest", state="unknown", summary=f"the GitOps repository cannot be read: {error.code}")
    if found != "as wanted" or not history:
        return Seam(name="manifest", state="behind", summary=f"{path} is {found}: goldenpath apply")
    return Seam(
        name="manifest",
        state="ok",
        summary=f"{path} in {history[-1].oid[:12]}",
        time=_time(history[-1]),
        facts=(("commit", history[-1].oid), ("path", path)),
    )


def _arrived(reader: RepositoryReader, tip: str, located: Located) -> Literal["as wanted", "missing", "older"]:
    """Compare what is committed with what the request asks for: one file, or what base and overlay come to."""
    request, settings = located.request, located.governance.settings
    path = manifest_paths(request, settings=settings)[0]
    if not settings.projection.is_overlays:
        wanted = rendered(located.governance, [request], [request.environment], frozenset())[request.environment]
        found = reader.read_file(tip, path)
        is_wanted = found == wanted.get(path.removeprefix(f"{settings.delivery.directory}/{request.environment}/"))
        return "missing" if found is None else "as wanted" if is_wanted else "older"
    tree = _overlaid(reader, tip, request, settings)
    trees = wanted_trees([request], service=request.metadata.service, environment=request.environment, settings=settings)
    return "missing" if tree is None else "as wanted" if is_same(tree, trees[external_secret_name(request)]) else "older"


def _overlaid(reader: RepositoryReader, tip: str, request: SecretRequest, settings: Settings) -> Mapping[str, Tree] | None:
    head = f"{settings.projection.tenants}/{request.metadata.service}"
    entries = [entry for entry in reader.list_tree(tip, head) if entry.mode in {"100644", "100755"} and entry.path.endswith(".yaml")]
    contents = reader.read_blobs([entry.oid for entry in entries])
    files = {entry.path.removeprefix(f"{head}/"): data for entry, (_oid, data) in zip(entries, contents, strict=True)}
    result = overlay_result(files, settings.projection.folder(request.environment))
    return None if result is None else result.get(external_secret_name(request))


def _reads(records: list[AuditRecord]) -> Seam:
    reads = [record for record in records if record.phase == "outcome" and record.action == "secret.read" and record.outcome == "success"]
    if not reads:
        return Seam(name="reads", state="ok", summary="nobody has read it through the platform")
    last = reads[-1]
    return Seam(
        name="reads",
        state="ok",
        summary=f"{len(reads)} through the platform, last by {last.actor.id} of version {last.target.version_id[:8]}",
        time=last.time,
        facts=(("last_version_id", last.target.version_id),),
    )


def _records(services: Services, request_id: str) -> list[AuditRecord]:
    try:
        return tail_audit(services, RecordFilter(target=request_id), RECORDS_LOOKED_AT)[0]
    except NotFound:
        return []


def _time(commit: CommitInfo) -> str:
    return to_text(datetime.fromtimestamp(commit.time, UTC))
