"""``make demo-aws``: the main path on AWS's own protocol, against a moto server on this machine. Nothing leaves it, nothing costs.

The same walk as ``goldenpath demo``; only the example's ``goldenpath.yaml`` names AWS backends. With real credentials the same settings
work on a real account. On a terminal the server stays until Ctrl-C, so that the commands at the end can be tried.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import boto3
import yaml
from moto.server import ThreadedMotoServer

from goldenpath.cli.demo import new_folder
from goldenpath.cli.demo_setup import example_platform
from goldenpath.cli.demo_walk import Walk
from goldenpath.errors import GoldenpathError

BACKENDS = ("aws-secrets-manager", "aws-parameter-store")
REGION = "us-east-1"


def main(arguments: Sequence[str]) -> int:
    """Run the demo in the folder that ``arguments`` name, or in a new one, and return the exit code."""
    started = time.monotonic()
    folder = new_folder(Path(arguments[0]) if arguments and arguments[0] else None)
    with _moto() as endpoint, tempfile.TemporaryDirectory() as scratch:
        os.environ.update(_variables(endpoint))
        account = boto3.client("sts").get_caller_identity()["Account"]
        print(f"AWS on this machine: {endpoint}, account {account} (moto)")
        try:
            Walk(root=folder, say=print, has_color=sys.stdout.isatty(), example=_example(Path(scratch), account)).run()
        except GoldenpathError as error:
            print(error, file=sys.stderr)
            return 1
        _show_what_aws_holds()
        print(f"\nDone in {time.monotonic() - started:.0f} s.")
        if sys.stdin.isatty() and sys.stdout.isatty():
            _stay(endpoint)
    return 0


@contextlib.contextmanager
def _moto() -> Iterator[str]:
    logging.getLogger("werkzeug").disabled = True
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def _variables(endpoint: str) -> dict[str, str]:
    """Return what points every AWS kit below this process at the server, and at nothing else."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _example(scratch: Path, account: str) -> Path:
    """Return a copy of the example platform whose environments keep their secrets at AWS."""
    copy = scratch / "platform"
    shutil.copytree(example_platform(), copy)
    path = copy / "goldenpath.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    for environment in settings["environments"].values():
        environment["account"] = account
        environment["stores"] = {backend: {"backend": backend} for backend in BACKENDS}
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return copy


def _show_what_aws_holds() -> None:
    print("\n== What AWS holds now")
    for secret in boto3.client("secretsmanager").list_secrets()["SecretList"]:
        tags = {tag["Key"]: tag["Value"] for tag in secret.get("Tags", [])}
        labels = sorted(label for stages in secret.get("SecretVersionsToStages", {}).values() for label in stages)
        print(f"    {secret['Name']}  {tags.get('goldenpath:id', 'the platform itself')}  {', '.join(labels) or 'no value yet'}")


def _stay(endpoint: str) -> None:
    print("\nThe server stays until Ctrl-C. In another terminal, before the commands above:")
    for name, text in _variables(endpoint).items():
        print(f"  export {name}={text}")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
