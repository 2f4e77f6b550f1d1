"""The platform that the projection tests render for: one account, a CI role, an administrator and the reader of the cluster."""

from __future__ import annotations

from goldenpath.model.settings import AccessSettings, EnvironmentSettings, Settings

ACCOUNT = "593517239005"


def role(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


READER = role("goldenpath-idp-eso-role")
WRITER = role("github-actions-secrets-writer")
ADMIN = role("platform-admin")
CI = role("platform-ci")
OWNER = role("platform-owner")

SEED_ACCESS = {"readPrincipals": [READER], "writePrincipals": [WRITER], "breakGlassPrincipals": [ADMIN]}


def platform(**environment: object) -> Settings:
    return Settings(
        environments={"dev": EnvironmentSettings(account=ACCOUNT, **environment)},  # type: ignore[arg-type]
        access=AccessSettings(platform_principals={"dev": (OWNER,)}, metadata_principals={"dev": (CI,)}),
    )
