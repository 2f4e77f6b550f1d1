"""What a request takes for itself alone: an id, a store path, a target, parameter names (R9). One table for catalog and index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from goldenpath.model.naming import PARAMETER_PROVIDER, external_secret_name, parameter_path, store_path, target_key
from goldenpath.model.parameter import folded_key
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstone, Tombstones

ANY_ACCOUNT: Final = "*"
"""Stands in a tombstone's claim when the tombstone names no account: it then holds in every one."""


class Claim(NamedTuple):
    """One kind of claim. ``taken`` is the code when two requests make it, ``gone`` when a tombstone holds it."""

    kind: str
    taken: str
    gone: str
    field: str
    what: str
    keys: Callable[[SecretRequest, Settings], Iterator[str]]


def _ids(request: SecretRequest, _settings: Settings) -> Iterator[str]:
    yield _number(request.id)


def _number(request_id: str) -> str:
    """Return the id without leading zeros: SEC-0007 and SEC-00007 are one id to every reader."""
    return request_id.partition("-")[2].lstrip("0") or "0"


def _store_paths(request: SecretRequest, settings: Settings) -> Iterator[str]:
    account = settings.environment(request.environment).account or ""
    yield _join(request.spec.provider, account, store_path(request, prefix=settings.naming.prefix))


def _targets(request: SecretRequest, settings: Settings) -> Iterator[str]:
    yield _join(*target_key(request, cluster=settings.cluster(request.environment)))


def _external_secrets(request: SecretRequest, settings: Settings) -> Iterator[str]:
    cluster, namespace, _secret = target_key(request, cluster=settings.cluster(request.environment))
    yield _join(cluster, namespace, external_secret_name(request))


def _parameters(request: SecretRequest, settings: Settings) -> Iterator[str]:
    if request.spec.provider != PARAMETER_PROVIDER:
        return
    account = settings.environment(request.environment).account or ""
    for key in request.spec.keys:
        yield _join(account, parameter_path(request, folded_key(key.name), prefix=settings.naming.parameter_prefix))


def _join(*parts: str) -> str:
    # none of the parts can hold a space: they are labels, subdomains, digits and store paths
    return " ".join(parts)


CLAIMS: Final = (
    Claim("id", "intent.duplicate-id", "intent.tombstoned-id", "metadata.id", "the id", _ids),
    Claim("store", "intent.duplicate-store-path", "intent.tombstoned-path", "metadata.name", "the store path", _store_paths),
    Claim("target", "intent.duplicate-target", "intent.tombstoned-target", "spec.access.k8sSecretName", "the Kubernetes Secret", _targets),
    Claim(
        "external-secret",
        "intent.duplicate-external-secret",
        "",
        "metadata.name",
        "the name of the ExternalSecret in that namespace",
        _external_secrets,
    ),
    Claim("parameter", "intent.duplicate-parameter", "intent.tombstoned-parameter", "spec.keys", "a Parameter Store name", _parameters),
)


def tombstone_keys(stone: Tombstone) -> Iterator[tuple[str, str]]:
    """Yield (kind, key) of everything that a decommissioned request still holds; keys of a path may hold :data:`ANY_ACCOUNT`."""
    account = stone.account or ANY_ACCOUNT
    yield "id", _number(stone.id)
    yield "store", _join(stone.provider, account, stone.path)
    for parameter in stone.parameters:
        yield "parameter", _join(account, parameter)
    if stone.target is not None:
        yield "target", _join(stone.target.cluster, stone.target.namespace, stone.target.k8s_secret_name)


def tombstone_index(tombstones: Tombstones) -> dict[tuple[str, str], str]:
    """Return (kind, key) → id of the decommissioned request."""
    return {key: stone.id for stone in tombstones.tombstones for key in tombstone_keys(stone)}


def held_by(index: dict[tuple[str, str], str], kind: str, key: str) -> str:
    """Return the id of the decommissioned request that holds ``key``, or an empty string."""
    if not index:
        return ""
    found = index.get((kind, key))
    if found is None and kind in {"store", "parameter"}:
        parts = key.split(" ")
        parts[-2] = ANY_ACCOUNT
        found = index.get((kind, " ".join(parts)))
    return found or ""


def claimed(request: SecretRequest, settings: Settings) -> frozenset[tuple[str, str]]:
    """Return (kind, key) of everything that a request takes."""
    return frozenset((claim.kind, key) for claim in CLAIMS for key in claim.keys(request, settings))


def keys_of_tombstones(tombstones: Tombstones, settings: Settings) -> frozenset[tuple[str, str]]:
    """Return (kind, key) of everything that requests could take and tombstones hold; a tombstone without account holds in each one."""
    accounts = {"", *(environment.account or "" for environment in settings.environments.values())}
    found: set[tuple[str, str]] = set()
    for kind, key in tombstone_index(tombstones):
        parts = key.split(" ")
        if kind in {"store", "parameter"} and parts[-2] == ANY_ACCOUNT:
            found |= {(kind, " ".join([*parts[:-2], account, parts[-1]])) for account in accounts}
        else:
            found.add((kind, key))
    return frozenset(found)


def is_own_tombstone(request: SecretRequest, holder: str) -> bool:
    """Say whether a tombstone is the request's own: its file may stay in the catalog as the record of its end."""
    return holder == request.id and request.spec.lifecycle.status == "decommissioned"
