"""From an empty repository on a real Gitea to a secret's manifest: init, a pull request, a review, a merge, with the workflows as shipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.act_rig import ActRig
from tests.e2e.world import SEC_0007
from tests.gitrepo import GitRepo

from goldenpath.cli.root import run

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]

FILE = "catalogs/secrets/payments/dev/SEC-0007.yaml"


def found_platform(bench: Any) -> None:
    """The keeper makes the repository a platform, with ``init``, and says whose reviews count."""
    clone = bench.clone
    assert run(["init", str(clone.path), "--forge", "github", "--yes"]) == 0
    settings = clone.path / "goldenpath.yaml"
    forge = {"forge": {"kind": "gitea", "url": bench.gitea.api, "repository": bench.repository}, "approvals": {"source": "reviews"}}
    settings.write_text(settings.read_text() + yaml.safe_dump(forge))
    people = [{"id": "sam", "emails": ["sam@example.com"], "logins": {"gitea": "sam"}, "roles": ["platform"]}]
    approvers = {"apiVersion": "goldenpath.io/v1", "kind": "Approvers", "people": people}
    (clone.path / "governance" / "approvers.yaml").write_text(json.dumps(approvers))
    clone.git("add", "--all")
    keeper = {
        f"GIT_{hand}_{part}": text
        for hand in ("AUTHOR", "COMMITTER")
        for part, text in (("NAME", "keeper"), ("EMAIL", "keeper@example.com"))
    }
    clone.git("commit", "--quiet", "--message", "Found the platform", env=keeper)
    clone.git("push", "--quiet", "origin", "HEAD:main")


def propose(bench: Any, folder: Path) -> tuple[int, str]:
    """Riley asks for a secret: a file on a branch, and a pull request."""
    clone = GitRepo.clone(bench.gitea.remote("riley", bench.repository), folder / "riley")
    clone.git("checkout", "--quiet", "-b", "request/sec-0007")
    head = clone.commit("Request SEC-0007", {FILE: SEC_0007}, author=("riley", "riley@example.com"))
    clone.git("push", "--quiet", "origin", "request/sec-0007")
    body = {"title": "Request SEC-0007", "head": "request/sec-0007", "base": "main", "body": ""}
    made = bench.gitea.ask("riley", "POST", f"/repos/{bench.repository}/pulls", body)
    return int(made["number"]), head


def test_a_secret_is_asked_for_reviewed_merged_and_applied(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    pytest.importorskip("tests.forge.fixtures", reason="the real Gitea comes with the forges")
    bench = request.getfixturevalue("gitea_bench")
    found_platform(bench)
    number, head = propose(bench, tmp_path)
    address = f"{bench.gitea.url}/{bench.repository}.git"
    rig = ActRig(tmp_path / "sandbox", address, repository=bench.repository)
    workflows = bench.clone.path / ".github" / "workflows"
    token = {"GITHUB_TOKEN": bench.gitea.account("goldenpath-bot").token}
    server = {"GITHUB_SERVER_URL": bench.gitea.url, "GITHUB_API_URL": bench.gitea.api}
    place = {"full_name": bench.repository, "default_branch": "main"}
    change = {"number": number, "base": {"ref": "main"}, "head": {"ref": "request/sec-0007", "sha": head, "repo": place}}
    event = {"action": "opened", "number": number, "pull_request": change, "repository": place}

    judged = rig.run(workflows / "secret-request-pr.yml", "pull_request", event, secrets=token, extra=server)
    assert judged.code == 0, judged.log
    states = {context: state for context, (state, _) in bench.statuses(head).items()}
    assert states == {"goldenpath/policy": "success", "goldenpath/preview": "success", "goldenpath/approval": "pending"}

    bench.review(number, by="sam")
    reviewed = rig.run(workflows / "secret-request-pr.yml", "pull_request_review", event, secrets=token, extra=server)
    assert reviewed.code == 0, reviewed.log
    assert bench.statuses(head)["goldenpath/approval"][0] == "success"
    assert [author for author, _ in bench.comments(number)] == ["goldenpath-bot"]

    merged = bench.merge(number)
    push = {"ref": "refs/heads/main", "after": merged, "repository": place}
    applied = rig.run(workflows / "secret-request-apply.yml", "push", push, matrix="environment:dev", secrets=token, extra=server)
    assert applied.code == 0, applied.log
    listed = bench.gitea.ask("keeper", "GET", f"/repos/{bench.repository}/git/trees/gitops?recursive=true")
    assert "environments/dev/inventory.json" in {each["path"] for each in listed["tree"]}
    comments = [body for _, body in bench.comments(number)]
    assert len(comments) == 2
    assert "SEC-0007" in comments[1]
