"""From the catalog to the GitOps repository: render every file of an environment and commit the difference (R23).

A request without a first value has no ExternalSecret yet: the projection waits, so that no placeholder and no error reaches a pod (D12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from goldenpath.app.desired import scopes_of
from goldenpath.app.pending import PendingDelivery, pending_delivery
from goldenpath.app.provenance import judged_origin, origin_of
from goldenpath.app.revision import Governance, read_requests, require_clean
from goldenpath.app.services import Services
from goldenpath.app.targets import require_own_targets
from goldenpath.app.tenants import around, lint_results
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.delivery.compare import Difference, compare
from goldenpath.delivery.message import DeliveryMessage
from goldenpath.delivery.outline import Outline
from goldenpath.delivery.publish import Rendering, publish, read_places
from goldenpath.errors import PolicyBlocked
from goldenpath.intent.catalog import Catalog
from goldenpath.model.audit import Target
from goldenpath.model.correlation import correlation_id
from goldenpath.model.naming import store_ref
from goldenpath.model.receipt import DeliveryReceipt
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.projection.external_secret import external_secret_path
from goldenpath.projection.lint import lint_files
from goldenpath.projection.overlays import base_path, patch_path, render_overlays
from goldenpath.projection.render import render_environment

Files = dict[str, dict[str, bytes]]
"""{place: {path: content}}, as :mod:`goldenpath.delivery.compare` takes it."""

_FEW = 20


def deliver_environment(services: Services, governance: Governance, environment: str) -> DeliveryReceipt:
    """Deliver one environment at the governance's commit, after a value was given."""
    catalog = read_requests(services.repository(), governance)
    require_clean(catalog.findings, what=f"the catalog at {governance.commit[:12]}")
    receipt, _awaiting = deliver_environments(services, governance, catalog, [environment])
    return receipt


def plan_delivery(services: Services, governance: Governance, catalog: Catalog, environments: Sequence[str]) -> PendingDelivery:
    """Return what :func:`deliver_environments` would commit now; changes nothing.

    An apply's own steps do not change it: a record that is only created has no value yet, so its ExternalSecret keeps waiting.

    Raises:
        PolicyBlocked: ``apply.manifest-refused`` for a manifest that must not reach Git.
        Conflict: ``delivery.base-shared``, ``delivery.target-foreign``.
        GoldenpathError: Whatever rendering, the repository and the clusters raise.
    """
    requests = [entry.request for entry in catalog.entries]
    awaiting = awaiting_value(services, governance, requests, environments)
    settings, manifests = services.settings, services.manifests()
    manifests.head()
    current = read_places(manifests, settings=settings.delivery, tenants=settings.projection.tenants)
    files = _rendering(governance, requests, environments, lambda: awaiting)(current)
    difference = compare(current, files, directory=settings.delivery.directory)
    _require_clean_manifests(governance, files, difference, environments, directory=settings.delivery.directory)
    _require_free_targets(services, governance, requests, difference, awaiting)
    return pending_delivery(difference, awaiting, environments, settings=settings)


def deliver_environments(
    services: Services,
    governance: Governance,
    catalog: Catalog,
    environments: Sequence[str],
    *,
    accept_drift: bool = False,
    seen: Outline | None = None,
) -> tuple[DeliveryReceipt, tuple[str, ...]]:
    """Commit the files of ``environments``; return the receipt and the ids whose ExternalSecret waits for a value.

    ``seen`` is what a person agreed to; a lost push race is regenerated (R23), but never into more than that.

    Raises:
        Conflict: ``delivery.drift``, ``delivery.foreign-file``, ``delivery.not-seen``, ``delivery.push-race``; nothing was committed.
    """
    requests = [entry.request for entry in catalog.entries]
    pending = plan_delivery(services, governance, catalog, environments)
    if pending.is_empty:
        return _nothing(services, pending.difference), pending.awaiting
    settings = services.settings.delivery
    touched = touched_requests(requests, pending.difference, settings=services.settings)
    digests = _change_digests(services, governance, touched, {entry.request.id: entry.path for entry in catalog.entries})
    with open_trail(services).operation(
        "manifests.commit",
        target=Target(intent_id=",".join(request.id for request in touched[:20]), environment=",".join(environments)),
        joins=joins_of(services, touched[0] if len(touched) == 1 else None, commit=governance.commit),
        details={"repository": settings.repository, "branch": settings.branch},
    ) as operation:
        receipt = publish(
            services.manifests(),
            _rendering(governance, requests, environments, lambda: awaiting_value(services, governance, requests, environments)),
            settings=settings,
            tenants=services.settings.projection.tenants,
            message=_message(services, governance, touched, environments, digests),
            accept_drift=accept_drift,
            seen=seen,
            progress=services.progress,
        )
        operation.add_detail("manifest_commit", receipt.commit)
    return receipt, pending.awaiting


def _rendering(
    governance: Governance, requests: Sequence[SecretRequest], environments: Sequence[str], awaiting: Callable[[], frozenset[str]]
) -> Rendering:
    """Return how to make the files on top of what is in the repository: what is rendered, and what follows from it around them."""

    def render(current: Mapping[str, bytes]) -> Files:
        files = rendered(governance, requests, environments, awaiting())
        return files | around(files, current, requests, environments, settings=governance.settings)

    return render


def rendered(governance: Governance, requests: Iterable[SecretRequest], environments: Sequence[str], awaiting: frozenset[str]) -> Files:
    """Return the files of ``environments`` exactly as they are committed: by environment, and by folder where services have their own."""
    every = list(requests)
    files = {
        environment: render_environment(
            every,
            environment=environment,
            settings=governance.settings,
            awaiting=awaiting,
            rotation=governance.policy.rotation,
        )
        for environment in environments
    }
    if governance.settings.projection.is_overlays:
        files |= render_overlays(every, environments=environments, settings=governance.settings, awaiting=awaiting)
    return files


def manifest_paths(request: SecretRequest, *, settings: Settings) -> tuple[str, ...]:
    """Return the files of the GitOps repository that a request's ExternalSecret is made of, its own first."""
    if settings.projection.is_overlays:
        return (patch_path(request, settings=settings), base_path(request, settings=settings))
    return (f"{settings.delivery.directory}/{request.environment}/{external_secret_path(request)}",)


def awaiting_value(
    services: Services, governance: Governance, requests: Sequence[SecretRequest], environments: Sequence[str]
) -> frozenset[str]:
    """Return the ids of requests whose record has no current version, or that have no record of their own."""
    waiting: set[str] = set()
    for scope in scopes_of(requests, environments, governance.settings):
        prefix = governance.settings.naming.prefix
        store = services.store(scope.environment, scope.provider)
        ready = {record.ref: record.request_id for record in store.list_records(scope.environment) if record.version_at("current")}
        waiting |= {request.id for request in scope.requests if ready.get(store_ref(request, prefix=prefix)) != request.id}
    return frozenset(waiting)


def _require_clean_manifests(
    governance: Governance, files: Mapping[str, Mapping[str, bytes]], difference: Difference, environments: Sequence[str], *, directory: str
) -> None:
    """Refuse to commit a manifest that holds a placeholder, or reaches into another environment (R28, R33): the last look before Git."""
    for environment in environments:
        folder = f"{directory}/{environment}/"
        written = {path: content for path, content in difference.writes.items() if path.startswith(folder)}
        findings = (
            *lint_files(written, environment=environment, settings=governance.settings),
            *lint_results(files, list(difference.writes), [environment], settings=governance.settings),
        )
        if findings:
            raise PolicyBlocked(
                "apply.manifest-refused",
                f"{len(findings)} findings in the manifests of {environment}, first: {findings[0].message} [{findings[0].rule}]",
                subject=f"{findings[0].file}:{findings[0].line}",
                hint="nothing was committed; mend the request or the settings that the manifest comes from",
            )


def _require_free_targets(
    services: Services,
    governance: Governance,
    requests: Sequence[SecretRequest],
    difference: Difference,
    awaiting: frozenset[str],
) -> None:
    """Refuse what would take over a Secret of somebody else, also for a request whose manifest still waits for a value."""
    written = {request.id for request in requests if manifest_paths(request, settings=services.settings)[0] in difference.writes}
    require_own_targets(services, governance, [request for request in requests if request.id in written | awaiting])


def touched_requests(requests: Iterable[SecretRequest], difference: Difference, *, settings: Settings) -> list[SecretRequest]:
    """Return the requests whose own manifest the difference writes or removes, by id."""
    paths = {*difference.writes, *difference.removals}
    touched = [request for request in requests if manifest_paths(request, settings=settings)[0] in paths]
    return sorted(touched, key=lambda request: request.id)


def _message(
    services: Services,
    governance: Governance,
    touched: Sequence[SecretRequest],
    environments: Sequence[str],
    digests: tuple[str, ...],
) -> DeliveryMessage:
    names = ", ".join(request.id for request in touched[:3]) + (f" and {len(touched) - 3} more" if len(touched) > 3 else "")  # noqa: PLR2004
    return DeliveryMessage(
        subject=f"Project {names or 'the catalog'} into {', '.join(environments)}",
        request_ids=tuple(request.id for request in touched),
        change_digests=digests,
        correlation_ids=tuple(correlation_id(request) for request in touched) or (services.correlation_id,),
        source_commit=governance.commit,
    )


def _change_digests(
    services: Services, governance: Governance, touched: Sequence[SecretRequest], paths: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the digests of the reviewed changes behind ``touched``; left out where there are so many that looking would take long."""
    if len(touched) > _FEW:
        return ()
    digests = []
    for request in touched:
        origin = origin_of(services, until=governance.commit, path=paths[request.id])
        result = judged_origin(services, origin, until=governance.commit)
        if result is not None:
            digests.append(result.change.digest)
    return tuple(digests)


def _nothing(services: Services, difference: Difference) -> DeliveryReceipt:
    settings = services.settings.delivery
    return DeliveryReceipt(repository=settings.repository, branch=settings.branch, commit="", unchanged=difference.unchanged)
