"""The platforms that the golden projection files stand for. One folder per case; ``GOLDEN_UPDATE=1`` rewrites them, and the diff is reviewed."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from tests.builders import make_request

from goldenpath.model.policy import ClassCadence
from goldenpath.model.request import KeySpec, SecretRequest
from goldenpath.model.settings import (
    AccessSettings,
    EnvironmentSettings,
    ExternalSecretsSettings,
    NamingSettings,
    OpenBaoSettings,
    ProjectionSettings,
    Settings,
)
from goldenpath.projection.overlays import render_overlays
from goldenpath.projection.render import render_environment

ACCOUNT = "593517239005"
ROTATION = {"standard": ClassCadence(every_days=90, max_age_days=97), "high": ClassCadence(every_days=30, max_age_days=37)}


def _role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


SEED = make_request(
    {
        "spec": {
            "access": {
                "readPrincipals": [_role("goldenpath-idp-eso-role")],
                "writePrincipals": [_role("github-actions-secrets-writer")],
                "breakGlassPrincipals": [_role("platform-admin")],
            },
        },
    },
)
PLATFORM = Settings(
    environments={"dev": EnvironmentSettings(account=ACCOUNT, kms_key="alias/platform")},
    access=AccessSettings(platform_principals={"dev": (_role("platform-owner"),)}, metadata_principals={"dev": (_role("platform-ci"),)}),
)
OLD_CLUSTER = Settings(
    external_secrets=ExternalSecretsSettings(api_version="external-secrets.io/v1beta1", refresh_interval="15m"),
    environments={
        "dev": EnvironmentSettings(cluster="shared", region="eu-central-1", openbao=OpenBaoSettings(server="https://bao.example.com:8200")),
        "test": EnvironmentSettings(cluster="shared"),
    },
)


def _request(identity: str, service: str, name: str, *keys: str, **spec: object) -> SecretRequest:
    request = make_request(
        {
            "metadata": {"id": identity, "service": service, "name": name},
            "spec": {"access": {"namespace": service, "k8sSecretName": name}, **spec},
        },
    )
    return msgspec.structs.replace(request, spec=msgspec.structs.replace(request.spec, keys=tuple(KeySpec(name=key) for key in keys)))


MIXED = (
    SEED,
    _request("SEC-0010", "shop", "edge-tls", "tls.crt", "tls.key", secretType="tls-private-key", risk={"tier": "high"}),
    _request("SEC-0011", "shop", "registry", ".dockerconfigjson", secretType="container-registry-credential", risk={"tier": "low"}),
    _request("SEC-0012", "search", "index-key", provider="openbao", rotation={"rotationClass": "high"}),
    _request("SEC-0013", "search", "old-key", lifecycle={"status": "decommission_requested"}),
    _request("SEC-0014", "search", "unseeded"),
    _request("SEC-0015", "search", "laptop-only", provider="local"),
    _request("SEC-0016", "search", "gone", lifecycle={"status": "decommissioned"}),
)

ZEROTOUCH = Settings(
    naming=NamingSettings(prefix="zerotouch", parameter_prefix="zerotouch"),
    environments={"dev": EnvironmentSettings(account=ACCOUNT, region="eu-central-1")},
)
PARAMETERS = (
    _request("SEC-0301", "service", "service-db", "DATABASE_URL", "DATABASE_PASSWORD", provider="aws-parameter-store"),
    _request("SEC-0302", "service", "service-api", "API_TOKEN", provider="aws-parameter-store"),
    _request("SEC-0303", "service", "keyless", provider="aws-parameter-store"),
    _request("SEC-0304", "service", "unseeded", "LATER", provider="aws-parameter-store"),
)


OVERLAID = msgspec.structs.replace(
    ZEROTOUCH,
    projection=ProjectionSettings(layout="overlays", folders={"prod": "production"}),
    external_secrets=ExternalSecretsSettings(labels={"zerotouch.io/managed": "true"}),
    environments={"test": EnvironmentSettings(cluster="shared"), "staging": EnvironmentSettings(cluster="shared")},
)


def _in(environment: str, request: SecretRequest) -> SecretRequest:
    return msgspec.structs.replace(request, metadata=msgspec.structs.replace(request.metadata, environment=environment))


TENANTS = (
    _in("dev", _request("SEC-0401", "service", "service-db", "DATABASE_URL", "DEBUG", "DATABASE_PASSWORD", provider="aws-parameter-store")),
    _in("test", _request("SEC-0402", "service", "service-db", "DATABASE_PASSWORD", "DATABASE_URL", provider="aws-parameter-store")),
    _in("prod", _request("SEC-0403", "service", "service-db", "DATABASE_URL", "DATABASE_PASSWORD", provider="aws-parameter-store")),
    _in("dev", _request("SEC-0404", "service", "service-api", provider="aws-secrets-manager")),
    _in("prod", _request("SEC-0405", "service", "service-api", "API_TOKEN", provider="aws-parameter-store")),
    _in("prod", _request("SEC-0406", "service", "unseeded", "LATER", provider="aws-parameter-store")),
    _in("dev", _request("SEC-0407", "shop", "only-in-dev", provider="openbao")),
)
"""One service whose environments differ in keys, their order, provider and store, and one that is in one environment alone."""


def overlays() -> dict[str, bytes]:
    environments, awaiting = ("dev", "test", "prod"), frozenset({"SEC-0406"})
    rendered = render_overlays(TENANTS, environments=environments, settings=OVERLAID, awaiting=awaiting)
    for name in environments:
        rendered[f"environments/{name}"] = render_environment(TENANTS, environment=name, settings=OVERLAID, awaiting=awaiting)
    return {f"{folder}/{path}": data for folder, files in rendered.items() for path, data in files.items()}


@dataclass(frozen=True)
class Case:
    requests: tuple[SecretRequest, ...]
    settings: Settings
    awaiting: frozenset[str] = frozenset()

    def render(self) -> dict[str, bytes]:
        return render_environment(self.requests, environment="dev", settings=self.settings, awaiting=self.awaiting, rotation=ROTATION)


CASES = {
    "seed": Case((SEED,), PLATFORM),
    "parameters": Case(PARAMETERS, ZEROTOUCH, frozenset({"SEC-0304"})),
    "mixed": Case(MIXED, PLATFORM, frozenset({"SEC-0014"})),
    "old-cluster": Case(MIXED, OLD_CLUSTER, frozenset({"SEC-0014"})),
}
