"""``goldenpath pr check``: one comment, three statuses, and nothing green that was not judged (R10-R15; CASES group 2)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.e2e.world import SEC_0007
from tests.pull_rig import FILE, PullRig, make_rig

from goldenpath.errors import ProviderUnavailable

GREEN = {"policy": "success", "preview": "success", "approval": "success"}


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> PullRig:
    return make_rig(tmp_path / "world", monkeypatch, capfd)


def outage() -> ProviderUnavailable:
    return ProviderUnavailable("forge.unavailable", "no answer")


def test_a_change_waits_for_approval_and_turns_green_with_it(rig: PullRig) -> None:
    number = rig.propose()
    code, _, err = rig.run("pr", "check", "--number", str(number), "--publish")
    assert code == 5, err
    assert rig.states(number) == {**GREEN, "approval": "pending"}
    assert "missing" in rig.comment(number)
    rig.approve("request/sec-0007")
    code, _, err = rig.run("pr", "check", "--number", str(number), "--publish")
    assert code == 0, err
    assert rig.states(number) == GREEN
    comment = rig.comment(number)
    assert "passes and is approved" in comment
    assert "SEC-0007" in comment
    assert "Plan digest" in comment


def blocked_text() -> str:
    return SEC_0007.replace("tier: medium", "tier: high").replace("rotationClass: standard", "rotationClass: none")


def test_a_blocked_change_is_red_and_never_asks_for_approval_alone(rig: PullRig) -> None:
    number = rig.propose(files={FILE: blocked_text()})
    code, out, _ = rig.run("pr", "check", "--number", str(number), "--publish", "-o", "github")
    assert code == 1
    assert rig.states(number) == {"policy": "failure", "preview": "success", "approval": "pending"}
    assert re.search(rf"^::error file={FILE},line=\d+,col=\d+,title=block policy\.", out, re.MULTILINE)


def test_there_is_one_comment_however_often_it_runs_and_strangers_keep_theirs(rig: PullRig) -> None:
    number = rig.propose()
    rig.forge.add_comment(number, by="mallory", body="<!-- goldenpath:pull-request -->\n### Goldenpath: passes and is approved")
    for _ in range(3):
        rig.run("pr", "check", "--number", str(number), "--publish")
    assert [each.author for each in rig.forge.comments_of(number)] == ["mallory", rig.forge.account]


def test_a_new_commit_voids_the_approval(rig: PullRig) -> None:
    number = rig.propose()
    rig.approve("request/sec-0007")
    assert rig.run("pr", "check", "--number", str(number), "--publish")[0] == 0
    rig.world.git("dana", "switch", "--quiet", "request/sec-0007")
    rig.world.write(FILE, SEC_0007.replace("ttlDays: 30", "ttlDays: 60"))
    rig.world.git("dana", "commit", "--quiet", "--all", "--message", "Longer")
    rig.forge.push(number, rig.head("request/sec-0007"), by="dana")
    assert rig.run("pr", "check", "--number", str(number), "--publish")[0] == 5
    assert rig.states(number)["approval"] == "pending"
    assert "missing" in rig.comment(number)


def test_a_push_while_it_is_judged_leaves_nothing_green(rig: PullRig, monkeypatch: pytest.MonkeyPatch) -> None:
    number = rig.propose()
    rig.approve("request/sec-0007")
    head = rig.forge.pull_requests[number].head_sha
    original = rig.forge.upsert_comment

    def pushed_meanwhile(of: int, *, marker: str, body: str) -> str:
        rig.forge.push(of, "f" * 40, by="dana")
        return original(of, marker=marker, body=body)

    monkeypatch.setattr(rig.forge, "upsert_comment", pushed_meanwhile)
    code, _, err = rig.run("pr", "check", "--number", str(number), "--publish")
    assert (code, "pr.moved" in err) == (6, True)
    assert {state for (sha, _), (state, _, _) in rig.forge.statuses.items() if sha == head} == {"error"}


@pytest.mark.parametrize("call", range(10))
def test_a_forge_that_goes_away_half_way_leaves_nothing_green(rig: PullRig, call: int) -> None:
    number = rig.propose()
    rig.approve("request/sec-0007")
    head = rig.forge.pull_requests[number].head_sha
    for concern in GREEN:
        rig.forge.set_status(head, context=f"goldenpath/{concern}", state="success", description="an earlier run")
    rig.forge.faults = [*[None] * call, *[outage()] * 20]
    code, _, err = rig.run("pr", "check", "--number", str(number), "--publish")
    rig.forge.faults = []
    assert (code, "forge.unavailable" in err) == (4, True)
    if call > 3:  # the first calls ask which commit it is, and take the old green away
        assert rig.states(number) != GREEN
        assert rig.states(number)["approval"] != "success"


@pytest.mark.parametrize("call", range(10))
def test_a_fault_of_one_call_turns_everything_red(rig: PullRig, call: int) -> None:
    number = rig.propose()
    rig.approve("request/sec-0007")
    rig.forge.faults = [*[None] * call, outage()]
    code, _, _ = rig.run("pr", "check", "--number", str(number), "--publish")
    assert code == 4
    assert "success" not in rig.states(number).values()


def test_what_cannot_be_judged_blocks_and_says_why(rig: PullRig) -> None:
    number = rig.forge.propose("e" * 40, by="mallory", fork="mallory/platform")
    code, _, err = rig.run("pr", "check", "--number", str(number), "--publish")
    assert (code, "git.remote-unavailable" in err) == (4, True)
    assert set(rig.states(number).values()) == {"error"}
    assert "could not be judged" in rig.comment(number)


def test_a_pull_request_to_another_branch_is_blocked(rig: PullRig) -> None:
    rig.world.git("pat", "branch", "elsewhere", "main")
    number = rig.propose(base_ref="elsewhere")
    assert rig.run("pr", "check", "--number", str(number), "--publish")[0] == 1
    assert rig.states(number)["policy"] == "failure"
    assert "base-not-protected" in rig.comment(number)


def test_a_closed_pull_request_is_left_alone(rig: PullRig) -> None:
    number = rig.propose()
    rig.forge.close(number)
    code, _, err = rig.run("pr", "check", "--number", str(number), "--publish")
    assert (code, "pr.not-open" in err) == (6, True)
    assert rig.forge.statuses == {}


def test_without_publish_nothing_is_written_to_the_forge(rig: PullRig) -> None:
    number = rig.propose()
    assert rig.run("pr", "check", "--number", str(number))[0] == 5
    assert (rig.forge.comments, rig.forge.statuses) == ([], {})


def test_the_rules_of_the_base_judge_a_change_of_the_rules(rig: PullRig) -> None:
    policy = (rig.world.platform / "governance/policy.yaml").read_text()
    number = rig.propose(
        files={FILE: blocked_text(), "governance/policy.yaml": policy.replace("rotationNone: block", "rotationNone: 'off'")}
    )
    assert rig.run("pr", "check", "--number", str(number), "--publish")[0] == 1
    assert "Steering files" in rig.comment(number)


def test_the_files_for_a_pipeline_say_the_same(rig: PullRig, tmp_path: Path) -> None:
    number = rig.propose(files={FILE: blocked_text()})
    sarif, summary, page = tmp_path / "out.sarif", tmp_path / "summary.md", tmp_path / "page.md"
    summary.write_text("before\n")
    rig.run("pr", "check", "--number", str(number), "--sarif", str(sarif), "--summary", str(summary), "--page", str(page))
    run = json.loads(sarif.read_text())["runs"][0]
    assert json.loads(sarif.read_text())["version"] == "2.1.0"
    assert {result["ruleId"] for result in run["results"]} <= {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert all(result["partialFingerprints"] for result in run["results"])
    assert all("help" in rule for rule in run["tool"]["driver"]["rules"])
    assert summary.read_text().startswith("before\n### Goldenpath: blocked")
    assert "#### Changes" in page.read_text()


def test_a_file_that_cannot_be_written_is_an_error_after_the_verdict_is_out(rig: PullRig, tmp_path: Path) -> None:
    number = rig.propose()
    code, _, err = rig.run("pr", "check", "--number", str(number), "--publish", "--page", str(tmp_path / "none" / "page.md"))
    assert (code, "pr.unwritable-page" in err) == (2, True)
    assert rig.states(number)["policy"] == "success"


def test_the_statuses_lead_to_the_run_and_to_no_other_address(rig: PullRig, monkeypatch: pytest.MonkeyPatch) -> None:
    number = rig.propose()
    variables = {"GITHUB_SERVER_URL": "https://forge.example", "GITHUB_REPOSITORY": "acme/platform", "GITHUB_RUN_ID": "7"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    rig.run("pr", "check", "--number", str(number), "--publish")
    assert {url for _, _, url in rig.forge.statuses.values()} == {"https://forge.example/acme/platform/actions/runs/7"}
    monkeypatch.setenv("GITHUB_RUN_ID", "7) [x](https://evil.example")
    rig.run("pr", "check", "--number", str(number), "--publish")
    assert {url for _, _, url in rig.forge.statuses.values()} == {""}
    assert rig.run("pr", "check", "--number", str(number), "--details-url", "javascript:alert(1)")[0] == 2


SAME_PATH = SEC_0007.replace("name: payments-db-credentials", "name: payments-db-other").replace("payments-db-creds", "payments-db-two")
SAME_ID = SAME_PATH.replace("environment: dev", "environment: test")
SAME_RECORD = SEC_0007.replace("SEC-0007", "SEC-0008").replace("payments-db-creds", "payments-db-two")


@pytest.mark.parametrize(
    ("path", "other"),
    [
        pytest.param(FILE, SAME_PATH, id="same file"),
        pytest.param(FILE.replace("/dev/", "/test/"), SAME_ID, id="same id"),
        pytest.param(FILE.replace("0007", "0008"), SAME_RECORD, id="same record"),
    ],
)
def test_refresh_turns_the_second_of_two_that_clash_red(rig: PullRig, path: str, other: str) -> None:
    first = rig.propose("request/one")
    second = rig.propose("request/two", {path: other}, fork="mallory/platform")
    for branch in ("request/one", "request/two"):
        rig.approve(branch)
    assert rig.run("pr", "refresh")[0] == 0
    assert (rig.states(first), rig.states(second)) == (GREEN, GREEN), "green alone"
    assert ("pr.rival" in rig.comment(first), "pr.rival" in rig.comment(second)) == (True, True), "and each told of the other"
    rig.world.merge("request/one")
    rig.forge.merge(first, rig.head("main"))
    code, out, _ = rig.run("pr", "refresh", "-o", "json")
    assert code == 0
    assert [each["number"] for each in json.loads(out)["pull_requests"]] == [second]
    assert "success" not in {rig.states(second)["policy"], rig.states(second)["approval"]}
    assert "blocked" in rig.comment(second)


def test_refresh_goes_on_after_one_that_cannot_be_judged(rig: PullRig) -> None:
    rig.forge.propose("e" * 40, by="mallory", fork="mallory/platform")
    number = rig.propose()
    code, out, _ = rig.run("pr", "refresh")
    assert code == 4
    assert "git.remote-unavailable" in out
    assert rig.states(number)["policy"] == "success"


def test_refresh_can_only_look(rig: PullRig) -> None:
    rig.propose()
    assert rig.run("pr", "refresh", "--dry-run")[0] == 0
    assert (rig.forge.comments, rig.forge.statuses) == ([], {})
    rig.forge.close(1)
    assert "no open pull request" in rig.run("pr", "refresh")[1]


def test_stores_are_looked_at_on_request_and_never_for_a_fork(rig: PullRig, tmp_path: Path) -> None:
    number = rig.propose()
    page = tmp_path / "page.md"
    words = ("pr", "check", "--number", str(number), "--page", str(page))
    rig.run(*words)
    assert "the stores were not looked at" in page.read_text()
    rig.run(*words, "--observe-stores")
    assert "Plan: 1 to add" in page.read_text()
    rig.forge.pull_requests[number] = replace(rig.forge.pull_requests[number], is_fork=True)
    rig.run(*words, "--observe-stores")
    assert "the stores were not looked at" in page.read_text()


def test_a_title_and_a_body_full_of_commands_reach_no_output(rig: PullRig, tmp_path: Path) -> None:
    hostile = "x\n::add-mask::y\n::error::forged $(touch pwned) `id` @everyone"
    number = rig.propose(title=hostile, body=hostile)
    rig.forge.pull_requests[number] = replace(rig.forge.pull_requests[number], author=hostile, head_ref=hostile, url=hostile)
    _, out, err = rig.run("pr", "check", "--number", str(number), "--publish", "-o", "github", "--page", str(tmp_path / "page.md"))
    for shown in (out, err, rig.comment(number), (tmp_path / "page.md").read_text()):
        assert not re.search(r"^::(?!error file|warning file|notice |error title|warning title)", shown, re.MULTILINE)
        assert "forged" not in shown
