"""From a pull request to apply on a real Gitea: reviews count for the head they were given for, and for nothing else (R12; CASES 25, 27, 28)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.canary import scan_tree
from tests.cluster.process import wait_until
from tests.e2e.world import PEOPLE, SEC_0007, Run, World
from tests.forge.gitea import ADMIN, Gitea, Refused

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

REQUEST = "catalogs/secrets/payments/dev/SEC-0007.yaml"
OUTSIDER = "oscar"


class Stage:
    """A platform whose protected branch lives on the forge. People are those of the demo; each has an account of their name."""

    def __init__(self, world: World, gitea: Gitea, name: str) -> None:
        self.world = world
        self.gitea = gitea
        self.repository = f"{ADMIN}/{name}"
        self.variables: dict[str, str] = {}
        gitea.ask(ADMIN, "POST", "/user/repos", {"name": name, "private": False, "default_branch": "main"})
        for login in PEOPLE:
            gitea.account(login)
            self.ask(ADMIN, "PUT", f"/collaborators/{login}", {"permission": "write"})
        self._found()

    def ask(self, by: str, method: str, path: str, body: Any = None) -> Any:
        return self.gitea.ask(by, method, f"/repos/{self.repository}{path}", body)

    def push(self, who: str, branch: str, *options: str, repository: str = "") -> None:
        self.world.git("dana", "push", "--quiet", *options, self.gitea.remote(who, repository or self.repository), f"{branch}:{branch}")

    def propose(self, text: str = SEC_0007, *, branch: str = "request", who: str = "dana") -> int:
        self.world.propose(branch, {REQUEST: text})
        self.push(who, branch)
        self.world.git("dana", "switch", "--quiet", "main")
        return int(self.ask(who, "POST", "/pulls", {"title": "Request", "head": branch, "base": "main"})["number"])

    def review(self, number: int, who: str, event: str = "APPROVED") -> int:
        return int(self.ask(who, "POST", f"/pulls/{number}/reviews", {"event": event, "body": "seen"})["id"])

    def merge(self, number: int, how: str = "merge") -> None:
        def merged() -> bool:
            try:
                self.ask(ADMIN, "POST", f"/pulls/{number}/merge", {"Do": how})
            except Refused as error:  # whether it can be merged is computed aside
                if error.status != 405:
                    raise
                return False
            return True

        wait_until(merged, what="the merge", seconds=20)
        self.world.git("pat", "pull", "--quiet", "--ff-only", "origin", "main")

    def check(self, head: str = "request") -> Run:
        return self.run("policy", "check", "--base", "main", "--head", head, "--require-approval", "-o", "json")

    def rejected(self, head: str = "request") -> list[str]:
        done = self.check(head)
        assert done.code == 5, done
        return sorted(each["code"] for each in json.loads(done.out)["approvals"]["rejected"])

    def is_approved(self, head: str = "request") -> bool:
        """Say whether it is approved, once the forge has taken notice of who pushed."""
        codes = wait_until(
            lambda: [found] if "approval.pusher-unknown" not in (found := self._codes(head)) else None, what="pushers", seconds=30
        )
        return codes == [[]] and self.check(head).code == 0

    def apply(self) -> Run:
        return self.run("apply", "--yes")

    def run(self, *arguments: str) -> Run:
        """Run a command as the platform's own account."""
        variables = {"GOLDENPATH_FORGE_TOKEN": self.gitea.account("pat").token, **self.variables}
        return self.world.cli("pat", *arguments, before=lambda: os.environ.update(variables))

    def _codes(self, head: str) -> list[str]:
        return sorted(each["code"] for each in json.loads(self.check(head).out)["approvals"]["rejected"])

    def _found(self) -> None:
        world = self.world
        forge = f"forge:\n  kind: gitea\n  url: {self.gitea.api}\n  repository: {self.repository}\napprovals:\n  source: reviews\n"
        settings = world.platform / "goldenpath.yaml"
        settings.write_text(settings.read_text() + forge)
        path = world.platform / "governance" / "approvers.yaml"
        lines = path.read_text().splitlines()
        comment = [line for line in lines if line.startswith("#")]
        people = [
            {"id": person.id, "name": person.name, "emails": [person.email], "logins": {"gitea": person.id},
             "roles": list(person.roles), "owners": list(person.owners)}
            for person in PEOPLE.values()
        ]  # fmt: skip
        path.write_text("\n".join([*comment, json.dumps({"apiVersion": "goldenpath.io/v1", "kind": "Approvers", "people": people})]) + "\n")
        world.git("pat", "add", "--all")
        world.git("pat", "commit", "--quiet", "--amend", "--no-edit")
        world.git("pat", "remote", "add", "origin", self.gitea.remote(ADMIN, self.repository))
        self.push(ADMIN, "main")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.make(tmp_path_factory.mktemp("base") / "world")


@pytest.fixture
def stage(base: World, gitea: Gitea, tmp_path: Path) -> Stage:
    return Stage(base.copy(tmp_path / "world"), gitea, f"platform-{time.monotonic_ns()}")


def applied(stage: Stage) -> None:
    done = stage.apply()
    assert done.code == 0, done
    assert "SEC-0007" in stage.world.cli("pat", "status").out


def test_reviews_through_pushes_and_dismissals_to_apply(stage: Stage) -> None:
    number = stage.propose()
    assert stage.rejected() == []
    with pytest.raises(Refused):  # Gitea itself lets nobody approve their own
        stage.review(number, "dana")
    stage.review(number, "pat", "COMMENT")
    stage.review(number, OUTSIDER)
    assert set(stage.rejected()) <= {"approval.approver-unknown", "approval.review-void"}
    first = stage.review(number, "pat")
    assert stage.is_approved() is False, "the outsider's approval is listed, and does not count"
    assert stage.check().code == 0

    stage.world.git("dana", "switch", "--quiet", "request")
    stage.world.write(REQUEST, SEC_0007.replace("ttlDays: 30", "ttlDays: 60"))
    stage.world.git("dana", "commit", "--quiet", "--all", "--amend", "--no-edit")
    stage.push("dana", "request", "--force")
    stage.world.git("dana", "switch", "--quiet", "main")
    wait_until(lambda: stage.ask("pat", "GET", f"/pulls/{number}/reviews/{first}")["stale"], what="stale", seconds=20)
    assert "approval.stale" in stage.rejected()

    again = stage.review(number, "pat")
    assert stage.check().code == 0
    stage.ask(ADMIN, "POST", f"/pulls/{number}/reviews/{again}/dismissals", {"message": "look again"})
    assert "approval.review-void" in stage.rejected()
    stage.review(number, "pat", "REQUEST_CHANGES")
    assert "approval.review-void" in stage.rejected()
    stage.review(number, "pat")
    assert stage.check().code == 0
    stage.merge(number)
    applied(stage)
    assert scan_tree(stage.world.root, [stage.gitea.account("pat").token]) == []


def test_a_squash_is_judged_as_the_pull_request_it_came_from(stage: Stage) -> None:
    number = stage.propose()
    stage.review(number, "pat")
    assert stage.is_approved()
    stage.merge(number, "squash")
    stage.world.git("dana", "branch", "--quiet", "-D", "request")
    stage.world.git("pat", "gc", "--quiet", "--prune=now")
    applied(stage)


def test_what_was_merged_without_a_review_stays_out_whatever_follows(stage: Stage) -> None:
    number = stage.propose()
    stage.review(number, OUTSIDER)
    stage.merge(number)
    done = stage.apply()
    assert (done.code, "[approval.missing]" in done.err) == (5, True), done
    stage.world.git("dana", "switch", "--quiet", "request")
    stage.world.git("dana", "commit", "--quiet", "--allow-empty", "--message", "More")
    stage.push("dana", "request")
    stage.world.git("dana", "switch", "--quiet", "main")
    with pytest.raises(Refused):  # Gitea takes no reviews after the merge
        stage.review(number, "pat")
    done = stage.apply()
    assert (done.code, "[approval.missing]" in done.err) == (5, True), done


def test_a_fork_is_judged_from_objects_alone(stage: Stage) -> None:
    fork = stage.ask(OUTSIDER, "POST", "/forks", {})["full_name"]
    stage.world.propose("from-outside", {REQUEST: SEC_0007})
    head = stage.world.git("dana", "rev-parse", "from-outside").strip()
    stage.push(OUTSIDER, "from-outside", repository=fork)
    stage.world.git("dana", "switch", "--quiet", "main")
    stage.world.git("dana", "branch", "--quiet", "-D", "from-outside")
    number = int(stage.ask(OUTSIDER, "POST", "/pulls", {"title": "x", "head": f"{OUTSIDER}:from-outside", "base": "main"})["number"])
    stage.review(number, "pat")
    assert stage.is_approved(head)
    stage.merge(number)
    applied(stage)


@pytest.mark.parametrize("trouble", ["stopped", "token revoked"])
def test_a_forge_that_does_not_answer_blocks(stage: Stage, trouble: str) -> None:
    number = stage.propose()
    stage.review(number, "pat")
    assert stage.is_approved()
    stage.merge(number)
    stage.variables["GOLDENPATH_RETRIES"] = "0"
    troubles: dict[str, Callable[[], None]] = {
        "stopped": stage.gitea.stop,
        "token revoked": lambda: stage.variables.update(GOLDENPATH_FORGE_TOKEN="a" * 40),
    }
    troubles[trouble]()
    done = stage.apply()
    assert done.code == (3 if trouble == "token revoked" else 4), done
    stage.gitea.recover()
    stage.variables.clear()
    applied(stage)
