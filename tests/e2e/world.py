"""A platform with people, for end-to-end tests: the same folders and commands that a user has, run in forked processes.

Forking instead of starting Python anew keeps hundreds of runs affordable; each run still is a process of its own, so it can be killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from goldenpath.cli.demo_setup import DEVELOPER, OWNER, PLATFORM_ENGINEER, SECURITY_ENGINEER, Persona, make_platform

PEOPLE = {"dana": DEVELOPER, "pat": PLATFORM_ENGINEER, "sam": SECURITY_ENGINEER, "olga": OWNER}

SEC_0007 = """\
apiVersion: goldenpath.io/v1
kind: SecretRequest
metadata:
  id: SEC-0007
  name: payments-db-credentials
  owner: app-team
  service: payments
  environment: dev
spec:
  provider: aws-secrets-manager
  secretType: database-credentials
  risk:
    tier: medium
  rotation:
    rotationClass: standard
  lifecycle:
    status: active
  access:
    namespace: payments
    k8sSecretName: payments-db-creds
  ttlDays: 30
  keys:
    - name: username
    - name: password
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a command ended; ``code`` is negative when a signal ended it."""

    code: int
    out: str
    err: str


class World:
    """The folders below ``root``: platform, gitops, people, audit-checkpoints."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @staticmethod
    def make(root: Path, *, example: Path | None = None) -> World:
        make_platform(root, example=example)
        return World(root)

    @property
    def platform(self) -> Path:
        return self.root / "platform"

    @property
    def gitops(self) -> Path:
        return self.root / "gitops"

    def copy(self, root: Path) -> World:
        shutil.copytree(self.root, root, symlinks=True)
        return World(root)

    def environment(self, who: str) -> dict[str, str]:
        return {**os.environ, **PEOPLE[who].environment(self.root)}

    def git(self, who: str, *arguments: str, where: Path | None = None) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=where or self.platform,
            env=self.environment(who),
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def write(self, path: str, text: str) -> None:
        target = self.platform / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def propose(self, branch: str, files: dict[str, str | None], *, who: str = "dana", message: str = "Change") -> None:
        """Commit files (None deletes) on a new branch from main."""
        self.git(who, "switch", "--quiet", "--create", branch, "main")
        for path, text in files.items():
            if text is None:
                (self.platform / path).unlink()
            else:
                self.write(path, text)
        self.git(who, "add", "--all")
        self.git(who, "commit", "--quiet", "--message", message)

    def merge(self, branch: str, *, who: str = "pat") -> None:
        self.git(who, "switch", "--quiet", "main")
        self.git(who, "merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)

    def approved_request(self, text: str = SEC_0007, path: str = "catalogs/secrets/payments/dev/SEC-0007.yaml") -> None:
        """Bring one medium request onto main, with the approval that it needs."""
        self.approve({path: text})

    def approve(self, files: dict[str, str | None], *, branch: str = "request") -> None:
        """Bring a change onto main that needs the platform's approval alone."""
        self.propose(branch, files)
        assert self.cli("pat", "approve", "--head", branch).code == 0
        self.merge(branch)

    def cli(self, who: str, *arguments: str, typed: bytes = b"", before: Callable[[], None] | None = None) -> Run:
        """Run ``goldenpath`` in a forked process; ``before`` runs in the child first, for instance to arm a kill."""
        return self.start(who, *arguments, typed=typed, before=before)()

    def start(self, who: str, *arguments: str, typed: bytes = b"", before: Callable[[], None] | None = None) -> Callable[[], Run]:
        """Do the same, and return what waits for its end: meanwhile something may happen. One at a time."""
        files = [self.root / f".cli-{os.getpid()}.{name}" for name in ("in", "out", "err")]
        files[0].write_bytes(typed)
        pid = os.fork()
        if pid == 0:
            self._child(who, arguments, files, before)

        def finish() -> Run:
            _, status = os.waitpid(pid, 0)
            out, err = (path.read_text("utf-8", "replace") for path in files[1:])
            for path in files:
                path.unlink()
            return Run(code=os.waitstatus_to_exitcode(status), out=out, err=err)

        return finish

    def _child(self, who: str, arguments: tuple[str, ...], files: list[Path], before: Callable[[], None] | None) -> None:
        try:
            for number, (path, flags) in enumerate(
                zip(files, (os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), strict=True)
            ):
                os.dup2(os.open(path, flags, 0o600), number)
            sys.stdin, sys.stdout, sys.stderr = (
                os.fdopen(number, mode, encoding="utf-8", closefd=False) for number, mode in ((0, "r"), (1, "w"), (2, "w"))
            )
            os.environ.clear()
            os.environ.update(self.environment(who))
            os.chdir(self.platform)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if before is not None:
                before()
            from goldenpath.cli.root import run

            code = run(list(arguments))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        except SystemExit as ended:
            sys.stdout.flush()
            os._exit(ended.code if isinstance(ended.code, int) else 1)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(99)


def person(who: str) -> Persona:
    return PEOPLE[who]
