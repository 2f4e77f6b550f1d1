"""A world whose dev environment lives in Secrets Manager, behind a stand-in for AWS."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.world import SEC_0007, Run, World
from tests.house.source_tree import ROOT
from tests.standins.app import CONSOLE_KEY
from tests.standins.aws import RUNNER, StrictAws

ACCOUNT = "593517239005"
PATH = "goldenpath/payments/dev/payments-db-credentials"
STORE = "    stores:\n      aws-secrets-manager:\n        backend: aws-secrets-manager\n"
_UNPACED = "apply:\n  pace:\n    aws-secrets-manager: {write: 0, tag: 0, policy: 0, read: 0, list: 0}\n"


@dataclass
class Cloud:
    """A world and its AWS; ``who`` signs what the commands call."""

    world: World
    aws: StrictAws
    who: str = RUNNER

    @staticmethod
    def make(root: Path, aws: StrictAws, *, store: str = STORE, more: str = "", remote: str = "") -> Cloud:
        for key in (aws.runner_key, CONSOLE_KEY):
            aws.use_account(key, ACCOUNT)
        example = root.with_name("example")
        shutil.copytree(ROOT / "examples" / "platform", example)
        settings = example / "goldenpath.yaml"
        text = settings.read_text("utf-8").replace("  staging:\n", f"{store}  staging:\n")
        if remote:
            text = text.replace("  repository: ../gitops\n", f"  repository: ../gitops\n  remote: {remote}\n")
        settings.write_text(text + _UNPACED + more, "utf-8")
        return Cloud(World.make(root, example=example), aws)

    def cli(self, *arguments: str, typed: bytes = b"", who: str = "pat", before: Callable[[], None] = lambda: None) -> Run:
        """Run a command with the stand-in's credentials."""
        added = self.aws.environment(self.who)

        def prepare() -> None:
            os.environ.update(added)
            before()

        return self.world.cli(who, *arguments, typed=typed, before=prepare)

    def act_as(self, actions: Collection[str]) -> None:
        """Let the commands run as a role that may do these actions of Secrets Manager and nothing else."""
        self.who = f"arn:aws:iam::{ACCOUNT}:role/limited"
        allowed = [f"secretsmanager:{action}" for action in sorted(actions)]
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": allowed, "Resource": "*"}]}
        self.aws.as_principal("AKIALIMITEDROLE00000", self.who, identity_policy=json.dumps(policy))

    def seed(self, values: bytes, request_id: str = "SEC-0007", *, before: Callable[[], None] = lambda: None) -> Run:
        """Seed the values of a private JSON file."""
        batch = self.world.root / "values.json"
        batch.write_bytes(values)
        batch.chmod(0o600)
        return self.cli("seed", request_id, "--batch", str(batch), before=before)

    def request(self, number: int) -> str:
        """A request like SEC-0007 with another id and another name."""
        text = SEC_0007.replace("SEC-0007", f"SEC-{number:04d}").replace("payments-db-creds", f"payments-creds-{number}")
        return text.replace("payments-db-credentials", f"payments-{number}")

    def approved(self, *numbers: int) -> None:
        """Bring requests onto main, approved."""
        self.world.propose("more", {f"catalogs/secrets/payments/dev/SEC-{number:04d}.yaml": self.request(number) for number in numbers})
        assert self.world.cli("pat", "approve", "--head", "more").code == 0
        self.world.merge("more")

    def operations(self) -> list[str]:
        """What was called, the console's calls left out."""
        return [call.operation for call in self.aws.calls if not call.is_console]

    @property
    def console(self) -> Any:
        return self.aws.client("secretsmanager")
