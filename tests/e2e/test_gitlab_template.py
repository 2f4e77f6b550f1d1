"""The shipped GitLab template: its jobs' own shell lines, run by bash with GitLab's variables, on a repository with merge request refs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.canary import hits_in, new_canary, scan_tree
from tests.e2e.world import SEC_0007, World
from tests.gitrepo import GitRepo
from tests.house.source_tree import ROOT
from tests.platform_files import make_platform_files

PATH = "catalogs/secrets/payments/dev/SEC-0007.yaml"


class Pipeline:
    """A world whose origin has merge requests, and a runner's folder."""

    def __init__(self, root: Path) -> None:
        self.world = World.make(root / "world", example=make_platform_files(root / "template", forge="gitlab", remote="origin"))
        self.bare = GitRepo(root / "origin.git", bare=True)
        self.world.git("pat", "remote", "add", "origin", str(self.bare.path))
        self.template: dict[str, Any] = yaml.safe_load((self.world.platform / ".gitlab-ci.yml").read_text())
        self.builds, self.state = root / "builds", root / "state"
        self.project = self.builds / "platform"
        tools = GitRepo(root / "source")
        (tools.path / "tools").mkdir()
        shutil.copy(ROOT / "tools" / "action.sh", tools.path / "tools" / "action.sh")
        self.source = {"GOLDENPATH_SOURCE": str(tools.path), "GOLDENPATH_COMMIT": tools.commit("Tools")}

    def push(self, *refs: str) -> None:
        self.world.git("pat", "push", "--quiet", "origin", *refs)

    def run(self, job: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a job's lines in one shell, as GitLab does, in a clone without a checkout."""
        shutil.rmtree(self.builds, ignore_errors=True)
        GitRepo.clone(self.bare.path, self.project, "--no-checkout")
        lines = [*self.template[".goldenpath"]["before_script"], *self.template[job]["script"]]
        after = self.template[job].get("after_script", [])
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.builds),
            "CI": "true",
            "CI_BUILDS_DIR": str(self.builds),
            "CI_JOB_ID": "77",
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.builds / "identity"),
            "GOLDENPATH_STATE_DIRECTORY": str(self.state),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "TMPDIR": str(self.builds),
            **self.source,
            **variables,
        }
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)],
            cwd=self.project, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        subprocess.run(["bash", "-e", "-c", "\n".join(after)], cwd=self.project, env=environment, check=True)
        return done


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path)


def test_a_merge_request_is_judged_and_never_checked_out(pipeline: Pipeline, tmp_path: Path) -> None:
    mark = tmp_path / "owned"
    evil = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n"
    pipeline.push("main")
    pipeline.world.propose("request", {PATH: SEC_0007, "sitecustomize.py": evil, f"$(touch {mark.name}).txt": "x\n"})
    pipeline.push("request:refs/merge-requests/1/head")
    judged = pipeline.run("judge", CI_MERGE_REQUEST_IID="1")
    assert judged.returncode == 5, judged.stderr  # the approval is missing
    assert "SEC-0007" in (pipeline.project / "goldenpath.md").read_text()
    assert "<testsuite" in (pipeline.project / "goldenpath.xml").read_text()
    assert not (pipeline.project / "sitecustomize.py").exists()
    assert not mark.exists()
    assert pipeline.world.cli("pat", "approve", "--head", "request").code == 0
    pipeline.push("refs/notes/*:refs/notes/*")
    assert pipeline.run("judge", CI_MERGE_REQUEST_IID="1").returncode == 0


def test_main_is_applied_and_the_identity_is_gone_afterwards(pipeline: Pipeline, tmp_path: Path) -> None:
    token = new_canary("identity")
    pipeline.world.approved_request()
    pipeline.push("main", "refs/notes/*:refs/notes/*")
    applied = pipeline.run("apply", ENVIRONMENT="dev", AWS_ID_TOKEN=token)
    assert applied.returncode == 0, applied.stderr
    assert "environments/dev/inventory.json" in pipeline.bare.git("ls-tree", "-r", "--name-only", "gitops")
    assert hits_in((applied.stdout + applied.stderr).encode(), [token]) == []
    assert scan_tree(tmp_path, [token]) == []
    reported = pipeline.run("report", ENVIRONMENT="dev", AWS_ID_TOKEN=token)
    assert reported.returncode == 0, reported.stdout + reported.stderr
