"""Who may assume the roles that the platform runs: External Secrets by its service account, CI by its repository and ref.

A trust that checks the audience alone lets in every workload of the cluster, or every repository of the forge. Both claims are compared
exactly; no pattern is ever written (R16).
"""

from __future__ import annotations

import orjson

from goldenpath.model.base import canonical_bytes
from goldenpath.model.settings import Settings
from goldenpath.projection.principals import partition
from goldenpath.projection.tfvars import JSON_OPTIONS

AUDIENCE = "sts.amazonaws.com"
ESO_TRUST_PATH = "iam/external-secrets-trust.json"
CI_TRUST_PATH = "iam/ci-trust.json"


def render_trust_policies(environment: str, *, settings: Settings) -> dict[str, bytes]:
    """Return the trust policies that the settings say enough for; none where the environment names no account."""
    if settings.environment(environment).account is None:
        return {}
    policies = {
        ESO_TRUST_PATH: eso_trust_policy(environment, settings=settings),
        CI_TRUST_PATH: ci_trust_policy(environment, settings=settings),
    }
    return {path: orjson.dumps(orjson.loads(text), option=JSON_OPTIONS) for path, text in policies.items() if text}


def eso_trust_policy(environment: str, *, settings: Settings) -> str:
    """Return the trust of External Secrets' role in ``environment``; empty while the cluster's OIDC provider is not set."""
    provider = settings.environment(environment).oidc_provider
    if provider is None:
        return ""
    account = settings.external_secrets.service_account
    return _trust(environment, provider, f"system:serviceaccount:{account.namespace}:{account.name}", settings)


def ci_trust_policy(environment: str, *, settings: Settings) -> str:
    """Return the trust of CI's role in ``environment``; empty while no repository is set."""
    pipeline = settings.access.ci
    if pipeline is None:
        return ""
    return _trust(environment, pipeline.oidc_provider, f"repo:{pipeline.repository}:ref:{pipeline.ref}", settings)


def _trust(environment: str, provider: str, subject: str, settings: Settings) -> str:
    place = settings.environment(environment)
    statement = {
        "Sid": "AssumeByOneIdentity",
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:{partition(place.region)}:iam::{place.account}:oidc-provider/{provider}"},
        "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Condition": {"StringEquals": {f"{provider}:aud": AUDIENCE, f"{provider}:sub": subject}},
    }
    return canonical_bytes({"Version": "2012-10-17", "Statement": [statement]}).decode()
