"""The whole chain of one change, before anything is done: gate, stores, access, manifests byte for byte, consumers, cost. Never a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldenpath.app.check import CheckResult, check_change
from goldenpath.app.deliver import Files, awaiting_value, manifest_paths, rendered
from goldenpath.app.desired import StoreScope, scopes_of
from goldenpath.app.infrastructure import ProposedInfrastructure, propose_infrastructure
from goldenpath.app.merged import merged_catalog
from goldenpath.app.native_rotation import NativeRotationState, native_rotation_state
from goldenpath.app.planning import ScopePlan, plan_scope
from goldenpath.app.revision import Governance, read_requests
from goldenpath.app.services import Services
from goldenpath.model.naming import store_ref
from goldenpath.model.request import SecretRequest
from goldenpath.plan.cost import CostEstimate, estimate_cost
from goldenpath.projection.access_table import AccessRow, access_table
from goldenpath.projection.role_lint import RoleRow, role_table


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One generated file: None on the side where it does not exist.

    ``waits`` while its secret has no first value; None when the store was not looked at, so nobody knows.
    """

    path: str
    before: bytes | None
    after: bytes | None
    waits: bool | None = False

    @property
    def sign(self) -> str:
        """``+`` new, ``-`` gone, ``~`` changed."""
        if self.before is None:
            return "+"
        return "-" if self.after is None else "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Where a changed request's value will be readable."""

    request_id: str
    cluster: str
    namespace: str
    k8s_secret: str
    principals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenStore:
    """A store that was not looked at (``--offline``): whether the changed requests' records differ from it is unknown."""

    provider: str
    request_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPreview:
    """Everything that would happen in one environment. ``unseen`` stores have neither a plan nor a price."""

    environment: str
    unseen: tuple[UnseenStore, ...]
    plans: tuple[ScopePlan, ...]
    files: tuple[FileChange, ...]
    consumers: tuple[Consumer, ...]
    access: tuple[tuple[str, tuple[AccessRow, ...]], ...]
    cost: tuple[CostEstimate, ...]
    infrastructure: tuple[ProposedInfrastructure, ...] = ()
    roles: tuple[RoleRow, ...] = ()
    rotations: tuple[tuple[str, NativeRotationState], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewResult:
    """The gate's word and one entry per environment that the change touches."""

    check: CheckResult
    environments: tuple[EnvironmentPreview, ...]


def preview_change(services: Services, *, base: str, head: str) -> PreviewResult:
    """Show what merging ``base...head`` would do. Looks at the stores' records; never at a value, never changes anything.

    Offline it looks at Git alone, and says of each store that it was not seen instead of guessing that nothing differs.
    """
    return preview_of(services, check_change(services, base=base, head=head))


def preview_of(services: Services, result: CheckResult) -> PreviewResult:
    """Show what merging a change would do that the gate has judged already."""
    before = [entry.request for entry in read_requests(services.repository(), result.governance).entries]
    after = [entry.request for entry in merged_catalog(services, result).entries]
    touched = {request.environment for change in result.change.requests for request in (change.before, change.after) if request is not None}
    changed = frozenset(change.id for change in result.change.requests)
    environments = tuple(_environment(services, result, name, before=before, after=after, changed=changed) for name in sorted(touched))
    return PreviewResult(check=result, environments=environments)


def _environment(
    services: Services,
    result: CheckResult,
    environment: str,
    *,
    before: Sequence[SecretRequest],
    after: Sequence[SecretRequest],
    changed: frozenset[str],
) -> EnvironmentPreview:
    governance = result.governance
    scopes = scopes_of(after, [environment], governance.settings)
    plans = tuple(
        plan_scope(services, governance, result.change.head, scope, services.store(scope.environment, scope.provider))
        for scope in (() if services.is_offline else scopes)
    )
    proposed = (propose_infrastructure(services, governance, scope, each.plan) for scope, each in zip(scopes, plans, strict=False))
    mine = [request for request in after if request.environment == environment and request.id in changed]
    files = _files(services, governance, environment, before=before, after=after, changed=changed)
    keys = {request.id: len(request.spec.keys) for request in after if request.environment == environment}
    return EnvironmentPreview(
        environment=environment,
        unseen=tuple(_unseen(scope, changed) for scope in scopes) if services.is_offline else (),
        plans=plans,
        files=files,
        consumers=tuple(_consumer(request, governance) for request in mine),
        access=tuple((request.id, tuple(access_table(request, settings=governance.settings))) for request in mine),
        cost=tuple(_cost(planned, governance, keys) for planned in plans),
        infrastructure=tuple(each for each in proposed if each is not None),
        rotations=tuple((request.id, _rotation(request, governance, plans, is_seen=not services.is_offline)) for request in mine),
        roles=role_table(environment, settings=governance.settings, providers={request.spec.provider for request in mine}),
    )


def _rotation(request: SecretRequest, governance: Governance, plans: Sequence[ScopePlan], *, is_seen: bool) -> NativeRotationState:
    settings, cadences = governance.settings, governance.policy.rotation
    ref = store_ref(request, prefix=settings.naming.prefix)
    record = next((record for planned in plans for record in planned.records if record.ref == ref), None)
    return native_rotation_state(request, settings, cadences, record, is_seen=is_seen)


def _cost(planned: ScopePlan, governance: Governance, keys: Mapping[str, int]) -> CostEstimate:
    store = governance.settings.environment(planned.plan.environment).store(planned.provider)
    return estimate_cost(planned.plan, settings=governance.settings, store=store, keys=keys)


def _unseen(scope: StoreScope, changed: frozenset[str]) -> UnseenStore:
    return UnseenStore(provider=scope.provider, request_ids=tuple(request.id for request in scope.requests if request.id in changed))


def _files(
    services: Services,
    governance: Governance,
    environment: str,
    *,
    before: Sequence[SecretRequest],
    after: Sequence[SecretRequest],
    changed: frozenset[str],
) -> tuple[FileChange, ...]:
    is_unseen = services.is_offline
    awaiting = frozenset[str]() if is_unseen else awaiting_value(services, governance, after, [environment])
    settled = awaiting - changed
    old = _shown(rendered(governance, before, [environment], settled), environment)
    new = _shown(rendered(governance, after, [environment], settled), environment)
    perhaps = changed if is_unseen else awaiting
    waiting = {_own_path(request, governance) for request in after if request.environment == environment and request.id in perhaps}
    return tuple(
        FileChange(
            path=path,
            before=old.get(path),
            after=new.get(path),
            waits=_waits(is_waiting=path in waiting and path in new, is_unseen=is_unseen),
        )
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path)
    )


def _shown(files: Files, environment: str) -> dict[str, bytes]:
    """Return {path: content} as a preview names files: in the environment's folder, or in the repository for what lies elsewhere."""
    elsewhere = {f"{place}/{path}": data for place, mine in files.items() if place != environment for path, data in mine.items()}
    return files[environment] | elsewhere


def _own_path(request: SecretRequest, governance: Governance) -> str:
    return manifest_paths(request, settings=governance.settings)[0].removeprefix(
        f"{governance.settings.delivery.directory}/{request.environment}/"
    )


def _waits(*, is_waiting: bool, is_unseen: bool) -> bool | None:
    return None if is_waiting and is_unseen else is_waiting


def _consumer(request: SecretRequest, governance: Governance) -> Consumer:
    access = request.spec.access
    return Consumer(
        request_id=request.id,
        cluster=governance.settings.cluster(request.environment),
        namespace=access.namespace,
        k8s_secret=access.k8s_secret_name,
        principals=access.read_principals,
    )
