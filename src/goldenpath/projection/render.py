"""All files of one environment from its requests: the one function that preview and delivery share, so what is shown is what is committed.

Must not read, write or ask anything; the same requests give the same bytes in every process (R23).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from goldenpath.errors import Conflict
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.policy import ClassCadence
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.projection.cluster_secret_store import cluster_secret_store_path, render_cluster_secret_store
from goldenpath.projection.external_secret import ExternalSecrets, external_secret_path
from goldenpath.projection.inventory import INVENTORY_PATH, render_inventory
from goldenpath.projection.overlays import render_collection
from goldenpath.projection.roles import AWS_PROVIDERS, render_role_policies
from goldenpath.projection.stores import PROJECTABLE, is_projectable
from goldenpath.projection.tfvars import TFVARS_PATH, render_tfvars
from goldenpath.projection.trust import render_trust_policies


def render_environment(
    requests: Iterable[SecretRequest],
    *,
    environment: str,
    settings: Settings,
    awaiting: frozenset[str] = frozenset(),
    rotation: Mapping[str, ClassCadence] | None = None,
) -> dict[str, bytes]:
    """Return {path relative to the environment's folder: bytes}, sorted by path; requests of other environments are left out.

    ``awaiting`` holds the ids of requests without a first value: they get a container and an inventory entry, but no ExternalSecret
    yet, and no native rotation (D12). ``rotation`` is the platform's cadence per rotation class. No request, no file. Where services have
    base and overlays, ExternalSecrets are written there, and collected here: :mod:`goldenpath.projection.overlays`.

    Raises:
        Conflict: ``projection.manifest-collision`` when two requests would write one file.
        InvalidIntent: ``projection.policy-too-large``.
        Misconfigured: ``projection.principal-unsafe`` or ``projection.store-name-taken``, for what the settings say.
    """
    mine = sorted((request for request in requests if request.environment == environment), key=lambda request: request.id)
    if not mine:
        return {}
    standing = [request for request in mine if is_projectable(request) and request.spec.lifecycle.status in PROJECTED_STATES]
    shown = [request for request in standing if request.id not in awaiting]
    _refuse_collisions(standing)
    stores = _stores(standing, environment, settings)
    if settings.projection.is_overlays:
        files = stores | render_collection(mine, stores, environment=environment, settings=settings)
    else:
        files = stores | _external_secrets(shown, environment, settings)
    at_aws = {request.spec.provider for request in mine if request.spec.provider in AWS_PROVIDERS}
    if at_aws:
        files |= render_role_policies(environment, settings=settings, providers=at_aws)
        files |= render_trust_policies(environment, settings=settings)
    files[TFVARS_PATH] = render_tfvars(mine, settings=settings, rotation=rotation, awaiting=awaiting)
    files[INVENTORY_PATH] = render_inventory(
        mine,
        environment=environment,
        settings=settings,
        projected=frozenset(request.id for request in shown),
        awaiting=awaiting,
        rotation=rotation,
    )
    return dict(sorted(files.items()))


def _external_secrets(requests: list[SecretRequest], environment: str, settings: Settings) -> dict[str, bytes]:
    manifests = ExternalSecrets(environment, settings=settings)
    return {external_secret_path(request): manifests.render(request) for request in requests}


def _stores(requests: list[SecretRequest], environment: str, settings: Settings) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for provider in PROJECTABLE:
        namespaces = {request.spec.access.namespace for request in requests if request.spec.provider == provider}
        if namespaces:
            path = cluster_secret_store_path(provider, environment=environment, settings=settings)
            files[path] = render_cluster_secret_store(provider, environment=environment, settings=settings, namespaces=namespaces)
    return files


def _refuse_collisions(requests: list[SecretRequest]) -> None:
    owners: dict[str, str] = {}
    for request in requests:
        path = external_secret_path(request)
        first = owners.setdefault(path, request.id)
        if first != request.id:
            raise Conflict(
                "projection.manifest-collision",
                f"{first} and {request.id} would both write {path}",
                subject=request.id,
                hint="give one of them another metadata.name or another namespace",
            )
