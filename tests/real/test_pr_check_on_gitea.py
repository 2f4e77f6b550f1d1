"""``goldenpath pr`` on a real Gitea: statuses and the one comment through review, refresh and merge, and the comment as Gitea renders it."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.process import wait_until
from tests.e2e.world import PEOPLE, SEC_0007, Run, World
from tests.forge.gitea import ADMIN, Gitea, Refused
from tests.pull_hostile import HOSTILE, PULL, spoilt

from goldenpath.app.judged import Judged
from goldenpath.app.preview import preview_change
from goldenpath.bootstrap import open_platform
from goldenpath.cli.pr_pages import comment_text

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

REQUEST = "catalogs/secrets/payments/dev/SEC-0007.yaml"
ROBOT = "robot"
OUTSIDER = "oscar"
TITLE = HOSTILE.replace("\0", "").replace("\udcff", "").replace("\r\n", " ").replace("\n", " ")[:200]
"""What git takes as the first line of a merge."""
OURS = "<!-- goldenpath:pull-request -->"


class Stage:
    """A platform whose protected branch and reviews live on the forge; ``robot`` runs the pipeline."""

    def __init__(self, world: World, gitea: Gitea) -> None:
        self.world, self.gitea = world, gitea
        name = f"platform-{time.monotonic_ns()}"
        self.repository = f"{ADMIN}/{name}"
        gitea.ask(ADMIN, "POST", "/user/repos", {"name": name, "private": False, "default_branch": "main"})
        for login in (*PEOPLE, ROBOT):
            gitea.account(login)
            self.ask(ADMIN, "PUT", f"/collaborators/{login}", {"permission": "write"})
        self._found()

    def ask(self, by: str, method: str, path: str, body: Any = None) -> Any:
        return self.gitea.ask(by, method, f"/repos/{self.repository}{path}", body)

    def propose(self, branch: str, files: dict[str, str | None], *, title: str = "Request", who: str = "dana", fork: str = "") -> int:
        self.world.propose(branch, files)
        repository = fork or self.repository
        self.world.git("dana", "push", "--quiet", self.gitea.remote(who, repository), f"{branch}:{branch}")
        self.world.git("dana", "switch", "--quiet", "main")
        self.world.git("dana", "branch", "--quiet", "-D", branch)
        head = f"{fork.partition('/')[0]}:{branch}" if fork else branch
        return int(self.ask(who, "POST", "/pulls", {"title": title, "body": TITLE, "head": head, "base": "main"})["number"])

    def merge(self, number: int) -> None:
        def merged() -> bool:
            try:
                self.ask(ADMIN, "POST", f"/pulls/{number}/merge", {"Do": "merge"})
            except Refused as error:  # whether it can be merged is computed aside
                if error.status != 405:
                    raise
                return False
            return True

        wait_until(merged, what="the merge", seconds=20)

    def run(self, *words: str) -> Run:
        token = self.gitea.account(ROBOT).token
        return self.world.cli("pat", *words, before=lambda: os.environ.update({"GOLDENPATH_FORGE_TOKEN": token}))

    def judge(self, number: int) -> Run:
        return self.run("pr", "check", "--number", str(number), "--publish", "-o", "json")

    def states(self, number: int) -> dict[str, str]:
        head = self.ask(ROBOT, "GET", f"/pulls/{number}")["head"]["sha"]
        found = self.ask(ROBOT, "GET", f"/commits/{head}/status")["statuses"]
        return {each["context"].removeprefix("goldenpath/"): each["status"] for each in found}

    def comment(self, number: int, marker: str = OURS) -> str:
        bodies = [each["body"] for each in self.ask(ROBOT, "GET", f"/issues/{number}/comments") if each["body"].startswith(marker)]
        assert len(bodies) == 1
        return str(bodies[0])

    def _found(self) -> None:
        world = self.world
        settings = world.platform / "goldenpath.yaml"
        forge = f"forge:\n  kind: gitea\n  url: {self.gitea.api}\n  repository: {self.repository}\napprovals:\n  source: reviews\n"
        settings.write_text(settings.read_text() + forge)
        people = [
            {"id": each.id, "name": each.name, "emails": [each.email], "logins": {"gitea": each.id}, "roles": list(each.roles)}
            for each in PEOPLE.values()
        ]
        approvers = {"apiVersion": "goldenpath.io/v1", "kind": "Approvers", "people": people}
        (world.platform / "governance" / "approvers.yaml").write_text(json.dumps(approvers) + "\n")
        world.git("pat", "add", "--all")
        world.git("pat", "commit", "--quiet", "--amend", "--no-edit")
        world.git("pat", "remote", "add", "origin", self.gitea.remote(ADMIN, self.repository))
        world.git("pat", "push", "--quiet", "origin", "main:main")
        self.gitea.await_branch(self.repository, "main")


@pytest.fixture
def stage(gitea: Gitea, tmp_path: Path) -> Stage:
    return Stage(World.make(tmp_path / "world"), gitea)


def test_from_pull_request_to_receipts(stage: Stage) -> None:
    first = stage.propose("request", {REQUEST: SEC_0007}, title=TITLE)
    stage.gitea.account(OUTSIDER)
    fork = stage.ask(OUTSIDER, "POST", "/forks", {})["full_name"]
    other = SEC_0007.replace("name: payments-db-credentials", "name: payments-db-other").replace("payments-db-creds", "payments-db-two")
    second = stage.propose("clash", {REQUEST: other}, who=OUTSIDER, fork=fork)

    assert stage.judge(first).code == 5
    assert stage.states(first) == {"policy": "success", "preview": "success", "approval": "pending"}
    stage.ask("pat", "POST", f"/pulls/{first}/reviews", {"event": "APPROVED", "body": "seen"})
    wait_until(lambda: stage.judge(first).code == 0, what="the review", seconds=30)
    assert set(stage.states(first).values()) == {"success"}
    assert "passes and is approved" in stage.comment(first)

    done = stage.run("pr", "refresh", "-o", "json")
    assert done.code == 0, done
    assert [each["number"] for each in json.loads(done.out)["pull_requests"]] == [first, second]
    assert stage.states(second)["policy"] == "success", "green alone, from a fork"

    stage.merge(first)
    assert stage.run("pr", "refresh").code == 0
    assert stage.states(second)["policy"] == "failure"
    assert "pr.overtaken" in stage.comment(second)

    stage.world.git("pat", "pull", "--quiet", "--ff-only", "origin", "main")
    applied = stage.run("apply", "--yes")
    assert applied.code == 0, applied
    told = stage.run("pr", "receipts", "--commit", "HEAD", "-o", "json")
    assert told.code == 0, told
    assert "awaiting a first value" in stage.comment(first, "<!-- goldenpath:receipts -->")


def test_what_is_due_is_one_issue_that_closes(stage: Stage) -> None:
    number = stage.propose("request", {REQUEST: SEC_0007.replace("ttlDays: 30", "ttlDays: 30\n  renewedOn: '2025-01-01'")})
    stage.ask("pat", "POST", f"/pulls/{number}/reviews", {"event": "APPROVED", "body": "seen"})
    wait_until(lambda: stage.judge(number).code == 0, what="the review", seconds=30)
    stage.merge(number)
    stage.world.git("pat", "pull", "--quiet", "--ff-only", "origin", "main")
    assert stage.run("apply", "--yes").code == 0
    for _ in range(2):
        assert stage.run("report", "--issues").code == 1
    found = stage.ask(ROBOT, "GET", "/issues?type=issues&state=all")
    assert [(each["title"], each["state"]) for each in found] == [("Goldenpath: secrets whose term runs out", "open")]


class Seen(HTMLParser):
    """What a reader's browser would get: tags with what they load or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.leads: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.leads += [(name, value or "") for name, value in attrs if name in {"href", "src", "style"} or name.startswith("on")]


HOSTILE_TEXTS = (
    HOSTILE,
    "![x](https://evil.example/x.png)",
    "[x](https://evil.example) <https://evil.example> https://evil.example www.evil.example mailto:x@evil.example",
    "<img src=x onerror=alert(1)><script>alert(1)</script><style>*{display:none}</style>",
    "@dana @keeper #1 keeper/platform#1 !1 keeper/platform!1 PLAT-12 GH-1 closes #1",
    "| a | b |\n|---|---|\n</details></td></table>```\n# heading\n- [x] done\n> quoted",
    "[x]: https://evil.example\n[x] [^1]\n[^1]: note :tada: $$x$$",
)


def rendered(stage: Stage, page: str) -> str:
    gitea = stage.gitea
    body = json.dumps({"Text": page, "Mode": "comment", "Context": f"{gitea.url}/{stage.repository}"}).encode()
    headers = {"Authorization": f"token {gitea.account(ADMIN).token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{gitea.api}/markdown", data=body, headers=headers)  # noqa: S310 - our own server
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return str(answer.read().decode())


def test_the_comment_as_the_forge_renders_it_obeys_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDENPATH_FORGE_TOKEN", stage.gitea.account(ROBOT).token)
    stage.world.propose("request", {REQUEST: SEC_0007})
    services = replace(open_platform(stage.world.platform), is_offline=True)
    judged = Judged(pull=PULL, preview=preview_change(services, base="main", head="request"))
    for foreign in HOSTILE_TEXTS:
        html = rendered(stage, comment_text(spoilt(judged, foreign), url="https://forge.example/run/7"))
        seen = Seen()
        seen.feed(html)
        assert not seen.tags & {"img", "script", "iframe", "form", "input", "style", "svg", "math", "blockquote"}, foreign
        assert [lead for lead in seen.leads if lead[0] != "style" and not lead[1].startswith(("https://forge.example/run/7", "#"))] == [], (
            foreign
        )
        assert {"table", "details", "summary"} <= seen.tags
