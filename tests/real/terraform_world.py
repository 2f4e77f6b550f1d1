"""A platform whose containers Terraform makes, on a stand-in of AWS: people, folders, commands."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.world import SEC_0007, Run, World
from tests.house.source_tree import ROOT
from tests.standins.aws import StrictAws

PATH = "catalogs/secrets/payments/dev/{}.yaml"
NAME = "goldenpath/payments/dev/payments-db-credentials"
SETTINGS = """\
apiVersion: goldenpath.io/v1
kind: Platform
environments:
  dev:
    account: "{account}"
    region: {region}
    oidcProvider: oidc.example/id/1
    rotators:
      postgres:
        lambdaArn: arn:aws:lambda:{region}:{account}:function:rotate
        roleArn: arn:aws:iam::{account}:role/rotate
        secretTypes: [database-credentials]
        options: [superuser]
        window: {{opensAt: 2, hours: 3}}
    replicaRegions: [eu-west-1, eu-central-1]
    replicaKeys: {{eu-central-1: "arn:aws:kms:eu-central-1:{account}:key/1a2b3c4d-0000-4000-8000-000000000001"}}
    stores:
      aws-secrets-manager: {{backend: aws-secrets-manager}}
provision:
  engine: {engine}
  terraform:
    binary: {binary}
    {mirror}
    timeoutSeconds: 110
apply:
  pace:
    aws-secrets-manager: {{write: 0, tag: 0, policy: 0, read: 0, list: 0}}
"""


KEEPER = """\
#!/bin/sh
# Runs the real Terraform, and keeps what it prints and every saved plan, which the engine removes.
"{binary}" "$@" > "{kept}/$$.out"
code=$?
cat "{kept}/$$.out"
if [ -f plan.bin ]; then cp plan.bin "{kept}/$$.plan"; fi
exit $code
"""


def keeper(binary: str, kept: Path) -> str:
    """Return a program that acts as ``binary`` and leaves its words and plans in ``kept``."""
    kept.mkdir()
    script = kept.with_name("terraform-keeper")
    script.write_text(KEEPER.format(binary=binary, kept=kept), encoding="utf-8")
    script.chmod(0o755)
    return str(script)


def unpack_plans(kept: Path) -> int:
    """Unpack the kept plans, which are compressed, beside themselves; return how many there were."""
    plans = list(kept.glob("*.plan"))
    for plan in plans:
        with zipfile.ZipFile(plan) as archive:
            archive.extractall(plan.with_suffix(".unpacked"))
    return len(plans)


ROTATED = {
    "rotationClass: standard\n": "rotationClass: standard\n    rotator: postgres\n    options: {superuser: goldenpath/payments/dev/admin}\n"
}
"""As ``request`` takes it: a request that a function rotates."""


@dataclass
class TerraformWorld:
    """A world and its AWS."""

    world: World
    aws: StrictAws

    @staticmethod
    def make(root: Path, aws: StrictAws, *, engine: str = "terraform", binary: str = "terraform", mirror: str = "") -> TerraformWorld:
        example = root.with_name(root.name + "-example")
        shutil.copytree(ROOT / "examples" / "platform", example, ignore=shutil.ignore_patterns("SEC-*.yaml"))
        text = SETTINGS.format(
            account=aws.account, region=aws.region, engine=engine, binary=binary, mirror=f"providerMirror: {mirror}" if mirror else ""
        )
        (example / "goldenpath.yaml").write_text(text, encoding="utf-8")
        aws.functions.add(f"arn:aws:lambda:{aws.region}:{aws.account}:function:rotate")
        return TerraformWorld(World.make(root, example=example), aws)

    def cli(self, *arguments: str, typed: bytes = b"", variables: dict[str, str] | None = None) -> Run:
        added = {**self.aws.environment(), **(variables or {})}
        return self.world.cli("pat", *arguments, typed=typed, before=lambda: os.environ.update(added))

    def request(self, request_id: str = "SEC-0007", *, name: str = "payments-db-credentials", branch: str = "", **edits: str) -> None:
        """Bring a request, approved, onto main; ``edits`` replace text in it."""
        text = SEC_0007.replace("SEC-0007", request_id).replace("payments-db-credentials", name).replace("payments-db-creds", f"{name}-s")
        for old, new in edits.items():
            text = text.replace(old, new)
        branch = branch or f"add-{request_id}"
        self.world.propose(branch, {PATH.format(request_id): text})
        approved = self.cli("approve", "--head", branch)
        assert approved.code == 0, approved.err
        self.world.merge(branch)

    def seed(self, value: str = "x") -> None:
        seeded = self.cli("seed", "SEC-0007", "--stdin", "password", "--generate", "username", "--yes", typed=value.encode())
        assert seeded.code == 0, seeded.err

    def apply(self, *options: str) -> dict[str, Any]:
        done = self.cli("apply", "--yes", "-o", "json", *options)
        answer: dict[str, Any] = json.loads(done.out) if done.out else {"error": done.err}
        return {**answer, "code": done.code, "err": done.err}

    def steps(self, answer: dict[str, Any]) -> dict[str, tuple[str, str]]:
        assert "receipts" in answer, answer
        return {step["request_id"]: (step["outcome"], step["code"]) for each in answer["receipts"] for step in each["receipt"]["steps"]}

    def secret(self, name: str = NAME) -> dict[str, Any]:
        """A record as a person with a console sees it, without what differs from run to run."""
        console = self.aws.client("secretsmanager")
        found = console.describe_secret(SecretId=name)
        policy = console.get_resource_policy(SecretId=name).get("ResourcePolicy", "null")
        return {
            "description": found.get("Description"),
            "kms": found.get("KmsKeyId"),
            "rotation": {name: found.get(name) for name in ("RotationEnabled", "RotationLambdaARN", "RotationRules")},
            "copies": sorted((copy["Region"], copy["KmsKeyId"]) for copy in found.get("ReplicationStatus", [])),
            "policy": json.loads(policy),
            "tags": {tag["Key"]: tag["Value"] for tag in found["Tags"]},
        }

    @property
    def folder(self) -> Path:
        return self.world.platform / ".goldenpath" / "terraform" / "dev"

    @property
    def state(self) -> Path:
        return self.folder.with_name("dev.tfstate")
