"""One naming function per place (R8, D7), shared by provisioning, projection, IAM and documentation.

Every join is injective: parts are DNS-1123 labels, which hold no ``/``, and a suffix is added only where the part ends the name.
"""

from __future__ import annotations

from goldenpath.model.parameter import normalised_key
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretRef

EXTERNAL_SECRET_SUFFIX = "-sync"
PARAMETER_PROVIDER = "aws-parameter-store"
PLATFORM_FOLDER = "_platform"
"""An underscore cannot stand in a label, so no request's path is ever in here."""


def store_path(request: SecretRequest, *, prefix: str = "goldenpath") -> str:
    """Return the path of the request's record in Secrets Manager, OpenBao and the embedded store."""
    meta = request.metadata
    return f"{prefix}/{meta.service}/{meta.environment}/{meta.name}"


def platform_record_path(environment: str, *, prefix: str = "goldenpath") -> str:
    """Return the path of the platform's own record of an environment."""
    return f"{prefix}/{PLATFORM_FOLDER}/{environment}"


def parameter_path(request: SecretRequest, key: str, *, prefix: str = "goldenpath") -> str:
    """Return the Parameter Store name of one key, normalised."""
    return f"{parameter_folder(request.metadata.environment, request.metadata.service, prefix=prefix)}/{normalised_key(key)}"


def parameter_folder(environment: str, service: str, *, prefix: str = "goldenpath") -> str:
    """Return the path below which the parameters of a service in an environment lie (seed 003)."""
    return f"/{prefix}/{environment}/{service}"


def store_ref(request: SecretRequest, *, prefix: str = "goldenpath") -> SecretRef:
    """Return the address of the request's record."""
    return SecretRef(
        provider=request.spec.provider,
        environment=request.metadata.environment,
        path=store_path(request, prefix=prefix),
    )


def external_secret_name(request: SecretRequest) -> str:
    """Return the name of the ExternalSecret, ``<name>-sync``."""
    return request.metadata.name + EXTERNAL_SECRET_SUFFIX


def request_file(request: SecretRequest, *, root: str) -> str:
    """Return the catalog file of the request, relative to the repository's root."""
    meta = request.metadata
    return f"{root}/{meta.service}/{meta.environment}/{meta.id}.yaml"


def target_key(request: SecretRequest, *, cluster: str) -> tuple[str, str, str]:
    """Return (cluster, namespace, Secret name): at most one request may own each."""
    return (cluster, request.spec.access.namespace, request.spec.access.k8s_secret_name)
