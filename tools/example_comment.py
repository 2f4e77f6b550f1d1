"""Writes the comment of ``goldenpath pr check`` on an example pull request as Markdown: real judging of a real change, made up people.

    python tools/example_comment.py docs/img/pull-request-comment.md

Everything is made in a folder of its own and thrown away again. What differs from run to run (commits, digests) is left as it is.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from goldenpath.app.judged import Judged
from goldenpath.app.pull_request import judge
from goldenpath.bootstrap import open_platform
from goldenpath.cli.demo_setup import DEVELOPER, FOUNDER, OWNER, Persona, make_platform
from goldenpath.cli.pr_pages import comment_text
from goldenpath.cli.root import run
from goldenpath.model.forge import PullRequest

BRANCH = "request/sec-0100"
REQUEST: dict[str, Any] = {
    "apiVersion": "goldenpath.io/v1",
    "kind": "SecretRequest",
    "metadata": {"id": "SEC-0007", "name": "payments-db-credentials", "owner": "app-team", "service": "payments", "environment": "dev"},
    "spec": {
        "provider": "aws-secrets-manager",
        "secretType": "database-credentials",
        "risk": {"tier": "medium"},
        "rotation": {"rotationClass": "standard"},
        "lifecycle": {"status": "active"},
        "access": {"namespace": "payments", "k8sSecretName": "payments-db-creds"},
        "ttlDays": 30,
        "keys": [{"name": "username"}, {"name": "password"}],
    },
}


def main(target: str) -> int:
    """Write the page to ``target``; ``-`` is standard output."""
    with tempfile.TemporaryDirectory(prefix="goldenpath-comment-") as folder:
        page = comment_text(example(Path(folder) / "world"), url="https://forge.example/acme/platform/actions/runs/42")
    if target == "-":
        sys.stdout.write(page)
    else:
        Path(target).write_text(page, encoding="utf-8")
    return 0


def example(root: Path) -> Judged:
    """Return the verdict on a pull request that changes one request, adds two, and has one of its approvals."""
    make_platform(root)
    platform = root / "platform"
    _commit(
        platform, root, FOUNDER, "Know an exception", {"governance/policy.yaml": _with_waiver(platform), _path(REQUEST): _text(REQUEST)}
    )
    _git(platform, root, DEVELOPER, "switch", "--quiet", "--create", BRANCH)
    changed = _request("SEC-0007", "dev", "payments-db-credentials", ttlDays=90)
    batch = _request("SEC-0008", "test", "payments-batch-key", rotation={"rotationClass": "none"}, secretType="api-key")
    batch["spec"]["access"]["k8sSecretName"] = "payments-batch"
    prod = _request("SEC-0100", "prod", "payments-db-credentials", risk={"tier": "high"})
    _commit(platform, root, DEVELOPER, "Ask for production", {_path(each): _text(each) for each in (changed, batch, prod)})
    _approve(platform, root)
    head = _git(platform, root, DEVELOPER, "rev-parse", "HEAD").strip()
    return judge(open_platform(platform), _pull_request(head))


def _pull_request(head: str) -> PullRequest:
    return PullRequest(
        number=12,
        title="Ask for production credentials of payments",
        body="",
        author=DEVELOPER.id,
        state="open",
        head_sha=head,
        head_ref=BRANCH,
        head_repository="acme/platform",
        base_ref="main",
        base_sha="",
        is_fork=False,
        url="https://forge.example/acme/platform/pulls/12",
        updated_at="",
    )


def _request(name: str, environment: str, secret: str, **spec: object) -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load(yaml.safe_dump(REQUEST))
    made["metadata"] |= {"id": name, "environment": environment, "name": secret}
    made["spec"] |= spec
    return made


def _path(request: dict[str, Any]) -> str:
    metadata = request["metadata"]
    return f"catalogs/secrets/{metadata['service']}/{metadata['environment']}/{metadata['id']}.yaml"


def _text(request: dict[str, Any]) -> str:
    return yaml.safe_dump(request, sort_keys=False)


def _with_waiver(platform: Path) -> str:
    policy = yaml.safe_load((platform / "governance" / "policy.yaml").read_text(encoding="utf-8"))
    ends = (datetime.now(UTC) + timedelta(days=20)).date()
    waiver = {"rule": "rotation-required", "request": "SEC-0008", "owner": "app-team", "ticket": "PLAT-118"}
    policy["waivers"] = [{**waiver, "reason": "the vendor cannot rotate yet", "expiresOn": str(ends)}]
    return yaml.safe_dump(policy, sort_keys=False)


def _commit(platform: Path, root: Path, who: Persona, message: str, files: dict[str, str]) -> None:
    for path, text in files.items():
        target = platform / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    _git(platform, root, who, "add", "--all")
    _git(platform, root, who, "commit", "--quiet", "--message", message)


def _git(platform: Path, root: Path, who: Persona, *arguments: str) -> str:
    environment = {**os.environ, **who.environment(root)}
    return subprocess.run(["git", *arguments], cwd=platform, env=environment, check=True, capture_output=True, text=True).stdout


def _approve(platform: Path, root: Path) -> None:
    """The owner's side signs; security has not looked yet."""
    before = dict(os.environ)
    os.environ.update(OWNER.environment(root))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            code = run(["-C", str(platform), "-q", "approve", "--head", BRANCH])
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert code == 0, code  # noqa: S101 - the example must be whole


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "-"))
