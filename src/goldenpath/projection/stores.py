"""Which stores a cluster can read through External Secrets, and the name of each environment's ClusterSecretStore (R26, R33).

Two environments in one cluster never share a store object: the name then carries the environment. Must not render.
"""

from __future__ import annotations

from goldenpath.errors import Misconfigured
from goldenpath.model.finding import Finding
from goldenpath.model.naming import PARAMETER_PROVIDER
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings

SECRETS_MANAGER = "aws-secrets-manager"
PARAMETER_STORE = PARAMETER_PROVIDER
OPENBAO = "openbao"

PROJECTABLE = (SECRETS_MANAGER, PARAMETER_STORE, OPENBAO)
"""Providers with a ClusterSecretStore of their own."""


def is_projectable(request: SecretRequest) -> bool:
    """Say whether External Secrets can read this request: its provider, and from Parameter Store only keys that are declared."""
    return request.spec.provider in PROJECTABLE and (request.spec.provider != PARAMETER_STORE or bool(request.spec.keys))


def store_name(provider: str, environment: str, *, settings: Settings) -> str:
    """Return the name of the ClusterSecretStore of ``provider`` in the cluster of ``environment``.

    Raises:
        Misconfigured: ``projection.store-name-taken`` when two providers would get one name.
    """
    names = {SECRETS_MANAGER: settings.external_secrets.store_name, PARAMETER_STORE: PARAMETER_STORE, OPENBAO: OPENBAO}
    taken = names[SECRETS_MANAGER]
    if taken in {OPENBAO, PARAMETER_STORE}:
        raise Misconfigured(
            "projection.store-name-taken",
            f"externalSecrets.storeName is {taken!r}, which is the name of the store of another provider",
            hint="give externalSecrets.storeName another name",
        )
    base = names[provider]
    return f"{base}-{environment}" if _shares_cluster(environment, settings) else base


def store_names(environment: str, *, settings: Settings) -> frozenset[str]:
    """Return the names of every store that manifests of ``environment`` may refer to."""
    return frozenset(store_name(provider, environment, settings=settings) for provider in PROJECTABLE)


def find_unprojected(requests: list[SecretRequest] | tuple[SecretRequest, ...]) -> tuple[Finding, ...]:
    """Return an info finding for each request whose provider no cluster can read, so that its absence is seen in the preview."""
    return tuple(
        Finding(
            rule="projection.provider-not-projectable",
            level="info",
            message=f"{request.id} gets no ExternalSecret: {_reason(request)}",
            subject=request.id,
            field="spec.keys" if request.spec.provider in PROJECTABLE else "spec.provider",
            got=request.spec.provider,
            expected=" or ".join(PROJECTABLE),
            hint=_remedy(request),
        )
        for request in requests
        if not is_projectable(request)
    )


def _reason(request: SecretRequest) -> str:
    if request.spec.provider in PROJECTABLE:
        return "from Parameter Store only declared keys are read, and it declares none"
    return f"External Secrets does not read provider {request.spec.provider} here"


def _remedy(request: SecretRequest) -> str:
    if request.spec.provider in PROJECTABLE:
        return "declare its keys under spec.keys"
    return "read it with `goldenpath exec`, or choose a provider that the cluster can reach"


def _shares_cluster(environment: str, settings: Settings) -> bool:
    cluster = settings.cluster(environment)
    return any(other != environment and settings.cluster(other) == cluster for other in settings.known_environments())
