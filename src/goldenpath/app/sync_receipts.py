"""Writes a receipt and a pair of audit records for each ExternalSecret of a run: what was asked, what is there, how that is known."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import msgspec

from goldenpath.app.cluster_state import prove
from goldenpath.app.consumers import view_of
from goldenpath.app.revision import Governance
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail, target_of
from goldenpath.audit.trail import Operation
from goldenpath.delivery.arrival import Arrival, Remembered, compare_arrival
from goldenpath.delivery.consumers import NamespaceView, find_consumers
from goldenpath.delivery.external_secret_state import ExternalSecretState
from goldenpath.delivery.flights import Landing
from goldenpath.delivery.force_sync import Refusal, Verdict
from goldenpath.errors import AccessDenied, GoldenpathError, InvalidIntent, NotFound
from goldenpath.model.audit import Target
from goldenpath.model.cluster import SECRET, ObjectMeta, ObjectRef
from goldenpath.model.instant import to_text
from goldenpath.model.naming import external_secret_name, store_ref
from goldenpath.model.payload import encode_payload
from goldenpath.model.request import SecretRequest
from goldenpath.model.store import VersionInfo
from goldenpath.model.sync import Consumer, SyncReceipt, SyncResult
from goldenpath.ports.cluster import Cluster

_RESULTS_OF_ERRORS: Mapping[str, SyncResult] = {"value.awaiting": "waiting", "provider-unavailable": "timeout"}
"""What an error means for its receipt, by code or kind; every other one is a refusal."""

_RESULTS: Mapping[str, SyncResult] = {
    "synced": "arrived",
    "stale": "behind",
    "missing": "failed",
    "foreign": "failed",
    "unproven": "failed",
}
_CODES = {"stale": "sync.version-behind", "missing": "sync.secret-missing", "foreign": "sync.secret-foreign", "unproven": "sync.unproven"}


class _Look:
    """What was seen of one Secret. ``note`` says why less was seen than could be."""

    def __init__(self, arrival: Arrival, meta: ObjectMeta | None, fingerprint: str, note: str = "") -> None:
        self.arrival, self.meta, self.fingerprint, self.note = arrival, meta, fingerprint, note


class ReceiptBook:
    """The receipts of one environment. Entering does nothing; leaving ends the records that a fault left open, as failed.

    Args:
        services: The platform.
        governance: The reviewed commit that requests are read from.
        environment: Canonical name.
        cluster: Where the Secrets are.
        explained: Every request of the environment, by the place of its ExternalSecret.
    """

    def __init__(
        self,
        services: Services,
        governance: Governance,
        environment: str,
        cluster: Cluster,
        explained: Mapping[ObjectRef, SecretRequest],
    ) -> None:
        self._services = services
        self._governance = governance
        self._environment = environment
        self._cluster = cluster
        self._explained = explained
        self._trail = open_trail(services)
        self._open: dict[ObjectRef, tuple[ExitStack, Operation]] = {}
        self._expected: dict[ObjectRef, VersionInfo] = {}
        self._looks: dict[ObjectRef, _Look] = {}
        self._views: dict[str, NamespaceView | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for stack, _operation in self._open.values():
            stack.__exit__(kind, error, trace)
        self._open.clear()

    def begin(self, ref: ObjectRef) -> None:
        """Record that an object is about to be asked, and note which version it should bring.

        Raises:
            NotFound: ``value.awaiting``, ``store.record-missing``.
            AuditUnavailable: it must not be asked.
        """
        request = self._explained.get(ref)
        self._record(ref, request)
        if request is not None:
            self._expected[ref] = self._current(request)

    def verify(self, landing: Landing) -> Verdict:
        """Look at what arrived; another round is worth it while the Secret holds an older version."""
        ref = landing.state.ref
        look = self._looks[ref] = self._look(landing.state)
        if look.arrival.state != "stale":
            return "done"
        request = self._explained[ref]
        current = self._current(request)
        if current.id != self._expected[ref].id:  # somebody wrote a value meanwhile: the newer one may be what arrived
            self._expected[ref] = current
            look = self._looks[ref] = self._look(landing.state)
        return "again" if look.arrival.state == "stale" else "done"

    def close(self, ended: Landing | Refusal, *, is_waiting: bool) -> SyncReceipt:
        """Return the receipt of an object, and record how it ended."""
        receipt = self._refused(ended) if isinstance(ended, Refusal) else self._landed(ended, is_waiting=is_waiting)
        if receipt.is_done and receipt.secret is not None:
            receipt = msgspec.structs.replace(receipt, consumers=self._consumers(receipt.secret))
        ref = receipt.external_secret
        if ref not in self._open:
            self._record(ref, self._explained.get(ref))
        return self._finish(ref, receipt)

    def missing(self, request: SecretRequest) -> SyncReceipt:
        """Return the receipt of a request whose ExternalSecret is not in the cluster."""
        ref = _place(request)
        self._record(ref, request)
        try:
            self._current(request)
            error: GoldenpathError = NotFound(
                "sync.external-secret-missing",
                f"there is no ExternalSecret {ref.name} in {ref.namespace}",
                hint=f"goldenpath trace {request.id} shows where it stopped: apply commits the manifest, Argo CD brings it",
            )
        except NotFound as not_yet:
            error = not_yet
        return self._finish(ref, self._failed(ref, error))

    def absent(self, request: SecretRequest, left: GoldenpathError | None) -> SyncReceipt:
        """Return the receipt of a request that must have nothing in the cluster; ``left`` says what it still has."""
        ref = _place(request)
        self._record(ref, request)
        if left is not None:
            return self._finish(ref, self._failed(ref, left, result="timeout"))
        gone = SyncReceipt(
            id=self._services.entropy.sortable_id(),
            request_id=request.id,
            environment=self._environment,
            result="gone",
            external_secret=ref,
            secret=ObjectRef(kind=SECRET.name, namespace=ref.namespace, name=request.spec.access.k8s_secret_name),
        )
        return self._finish(ref, gone)

    def _landed(self, landing: Landing, *, is_waiting: bool) -> SyncReceipt:
        flight, state = landing.flight, landing.state
        look = self._looks.get(state.ref)
        version = self._expected.get(state.ref)
        arrival = look.arrival if look is not None else None
        code = landing.code or ("" if arrival is None else _CODES.get(arrival.state, ""))
        return SyncReceipt(
            id=self._services.entropy.sortable_id(),
            request_id=self._id(state.ref),
            environment=self._environment,
            result=_result(landing, arrival, is_waiting=is_waiting),
            external_secret=state.ref,
            secret=ObjectRef(kind=SECRET.name, namespace=state.ref.namespace, name=state.target),
            code=code,
            message=landing.message or ((arrival.message if arrival else "") or (look.note if look else "")),
            hint=landing.hint or (f"goldenpath trace {self._id(state.ref)}" if code and self._id(state.ref) else ""),
            token=flight.token,
            asked_at=to_text(flight.asked_at),
            seconds=round(self._services.clock.monotonic() - flight.started, 3),
            attempts=flight.attempts,
            proof=landing.proof,
            evidence=arrival.evidence if arrival else "",
            version_id=version.id if version else "",
            store_fingerprint=version.fingerprint if version else "",
            secret_fingerprint=look.fingerprint if look else "",
            external_secret_version=state.resource_version,
            secret_version=look.meta.resource_version if look and look.meta else "",
        )

    def _refused(self, refusal: Refusal) -> SyncReceipt:
        return self._failed(refusal.ref, refusal.error, state=refusal.state)

    def _failed(
        self, ref: ObjectRef, error: GoldenpathError, *, state: ExternalSecretState | None = None, result: SyncResult = "refused"
    ) -> SyncReceipt:
        return SyncReceipt(
            id=self._services.entropy.sortable_id(),
            request_id=self._id(ref),
            environment=self._environment,
            result=_RESULTS_OF_ERRORS.get(error.code) or _RESULTS_OF_ERRORS.get(error.kind, result),
            external_secret=ref,
            secret=None if state is None else ObjectRef(kind=SECRET.name, namespace=ref.namespace, name=state.target),
            code=error.code,
            message=error.message,
            hint=error.hint,
            external_secret_version=state.resource_version if state else "",
        )

    def _look(self, state: ExternalSecretState) -> _Look:
        version, request = self._expected.get(state.ref), self._explained.get(state.ref)
        meta: ObjectMeta | None = None
        fingerprint = ""
        try:
            if request is not None and version is not None and version.fingerprint:
                meta, fingerprint = self._read(request, state)
            else:
                found = self._cluster.get(SECRET, state.target, namespace=state.ref.namespace)
                meta = None if found is None else found.meta
        except AccessDenied:
            # the controller says that it wrote the Secret; whoever may not look at it has its word for that, and no more
            arrival = Arrival(state="synced", evidence="order")
            return _Look(arrival, None, "", f"these credentials may not read Secrets in {state.ref.namespace}")
        arrival = compare_arrival(state, meta, version=version, secret_fingerprint=fingerprint, is_ordered=True)
        return _Look(arrival, meta, fingerprint)

    def _read(self, request: SecretRequest, state: ExternalSecretState) -> tuple[ObjectMeta | None, str]:
        """Return the Secret's metadata and the fingerprint of its data, by the key of the request's store; its record is open already."""
        secret = self._cluster.read_secret(state.ref.namespace, state.target)
        if secret is None:
            return None, ""
        try:
            blob = encode_payload(secret.data)
        except InvalidIntent:
            return secret.meta, ""  # bytes that are no text never came from a record of keys
        ref = store_ref(request, prefix=self._governance.settings.naming.prefix)
        return secret.meta, self._services.store(ref.environment, ref.provider).fingerprint(ref, blob)

    def _current(self, request: SecretRequest) -> VersionInfo:
        ref = store_ref(request, prefix=self._governance.settings.naming.prefix)
        record = self._services.store(ref.environment, ref.provider).describe(ref)
        if record is None or record.request_id != request.id:
            raise NotFound("store.record-missing", "the store has no record of it", subject=request.id, hint="goldenpath apply")
        version = record.version_at("current")
        if version is None:
            raise NotFound("value.awaiting", "the secret has no value yet", subject=request.id, hint=f"goldenpath seed {request.id}")
        return version

    def _record(self, ref: ObjectRef, request: SecretRequest | None) -> None:
        prefix = self._governance.settings.naming.prefix
        target = Target(environment=self._environment, namespace=ref.namespace) if request is None else target_of(request, prefix=prefix)
        stack = ExitStack()
        operation = stack.enter_context(
            self._trail.operation(
                "secret.sync",
                target=target,
                joins=joins_of(self._services, request, commit=self._governance.commit),
                details={"external_secret": f"{ref.namespace}/{ref.name}"},
            )
        )
        self._open[ref] = (stack, operation)

    def _finish(self, ref: ObjectRef, receipt: SyncReceipt) -> SyncReceipt:
        self._remember(ref, receipt)
        stack, operation = self._open.pop(ref)
        operation.set_joins(sync_receipt_id=receipt.id)
        operation.set_version(receipt.version_id, fingerprint=receipt.secret_fingerprint)
        operation.add_detail("result", receipt.result)
        for name in ("proof", "evidence", "external_secret_version", "secret_version"):
            operation.add_detail(name, getattr(receipt, name))
        if not receipt.is_done and receipt.result != "asked":
            operation.failed(receipt.code)
        stack.close()
        return receipt

    def _consumers(self, secret: ObjectRef) -> tuple[Consumer, ...]:
        """Return the pods that use a Secret; none where these credentials may not see who does."""
        namespace = secret.namespace
        if namespace not in self._views:
            try:
                self._views[namespace] = view_of(self._cluster, namespace)
            except AccessDenied as error:
                self._services.progress(f"{namespace}: may not look for the consumers of its Secrets ({error.message})")
                self._views[namespace] = None
        view = self._views[namespace]
        return tuple(
            Consumer(pod=pod.name, workload=f"{found.workload.kind}/{found.workload.name}", started_at=pod.started_at)
            for found in (find_consumers(view, secret.name) if view is not None else ())
            for pod in found.pods
        )

    def _remember(self, ref: ObjectRef, receipt: SyncReceipt) -> None:
        """Keep what was proven, for reports that read no value."""
        request, look = self._explained.get(ref), self._looks.get(ref)
        if request is not None and receipt.evidence and look is not None and look.meta is not None:
            proof = Remembered(version_id=receipt.version_id, secret_uid=look.meta.uid, secret_version=look.meta.resource_version)
            prove(self._services.journal(), request, proof)

    def _id(self, ref: ObjectRef) -> str:
        request = self._explained.get(ref)
        return "" if request is None else request.id


def _result(landing: Landing, arrival: Arrival | None, *, is_waiting: bool) -> SyncResult:
    if landing.code:
        return "timeout" if landing.is_timeout else "failed"
    if not is_waiting or arrival is None:
        return "asked"
    return _RESULTS[arrival.state]


def _place(request: SecretRequest) -> ObjectRef:
    return ObjectRef(kind="ExternalSecret", namespace=request.spec.access.namespace, name=external_secret_name(request))
