"""Identity policies for the two roles that the platform itself runs: External Secrets in the cluster, and CI.

Both are limited to one environment twice, by ARN pattern and by tag, because ``*`` in an ARN also crosses slashes. Patterns end in
``-??????``, the six characters that Secrets Manager appends, never in ``-*`` (R16). CI is denied every value, whatever else it is given.
"""

from __future__ import annotations

from typing import Any

import orjson

from goldenpath.errors import Misconfigured
from goldenpath.model.base import canonical_bytes
from goldenpath.model.naming import platform_record_path, store_path
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.store import TAG_ENVIRONMENT
from goldenpath.projection.iam import LOOK, READ_VALUE, WRITE_VALUE, actions_of
from goldenpath.projection.principals import partition
from goldenpath.projection.tfvars import JSON_OPTIONS

SUFFIX = "-??????"
ESO_ROLE_PATH = "iam/external-secrets-role.json"
CI_ROLE_PATH = "iam/ci-role.json"


def render_role_policies(environment: str, *, settings: Settings) -> dict[str, bytes]:
    """Return the policy files of the environment's roles; none where the environment names no account."""
    if settings.environment(environment).account is None:
        return {}
    policies = {
        ESO_ROLE_PATH: eso_role_policy(environment, settings=settings),
        CI_ROLE_PATH: ci_role_policy(environment, settings=settings),
    }
    return {path: orjson.dumps(orjson.loads(text), option=JSON_OPTIONS) for path, text in policies.items()}


def eso_role_policy(environment: str, *, settings: Settings) -> str:
    """Return the identity policy of the role that External Secrets assumes: read this environment's values, nothing else.

    Raises:
        Misconfigured: ``projection.account-missing`` when the environment names no account.
    """
    statements = [_allow("ReadValues", ("GetSecretValue", *LOOK), environment, settings), _read_parameters(environment, settings)]
    kms_key = settings.environment(environment).kms_key
    if kms_key:
        statements.append(_decrypt(kms_key, environment, settings))
    return _document(statements)


def ci_role_policy(environment: str, *, settings: Settings) -> str:
    """Return the identity policy of the role that applies: containers of this environment, and an explicit deny on every value.

    Raises:
        Misconfigured: ``projection.account-missing`` when the environment names no account.
    """
    keep = ("GetResourcePolicy", "PutResourcePolicy", "TagResource", "UntagResource", "UpdateSecret", *LOOK)
    create: dict[str, Any] = {
        "Sid": "CreateContainers",
        "Effect": "Allow",
        "Action": actions_of("CreateSecret"),
        # a secret that does not exist yet has no ARN to match: its name and its tags are in the request instead
        "Resource": "*",
        "Condition": {
            "StringEquals": {f"aws:RequestTag/{TAG_ENVIRONMENT}": environment},
            "StringLike": {
                "secretsmanager:Name": [
                    f"{settings.naming.prefix}/*/{environment}/*",
                    platform_record_path(environment, prefix=settings.naming.prefix),
                ],
            },
        },
    }
    listing = {"Sid": "ListNames", "Effect": "Allow", "Action": actions_of("ListSecrets"), "Resource": "*"}
    record = platform_record_arn_pattern(environment, settings=settings)
    lease = {
        "Sid": "KeepLease",
        "Effect": "Allow",
        "Action": actions_of("GetSecretValue", "PutSecretValue", "TagResource", *LOOK),
        "Resource": [record],
    }
    never = {"Sid": "NeverValues", "Effect": "Deny", "Action": actions_of(*READ_VALUE, *WRITE_VALUE), "NotResource": [record]}
    return _document([create, listing, _allow("KeepContainers", keep, environment, settings), lease, never])


def environment_arn_pattern(environment: str, *, settings: Settings) -> str:
    """Return the pattern that every record of ``environment`` matches."""
    return _arn(environment, f"{settings.naming.prefix}/*/{environment}/*", settings)


def secret_arn_pattern(request: SecretRequest, *, settings: Settings) -> str:
    """Return the pattern that exactly the request's record matches."""
    return _arn(request.environment, store_path(request, prefix=settings.naming.prefix), settings)


def parameter_arn_pattern(environment: str, *, settings: Settings) -> str:
    """Return the pattern that every parameter of ``environment`` matches: the environment is a level of its own, right after the prefix."""
    region = settings.environment(environment).region
    path = f"{settings.naming.parameter_prefix}/{environment}/*"
    return f"arn:{partition(region)}:ssm:{region}:{_account(environment, settings)}:parameter/{path}"


def platform_record_arn_pattern(environment: str, *, settings: Settings) -> str:
    """Return the pattern that exactly the platform's own record of ``environment`` matches: the writer's lease, no value."""
    return _arn(environment, platform_record_path(environment, prefix=settings.naming.prefix), settings)


def _arn(environment: str, path: str, settings: Settings) -> str:
    region = settings.environment(environment).region
    return f"arn:{partition(region)}:secretsmanager:{region}:{_account(environment, settings)}:secret:{path}{SUFFIX}"


def _account(environment: str, settings: Settings) -> str:
    account = settings.environment(environment).account
    if account is None:
        raise Misconfigured(
            "projection.account-missing",
            f"environment {environment} names no account, so no ARN can be written for it",
            subject=f"environments.{environment}.account",
            hint="set it in goldenpath.yaml",
        )
    return account


def _allow(sid: str, actions: tuple[str, ...], environment: str, settings: Settings) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions_of(*actions),
        "Resource": [environment_arn_pattern(environment, settings=settings)],
        "Condition": {"StringEquals": {f"aws:ResourceTag/{TAG_ENVIRONMENT}": environment}},
    }


def _read_parameters(environment: str, settings: Settings) -> dict[str, Any]:
    """Allow reading parameters one by one. Never by path: that is authorised on the folder alone, past a denial of what is in it."""
    pattern = parameter_arn_pattern(environment, settings=settings)
    return {"Sid": "ReadParameters", "Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": [pattern]}


def _decrypt(kms_key: str, environment: str, settings: Settings) -> dict[str, Any]:
    region = settings.environment(environment).region
    keys = f"arn:{partition(region)}:kms:{region}:{_account(environment, settings)}:key/"
    condition: dict[str, Any] = {
        "StringEquals": {"kms:ViaService": [f"{service}.{region}.amazonaws.com" for service in ("secretsmanager", "ssm")]}
    }
    if kms_key.startswith("alias/"):
        # an alias is no resource: the grant names any key of the account and asks for the alias in the condition
        resource, condition["ForAnyValue:StringEquals"] = keys + "*", {"kms:ResourceAliases": kms_key}
    else:
        resource = kms_key if kms_key.startswith("arn:") else keys + kms_key
    return {"Sid": "DecryptValues", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [resource], "Condition": condition}


def _document(statements: list[dict[str, Any]]) -> str:
    return canonical_bytes({"Version": "2012-10-17", "Statement": statements}).decode()
