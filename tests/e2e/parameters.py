"""The platform of seed 003 with Parameter Store behind it: a stand-in, and the people and folders of a world."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.world import Run, World
from tests.house.source_tree import ROOT
from tests.standins.app import CONSOLE_KEY
from tests.standins.aws import RUNNER, StrictAws

EXAMPLE = ROOT / "examples" / "zerotouch"
PROD_ACCOUNT = "593517239006"
UNPACED = (
    "apply:\n  deadlineSeconds: 20\n  leaseSeconds: 5\n  pace:\n    aws-parameter-store: {write: 0, tag: 0, policy: 0, read: 0, list: 0}\n"
)
FOLDER = "/zerotouch/prod/service/"
VALUES = {
    "DATABASE_URL": "postgres://app:s3cr3t-Aq7@db.example.com/app",
    "DATABASE_PASSWORD": "s3cr3t-Aq7-long",
    "API_TOKEN": "tok-91kf83hd",
}
NAMES = tuple(sorted(FOLDER + key.lower() for key in VALUES))


@dataclass
class Zerotouch:
    """A world and its AWS. ``inject`` gives values as a private dotenv file would."""

    world: World
    aws: StrictAws
    who: str = RUNNER

    @staticmethod
    def make(root: Path, aws: StrictAws) -> Zerotouch:
        for key in (aws.runner_key, CONSOLE_KEY):
            aws.use_account(key, PROD_ACCOUNT)
        example = root.with_name("example")
        shutil.copytree(EXAMPLE, example)
        with (example / "goldenpath.yaml").open("a", encoding="utf-8") as settings:
            settings.write(UNPACED)
        return Zerotouch(World.make(root, example=example), aws)

    def inject(self, values: dict[str, str], *options: str, environment: str = "prod", service: str = "service") -> Run:
        arguments = ("inject", "--service", service, "--environment", environment, "--json-file", "-", *options)
        return self.cli(*arguments, "-o", "json", typed=json.dumps(values))

    def cli(self, *arguments: str, typed: str = "", variables: dict[str, str] | None = None) -> Run:
        """Run a command with the stand-in's credentials and ``variables`` in its environment."""
        added = {**self.aws.environment(self.who), **(variables or {})}

        def before() -> None:
            os.environ.update(added)
            self._pid_file.write_text(str(os.getpid()), encoding="ascii")

        return self.world.cli("pat", *arguments, typed=typed.encode(), before=before)

    def pid(self) -> int:
        """The process of the command that runs now."""
        return int(self._pid_file.read_text(encoding="ascii"))

    @property
    def _pid_file(self) -> Path:
        return self.world.root.with_name("pid")

    def parameter(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.console.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        return found

    def versions(self) -> dict[str, int]:
        page = self.console.get_parameters_by_path(Path=FOLDER.rstrip("/"), WithDecryption=False)
        return {each["Name"]: each["Version"] for each in page["Parameters"]}

    def tags(self, name: str) -> dict[str, str]:
        listed = self.console.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
        return {tag["Key"]: tag["Value"] for tag in listed}

    @property
    def console(self) -> Any:
        return self.aws.client("ssm")

    def puts(self) -> list[str]:
        """The parameters that were written, leases left out, in order."""
        return [call.resource_name for call in self.aws.mutating() if not call.resource_name.endswith("/_lease")]
