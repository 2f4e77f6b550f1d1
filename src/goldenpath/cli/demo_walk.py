"""The steps of the demo. Each runs the same command that a person would type, in a process of its own, and shows it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from goldenpath.cli.demo_setup import DEVELOPER, PLATFORM_ENGINEER, Persona, make_platform
from goldenpath.errors import ProviderRefused

REQUEST = "SEC-0007"
BRANCH = f"request/{REQUEST}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One run of the demo below ``root``; ``say`` takes the lines that the reader sees.

    ``example`` is the platform repository to start from; the shipped one, with embedded stores, by default.
    """

    root: Path
    say: Callable[[str], None]
    has_color: bool = False
    example: Path | None = None

    @property
    def platform(self) -> Path:
        """The platform repository."""
        return self.root / "platform"

    @property
    def gitops(self) -> Path:
        """The GitOps repository."""
        return self.root / "gitops"

    def run(self) -> None:
        """Walk the whole path; a step that fails ends the demo with its output shown."""
        self._title("A platform repository, a GitOps repository and four people")
        make_platform(self.root, example=self.example)
        self.say(f"  {self.platform}\n  {self.gitops}\n  {self.root / 'people'}  (one SSH key each; they sign approvals)")
        self._intent()
        self._gate()
        self._apply()
        self._proof()
        self._farewell()

    def _intent(self) -> None:
        self._title("1. Dana, a developer, asks for a database login: one file on a branch, no value in it")
        self._git(DEVELOPER, "switch", "--quiet", "--create", BRANCH)
        self._goldenpath(
            DEVELOPER,
            *("request", "new", "--id", REQUEST, "--name", "payments-db-credentials", "--service", "payments"),
            *("--environment", "dev", "--owner", "app-team", "--type", "database-credentials", "--tier", "medium"),
            *("--rotation", "standard", "--k8s-secret", "payments-db-creds", "--ttl-days", "30", "--provider", "aws-secrets-manager"),
            *("--key", "username", "--key", "password"),
        )
        self._git(DEVELOPER, "add", "catalogs")
        self._git(DEVELOPER, "commit", "--quiet", "--message", f"Request {REQUEST}: database login of payments in dev")
        self._goldenpath(DEVELOPER, "validate")

    def _gate(self) -> None:
        self._title("2. The gate judges the branch with the rules of main, and the preview shows the whole chain")
        self._goldenpath(DEVELOPER, "policy", "check", "--base", "main")
        self._goldenpath(DEVELOPER, "preview", "--base", "main")
        self._title("3. Pat, a platform engineer, approves: a signed git note bound to this exact change")
        self._goldenpath(PLATFORM_ENGINEER, "approve", "--base", "main", "--head", BRANCH)
        self._git(PLATFORM_ENGINEER, "switch", "--quiet", "main")
        self._git(PLATFORM_ENGINEER, "merge", "--quiet", "--no-ff", "--message", f"Merge {BRANCH}", BRANCH)

    def _apply(self) -> None:
        self._title("4. Apply makes the store match main; the approval is checked again")
        self._goldenpath(PLATFORM_ENGINEER, "apply", "--environment", "dev", "--yes")
        self._title(
            "5. The first value: a name from a pipe, a generated password. Manifests follow, because now there is something to sync"
        )
        self._goldenpath(
            PLATFORM_ENGINEER,
            *("seed", REQUEST, "--stdin", "username", "--generate", "password"),
            typed=b"payments_app",
            pipe="printf payments_app",
        )
        self._git(PLATFORM_ENGINEER, "log", "-1", "--stat", "--format=%h %s%n%n%b", where=self.gitops)

    def _proof(self) -> None:
        self._title("6. Where does everything stand?")
        self._goldenpath(PLATFORM_ENGINEER, "status")
        self._title("7. Metadata is free to look at; a value only with --reveal, and that is recorded")
        self._goldenpath(PLATFORM_ENGINEER, "get", REQUEST)
        self._goldenpath(PLATFORM_ENGINEER, "get", REQUEST, "--reveal", "--key", "username", "--reason", "demo")
        self._title("8. The whole line of one secret, from commit to reader")
        self._goldenpath(PLATFORM_ENGINEER, "trace", REQUEST)
        self._title("9. The audit log is chained and signed; verify it")
        self._goldenpath(PLATFORM_ENGINEER, "audit", "verify")

    def _farewell(self) -> None:
        self._title("What to try next")
        self.say(f"  cd {shlex.quote(str(self.platform))}")
        folder = Path(sys.executable).parent
        if shutil.which("goldenpath") is None and (folder / "goldenpath").exists():
            self.say(f'  export PATH={shlex.quote(str(folder))}:"$PATH"')
        for line in (
            f"goldenpath exec {REQUEST} -- sh -c 'echo connected as $username'",
            "goldenpath policy explain",
            "goldenpath drift --environment dev",
            "goldenpath audit tail -n 5",
            "goldenpath doctor",
        ):
            self.say(f"  {line}")

    def _title(self, text: str) -> None:
        self.say(f"\n\x1b[1m{text}\x1b[0m" if self.has_color else f"\n== {text}")

    def _goldenpath(self, who: Persona, *arguments: str, typed: bytes = b"", pipe: str = "") -> None:
        self._show(" ".join(shlex.quote(part) for part in ("goldenpath", *arguments)), pipe)
        self._call([sys.executable, "-m", "goldenpath", *arguments], who, self.platform, typed)

    def _git(self, who: Persona, *arguments: str, where: Path | None = None) -> None:
        self._show(" ".join(shlex.quote(part) for part in ("git", *arguments)), "")
        self._call(["git", *arguments], who, where or self.platform, b"")

    def _show(self, command: str, pipe: str) -> None:
        text = f"{pipe} | {command}" if pipe else command
        self.say(f"\x1b[36m$ {text}\x1b[0m" if self.has_color else f"$ {text}")

    def _call(self, argv: Sequence[str], who: Persona, where: Path, typed: bytes) -> None:
        environment = {**os.environ, **who.environment(self.root)}
        if self.has_color:
            environment["FORCE_COLOR"] = "1"
        done = subprocess.run(argv, cwd=where, env=environment, input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            self.say(f"    {line}")
        if done.returncode != 0:
            raise ProviderRefused(
                "cli.demo-step-failed",
                f"the step above ended with exit code {done.returncode}",
                hint="run goldenpath doctor; the folder is left as it is for you to look at",
            )
