"""From an empty repository to an applied secret on a real forge: what people type, and the shipped workflows as they are, run by act.

One walk for the test and for ``make demo-forge``, which also shows it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from tests.act_rig import ActRig, Ran
from tests.forge.gitea import ADMIN, Gitea, Refused
from tests.house.source_tree import ROOT

BOT: Final = "goldenpath-bot"
DEVELOPER: Final = "dana"
ENGINEER: Final = "pat"
OUTSIDER: Final = "oscar"
BRANCH: Final = "request-card-processor"
PATH: Final = "catalogs/secrets/payments/dev/SEC-0001.yaml"
SETTINGS: Final = """\
# Approvals are reviews on the forge: no key to keep, nothing to sign.
approvals:
  source: reviews
forge:
  kind: gitea
  url: {api}
  repository: {repository}
"""
Say = Callable[[str], None]


def _quiet(_text: str) -> None:
    """Say nothing."""


class ForgeLife:
    """The people, their clones and the forge.

    Args:
        gitea: A running Gitea.
        root: An empty folder; everything that this walk makes lies below it, but for the forge's own files.
        organisation: Whose repository it is.
        say: Gets each command as it would be typed.
        show: Gets what it printed.
    """

    def __init__(self, gitea: Gitea, root: Path, *, organisation: str = "acme", say: Say = _quiet, show: Say = _quiet) -> None:
        self.gitea, self.root, self._say, self._show = gitea, root, say, show
        self.repository = f"{organisation}/platform"
        self.organisation = organisation
        self.address = f"{gitea.url}/{self.repository}.git"
        for login in (DEVELOPER, ENGINEER, OUTSIDER, BOT):
            gitea.account(login)
        self._make_repository()

    def found(self) -> None:
        """``goldenpath init`` in an empty repository, the settings of this forge, and the first commit."""
        home = self.clone(ENGINEER, is_empty=True)
        self.goldenpath(ENGINEER, "init", ".", "--forge", "github", "--organisation", self.organisation, "--remote", "origin", "--yes")
        settings = home / "goldenpath.yaml"
        settings.write_text(settings.read_text() + SETTINGS.format(api=self.gitea.api, repository=self.repository))
        (home / "governance" / "approvers.yaml").write_text(yaml.safe_dump(self._approvers(), sort_keys=False))
        self.goldenpath(ENGINEER, "validate")
        self.git(ENGINEER, "add", "--all")
        self.git(ENGINEER, "commit", "--quiet", "--message", "Found the platform")
        self.git(ENGINEER, "push", "--quiet", "origin", "main")
        self.gitea.await_branch(self.repository, "main")

    def request(self) -> int:
        """A developer asks, and the pull request is open."""
        self.clone(DEVELOPER)
        self.goldenpath(
            DEVELOPER,
            *("request", "new", "--service", "payments", "--name", "card-processor-key", "--environment", "dev", "--owner", "app-team"),
            *("--provider", "aws-secrets-manager", "--type", "api-key", "--tier", "medium", "--key", "API_KEY"),
            *("--description", "Key of the card processor"),
            *("--branch", BRANCH, "--open"),
        )
        pulls = self.gitea.ask(DEVELOPER, "GET", f"/repos/{self.repository}/pulls?state=open")
        return int(pulls[0]["number"])

    def change(self) -> None:
        """The developer thinks again, after the review: another key in the same request."""
        self.git(DEVELOPER, "switch", "--quiet", BRANCH)
        self.goldenpath(DEVELOPER, "request", "edit", "SEC-0001", "--add-key", "WEBHOOK")
        self.git(DEVELOPER, "commit", "--quiet", "--all", "--message", "Ask for the webhook's key too")
        self.git(DEVELOPER, "push", "--quiet", "origin", BRANCH)

    def judge(self, number: int, event: str = "pull_request", action: str = "opened") -> Ran:
        """The pull request's workflow, as the forge would start it."""
        pull = self.pull(number)
        payload = {
            "action": action,
            "number": number,
            "pull_request": {**pull, "base": {**pull["base"], "repo": {"full_name": self.repository}}},
            "repository": {"full_name": self.repository, "default_branch": "main"},
        }
        return self.act("secret-request-pr.yml", event, payload)

    def review(self, number: int, *, by: str = ENGINEER, event: str = "APPROVED") -> None:
        """Somebody reviews the newest commit."""
        body = {"event": event, "body": "looked at it", "commit_id": self.pull(number)["head"]["sha"]}
        self.gitea.ask(by, "POST", f"/repos/{self.repository}/pulls/{number}/reviews", body)

    def merge(self, number: int) -> str:
        """Merge, and return the commit that the protected branch got."""
        for _ in range(100):
            try:
                self.gitea.ask(ENGINEER, "POST", f"/repos/{self.repository}/pulls/{number}/merge", {"Do": "merge"})
                break
            except Refused as error:  # whether it can be merged is computed aside
                if error.status != 405:
                    raise
                time.sleep(0.1)
        return str(self.pull(number)["merge_commit_sha"])

    def apply(self, sha: str) -> Ran:
        """The workflow of the merge, for one environment."""
        payload = {
            "ref": "refs/heads/main",
            "after": sha,
            "deleted": False,
            "repository": {"full_name": self.repository, "default_branch": "main"},
        }
        return self.act("secret-request-apply.yml", "push", payload, matrix="environment:dev")

    def act(self, workflow: str, event: str, payload: Mapping[str, Any], *, matrix: str = "") -> Ran:
        """Run a shipped workflow file for an event."""
        number = len(list(self.root.glob("sandbox-*")))
        rig = ActRig(self.root / f"sandbox-{number}", self.address, repository=self.repository)
        self._say(f"act {event} -W .github/workflows/{workflow}")
        rig.state = self.root / "state"
        return rig.run(
            self.home(ENGINEER) / ".github" / "workflows" / workflow,
            event,
            payload,
            extra={"GITHUB_SERVER_URL": self.gitea.url, "GITHUB_API_URL": self.gitea.api},
            secrets={"GITHUB_TOKEN": self.gitea.account(BOT).token},
            matrix=matrix,
        )

    def pull(self, number: int) -> dict[str, Any]:
        """Return the pull request as the forge shows it."""
        found: dict[str, Any] = self.gitea.ask(ADMIN, "GET", f"/repos/{self.repository}/pulls/{number}")
        return found

    def comments(self, number: int) -> list[str]:
        """Return what the bot wrote under the pull request."""
        found = self.gitea.ask(ADMIN, "GET", f"/repos/{self.repository}/issues/{number}/comments")
        return [each["body"] for each in found if each["user"]["login"] == BOT]

    def statuses(self, sha: str) -> dict[str, str]:
        """Return {context: state} of a commit."""
        found = self.gitea.ask(ADMIN, "GET", f"/repos/{self.repository}/commits/{sha}/statuses?sort=oldest&limit=50")
        return {each["context"]: each["status"] for each in found}

    def home(self, who: str) -> Path:
        """Return somebody's clone."""
        return self.root / who / "platform"

    def clone(self, who: str, *, is_empty: bool = False) -> Path:
        """Give somebody a clone of their own, with their name and their right to push."""
        home = self.home(who)
        home.parent.mkdir(parents=True)
        remote = self.gitea.remote(who, self.repository)
        subprocess.run(["git", "clone", "--quiet", remote, str(home)], check=True, capture_output=True)
        account = self.gitea.account(who)
        for name, text in (("user.name", who.title()), ("user.email", account.email), ("commit.gpgsign", "false")):
            subprocess.run(["git", "config", name, text], cwd=home, check=True)
        if is_empty:
            subprocess.run(["git", "symbolic-ref", "HEAD", "refs/heads/main"], cwd=home, check=True)
        return home

    def goldenpath(self, who: str, *arguments: str, code: int = 0, typed: str = "") -> str:
        """Type a command in somebody's clone; it must end with ``code``."""
        self._say(f"{who}$ goldenpath {' '.join(arguments)}")
        return self._run(who, [sys.executable, "-m", "goldenpath", *arguments], code, typed)

    def git(self, who: str, *arguments: str) -> str:
        """Type a git command in somebody's clone."""
        self._say(f"{who}$ git {' '.join(arguments)}")
        return self._run(who, ["git", *arguments], 0)

    def _run(self, who: str, command: list[str], code: int, typed: str = "") -> str:
        environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith(("GITHUB_", "GOLDENPATH_", "GIT_"))},
            "GOLDENPATH_FORGE_TOKEN": self.gitea.account(who).token,
            "GOLDENPATH_STATE_DIRECTORY": str(self.root / "state"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PYTHONPATH": str(ROOT / "src"),
        }
        done = subprocess.run(command, cwd=self.home(who), env=environment, input=typed, capture_output=True, text=True, check=False)
        self._show(done.stdout + done.stderr)
        if done.returncode != code:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def _make_repository(self) -> None:
        self.gitea.ask(ADMIN, "POST", "/orgs", {"username": self.organisation})
        self.gitea.ask(ADMIN, "POST", f"/orgs/{self.organisation}/repos", {"name": "platform", "default_branch": "main"})
        for login, right in ((DEVELOPER, "write"), (ENGINEER, "admin"), (BOT, "write")):
            self.gitea.ask(ADMIN, "PUT", f"/repos/{self.repository}/collaborators/{login}", {"permission": right})
        teams = self.gitea.ask(ADMIN, "GET", f"/orgs/{self.organisation}/teams")
        owners = next(each["id"] for each in teams if each["name"] == "Owners")
        self.gitea.ask(ADMIN, "PUT", f"/teams/{owners}/members/{BOT}")

    def _approvers(self) -> dict[str, Any]:
        people = [
            {"id": ENGINEER, "emails": [self.gitea.account(ENGINEER).email], "logins": {"gitea": ENGINEER}, "roles": ["platform"]},
            {
                "id": DEVELOPER,
                "emails": [self.gitea.account(DEVELOPER).email],
                "logins": {"gitea": DEVELOPER},
                "roles": ["platform"],
                "owners": ["app-team"],
            },
        ]
        return {"apiVersion": "goldenpath.io/v1", "kind": "Approvers", "people": people}
