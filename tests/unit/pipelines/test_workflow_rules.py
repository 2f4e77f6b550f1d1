"""What every shipped workflow keeps to (R10, R11, R16, R17, R60), read from the files as ``init`` writes them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.house.source_tree import ROOT
from tests.house.test_house_commands import command_for
from tests.platform_files import make_platform_files, steps_of, workflows_of

from goldenpath.app.scaffold_text import ACTIONS, OUR_ACTION
from goldenpath.cli.root import cli
from goldenpath.model.scaffold import PROFILES, Profile

ZIZMOR = Path(sys.executable).parent / "zizmor"
PINNED = re.compile(r"^\s*(?:- )?uses: (\S+@[0-9a-f]{40}) # v\S+$")
PUBLISHED = "${{ github.event.pull_request.head.repo.full_name == github.repository && '--publish' || '' }}"
"""Verbs that workflows call and that another part of the project brings; once they are there, they are checked like every other."""


@pytest.fixture(scope="module", params=PROFILES)
def platform(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    profile: Profile = request.param
    return make_platform_files(tmp_path_factory.mktemp("platform") / profile, profile)


def all_steps(platform: Path) -> list[tuple[str, dict[str, Any]]]:
    return [(name, step) for name, workflow in workflows_of(platform).items() for step in steps_of(workflow)]


@pytest.mark.skipif(not ZIZMOR.exists(), reason="zizmor is not installed: make environment")
def test_zizmor_finds_nothing_and_nothing_is_excepted(platform: Path) -> None:
    for place in (platform, ROOT / "action.yml"):
        done = subprocess.run([str(ZIZMOR), "--offline", "--no-config", "--quiet", str(place)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    texts = [path.read_text() for path in (*(platform / ".github").rglob("*.yml"), ROOT / "action.yml")]
    assert not any("zizmor: ignore" in text or "shellcheck disable" in text for text in texts)
    assert not list(platform.rglob("zizmor.y*ml"))


def test_every_action_is_one_of_a_closed_list_by_its_full_commit(platform: Path) -> None:
    known = {pin.partition(" ")[0] for pin in ACTIONS.values()} | {OUR_ACTION}
    for path in (platform / ".github" / "workflows").glob("*.yml"):
        lines = [line for line in path.read_text().splitlines() if re.match(r"\s*(?:- )?uses:", line)]
        found = [PINNED.match(line) for line in lines]
        assert lines
        assert {match[1] for match in found if match} <= known
        assert all(found), lines


def test_our_own_action_is_pinned_to_a_commit_that_has_it_as_it_is() -> None:
    """CONTRIBUTING says how the pin moves. An archive or a shallow clone has no history to look at."""
    if git("rev-parse", "--is-shallow-repository") != "false":
        pytest.skip("the history is not here")
    commit = OUR_ACTION.partition("@")[2]
    assert git("merge-base", commit, "HEAD") == commit, "the pinned commit is not part of the history"
    for path in ("action.yml", "tools/action.sh"):
        assert git("rev-parse", f"{commit}:{path}") == git("hash-object", path), f"{path} changed: move OUR_ACTION (CONTRIBUTING)"


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def test_the_action_uses_no_other_action() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    assert [step for step in action["runs"]["steps"] if "uses" in step] == []


def test_no_right_is_given_that_a_job_does_not_name(platform: Path) -> None:
    for name, workflow in workflows_of(platform).items():
        assert workflow["permissions"] == {}, name
        for job in workflow["jobs"].values():
            assert job["permissions"], name
            assert "timeout-minutes" in job, name


def test_no_expression_stands_in_shell_text(platform: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    runs = [step["run"] for _, step in all_steps(platform) if "run" in step] + [step["run"] for step in action["runs"]["steps"]]
    assert [text for text in runs if "${{" in text] == []
    assert [text for text in runs if re.search(r"\beval\b|\bsource\b|bash -c|sh -c", text)] == []


def test_nothing_runs_in_the_privileged_context_of_a_pull_request(platform: Path) -> None:
    triggers = {trigger for workflow in workflows_of(platform).values() for trigger in workflow["on"]}
    assert triggers <= {"pull_request", "pull_request_review", "push", "schedule", "workflow_dispatch"}


def test_only_the_protected_branch_is_ever_checked_out_and_no_credential_stays_behind(platform: Path) -> None:
    checkouts = [step["with"] for _, step in all_steps(platform) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert {(with_["ref"], with_["persist-credentials"], with_["fetch-depth"]) for with_ in checkouts} == {("main", False, 0)}


def test_the_workflow_for_pull_requests_reaches_no_cloud_and_no_secret(platform: Path) -> None:
    text = (platform / ".github" / "workflows" / "secret-request-pr.yml").read_text()
    workflow = workflows_of(platform)["secret-request-pr.yml"]
    assert "secrets." not in text
    assert "aws-actions/" not in text
    granted = {right for job in workflow["jobs"].values() for right, level in job["permissions"].items() if level == "write"}
    assert granted == {"pull-requests", "statuses", "security-events"}
    assert "id-token" not in text
    assert "cache" not in text, "a cache is shared with the jobs of main"


def test_what_a_stranger_writes_never_enters_a_workflow(platform: Path) -> None:
    """Of a pull request's event only numbers, commit ids, the base's name and the head repository's name (compared) are used."""
    used = {
        match
        for path in (platform / ".github" / "workflows").glob("*.yml")
        for match in re.findall(r"github\.(?:event\.[a-z_.]+|head_ref|ref_name)", path.read_text())
    }
    assert used <= {
        "github.event.pull_request.number",
        "github.event.pull_request.base.ref",
        "github.event.pull_request.head.repo.full_name",
        "github.event.pull_request.head.sha",
    }


def test_pull_requests_are_judged_again_by_reviews_and_after_merges(platform: Path) -> None:
    workflows = workflows_of(platform)
    assert set(workflows["secret-request-pr.yml"]["on"]) == {"pull_request", "pull_request_review"}
    assert "synchronize" in workflows["secret-request-pr.yml"]["on"]["pull_request"]["types"]
    assert "edited" in workflows["secret-request-pr.yml"]["on"]["pull_request"]["types"], "another base is another change"
    assert workflows["secret-request-pr.yml"]["on"]["pull_request_review"]["types"] == ["submitted", "edited", "dismissed"]
    assert set(workflows["secret-request-refresh.yml"]["on"]) == {"push", "schedule", "workflow_dispatch"}


def test_no_queued_commit_is_lost_and_no_environment_is_written_twice_at_once(platform: Path) -> None:
    """The queue may drop older runs: each applies the branch's newest commit, so the last one covers them (R17)."""
    job = workflows_of(platform)["secret-request-apply.yml"]["jobs"]["apply"]
    assert job["concurrency"] == {"group": "goldenpath-${{ matrix.environment }}", "cancel-in-progress": False}
    assert job["strategy"]["fail-fast"] is False
    assert [step["with"]["ref"] for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")] == ["main"]
    apply = next(step for step in job["steps"] if step["name"] == "Apply")
    assert "--commit" not in apply["with"]["arguments"]


def test_each_environment_has_a_role_of_its_own_bound_to_repository_and_branch(platform: Path) -> None:
    """A job with ``environment:`` has another subject in its token than the trust policies compare (R16)."""
    for name, workflow in workflows_of(platform).items():
        for job in workflow["jobs"].values():
            assert "environment" not in job, name
            if job["permissions"].get("id-token") == "write":
                assert job["if"].startswith("github.ref == 'refs/heads/main'"), name
                assert "||" not in job["if"], name
    included = workflows_of(platform)["secret-request-apply.yml"]["jobs"]["apply"]["strategy"]["matrix"]["include"]
    assert len({entry["role"] for entry in included}) == len(included) >= 3


def test_a_secret_is_in_the_environment_of_one_step_only(platform: Path) -> None:
    for name, workflow in workflows_of(platform).items():
        assert "secrets." not in str(workflow.get("env", {}))
        for job in workflow["jobs"].values():
            assert "secrets." not in str(job.get("env", {})), name
            for step in job["steps"]:
                assert "secrets." not in str(step.get("run", "")), name
                if "secrets." in str(step.get("env", {})):
                    assert "env -u VALUES" in step["run"], "the program itself reads it from the pipe"


def test_every_command_of_a_workflow_exists(platform: Path) -> None:
    for name, step in all_steps(platform):
        words = step.get("with", {}).get("arguments", "").splitlines()
        if not words:
            continue
        command, rest = command_for(words[: words.index("--")] if "--" in words else words)
        known = {option for param in (*command.params, *cli.params) for option in (*param.opts, *param.secondary_opts)}
        assert [word for word in rest if word.startswith("-") and word not in known] == [], name
        assert [word for word in rest if "--publish" in word] in ([], [PUBLISHED]), name


def test_the_reference_names_every_variable_every_workflow_and_every_input(platform: Path) -> None:
    page = (ROOT / "docs" / "reference" / "workflows.md").read_text()
    for path in (platform / ".github" / "workflows").glob("*.yml"):
        text = path.read_text()
        assert f"`{path.name}`" in page
        used = {name for name in re.findall(r"(?:vars|secrets)\.([A-Z_]+)", text) if not name.startswith("GOLDENPATH_VALUES_")}
        assert [name for name in used if f"`{name}`" not in page] == []
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    assert [name for name in inputs if f"| `{name}` |" not in page] == []


def test_the_gitlab_template_is_yaml_and_keeps_to_the_same(platform: Path) -> None:
    template = yaml.safe_load((platform / ".gitlab-ci.yml").read_text())
    assert template["variables"]["GIT_CHECKOUT"] == "false"
    assert template["variables"]["GOLDENPATH_COMMIT"] == OUR_ACTION.partition("@")[2]
    assert template["apply"]["resource_group"] == "goldenpath-$ENVIRONMENT"
    assert "id_tokens" not in template["judge"]
    assert ".role" not in str(template["judge"]["extends"])
    scripts = [line for job in template.values() if isinstance(job, dict) for line in job.get("script", [])]
    assert not any(
        re.search(r"CI_(?:COMMIT|MERGE_REQUEST)_(?:TITLE|MESSAGE|DESCRIPTION|REF_NAME|SOURCE_BRANCH_NAME)", line) for line in scripts
    )


def test_shellcheck_is_content_where_it_is_there() -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    assert subprocess.run([shellcheck, str(ROOT / "tools" / "action.sh")], check=False).returncode == 0
