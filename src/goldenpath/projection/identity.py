"""ARN patterns of what lies at AWS for one environment, and the text of an identity policy.

Patterns for records end in ``-??????``, the six characters that Secrets Manager appends, never in ``-*`` (R16). Only a name that is not
taken yet has none, so where somebody must learn that it is free, the pattern of the names stands next to it.
"""

from __future__ import annotations

from typing import Any

from goldenpath.errors import Misconfigured
from goldenpath.model.base import canonical_bytes
from goldenpath.model.naming import platform_record_path, store_path
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.projection.principals import partition

SUFFIX = "-??????"
MARKERS = "_requests"
"""The folder in which Parameter Store keeps what was applied for each request; no value is in it."""
LEASE = "_lease"


def secret_arn(path: str, environment: str, *, settings: Settings) -> str:
    """Return the ARN, or pattern, of records at ``path`` in the environment's account and region.

    Raises:
        Misconfigured: ``projection.account-missing`` when the environment names no account.
    """
    return _arn("secretsmanager", f"secret:{path}", environment, settings)


def environment_paths(environment: str, *, settings: Settings) -> str:
    """Return the pattern of all names of requests' records."""
    return f"{settings.naming.prefix}/*/{environment}/*"


def environment_arn_pattern(environment: str, *, settings: Settings) -> str:
    """Return the pattern that every record of ``environment`` matches."""
    return secret_arn(environment_paths(environment, settings=settings) + SUFFIX, environment, settings=settings)


def secret_arn_pattern(request: SecretRequest, *, settings: Settings) -> str:
    """Return the pattern that exactly the request's record matches."""
    return secret_arn(store_path(request, prefix=settings.naming.prefix) + SUFFIX, request.environment, settings=settings)


def platform_record_arn_pattern(environment: str, *, settings: Settings) -> str:
    """Return the pattern that exactly the platform's own record of ``environment`` matches: the writer's lease, no value."""
    return secret_arn(platform_record_path(environment, prefix=settings.naming.prefix) + SUFFIX, environment, settings=settings)


def look_arn_patterns(environment: str, *, settings: Settings) -> list[str]:
    """Return what may be looked at: the environment's records and the platform's own, and their names while they are free."""
    names = [environment_paths(environment, settings=settings), platform_record_path(environment, prefix=settings.naming.prefix)]
    return [secret_arn(name + end, environment, settings=settings) for name in names for end in ("", SUFFIX)]


def parameter_arn_pattern(environment: str, *below: str, settings: Settings) -> str:
    """Return the pattern that every parameter of ``environment`` matches, or the one ``below``: the environment is a level of its own."""
    path = "/".join((settings.naming.parameter_prefix, environment, *(below or ("*",))))
    return _arn("ssm", f"parameter/{path}", environment, settings)


def key_arn(environment: str, *, settings: Settings) -> str:
    """Return the ARN of the environment's key; the pattern of all keys where the settings name it by an alias, which is no resource."""
    kms_key = settings.environment(environment).kms_key
    if kms_key.startswith("arn:"):
        return kms_key
    return _arn("kms", "key/" + ("*" if kms_key.startswith("alias/") else kms_key), environment, settings)


def policy_text(statements: list[dict[str, Any]]) -> str:
    """Return the canonical JSON of a policy."""
    return canonical_bytes({"Version": "2012-10-17", "Statement": statements}).decode()


def _arn(service: str, what: str, environment: str, settings: Settings) -> str:
    place = settings.environment(environment)
    if place.account is None:
        raise Misconfigured(
            "projection.account-missing",
            f"environment {environment} names no account, so no ARN can be written for it",
            subject=f"environments.{environment}.account",
            hint="set it in goldenpath.yaml",
        )
    return f"arn:{partition(place.region)}:{service}:{place.region}:{place.account}:{what}"
