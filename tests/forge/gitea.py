"""A real Gitea on loopback: one process, SQLite, no mail, no cron; and its people, each with a token of their own."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.cluster.process import Process, free_port, http_answers
from tests.gitrepo import git_environment

SCOPES: Final = "all"
ADMIN: Final = "keeper"
_CONFIGURATION: Final = """\
APP_NAME = Tests
RUN_MODE = prod
RUN_USER = {user}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = {folder}

[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = {url}/
DISABLE_SSH = true
OFFLINE_MODE = true
STATIC_ROOT_PATH = {static}
LFS_START_SERVER = false

[database]
DB_TYPE = sqlite3
PATH = {folder}/gitea.db

[repository]
ROOT = {folder}/repositories
DEFAULT_BRANCH = main

[security]
INSTALL_LOCK = true
SECRET_KEY = {secret}
INTERNAL_TOKEN = {internal}
PASSWORD_HASH_ALGO = pbkdf2$1

[oauth2]
ENABLED = false

[service]
DISABLE_REGISTRATION = true

[log]
MODE = console
LEVEL = Warn

[indexer]
ISSUE_INDEXER_TYPE = db

[queue]
TYPE = channel

[actions]
ENABLED = false

[packages]
ENABLED = false

[cron]
ENABLED = false
"""


@dataclass(frozen=True)
class Account:
    """Somebody with an account. ``token`` is theirs alone."""

    login: str
    email: str
    token: str


class Refused(Exception):
    """Gitea said no; ``status`` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:300]}")
        self.status = status


class Gitea(Process):
    """One server.

    Args:
        folder: Holds its data and its log.
        built: What was built of it.
    """

    def __init__(self, *, folder: Path, built: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.api = f"{self.url}/api/v1"
        self.accounts: dict[str, Account] = {}
        self.organisations: set[str] = set()
        self._home = folder
        self._configuration = folder / "app.ini"
        self._binary = str(built / "gitea")
        self._configuration.write_text(
            _CONFIGURATION.format(
                user="root" if os.getuid() == 0 else os.environ.get("USER", "nobody"),
                folder=folder,
                port=port,
                url=self.url,
                static=built,
                secret=secrets.token_hex(32),
                internal=_internal_token(),
            )
        )
        super().__init__(
            "gitea",
            [self._binary, "web", "--config", str(self._configuration)],
            folder=folder,
            is_ready=lambda: http_answers(f"{self.api}/version"),
            environment=self._variables(),
        )

    def set_up(self) -> None:
        """Make the database and an administrator, and start."""
        self._command_line("migrate")
        self.accounts[ADMIN] = self._made(ADMIN, "--admin")
        self.start()

    def account(self, login: str) -> Account:
        """Return somebody's account; it is made where it is missing."""
        if login not in self.accounts:
            self.accounts[login] = self._made(login)
        return self.accounts[login]

    def ask(self, login: str, method: str, path: str, body: Any = None) -> Any:
        """Call the API as somebody. Raises ``Refused``."""
        headers = {"Authorization": f"token {self.account(login).token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}{path}", data=data, headers=headers, method=method)  # noqa: S310 - our own server
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode(errors="replace")) from None
        return json.loads(text) if text.strip() else None

    def await_branch(self, repository: str, name: str, *, seconds: float = 30) -> None:
        """Wait until a branch that was pushed is known: Gitea notes a push aside, and until then lists nothing about it."""
        until = time.monotonic() + seconds
        while True:
            try:
                self.ask(ADMIN, "GET", f"/repos/{repository}/pulls?state=open&base_branch={name}")
            except Refused as error:
                if error.status != 404 or time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                return

    def remote(self, login: str, repository: str) -> str:
        """Return the address to push to as somebody; it holds their token, and is worth nothing after the tests."""
        return f"{self.url.replace('://', f'://{login}:{self.account(login).token}@')}/{repository}.git"

    def _made(self, login: str, *options: str) -> Account:
        email = f"{login}@example.com"
        made = self._command_line(
            "admin", "user", "create", "--username", login, "--password", secrets.token_hex(16), "--email", email,
            "--must-change-password=false", "--access-token", "--access-token-scopes", SCOPES, *options,
        )  # fmt: skip
        token = next(word for line in made.splitlines() if "token" in line.lower() for word in line.split() if len(word) == 40)
        return Account(login, email, token)

    def _command_line(self, *arguments: str) -> str:
        command = [self._binary, "--config", str(self._configuration), *arguments]
        environment = git_environment(self._home, self._variables())
        done = subprocess.run(
            command, cwd=self._home, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise AssertionError(f"gitea {arguments[0]} ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
        return done.stdout

    def _variables(self) -> dict[str, str]:
        return {"GITEA_WORK_DIR": str(self._home), "GIT_CONFIG_NOSYSTEM": "1"}


def _internal_token() -> str:
    """Return a token that the server's own hooks show it: a JSON Web Token that nobody checks the signature of."""
    parts = (b'{"alg":"HS256","typ":"JWT"}', b'{"nbf":1700000000}', secrets.token_bytes(32))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
