"""P5, P6 and P13: store calls and wall time at AWS, beside Terraform and the AWS command line, all against one moto server.

moto answers in milliseconds and counts no rate, so our own pace is switched off in the measured platforms: what is compared is the work.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import catalog
from bench.result import Result, amount, missing

ACCOUNT = "123456789012"
REGION = "us-east-1"
SECRETS = 200
SMALL = 30
"""What "small" means in P5: identity, lease, pages, and the records that are looked at one by one in each run."""
MODULE = Path(__file__).resolve().parents[1] / "terraform" / "modules" / "secret-catalog"
PARAMETERS = 500
ROUNDS = 3
LOOPED = 25
"""Calls of the AWS command line that are really made; each takes as long as the other, so the rest is multiplied."""

SETTINGS = """\
apiVersion: goldenpath.io/v1
kind: Platform
environments:
  dev:
    account: "{account}"
    region: {region}
    stores:
      {store}: {{backend: {store}}}
apply:
  pace:
    {store}: {{write: 0, tag: 0, policy: 0, read: 0, list: 0}}
"""
ROOT = f"""\
provider "aws" {{
  region                      = "{REGION}"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}}
variable "goldenpath_secrets" {{ type = any }}
module "catalog" {{
  source             = "{MODULE}"
  goldenpath_secrets = var.goldenpath_secrets
}}
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One command: how long it took, and how many calls the server got."""

    seconds: float
    calls: int
    by_name: dict[str, int]


class Aws:
    """The server, and commands pointed at it."""

    def __init__(self, endpoint: str, folder: Path) -> None:
        self.endpoint = endpoint
        self.folder = folder
        self.environment = {
            # a user's Python keeps its bytecode: compiling every module at each start is no part of the work
            **{name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "GOLDENPATH_", "TF_", "PYTHONDONTWRITE"))},
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def warm_up(self) -> None:
        """Let moto load its services: AWS has started long ago, whoever calls first."""
        for service, target in (("secretsmanager", "secretsmanager.ListSecrets"), ("ssm", "AmazonSSM.DescribeParameters")):
            credential = f"AWS4-HMAC-SHA256 Credential=bench/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
            headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1", "Authorization": credential}
            request = urllib.request.Request(self.endpoint, data=b"{}", headers=headers)  # noqa: S310 - our own address
            with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - same
                pass

    def run(self, *command: str, where: Path, typed: bytes = b"", variables: Mapping[str, str] | None = None) -> Run:
        """Run one command to its end; it must succeed."""
        self._ask("reset")
        started = time.perf_counter()
        done = subprocess.run(
            command, cwd=where, env={**self.environment, **(variables or {})}, input=typed, capture_output=True, check=False
        )
        seconds = time.perf_counter() - started
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {(done.stdout + done.stderr).decode()[-2000:]}")
        counts = self._ask("calls")
        return Run(seconds=seconds, calls=sum(counts.values()), by_name=counts)

    def goldenpath(self, *arguments: str, where: Path, typed: bytes = b"") -> Run:
        """Run our command."""
        return self.run(sys.executable, "-m", "goldenpath", *arguments, where=where, typed=typed)

    def _ask(self, what: str) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.endpoint}/bench/{what}", timeout=10) as answer:  # noqa: S310 - our own address
            counts: dict[str, int] = json.load(answer)
        return counts


@contextmanager
def aws() -> Iterator[Aws]:
    """A fresh server and a fresh folder."""
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([sys.executable, "-m", "bench.aws_server"], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            here = Aws(server.stdout.readline().strip(), Path(folder))
            here.warm_up()
            yield here
        finally:
            server.kill()
            server.wait()


def measure_p5() -> list[Result]:
    """Calls of an apply of new records, and of the same apply again."""
    with aws() as here:
        first, again = _apply_twice(here)
    theirs = _terraform_twice()
    calls = [run.calls for run in theirs] if theirs else [7 * SECRETS, 3 * SECRETS]
    name = "Terraform" if theirs else "Terraform as documented (not on this machine)"
    return [
        amount(
            figure_id="P5",
            name=f"store calls of an apply of {SECRETS} new secrets with tags and policy",
            value=first.calls,
            unit="calls",
            at_most=2 * SECRETS + SMALL,
            baseline=calls[0],
            baseline_name=name,
            note=_most(first),
        ),
        amount(
            figure_id="P5",
            name="store calls of the same apply again",
            value=again.calls,
            unit="calls",
            at_most=SECRETS / 50 + SMALL,
            baseline=calls[1],
            baseline_name=name,
            note=_most(again),
        ),
    ]


def measure_p6() -> list[Result]:
    """Wall time of the same two applies, processes started and all."""
    names = (f"wall time of an apply of {SECRETS} new secrets", "wall time of the same apply again")
    theirs = [pair for _ in range(ROUNDS) if (pair := _terraform_twice()) is not None]
    if not theirs:
        why = "terraform or a mirror of its AWS provider is not on this machine"
        return [missing(figure_id="P6", name=name, unit="x", reach=">= 10", baseline_name="Terraform", why=why) for name in names]
    ours = []
    for _ in range(ROUNDS):
        with aws() as here:
            ours.append(_apply_twice(here))
    return [
        faster(
            figure_id="P6",
            name=name,
            ours=median(pair[which].seconds for pair in ours),
            theirs=median(pair[which].seconds for pair in theirs),
            at_least=10,
            baseline_name="Terraform apply",
            note=f"median of {ROUNDS} rounds",
        )
        for which, name in enumerate(names)
    ]


def measure_p13() -> list[Result]:
    """Injection of many parameters, and the same again, beside one AWS command for each."""
    names = (f"injection of {PARAMETERS} parameters", f"injection of {PARAMETERS} unchanged parameters: writes")
    with aws() as here:
        repository = platform(here.folder, _parameter_requests(), store="aws-parameter-store")
        values = json.dumps({f"KEY_{number}": f"value-{number}" for number in range(PARAMETERS)}).encode()
        command = ("inject", "--service", "bench", "--environment", "dev", "--json-file", "-", "--yes")
        first = here.goldenpath(*command, where=repository, typed=values)
        again = here.goldenpath(*command, where=repository, typed=values)
        command_line = shutil.which("aws")
        looped = None if command_line is None else _loop(here, command_line)
    unchanged = amount(
        figure_id="P13",
        name=names[1],
        value=again.by_name.get("PutParameter", 0),
        unit="writes",
        at_most=0,
        baseline=PARAMETERS,
        baseline_name="AWS command line",
        note=f"{again.seconds:.1f} s, {again.calls} calls; the first time {first.calls} calls",
    )
    if looped is None:
        why = "the AWS command line is not on this machine"
        return [missing(figure_id="P13", name=names[0], unit="x", reach=">= 20", baseline_name="AWS command line", why=why), unchanged]
    note = f"{LOOPED} commands measured, times {PARAMETERS // LOOPED}"
    return [
        faster(
            figure_id="P13",
            name=names[0],
            ours=first.seconds,
            theirs=looped * PARAMETERS / LOOPED,
            at_least=20,
            baseline_name="a loop over the AWS command line",
            note=note,
        ),
        unchanged,
    ]


def faster(*, figure_id: str, name: str, ours: float, theirs: float, at_least: float, baseline_name: str, note: str = "") -> Result:
    """Return how many times faster we are than the baseline of the same run."""
    factor = theirs / ours
    return Result(
        id=figure_id,
        name=name,
        figure=round(factor, 2),
        unit="x faster",
        baseline=theirs,
        baseline_name=baseline_name,
        measured=ours,
        base_unit="s",
        reach=f">= {at_least:g}",
        reached=factor >= at_least,
        note=note,
    )


def platform(folder: Path, requests: Iterator[tuple[str, bytes]], *, store: str = "aws-secrets-manager") -> Path:
    """Make a platform repository whose first commit holds the requests, and an empty GitOps repository beside it."""
    root = folder / "platform"
    settings = SETTINGS.format(account=ACCOUNT, region=REGION, store=store)
    governance = {**dict(catalog.governance()), "goldenpath.yaml": settings.encode()}
    for name, content in (*governance.items(), *requests):
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (folder / "gitops").mkdir()
    (folder / "gitops" / "README.md").write_text("GitOps\n")
    person = ("-c", "user.name=Bench", "-c", "user.email=bench@example.com")
    for repository in (root, folder / "gitops"):
        for command in (("init", "-q", "-b", "main"), ("add", "-A"), (*person, "commit", "-q", "-m", "Start")):
            subprocess.run(["git", *command], cwd=repository, check=True)
    return root


def _apply_twice(here: Aws) -> tuple[Run, Run]:
    repository = platform(here.folder, _secret_requests())
    return tuple(here.goldenpath("apply", "--environment", "dev", "--yes", where=repository) for _ in range(2))  # type: ignore[return-value]


def _terraform_twice() -> tuple[Run, Run] | None:
    """Apply the same containers with Terraform, twice, in an account of its own; None where Terraform or its provider is missing."""
    binary, mirror = shutil.which("terraform"), provider_mirror()
    if binary is None or mirror is None:
        return None
    with aws() as here:
        repository = platform(here.folder, _secret_requests())
        here.goldenpath("apply", "--environment", "dev", "--yes", where=repository)
        generated = here.folder / "gitops" / "environments" / "dev" / "terraform" / "secrets.auto.tfvars.json"
        tfvars = generated.read_bytes()
    with aws() as here:
        folder = here.folder / "terraform"
        folder.mkdir()
        (folder / "main.tf").write_text(ROOT)
        (folder / generated.name).write_bytes(tfvars)
        rc = folder / "terraform.rc"
        rc.write_text(f'disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n')
        quiet = {"TF_CLI_CONFIG_FILE": str(rc), "TF_IN_AUTOMATION": "1"}
        here.run(binary, "init", "-input=false", where=folder, variables=quiet)
        command = (binary, "apply", "-input=false", "-auto-approve", "-no-color")
        return here.run(*command, where=folder, variables=quiet), here.run(*command, where=folder, variables=quiet)


def provider_mirror() -> Path | None:
    """Return the folder of a mirror of Terraform's providers: the one that is named, or one of the usual places."""
    named = os.environ.get("GOLDENPATH_TEST_PROVIDER_MIRROR")
    places = [Path(named)] if named else [*Path("/opt").glob("*"), Path.home() / ".terraform.d" / "plugins"]
    return next((place for place in places if (place / "registry.terraform.io" / "hashicorp" / "aws").is_dir()), None)


def _secret_requests() -> Iterator[tuple[str, bytes]]:
    for number in range(1, SECRETS + 1):
        service = f"service-{number // catalog.PER_SERVICE:05d}"
        text = catalog.REQUEST.format(
            number=number, service=service, environment="dev", owner="app-team", type="api-key", tier="low"
        ).replace("593517239005", ACCOUNT)
        yield f"catalogs/secrets/{service}/dev/SEC-{number:06d}.yaml", text.encode()


def _parameter_requests() -> Iterator[tuple[str, bytes]]:
    per_request = 50
    for start in range(0, PARAMETERS, per_request):
        number = start // per_request + 1
        keys = "".join(f"    - name: KEY_{key}\n" for key in range(start, min(start + per_request, PARAMETERS)))
        text = catalog.REQUEST.format(number=number, service="bench", environment="dev", owner="app-team", type="api-key", tier="low")
        text = text.replace("593517239005", ACCOUNT).replace("provider: aws-secrets-manager", "provider: aws-parameter-store")
        yield f"catalogs/secrets/bench/dev/SEC-{number:06d}.yaml", f"{text}  keys:\n{keys}".encode()


def _loop(here: Aws, command_line: str) -> float:
    """Return the seconds of a loop that puts parameters one command at a time, as a shell script would."""
    started = time.perf_counter()
    for number in range(LOOPED):
        name = f"/loop/dev/bench/key_{number}"
        command = (
            command_line,
            "ssm",
            "put-parameter",
            "--type",
            "SecureString",
            "--overwrite",
            "--name",
            name,
            "--value",
            f"value-{number}",
        )
        here.run(*command, where=here.folder)
    return time.perf_counter() - started


def _most(run: Run) -> str:
    """Return the operations by number of calls."""
    return ", ".join(f"{count} {name}" for name, count in sorted(run.by_name.items(), key=lambda item: -item[1]))
