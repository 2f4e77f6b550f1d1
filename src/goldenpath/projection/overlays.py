"""Kustomize base and overlays of a service (seed 003): what its environments share, and for each of them what makes it its own.

The base is made from the catalog alone, so it is the same whoever applies. In it, whatever differs between environments, and whatever
names one, is ``_ENV_``: no store path, no namespace and no label value can be spelled so, and a base that slips through unpatched reads
nothing. An overlay turns each ExternalSecret into exactly what the plain layout would hold, or takes it away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import msgspec

from goldenpath.errors import Conflict, Misconfigured
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.naming import external_secret_name
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.projection.emitter import Tree, emit, emit_list
from goldenpath.projection.external_secret import ExternalSecrets
from goldenpath.projection.json_patch import difference, entry_name, is_list
from goldenpath.projection.stores import is_projectable

PLACEHOLDER: Final = "_ENV_"
KUSTOMIZATION: Final = "kustomization.yaml"
BASE: Final = "base"
OVERLAYS: Final = "overlays"
API_VERSION: Final = "kustomize.config.k8s.io/v1beta1"
GROUP: Final = "external-secrets.io"

Files = dict[str, bytes]


def base_folder(service: str, *, settings: Settings) -> str:
    """Return the folder of a service's base in the GitOps repository."""
    return f"{settings.projection.tenants}/{service}/{BASE}"


def overlay_folder(service: str, environment: str, *, settings: Settings) -> str:
    """Return the folder of a service's overlay for ``environment``."""
    return f"{settings.projection.tenants}/{service}/{OVERLAYS}/{settings.projection.folder(environment)}"


def base_path(request: SecretRequest, *, settings: Settings) -> str:
    """Return the path of a request's part of the base."""
    return f"{base_folder(request.metadata.service, settings=settings)}/{_resource(external_secret_name(request))}"


def patch_path(request: SecretRequest, *, settings: Settings) -> str:
    """Return the path of a request's own patch: the file that says what the request's environment gets."""
    folder = overlay_folder(request.metadata.service, request.environment, settings=settings)
    return f"{folder}/{_patch(external_secret_name(request))}"


def render_overlays(
    requests: Iterable[SecretRequest], *, environments: Collection[str], settings: Settings, awaiting: frozenset[str] = frozenset()
) -> dict[str, Files]:
    """Return {folder in the GitOps repository: {path in it: bytes}}: the base of every service, and the overlays of ``environments``.

    ``awaiting`` holds the ids of requests without a first value: they are in the base, and no overlay lets them through (D12). It says
    nothing about the base, so that a seed touches the overlay of its own environment only.

    Raises:
        Conflict: ``projection.manifest-collision`` when two requests of one service and environment have one name.
        Misconfigured: ``projection.tenants-overlap``; ``projection.store-name-taken``.
    """
    require_apart(settings)
    standing = sorted(filter(stands, requests), key=lambda request: (request.metadata.service, request.id))
    rendered: dict[str, Files] = {}
    for service, group in groupby(standing, key=lambda request: request.metadata.service):
        tenant = _Tenant.of(service, list(group), settings)
        rendered[base_folder(service, settings=settings)] = tenant.base_files()
        for environment in ENVIRONMENTS:
            if environment in environments and tenant.has(environment):
                rendered[overlay_folder(service, environment, settings=settings)] = tenant.overlay_files(environment, awaiting)
    return rendered


def wanted_trees(
    requests: Iterable[SecretRequest], *, service: str, environment: str, settings: Settings, awaiting: frozenset[str] = frozenset()
) -> dict[str, Mapping[str, Tree]]:
    """Return what an overlay must come to: {name: ExternalSecret}, exactly as the plain layout writes them."""
    manifests = ExternalSecrets(environment, settings=settings)
    return {
        external_secret_name(request): manifests.tree(request)
        for request in requests
        if stands(request) and (request.metadata.service, request.environment) == (service, environment) and request.id not in awaiting
    }


def require_apart(settings: Settings) -> None:
    """Refuse tenants in the folder of the environments, or around it. Raises ``Misconfigured`` ``projection.tenants-overlap``."""
    tenants, directory = f"{settings.projection.tenants}/", f"{settings.delivery.directory}/"
    if tenants.startswith(directory) or directory.startswith(tenants):
        raise Misconfigured(
            "projection.tenants-overlap",
            f"projection.tenants {settings.projection.tenants!r} and delivery.directory {settings.delivery.directory!r} lie in one another",
            hint="give them folders of their own: a service may have the name of an environment",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tenant:
    """One service: {name of the ExternalSecret: {environment: request}}, and the base of each name."""

    service: str
    asked: Mapping[str, Mapping[str, SecretRequest]]
    trees: Mapping[str, Mapping[str, Mapping[str, Tree]]]
    bases: Mapping[str, Mapping[str, Tree]]
    settings: Settings

    @staticmethod
    def of(service: str, requests: Sequence[SecretRequest], settings: Settings) -> _Tenant:
        asked: dict[str, dict[str, SecretRequest]] = {}
        for request in sorted(requests, key=lambda request: ENVIRONMENTS.index(request.environment)):
            first = asked.setdefault(external_secret_name(request), {}).setdefault(request.environment, request)
            if first is not request:
                raise _collision(first, request)
        asked = dict(sorted(asked.items()))
        manifests = {name: ExternalSecrets(name, settings=settings) for name in ENVIRONMENTS}
        return _Tenant(
            service=service,
            asked=asked,
            trees={name: {each: manifests[each].tree(request) for each, request in mine.items()} for name, mine in asked.items()},
            bases={name: _base_tree([_opened(manifests[each], request) for each, request in mine.items()]) for name, mine in asked.items()},
            settings=settings,
        )

    def has(self, environment: str) -> bool:
        return any(environment in mine for mine in self.asked.values())

    def base_files(self) -> Files:
        files = {_resource(name): emit(tree, comment=self._comment(name)) for name, tree in self.bases.items()}
        kustomization: dict[str, Tree] = {**_HEAD, "resources": sorted(files)}
        files[KUSTOMIZATION] = emit(kustomization, comment=f"Generated by goldenpath from the requests of {self.service}. Do not edit.")
        return dict(sorted(files.items()))

    def overlay_files(self, environment: str, awaiting: frozenset[str]) -> Files:
        files = {_patch(name): self._patch(name, environment, awaiting) for name in self.bases}
        comment = f"Generated by goldenpath from the requests of {self.service} in {environment}. Do not edit."
        files[KUSTOMIZATION] = emit(
            {**_HEAD, "resources": [f"../../{BASE}"], "patches": [self._entry(name) for name in self.bases]}, comment=comment
        )
        return dict(sorted(files.items()))

    def _patch(self, name: str, environment: str, awaiting: frozenset[str]) -> bytes:
        request = self.asked[name].get(environment)
        if request is None:
            return emit(self._deletion(name), comment=f"Generated by goldenpath: no request of {environment} asks for it. Do not edit.")
        if request.id in awaiting:
            return emit(self._deletion(name), comment=f"Generated by goldenpath: {request.id} has no value yet. Do not edit.")
        comment = f"Generated by goldenpath from {request.id}. Do not edit."
        return emit_list(difference(self.bases[name], self.trees[name][environment]), comment=comment)

    def _deletion(self, name: str) -> dict[str, Tree]:
        version = self.settings.external_secrets.api_version
        return {"apiVersion": version, "kind": "ExternalSecret", "metadata": {"name": name}, "$patch": "delete"}

    def _entry(self, name: str) -> Tree:
        version = self.settings.external_secrets.api_version.partition("/")[2]
        return {"path": _patch(name), "target": {"group": GROUP, "version": version, "kind": "ExternalSecret", "name": name}}

    def _comment(self, name: str) -> str:
        ids = ", ".join(sorted(request.id for request in self.asked[name].values()))
        return f"Generated by goldenpath from {ids}. Do not edit."


_HEAD: Final[dict[str, Tree]] = {"apiVersion": API_VERSION, "kind": "Kustomization"}


def stands(request: SecretRequest) -> bool:
    """Say whether a request has an ExternalSecret, once there is a value."""
    return is_projectable(request) and request.spec.lifecycle.status in PROJECTED_STATES


def _resource(name: str) -> str:
    return f"external-secrets/{name}.yaml"


def _patch(name: str) -> str:
    return f"patches/{name}.yaml"


def _opened(manifests: ExternalSecrets, request: SecretRequest) -> Mapping[str, Tree]:
    """Return a request's tree with the placeholder for all that names its environment or is never another one's: paths, label, id."""
    metadata = msgspec.structs.replace(request.metadata, environment=PLACEHOLDER, id=PLACEHOLDER)
    tree: Any = manifests.tree(msgspec.structs.replace(request, metadata=metadata))
    tree["spec"]["target"]["template"]["metadata"]["labels"]["goldenpath.io/environment"] = PLACEHOLDER
    return tree  # type: ignore[no-any-return]


def _base_tree(trees: Sequence[Mapping[str, Tree]]) -> Mapping[str, Tree]:
    """Return what ``trees`` share. A name that not all of them have is left out: an overlay adds it by that name."""
    shared = [name for name in trees[0] if all(name in tree for tree in trees)]
    return {name: _shared_value([tree[name] for tree in trees]) for name in shared}


def _shared_value(values: Sequence[Any]) -> Tree:
    first = values[0]
    if all(value == first for value in values):
        return first  # type: ignore[no-any-return]
    if all(isinstance(value, Mapping) for value in values):
        return _base_tree(values)
    if all(is_list(value) for value in values):
        return _shared_list(values)
    return PLACEHOLDER


def _shared_list(lists: Sequence[Sequence[Any]]) -> Tree:
    """Return the entries of all lists, each name once in the order of its first appearance; unnamed ones are told apart by position."""
    named: dict[str, list[Any]] = {}
    for entries in lists:
        for number, entry in enumerate(entries):
            named.setdefault(entry_name(entry) or str(number), []).append(entry)
    return [_shared_value(entries) for entries in named.values()]


def _collision(first: SecretRequest, second: SecretRequest) -> Conflict:
    return Conflict(
        "projection.manifest-collision",
        f"{first.id} and {second.id} of one service and environment have the name {second.metadata.name}",
        subject=second.id,
        hint="give one of them another metadata.name",
    )
