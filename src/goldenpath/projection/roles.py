"""Identity policies for the roles that the platform's verbs and External Secrets run under, one set for each environment.

Each role gets what its verbs call (docs/reference/aws-permissions.md; a test runs them and compares) and nothing else. Limited twice in
Secrets Manager, by ARN pattern and by tag, because ``*`` in an ARN also crosses slashes. A role that must not see values is denied them,
whatever else it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

import orjson

from goldenpath.model.settings import Settings
from goldenpath.projection import role_parameters as parameters
from goldenpath.projection import role_secrets as secrets
from goldenpath.projection.identity import key_arn, policy_text
from goldenpath.projection.stores import PARAMETER_STORE, SECRETS_MANAGER
from goldenpath.projection.tfvars import JSON_OPTIONS

Statements = list[dict[str, Any]]
_Grant = Callable[[str, Settings], Statements]

AWS_PROVIDERS: Final = (SECRETS_MANAGER, PARAMETER_STORE)
_SERVICES: Final = {SECRETS_MANAGER: "secretsmanager", PARAMETER_STORE: "ssm"}

EXTERNAL_SECRETS: Final = "external-secrets"
"""Made by Terraform as well, which sees one store and not the other: its policy is the same whichever providers are in use."""

GRANTS: Final[dict[str, dict[str, _Grant]]] = {
    "ci": {SECRETS_MANAGER: secrets.keep_containers, PARAMETER_STORE: parameters.keep_markers},
    "seed": {SECRETS_MANAGER: secrets.give_values},
    "inject": {PARAMETER_STORE: parameters.give_values},
    "reader": {SECRETS_MANAGER: secrets.read_values, PARAMETER_STORE: parameters.read_values},
    "operator": {SECRETS_MANAGER: secrets.look, PARAMETER_STORE: parameters.look},
    "external-secrets": {SECRETS_MANAGER: secrets.synchronise, PARAMETER_STORE: parameters.synchronise},
}
"""Role → what it may do with each provider. A role without an entry for a provider is not needed there."""

_KEY_USES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("ci", SECRETS_MANAGER): ("Decrypt", "Encrypt", "GenerateDataKey"),
    ("seed", SECRETS_MANAGER): ("Decrypt", "GenerateDataKey"),
    ("inject", PARAMETER_STORE): ("Decrypt", "Encrypt", "GenerateDataKey"),
    **{(role, provider): ("Decrypt",) for role in ("reader", "external-secrets") for provider in AWS_PROVIDERS},
}
"""What a role does with the environment's key through the store: giving a record a key needs it as much as giving a value."""


def render_role_policies(environment: str, *, settings: Settings, providers: Collection[str] = AWS_PROVIDERS) -> dict[str, bytes]:
    """Return the policy files of the environment's roles for the providers in use; none where the environment names no account."""
    if settings.environment(environment).account is None or not set(providers).intersection(AWS_PROVIDERS):
        return {}
    policies = {
        role: role_policy(role, environment, settings=settings, providers=AWS_PROVIDERS if role == EXTERNAL_SECRETS else providers)
        for role in GRANTS
    }
    return {f"iam/{role}-role.json": orjson.dumps(orjson.loads(text), option=JSON_OPTIONS) for role, text in policies.items() if text}


def role_policy(role: str, environment: str, *, settings: Settings, providers: Collection[str] = AWS_PROVIDERS) -> str:
    """Return a role's identity policy, canonical; empty when no provider in use needs the role.

    Raises:
        Misconfigured: ``projection.account-missing`` when the environment names no account.
    """
    used = [provider for provider in GRANTS[role] if provider in providers]
    statements = [statement for provider in used for statement in GRANTS[role][provider](environment, settings)]
    if settings.environment(environment).kms_key:
        statements += [_use_key(role, provider, environment, settings) for provider in used if (role, provider) in _KEY_USES]
    return policy_text(statements) if statements else ""


def _use_key(role: str, provider: str, environment: str, settings: Settings) -> dict[str, Any]:
    place, service = settings.environment(environment), _SERVICES[provider]
    condition: dict[str, Any] = {"StringEquals": {"kms:ViaService": f"{service}.{place.region}.amazonaws.com"}}
    if place.kms_key.startswith("alias/"):
        # an alias is no resource: the grant names any key of the account and asks for the alias in the condition
        condition["ForAnyValue:StringEquals"] = {"kms:ResourceAliases": place.kms_key}
    return {
        "Sid": "UseKeyForSecrets" if provider == SECRETS_MANAGER else "UseKeyForParameters",
        "Effect": "Allow",
        "Action": [f"kms:{name}" for name in _KEY_USES[role, provider]],
        "Resource": [key_arn(environment, settings=settings)],
        "Condition": condition,
    }
