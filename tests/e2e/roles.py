"""Worlds whose commands run as the generated roles: bound by their identity policies and by the records' own policies, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import botocore.exceptions
from tests.e2e.cloud import ACCOUNT, STORE, Cloud
from tests.e2e.parameters import PROD_ACCOUNT, Zerotouch
from tests.e2e.world import SEC_0007
from tests.house.source_tree import ROOT
from tests.standins.aws import StrictAws

from goldenpath.projection.roles import GRANTS, render_role_policies, role_policy
from goldenpath.settings import load_settings

OTHERS = ("stranger", "break-glass", "foreigner")
NOBODYS_ACCOUNT = "999999999999"
NOTHING = b'{"Version":"2012-10-17","Statement":[]}'
ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'

IMPLIED = {
    "secretsmanager:CreateSecret": "secretsmanager:TagResource",
    "secretsmanager:RotateSecret": "lambda:InvokeFunction",
    "ssm:PutParameter": "ssm:AddTagsToResource",
}
"""AWS asks for the right to tag too when a call makes something with tags, and to call a function when rotation is set with it."""


RARE = {
    ("ci", "secretsmanager:GetSecretValue"): "who holds a lease that a killed run never gave back",
    ("ci", "secretsmanager:RemoveRegionsFromReplication"): "copies in regions that the environment no longer names",
    ("ci", "secretsmanager:ReplicateSecretToRegions"): "copies in other regions, where the environment names any",
    ("seed", "secretsmanager:GetSecretValue"): "who holds a lease that a killed run never gave back",
    ("external-secrets", "secretsmanager:DescribeSecret"): "External Secrets' check of a store, and its metadata policy Fetch",
    ("ci", "ssm:GetParameterHistory"): "two writers raced for the lease: which write counts",
    ("inject", "ssm:GetParameterHistory"): "the same, and room for a version above the hundredth",
    ("inject", "ssm:ListTagsForResource"): "whose a parameter is that a lagging list does not show yet",
    ("external-secrets", "ssm:GetParameters"): "several names in one call; each is authorised as if asked alone",
}
"""What no ordinary run calls, and when it is needed. Everything else that is granted must be called by the runs below."""


def arn(role: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/goldenpath-{role}"


ACCESS = f"""\
access:
  platformPrincipals:
    dev: [{arn("owner")}]
  metadataPrincipals:
    dev: [{arn("ci")}]
  readerPrincipals:
    dev: [{arn("reader")}, {arn("external-secrets")}]
"""
REQUEST = SEC_0007.replace(
    "    k8sSecretName: payments-db-creds\n",
    "    k8sSecretName: payments-db-creds\n"
    f"    writePrincipals: [{arn('seed')}]\n    readPrincipals: [{arn('reader')}]\n    breakGlassPrincipals: [{arn('break-glass')}]\n",
)


class Guarded(Cloud):
    """Secrets Manager with a policy on each record."""

    @staticmethod
    def open(root: Path, aws: StrictAws, *, store: str = STORE) -> Guarded:
        made = Cloud.make(root, aws, store=store, more=ACCESS)
        guarded = Guarded(made.world, made.aws)
        guarded.register()
        return guarded

    def register(self) -> None:
        """Make every role known, and those whom an administrator's identity policy lets do everything."""
        settings = load_settings((self.world.platform / "goldenpath.yaml").read_bytes())
        files = render_role_policies("dev", settings=settings, providers=["aws-secrets-manager"])
        for number, role in enumerate(GRANTS):
            text = files.get(f"iam/{role}-role.json", NOTHING).decode()
            self.aws.as_principal(f"AKIAROLE{number:012d}", arn(role), identity_policy=text)
        for number, name in enumerate(OTHERS):
            account = NOBODYS_ACCOUNT if name == "foreigner" else ACCOUNT
            self.aws.as_principal(f"AKIAOTHR{number:012d}", arn(name, account), identity_policy=ALLOW_ALL)

    def turn(self, role: str) -> None:
        """Let the commands that follow run as a role."""
        self.who = arn(role)

    def client_of(self, role: str) -> Any:
        return self.aws.client("secretsmanager", arn(role, NOBODYS_ACCOUNT if role == "foreigner" else ACCOUNT))

    def state(self) -> list[object]:
        """What a person with a console sees of every secret."""
        return [
            (name, row.get("Tags"), row.get("Description"), row.get("SecretVersionsToStages"), row.get("DeletedDate"))
            for row in self.console.list_secrets(IncludePlannedDeletion=True)["SecretList"]
            for name in (row["Name"],)
        ]


class GuardedParameters(Zerotouch):
    """Parameter Store, production."""

    @staticmethod
    def open(root: Path, aws: StrictAws) -> GuardedParameters:
        made = Zerotouch.make(root, aws)
        guarded = GuardedParameters(made.world, made.aws)
        settings = load_settings((ROOT / "examples/zerotouch/goldenpath.yaml").read_bytes())
        files = render_role_policies("prod", settings=settings, providers=["aws-parameter-store"])
        for number, role in enumerate(GRANTS):
            text = files.get(f"iam/{role}-role.json", NOTHING).decode()
            aws.as_principal(f"AKIAPARA{number:012d}", arn(role, PROD_ACCOUNT), identity_policy=text)
        return guarded

    def turn(self, role: str) -> None:
        """Let the commands that follow run as a role."""
        self.who = arn(role, PROD_ACCOUNT)

    def client_of(self, role: str) -> Any:
        return self.aws.client("ssm", arn(role, PROD_ACCOUNT))


def called(aws: StrictAws, role: str) -> set[str]:
    """Return the actions that a role's calls really needed, refused ones left out."""
    made = {
        f"{call.service}:{call.operation}"
        for call in aws.calls
        if f"/goldenpath-{role}/" in call.principal and call.service != "sts" and call.error_code != "AccessDeniedException"
    }
    return made | {IMPLIED[action] for action in made if action in IMPLIED}


def refusals(aws: StrictAws) -> list[str]:
    """Return what was refused for want of a right."""
    return [f"{call.principal} {call.service}:{call.operation}" for call in aws.calls if call.error_code == "AccessDeniedException"]


def granted(role: str, provider: str, *, settings: Any, environment: str) -> set[str]:
    """Return the actions that a role's generated policy allows, keys left out."""
    text = role_policy(role, environment, settings=settings, providers=[provider])
    statements: Iterable[dict[str, Any]] = json.loads(text)["Statement"]
    allowed = {action for statement in statements if statement["Effect"] == "Allow" for action in statement["Action"]}
    return {action for action in allowed if not action.startswith("kms:")}


def answer_of(client: Any, operation: str, **parameters: Any) -> str:
    """Return the error's name; empty for a success."""
    try:
        getattr(client, operation)(**parameters)
    except botocore.exceptions.ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
