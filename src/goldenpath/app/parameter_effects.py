"""What an injection does to Parameter Store: each look and each change recorded, journalled, retried, and resolved when an answer is lost.

Intent in journal and audit log before the call, outcome after (R18, R50). Decisions are never taken from the journal: what lies in the
store is what counts.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.audit.trail import Operation
from goldenpath.errors import AuditUnavailable, Conflict, GoldenpathError, ProviderUnavailable
from goldenpath.injection.parameter_writes import ParameterReceipt
from goldenpath.injection.parameters import Change
from goldenpath.model.audit import AuditDecision, Target
from goldenpath.model.base import canonical_bytes
from goldenpath.model.instant import to_text
from goldenpath.model.naming import PARAMETER_PROVIDER
from goldenpath.model.parameter import ParameterInfo, declared_in
from goldenpath.model.request import SecretRequest
from goldenpath.model.store import Fence
from goldenpath.ports.journal import JournalEntry, JournalState
from goldenpath.ports.parameters import ParameterStore, ParameterValue
from goldenpath.provision.fence import HeldFence
from goldenpath.provision.retry import Retrier

_PUT: Final = "parameter.put"
_DELETE: Final = "parameter.delete"


class ParameterEffects:
    """The effects of one run on one environment's parameters; safe for threads.

    Args:
        services: Journal, audit log, clock.
        store: The environment's parameters.
        retrier: One deadline for everything.
        commit: The reviewed commit that the run works from.
        requests: The requests that may own what is touched.
        reason: Why, for the audit log.
    """

    def __init__(
        self,
        services: Services,
        store: ParameterStore,
        retrier: Retrier,
        *,
        commit: str,
        requests: Sequence[SecretRequest],
        reason: str,
    ) -> None:
        self.store = store
        self.retrier = retrier
        self._services = services
        self._journal = services.journal()
        self._trail = open_trail(services)
        self._commit = commit
        self._requests = {request.id: request for request in requests}
        self._environment = requests[0].environment
        self._decision = AuditDecision(allowed=True, reason=reason)

    def list_parameters(self, folder: str, *, owners: Collection[str]) -> dict[str, ParameterInfo]:
        """Return what lies below ``folder``."""
        return self.retrier.call(lambda: self.store.list_parameters(folder, owners=owners))

    def look_up(self, names: Collection[str]) -> dict[str, ParameterInfo]:
        """Return parameters that a list did not show."""
        return self.retrier.call(lambda: self.store.look_up(names)) if names else {}

    def has_room(self, name: str) -> bool:
        """Say whether another version fits."""
        return self.retrier.call(lambda: self.store.has_room(name))

    def read_values(self, folder: str, names: Sequence[str]) -> dict[str, ParameterValue]:
        """Return the values that are there, to compare them; nobody reads values without a record."""
        if not names:
            return {}
        request = next(iter(self._requests.values()))
        target = Target(service=request.metadata.service, environment=request.environment, backend=PARAMETER_PROVIDER, backend_ref=folder)
        details = {"parameters": str(len(names)), "purpose": "compare"}
        with self._trail.operation(
            "parameter.read", target=target, decision=self._decision, details=details, joins=joins_of(self._services, commit=self._commit)
        ):
            return self.retrier.call(lambda: self.store.read_values(names))

    def put(self, change: Change, held: HeldFence) -> int:
        """Write one parameter and return its version.

        Raises:
            GoldenpathError: what the store refused, which the journal says too; or an outcome that nobody knows, which stays open there.
        """
        entry = self._entry(_PUT, change.desired.request_id, change.desired.name, change.expected_version)
        self._note(entry, "intended")
        with self._operation(_PUT, change.desired.request_id, change.desired.name) as operation:
            try:
                version = self.retrier.call(lambda: self._send(change, held), recover=lambda: self._find(change))
            except (ProviderUnavailable, AuditUnavailable):
                raise
            except GoldenpathError as error:
                self._note(entry, "failed", error.code)
                raise
            operation.set_version(str(version))
        self._note(entry, "done")
        return version

    def prune(self, parameters: Sequence[ParameterInfo], held: HeldFence) -> tuple[ParameterReceipt, ...]:
        """Delete parameters that nothing declares any more, and return what became of each."""
        return tuple(self._prune_one(info, held) for info in parameters)

    def settle(self, folder: str, versions: Mapping[str, int]) -> None:
        """Close what killed runs left open below ``folder`` and the store shows as done; ``versions`` are by name, absent for none."""
        for entry in list(self._journal.unfinished(self._environment)):
            if not entry.detail.startswith(f"{folder}/"):
                continue
            version = versions.get(entry.detail, 0)
            is_written = entry.action == _PUT and entry.token == _token(_PUT, entry.request_id, entry.detail, version - 1)
            if is_written or (entry.action == _DELETE and not version):
                self._note(entry, "done")

    def _prune_one(self, info: ParameterInfo, held: HeldFence) -> ParameterReceipt:
        entry = self._entry(_DELETE, info.owner_id, info.name, info.version)
        self._note(entry, "intended")
        try:
            with self._operation(_DELETE, info.owner_id, info.name):
                self.retrier.call(lambda: self._delete(info.name, held))
        except AuditUnavailable:
            raise
        except GoldenpathError as error:
            if not isinstance(error, ProviderUnavailable):
                self._note(entry, "failed", error.code)
            return _pruned(info, error)
        self._note(entry, "done")
        return _pruned(info)

    def _delete(self, name: str, held: HeldFence) -> None:
        with held.writing() as fence:
            self.store.delete([name], fence=fence)

    def _send(self, change: Change, held: HeldFence) -> int:
        with held.writing() as fence:
            return self._put_under(change, fence)

    def _put_under(self, change: Change, fence: Fence) -> int:
        return self.store.put(change.desired, change.assignment.value, expected_version=change.expected_version, fence=fence)

    def _find(self, change: Change) -> int | None:
        """Look whether a write whose answer was lost took effect; None when the parameter is as it was."""
        found = self.store.read_values([change.desired.name]).get(change.desired.name)
        if found is None or found.version == change.expected_version:
            return None
        is_ours = hmac.compare_digest(found.value.reveal(), change.assignment.value.reveal())
        if found.version == change.expected_version + 1 and is_ours:
            return found.version
        raise Conflict(
            "parameter.version-race",
            f"version {found.version} came in between, and is not ours",
            subject=change.desired.name,
            hint="run again; it looks at what is there first",
        )

    def _operation(self, action: str, request_id: str, name: str) -> Operation:
        request = self._requests[request_id]
        target = Target(
            intent_id=request_id,
            service=request.metadata.service,
            environment=request.environment,
            backend=PARAMETER_PROVIDER,
            backend_ref=name,
            namespace=request.spec.access.namespace,
            k8s_secret=request.spec.access.k8s_secret_name,
        )
        joins = joins_of(self._services, request, commit=self._commit)
        return self._trail.operation(action, target=target, decision=self._decision, joins=joins)

    def _entry(self, action: str, request_id: str, name: str, version: int) -> JournalEntry:
        return JournalEntry(
            token=_token(action, request_id, name, version),
            environment=self._environment,
            request_id=request_id,
            action=action,
            state="intended",
            commit=self._commit,
            correlation_id=self._services.correlation_id,
            updated_at="",
            detail=name,
        )

    def _note(self, entry: JournalEntry, state: JournalState, code: str = "") -> None:
        detail = f"{entry.detail}: {code}" if code else entry.detail
        self._journal.record(
            JournalEntry(
                token=entry.token,
                environment=entry.environment,
                request_id=entry.request_id,
                action=entry.action,
                state=state,
                commit=entry.commit,
                correlation_id=entry.correlation_id,
                updated_at=to_text(self._services.clock.now()),
                detail=detail,
            )
        )


def _token(action: str, request_id: str, name: str, version: int) -> str:
    """Return the journal's token: the same for the same write on the same version, whatever the value."""
    return hashlib.sha256(b"goldenpath/parameter/1\x00" + canonical_bytes([action, request_id, name, version])).hexdigest()


def _pruned(info: ParameterInfo, error: GoldenpathError | None = None) -> ParameterReceipt:
    return ParameterReceipt(
        key=declared_in(info.description)[0],
        name=info.name,
        request_id=info.owner_id,
        outcome="refused" if error else "pruned",
        version=info.version,
        code=error.code if error else "",
        message=error.message if error else "",
        is_retryable=isinstance(error, ProviderUnavailable),
    )
