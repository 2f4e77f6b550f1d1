"""The shipped workflow files, unchanged, under act on this machine: what they do, and what they leave behind."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.act_rig import ActRig
from tests.canary import hits_in, new_canary, scan_tree
from tests.e2e.world import SEC_0007, World
from tests.platform_files import make_platform_files

from goldenpath.cli.root import VERBS
from goldenpath.model.scaffold import Profile

pytestmark = [pytest.mark.real]

PUSH = {"ref": "refs/heads/main", "repository": {"full_name": "acme/platform", "default_branch": "main"}}
READ_ONLY = (403, {"message": "Resource not accessible by integration", "status": "403"})
NAMES_OF_CREDENTIALS = ("AWS_", "SSH_", "ACTIONS_ID_TOKEN", "VAULT_", "BAO_", "KUBE", "GOOGLE_", "AZURE_")


class Forge:
    """A platform with people, and a bare repository in the place of the forge's."""

    def __init__(self, root: Path, profile: Profile = "goldenpath") -> None:
        template = make_platform_files(root / "template", profile, forge="github", remote="origin")
        self.world = World.make(root / "world", example=template)
        self.bare = root / "origin.git"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare)], check=True)
        self.world.git("pat", "remote", "add", "origin", str(self.bare))
        self.rig = ActRig(root / "sandbox", self.bare)

    def push(self, *refs: str) -> str:
        self.world.git("pat", "push", "--quiet", "origin", *refs)
        return self.world.git("pat", "rev-parse", "main").strip()

    def found(self, settings: str) -> None:
        """Add settings to the commit that founds the platform."""
        file = self.world.platform / "goldenpath.yaml"
        file.write_text(file.read_text() + settings)
        self.world.git("pat", "commit", "--quiet", "--amend", "--no-edit", "--all")

    def workflow(self, name: str) -> Path:
        return self.world.platform / ".github" / "workflows" / name


def test_a_merge_is_applied_and_its_manifests_are_published(tmp_path: Path) -> None:
    forge = Forge(tmp_path)
    token = f"ghs_{secrets.token_hex(18)}"
    forge.world.approved_request()
    sha = forge.push("main", "refs/notes/*:refs/notes/*")
    ran = forge.rig.run(
        forge.workflow("secret-request-apply.yml"), "push", {**PUSH, "after": sha},
        job="apply", matrix="environment:dev", secrets={"GITHUB_TOKEN": token},
    )  # fmt: skip
    assert ran.code == 0, ran.log
    call = ran.call("apply")
    assert call["arguments"] == ["apply", "--environment", "dev", "--yes"]
    assert "SEC-0007" in ran.log
    published = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "gitops"], cwd=forge.bare, capture_output=True, text=True, check=True
    )
    assert "environments/dev/" in published.stdout
    assert (forge.rig.uploads / "audit-dev.ndjson").stat().st_size > 0
    assert scan_tree(tmp_path / "sandbox" / "state", [token]) == []
    assert scan_tree(tmp_path / "origin.git", [token]) == []
    assert hits_in(ran.log.encode(), [token]) == []


OWNED = "owned"
SHELL_WORDS = (
    "$(touch {owned}/{n})",
    "`touch {owned}/{n}`",
    ";touch {owned}/{n};",
    "'\"|touch {owned}/{n}&",
    "${{{{ secrets.GITHUB_TOKEN }}}}",
)
RUNNER_WORDS = ("\n::set-output name=command::touch", "\n::add-path::/evil", "\n::stop-commands::x", "%0A::error::owned", "\r::debug::x")
EVIL_SCRIPT = "import pathlib\npathlib.Path({path!r}).touch()\n"
EVIL_WORKFLOW = "on: [pull_request, pull_request_review]\njobs: {{x: {{runs-on: ubuntu-latest, steps: [{{run: 'touch {path}'}}]}}}}\n"


class Hostile:
    """A pull request that does its worst: every name, text and file of it tries to leave a mark in ``owned``."""

    def __init__(self, forge: Forge, owned: Path) -> None:
        owned.mkdir()
        self.owned = owned
        self.words = [word.format(owned=owned, n=number) for number, word in enumerate(SHELL_WORDS)] + list(RUNNER_WORDS)
        self.title = " ".join(self.words)
        self.branch = "x;touch${IFS}" + str(owned / "branch") + ";$(touch${IFS}" + str(owned / "branch2") + ")"
        forge.world.propose("hostile", self._files(), message=self.title)
        head = forge.world.git("dana", "rev-parse", "hostile").strip()
        self.head = head
        forge.world.git("dana", "push", "--quiet", "origin", f"{head}:refs/pull/1/head")
        forge.world.git("pat", "switch", "--quiet", "main")

    def _files(self) -> dict[str, str | None]:
        place = "catalogs/secrets/payments/dev"
        names = {f"{place}/{word.replace('/', '_')}.yaml": "x: 1\n" for word in self.words}
        named = {f"{place}/-n --help {word.replace('/', '_')}": "" for word in self.words[:2]}
        evil = {
            name: EVIL_SCRIPT.format(path=str(self.owned / name.replace("/", "_")))
            for name in (
                "sitecustomize.py",
                "usercustomize.py",
                "goldenpath.py",
                "goldenpath/__init__.py",
                "yaml.py",
                "conftest.py",
                "json.py",
            )
        }
        workflows = {
            f".github/workflows/{name}.yml": EVIL_WORKFLOW.format(path=self.owned / name)
            for name in ("secret-request-pr", "secret-request-apply", "new")
        }
        settings = {
            "goldenpath.yaml": "apiVersion: goldenpath.io/v1\nkind: Platform\nforge:\n  url: http://127.0.0.1:1\n",
            "governance/policy.yaml": "apiVersion: goldenpath.io/v1\nkind: Policy\n",
            ".gitattributes": "* filter=evil diff=evil\n",
            "tools/action.sh": f"touch {self.owned}/action\n",
            "action.yml": f"runs: {{using: composite, steps: [{{shell: bash, run: 'touch {self.owned}/action2'}}]}}\n",
        }
        return {**names, **named, **evil, **workflows, **settings, f"{place}/SEC-0007.yaml": SEC_0007.replace("tier: medium", "tier: low")}

    def payload(self, action: str, **more: Any) -> dict[str, Any]:
        return {
            "action": action,
            "number": 1,
            "pull_request": {
                "number": 1,
                "title": self.title,
                "body": self.title,
                "user": {"login": self.words[0]},
                "base": {"ref": "main", "repo": {"full_name": "acme/platform"}},
                "head": {"ref": self.branch, "sha": self.head, "label": self.branch, "repo": {"full_name": "acme/platform"}},
            },
            "repository": {"full_name": "acme/platform", "default_branch": "main"},
            **more,
        }


@pytest.mark.parametrize("event", ["pull_request", "pull_request_review"])
def test_nothing_of_a_hostile_pull_request_runs_and_no_credential_is_in_reach(event: str, tmp_path: Path) -> None:
    github = pytest.importorskip("tests.standins.github", reason="the stand-in for GitHub's API comes with the forges")
    fake = pytest.importorskip("tests.forge_fake", reason="the same")
    state = fake.FakeForge()
    with github.serving_github(state) as server:
        forge = Forge(tmp_path)
        forge.found(f"forge:\n  url: {server.url}\n  repository: acme/platform\n")
        forge.push("main")
        hostile = Hostile(forge, tmp_path / OWNED)
        number = state.propose(hostile.head, by="dana", head_ref=hostile.branch, title=hostile.title, body=hostile.title)
        assert number == 1
        token = f"ghs_{secrets.token_hex(18)}"
        ran = forge.rig.run(
            forge.workflow("secret-request-pr.yml"), event, hostile.payload("synchronize", review={"body": hostile.title}),
            variables={"GOLDENPATH_CODE_SCANNING": "on"}, secrets={"GITHUB_TOKEN": token},
        )  # fmt: skip
    call = ran.call("pr", "check")
    assert list(hostile.owned.iterdir()) == [], ran.log
    assert ran.code != 0, "the change is blocked, so the job fails"
    assert call["arguments"][:4] == ["pr", "check", "--number", "1"]
    carrying = {name for name, text in call["environment"].items() if token in text}
    assert carrying == {"GITHUB_TOKEN"}
    assert [name for name in call["environment"] if name.startswith(NAMES_OF_CREDENTIALS)] == []
    assert not any(word in text for word in hostile.words for text in call["environment"].values())
    assert state.statuses[hostile.head, "goldenpath/policy"][0] == "failure"
    assert len(state.comments) == 1
    assert (forge.rig.uploads / "goldenpath.sarif").is_file()
    assert f"refs/pull/1/head {hostile.head}" in (forge.rig.uploads / "said").read_text()
    assert hits_in(ran.log.encode(), [token]) == []
    assert scan_tree(tmp_path, [token]) == []
    # runner commands count at the start of a line: none of the pull request's words gets there
    assert [
        line for line in ran.log.splitlines() if line.partition("| ")[2].startswith(("::set-output", "::add-path", "::stop-commands"))
    ] == []


def test_a_fork_is_judged_with_a_token_that_may_only_read(tmp_path: Path) -> None:
    """Its findings stand in annotations and the summary; nothing is uploaded from it, and the job still fails when it is blocked."""
    github = pytest.importorskip("tests.standins.github", reason="the stand-in for GitHub's API comes with the forges")
    fake = pytest.importorskip("tests.forge_fake", reason="the same")
    state = fake.FakeForge()
    with github.serving_github(state) as server:
        forge = Forge(tmp_path)
        forge.found(f"forge:\n  url: {server.url}\n  repository: acme/platform\n")
        forge.push("main")
        hostile = Hostile(forge, tmp_path / OWNED)
        state.propose(hostile.head, by="stranger", head_ref=hostile.branch, fork="stranger/platform")
        answer = server.answer
        server.answer = lambda method, *rest: answer(method, *rest) if method == "GET" else READ_ONLY
        payload = hostile.payload("opened")
        payload["pull_request"]["head"]["repo"]["full_name"] = "stranger/platform"
        ran = forge.rig.run(
            forge.workflow("secret-request-pr.yml"), "pull_request", payload,
            variables={"GOLDENPATH_CODE_SCANNING": "on"}, secrets={"GITHUB_TOKEN": "ghs_reads_only"},
        )  # fmt: skip
    assert list(hostile.owned.iterdir()) == [], ran.log
    assert ran.code != 0
    assert "::error" in ran.log
    assert "policy." in ran.log or "intent." in ran.log, "the findings are told all the same"
    assert state.comments == []
    assert state.statuses == {}
    assert "refs/pull/" not in (forge.rig.uploads / "said").read_text()


def test_a_build_gets_its_secrets_in_one_step_and_leaves_nothing(tmp_path: Path) -> None:
    if "ci" not in VERBS:
        pytest.skip("the check of a build's secrets comes with the publishing of pull requests")
    forge = Forge(tmp_path, "tcs")
    forge.world.write("ci/build.sh", 'echo "building with $password"\necho "$password" | base64 -w0\nenv >/dev/null\n')
    settings = (forge.world.platform / "goldenpath.yaml").read_text()
    forge.world.write("goldenpath.yaml", settings.replace("backend: aws-secrets-manager", "backend: local"))
    forge.world.git("pat", "commit", "--quiet", "--amend", "--no-edit", "--all")
    forge.world.approved_request()
    forge.push("main", "refs/notes/*:refs/notes/*")
    variables = {"GOLDENPATH_BUILD_SECRET": "SEC-0007"}
    before = forge.rig.run(forge.workflow("secret-build.yml"), "push", PUSH, variables=variables)
    assert before.code != 0, "nothing is there yet"
    assert [call["arguments"][0] for call in before.calls] == ["ci"]
    value = new_canary("build")
    state = {"GOLDENPATH_STATE_DIRECTORY": str(forge.rig.state)}
    assert forge.world.cli("pat", "apply", "--environment", "dev", "--yes", before=lambda: os.environ.update(state)).code == 0
    seeded = forge.world.cli(
        "pat",
        "seed",
        "SEC-0007",
        "--stdin",
        "password",
        "--generate",
        "username",
        typed=value.encode(),
        before=lambda: os.environ.update(state),
    )
    assert seeded.code == 0, seeded.err
    ran = forge.rig.run(forge.workflow("secret-build.yml"), "push", PUSH, variables=variables)
    assert ran.code == 0, ran.log
    assert [call["arguments"][0] for call in ran.calls] == ["ci", "exec"]
    assert not any(value in text for call in ran.calls for text in (*call["environment"].values(), *call["arguments"]))
    assert "building with" in ran.log
    assert hits_in(ran.log.encode(), [value]) == []
    assert scan_tree(tmp_path, [value]) == []
