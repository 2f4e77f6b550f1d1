"""The shipped workflow files, unchanged, under act on this machine: what they do, and what they leave behind."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.act_rig import ActRig
from tests.canary import hits_in, new_canary, scan_tree
from tests.e2e.parameters import EXAMPLE, PROD_ACCOUNT, UNPACED
from tests.e2e.world import SEC_0007, World
from tests.platform_files import make_platform_files
from tests.standins.app import CONSOLE_KEY
from tests.standins.aws import RUNNER, StrictAws
from tests.standins.oidc import serving_oidc

from goldenpath.cli.root import VERBS
from goldenpath.model.scaffold import Profile

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

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


AT_AWS = """\
    stores:
      aws-secrets-manager:
        backend: aws-secrets-manager
"""
ROLE = f"arn:aws:iam::{PROD_ACCOUNT}:role/goldenpath-apply-dev"


def at_aws(root: Path, aws: StrictAws) -> Forge:
    """A platform whose dev environment lies at AWS, with one request on its main branch."""
    for key in (aws.runner_key, CONSOLE_KEY):
        aws.use_account(key, PROD_ACCOUNT)
    forge = Forge(root)
    settings = (forge.world.platform / "goldenpath.yaml").read_text()
    told = settings.replace('    # account: "123456789012"\n', f'    account: "{PROD_ACCOUNT}"\n{AT_AWS}', 1)
    assert told != settings
    forge.world.write("goldenpath.yaml", told + UNPACED.replace("aws-parameter-store", "aws-secrets-manager"))
    forge.world.git("pat", "commit", "--quiet", "--amend", "--no-edit", "--all")
    forge.world.approved_request()
    forge.push("main", "refs/notes/*:refs/notes/*")
    return forge


def without_keys(aws: StrictAws) -> dict[str, str]:
    """Where AWS is, and no credential for it: those come from the job's own identity."""
    return {name: text for name, text in aws.environment(RUNNER).items() if "KEY" not in name and "TOKEN" not in name}


def test_apply_exchanges_the_identity_of_its_job_for_the_role_of_its_environment(aws: StrictAws, tmp_path: Path) -> None:
    forge = at_aws(tmp_path, aws)
    with serving_oidc("repo:acme/platform:ref:refs/heads/main") as oidc:
        ran = forge.rig.run(
            forge.workflow("secret-request-apply.yml"), "push", PUSH, job="apply", matrix="environment:dev", oidc=oidc,
            variables={"GOLDENPATH_ROLE_DEV": ROLE}, extra=without_keys(aws), secrets={"GITHUB_TOKEN": "ghs_x"},
        )  # fmt: skip
    assert ran.code == 0, ran.log
    assert (oidc.asked, oidc.refused) == (["sts.amazonaws.com"], 0)
    assert "SEC-0007 create: done" in ran.log
    assert aws.client("secretsmanager").describe_secret(SecretId="goldenpath/payments/dev/payments-db-credentials")["Name"]
    used = ran.call("apply")["environment"]
    held = [used["AWS_SECRET_ACCESS_KEY"], used["AWS_SESSION_TOKEN"]]
    told = "\n".join(line for line in ran.log.splitlines() if "::add-mask::" not in line)
    assert hits_in(told.encode(), [*held, oidc.key, *oidc.tokens]) == []
    assert scan_tree(tmp_path / "sandbox" / "state", [*held, oidc.key, *oidc.tokens]) == []


def test_a_pull_requests_job_has_no_credential_in_its_environment_files_or_memory(aws: StrictAws, tmp_path: Path) -> None:
    """Everything that the machine could give is there to be had; the job gets the forge's token, which the search finds as a proof."""
    github = pytest.importorskip("tests.standins.github", reason="the stand-in for GitHub's API comes with the forges")
    fake = pytest.importorskip("tests.forge_fake", reason="the same")
    state = fake.FakeForge()
    unwanted = {"GOLDENPATH_VALUES_DEV": new_canary("values"), "DEPLOY_KEY": new_canary("deploy")}
    memory = tmp_path / "memory"
    with github.serving_github(state) as server, serving_oidc("repo:acme/platform:pull_request") as oidc:
        forge = Forge(tmp_path / "forge")
        forge.found(f"forge:\n  url: {server.url}\n  repository: acme/platform\n")
        forge.push("main")
        hostile = Hostile(forge, tmp_path / OWNED)
        state.propose(hostile.head, by="dana", head_ref=hostile.branch, title=hostile.title, body=hostile.title)
        token = f"ghs_{secrets.token_hex(18)}"
        ran = forge.rig.run(
            forge.workflow("secret-request-pr.yml"), "pull_request", hostile.payload("opened"), oidc=oidc,
            variables={"GOLDENPATH_ROLE_DEV": ROLE}, extra={**without_keys(aws), "MEMORY_DUMP": str(memory)},
            secrets={"GITHUB_TOKEN": token, **unwanted},
        )  # fmt: skip
    environment = ran.call("pr", "check")["environment"]
    needles = [*unwanted.values(), oidc.key, aws.environment(RUNNER)["AWS_SECRET_ACCESS_KEY"]]
    assert (oidc.asked, oidc.refused) == ([], 0)
    assert [name for name in environment if name.startswith(("ACTIONS_ID_TOKEN", "AWS_ACCESS", "AWS_SECRET", "AWS_SESSION"))] == []
    assert not any(needle in text for needle in needles for text in environment.values())
    assert memory.is_file(), ran.log
    content = memory.read_bytes()
    memory.unlink()
    assert token.encode() in content, "the search sees what is there"
    assert [needle for needle in needles if needle.encode() in content] == []
    assert scan_tree(tmp_path, needles) == []


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


@pytest.fixture
def at_github(tmp_path: Path) -> Iterator[tuple[Forge, Any]]:
    """A platform whose forge is a stand-in for GitHub; yields it with the state of the stand-in."""
    github = pytest.importorskip("tests.standins.github", reason="the stand-in for GitHub's API comes with the forges")
    state = pytest.importorskip("tests.forge_fake", reason="the same").FakeForge()
    with github.serving_github(state) as server:
        forge = Forge(tmp_path)
        forge.found(f"forge:\n  url: {server.url}\n  repository: acme/platform\n")
        forge.push("main")
        yield forge, state


def proposed(forge: Forge, state: Any, branch: str, text: str, path: str) -> tuple[int, str]:
    forge.world.propose(branch, {path: text})
    head = forge.world.git("dana", "rev-parse", branch).strip()
    number: int = state.propose(head, by="dana", head_ref=branch)
    forge.world.git("dana", "push", "--quiet", "origin", f"{head}:refs/pull/{number}/head")
    forge.world.git("pat", "switch", "--quiet", "main")
    return number, head


def test_two_that_are_green_alone_and_clash_together_are_told_apart_after_a_merge(at_github: tuple[Forge, Any]) -> None:
    forge, state = at_github
    place = "catalogs/secrets/payments/dev"
    other = SEC_0007.replace("SEC-0007", "SEC-0008").replace("name: payments-db-credentials", "name: payments-db-other")
    first, _ = proposed(forge, state, "first", SEC_0007, f"{place}/SEC-0007.yaml")
    _, second_head = proposed(forge, state, "second", other, f"{place}/SEC-0008.yaml")
    refresh = forge.workflow("secret-request-refresh.yml")
    before = forge.rig.run(refresh, "push", PUSH, secrets={"GITHUB_TOKEN": "ghs_x"})
    assert before.code == 0, before.log
    assert {text[0] for (_, context), text in state.statuses.items() if context == "goldenpath/policy"} == {"success"}
    assert forge.world.cli("pat", "approve", "--head", "first").code == 0
    forge.world.merge("first")
    state.merge(first, forge.push("main", "refs/notes/*:refs/notes/*"))
    after = forge.rig.run(refresh, "push", PUSH, secrets={"GITHUB_TOKEN": "ghs_x"})
    assert after.code == 0, after.log
    assert state.statuses[second_head, "goldenpath/policy"][0] == "failure"
    assert len(state.comments_of(2)) == 1


def test_a_pull_request_goes_from_judgement_to_receipts(at_github: tuple[Forge, Any]) -> None:
    forge, state = at_github
    number, head = proposed(forge, state, "request", SEC_0007, "catalogs/secrets/payments/dev/SEC-0007.yaml")
    event = {"number": number, "base": {"ref": "main"}, "head": {"ref": "request", "sha": head, "repo": {"full_name": "acme/platform"}}}
    payload = {"action": "opened", "number": number, "pull_request": event, "repository": PUSH["repository"]}
    workflow, token = forge.workflow("secret-request-pr.yml"), {"GITHUB_TOKEN": "ghs_x"}
    judged = forge.rig.run(workflow, "pull_request", payload, secrets=token)
    assert judged.code == 0, judged.log
    assert {context: text[0] for (_, context), text in state.statuses.items()} == {
        "goldenpath/policy": "success", "goldenpath/preview": "success", "goldenpath/approval": "pending",
    }  # fmt: skip
    assert forge.world.cli("pat", "approve", "--head", "request").code == 0
    forge.push("refs/notes/*:refs/notes/*")
    reviewed = forge.rig.run(workflow, "pull_request_review", payload, secrets=token)
    assert reviewed.code == 0, reviewed.log
    assert state.statuses[head, "goldenpath/approval"][0] == "success"
    assert len(state.comments_of(number)) == 1
    forge.world.merge("request")
    sha = forge.push("main", "refs/notes/*:refs/notes/*")
    state.merge(number, sha)
    applied = forge.rig.run(
        forge.workflow("secret-request-apply.yml"), "push", {**PUSH, "after": sha}, matrix="environment:dev", secrets=token,
    )  # fmt: skip
    assert applied.code == 0, applied.log
    receipts = [comment.body for comment in state.comments_of(number) if "receipts of" in comment.body]
    assert len(receipts) == 1
    assert "SEC-0007" in receipts[0]


def test_what_is_due_becomes_issues_and_no_failure(at_github: tuple[Forge, Any]) -> None:
    forge, state = at_github
    forge.world.approved_request(SEC_0007.replace("ttlDays: 30", "ttlDays: 2"))
    forge.push("main", "refs/notes/*:refs/notes/*")
    where = {"GOLDENPATH_STATE_DIRECTORY": str(forge.rig.state)}
    assert forge.world.cli("pat", "apply", "--environment", "dev", "--yes", before=lambda: os.environ.update(where)).code == 0
    ran = forge.rig.run(forge.workflow("secret-scheduled.yml"), "schedule", PUSH, secrets={"GITHUB_TOKEN": "ghs_x"})
    assert ran.code == 0, ran.log
    assert ran.call("report")["arguments"][1] == "--issues"
    titles = [issue.title for issue in state.issues.values() if issue.is_open]
    assert titles == ["Goldenpath: secrets whose term runs out"]


@pytest.mark.parametrize("is_whole", [True, False], ids=["all-keys", "a-key-too-many"])
def test_a_release_puts_values_into_the_store_and_shows_them_nowhere(is_whole: bool, aws: StrictAws, tmp_path: Path) -> None:
    if "mask" not in VERBS:
        pytest.skip("masking comes with the publishing of pull requests")
    for key in (aws.runner_key, CONSOLE_KEY):
        aws.use_account(key, PROD_ACCOUNT)
    forge = Forge(tmp_path, "zerotouch")
    settings = (forge.world.platform / "goldenpath.yaml").read_text()
    forge.world.write("goldenpath.yaml", settings.replace('# account: "123456789012"', f'account: "{PROD_ACCOUNT}"', 1) + UNPACED)
    forge.world.git("pat", "commit", "--quiet", "--amend", "--no-edit", "--all")
    request = (EXAMPLE / "catalogs" / "secrets" / "service" / "dev" / "SEC-0301.yaml").read_text()
    forge.world.approved_request(request, "catalogs/secrets/service/dev/SEC-0301.yaml")
    forge.push("main", "refs/notes/*:refs/notes/*")
    values = {"DATABASE_URL": f"https://{secrets.token_hex(12)}.example.com/x?y", "DATABASE_PASSWORD": new_canary("release")}
    given = values if is_whole else {**values, "UNDECLARED": new_canary("undeclared")}
    ran = forge.rig.run(
        forge.workflow("secret-release.yml"), "workflow_dispatch",
        {**PUSH, "inputs": {"service": "service", "environment": "dev"}},
        extra=aws.environment(RUNNER), secrets={"GITHUB_TOKEN": "ghs_x", "GOLDENPATH_VALUES_DEV": json.dumps(given)},
    )  # fmt: skip
    verbs = [call["arguments"][0] for call in ran.calls]
    # no cluster is connected here, so the release ends where proof is asked of one
    assert verbs == (["mask", "inject", "apply", "sync"] if is_whole else ["mask", "inject"]), ran.log
    assert ran.code != 0
    names = aws.client("ssm").get_parameters_by_path(Path="/zerotouch/dev/service", WithDecryption=True)["Parameters"]
    assert {each["Name"].rpartition("/")[2]: each["Value"] for each in names} == (
        {key.lower(): text for key, text in values.items()} if is_whole else {}
    )
    assert not any(
        text in seen for call in ran.calls for text in given.values() for seen in (*call["environment"].values(), *call["arguments"])
    )
    told = "\n".join(line for line in ran.log.splitlines() if "::add-mask::" not in line)
    assert hits_in(told.encode(), list(given.values())) == []
    assert scan_tree(tmp_path, list(given.values())) == []
