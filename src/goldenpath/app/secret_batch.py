"""Judges a whole batch of Kubernetes Secrets before the first is written: policy, owner in the cluster, record and values in the store.

Every request is looked at, so that all that is refused is told at once. Values that are not refused are rehearsed at the cluster, and
only when nothing else is refused: no value goes anywhere for a batch that is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from goldenpath.app.audited import AuditedStore, Subject
from goldenpath.app.cluster_secrets import ClusterSecrets
from goldenpath.app.cluster_selection import Selected
from goldenpath.app.context import standing_context
from goldenpath.app.reviewed import holds
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail, target_of
from goldenpath.errors import AccessDenied, Conflict, GoldenpathError, InvalidIntent, NotFound, ProviderRefused
from goldenpath.model.audit import AuditDecision
from goldenpath.model.cluster import ClusterObject, KubernetesSecret
from goldenpath.model.finding import Finding
from goldenpath.model.materialize import SecretAction
from goldenpath.model.naming import store_ref
from goldenpath.model.payload import decode_payload, encode_payload, outline_payload
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.secret_marks import COMMIT, FINGERPRINT, STORE_VERSION
from goldenpath.model.store import StoreRecord, VersionInfo
from goldenpath.plan.kubernetes_secrets import action_on, has_same_data, judge_change, judge_place, newer_commit, place_of
from goldenpath.policy.gate import judge_catalog
from goldenpath.projection.kubernetes_secret import kubernetes_secret
from goldenpath.projection.payload_check import check_payload
from goldenpath.provision.retry import Retrier

TARGET_RULES = frozenset({"policy.namespace-reserved", "policy.namespace-unmapped", "policy.target-reserved"})
"""The rules about where a Secret may go. The others steer an apply; a value that is due must not wait for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One request: what its Secret should be and what it needs, or why not. ``wanted`` is None while there is nothing to write."""

    request: SecretRequest
    ref: SecretRef
    action: SecretAction = "unchanged"
    wanted: KubernetesSecret | None = field(default=None, repr=False)
    found: KubernetesSecret | None = field(default=None, repr=False)
    findings: tuple[Finding, ...] = ()

    @property
    def version_id(self) -> str:
        """The version of the store that the Secret should hold."""
        return "" if self.wanted is None else self.wanted.meta.annotations[STORE_VERSION]

    @property
    def keys(self) -> int:
        """How many keys the Secret should have."""
        return 0 if self.wanted is None else len(self.wanted.data)

    @property
    def surplus(self) -> frozenset[str]:
        """Keys that are in the Secret and belong there no more."""
        return frozenset() if self.wanted is None or self.found is None else frozenset(self.found.data.keys() - self.wanted.data.keys())


class Judge:
    """Looks at each request of one run.

    Args:
        services: The platform.
        selected: What was asked for, and the commit that says so.
        requests: Those of it that take values.
        cluster: Where the Secrets are.
        retrier: One deadline for everything.
        environment: Canonical environment.
        accept_drift: Ids whose hand-edited Secret may be overwritten.
        reason: Why values are read, for the audit log.
    """

    def __init__(
        self,
        services: Services,
        selected: Selected,
        requests: Sequence[SecretRequest],
        cluster: ClusterSecrets,
        retrier: Retrier,
        *,
        environment: str,
        accept_drift: frozenset[str],
        reason: str,
    ) -> None:
        self._services = services
        self._environment = environment
        self._governance = selected.governance
        self._requests = requests
        self._cluster = cluster
        self._call = retrier.call
        self._accepted = accept_drift
        self._reason = reason
        self._prefix = selected.governance.settings.naming.prefix
        self._store = cache(self._open_store)
        self.is_contained: Callable[[str], bool] = cache(self._is_contained)

    def judge(self) -> tuple[Judged, ...]:
        """Return every request judged, in the order of their ids; nothing was written."""
        requests = self._requests
        refused = self._judge_targets(requests)
        namespaces = {request.spec.access.namespace for request in requests}
        external = self._cluster.external_secrets(namespaces, preferred=self._governance.settings.external_secrets.api_version)
        judged = tuple(
            self._judge(request, refused.get(request.id, ()), external.get(request.spec.access.namespace, ())) for request in requests
        )
        return judged if any(each.findings for each in judged) else tuple(self._rehearsed(each) for each in judged)

    def current_version(self, judged: Judged) -> str:
        """Return the version that is current in the store now; reads no value."""
        record = self._describe(judged.ref)
        current = None if record is None else record.version_at("current")
        return current.id if current else ""

    def _judge_targets(self, requests: Iterable[SecretRequest]) -> dict[str, list[Finding]]:
        context = standing_context(self._governance, today=self._services.clock.now().date())
        refused: dict[str, list[Finding]] = {}
        for finding in judge_catalog(requests, context).findings:
            if finding.is_blocking and finding.rule in TARGET_RULES:
                refused.setdefault(finding.subject, []).append(finding)
        return refused

    def _judge(self, request: SecretRequest, refused: Iterable[Finding], external: Iterable[ClusterObject]) -> Judged:
        ref = store_ref(request, prefix=self._prefix)
        found = self._cluster.look(request)
        record = self._describe(ref)
        findings = (*refused, *judge_place(request, found, external), *self._judge_commit(request, found), *_judge_record(request, record))
        if findings:
            return Judged(request=request, ref=ref, findings=findings)
        if record is None or record.version_at("current") is None:
            return Judged(request=request, ref=ref, action="awaiting-value")
        return self._judge_values(request, ref, found)

    def _judge_values(self, request: SecretRequest, ref: SecretRef, found: ClusterObject | None) -> Judged:
        store = self._store(request.spec.provider)
        blob, version = self._call(lambda: store.read(ref))
        findings = tuple(_judge_payload(request, blob))
        if findings:
            return Judged(request=request, ref=ref, findings=findings)
        values = decode_payload(blob)
        there = None if found is None else self._cluster.read(request)
        wanted = kubernetes_secret(
            request,
            values,
            version=version,
            fingerprint=store.fingerprint(ref, encode_payload(values)),
            commit=self._governance.commit,
            over=None if there is None else there.meta,
        )
        return self._compared(request, ref, wanted, there, version)

    def _compared(
        self, request: SecretRequest, ref: SecretRef, wanted: KubernetesSecret, found: KubernetesSecret | None, version: VersionInfo
    ) -> Judged:
        is_edited = found is not None and self._is_edited(request, ref, wanted, found, version)
        action = action_on(wanted, found, is_edited=is_edited, is_accepted=request.id in self._accepted)
        findings = () if found is None or action == "drift" else tuple(judge_change(request, wanted, found))
        return Judged(request=request, ref=ref, action=action, wanted=wanted, found=found, findings=findings)

    def _is_edited(
        self, request: SecretRequest, ref: SecretRef, wanted: KubernetesSecret, found: KubernetesSecret, version: VersionInfo
    ) -> bool:
        """Say whether the Secret's data is not what we wrote: by its fingerprint, else by the version that it says it is from.

        The fingerprint alone would not do: another machine's has another key.
        """
        if has_same_data(wanted.data, found.data) or self._is_fingerprinted(request, ref, found):
            return False
        written = found.meta.annotations.get(STORE_VERSION, "")
        if written in {"", version.id}:
            return True
        store = self._store(request.spec.provider)
        try:
            blob, _version = self._call(lambda: store.read(ref, version_id=written))
        except NotFound:
            return True  # the store keeps that version no more, so nobody can tell: a person decides
        return not has_same_data(decode_payload(blob), found.data)

    def _is_fingerprinted(self, request: SecretRequest, ref: SecretRef, found: KubernetesSecret) -> bool:
        try:
            payload = encode_payload(found.data)
        except InvalidIntent:
            return False  # bytes that no record can hold
        return self._store(request.spec.provider).fingerprint(ref, payload) == found.meta.annotations.get(FINGERPRINT)

    def _judge_commit(self, request: SecretRequest, found: ClusterObject | None) -> Iterator[Finding]:
        """Refuse to write over what a newer commit wrote (R19); this clone may be behind."""
        written = "" if found is None else found.meta.annotations.get(COMMIT, "")
        if written and not self.is_contained(written):
            yield Finding(
                rule="materialize.newer-commit",
                level="block",
                message=newer_commit(place_of(request), written),
                subject=request.id,
                hint="fetch the protected branch and run again; a rewritten branch has to get that commit back",
            )

    def _is_contained(self, commit: str) -> bool:
        return holds(self._services.repository(), self._governance.commit, commit)

    def _rehearsed(self, judged: Judged) -> Judged:
        if judged.wanted is None or judged.action in {"unchanged", "drift"}:
            return judged
        try:
            self._cluster.rehearse(judged.wanted, is_forced=judged.action == "overwrite")
        except (AccessDenied, Conflict, InvalidIntent, NotFound, ProviderRefused) as error:
            return Judged(request=judged.request, ref=judged.ref, findings=(_refusal(judged.request, error),))
        return judged

    def _describe(self, ref: SecretRef) -> StoreRecord | None:
        return self._call(lambda: self._store(ref.provider).describe(ref))

    def _open_store(self, provider: str) -> AuditedStore:
        services = self._services
        subjects: Mapping[SecretRef, Subject] = {
            store_ref(request, prefix=self._prefix): Subject(
                target=target_of(request, prefix=self._prefix),
                joins=joins_of(services, request, commit=self._governance.commit),
                decision=AuditDecision(allowed=True, reason=self._reason),
            )
            for request in self._requests
        }
        return AuditedStore(services.store(self._environment, provider), open_trail(services), subjects)


def _judge_record(request: SecretRequest, record: StoreRecord | None) -> Iterator[Finding]:
    if record is None:
        return
    if record.deletion_date:
        message = f"the record is scheduled for deletion on {record.deletion_date}"
        yield _blocking(request, "store.scheduled-for-deletion", message, hint="goldenpath restore, if the secret is still wanted")
    elif record.request_id != request.id:
        owner = record.request_id or "nobody known to the platform"
        message = f"the record at {record.ref} belongs to {owner}"
        yield _blocking(request, "store.foreign-record", message, hint="goldenpath orphans says whose records there are")


def _judge_payload(request: SecretRequest, blob: SecretValue) -> Iterator[Finding]:
    try:
        keys = outline_payload(blob)
    except ProviderRefused as error:
        yield _refusal(request, error)
        return
    yield from check_payload(keys, subject=request.id)
    missing = sorted({spec.name for spec in request.spec.keys} - {key.name for key in keys})
    if missing:
        yield _blocking(
            request,
            "materialize.key-missing",
            f"the record has no value for {', '.join(missing)}, which the request declares",
            hint=f"goldenpath seed {request.id}",
        )


def _refusal(request: SecretRequest, error: GoldenpathError) -> Finding:
    return Finding(rule=error.code, level="block", message=error.message, subject=request.id, hint=error.hint)


def _blocking(request: SecretRequest, rule: str, message: str, *, hint: str) -> Finding:
    return Finding(rule=rule, level="block", message=message, subject=request.id, hint=hint)
