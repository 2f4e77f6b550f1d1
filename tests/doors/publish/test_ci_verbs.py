"""``ci check``, ``mask``, ``report`` and ``pr receipts``: what pipelines ask around a build and after a merge."""

from __future__ import annotations

import base64
import json
import os
import urllib.parse
from pathlib import Path

import pytest
from tests.canary import hits_in, new_canary, variants
from tests.e2e.world import SEC_0007, Run, World
from tests.pull_rig import FILE, PullRig, make_rig

from goldenpath.errors import ProviderUnavailable
from goldenpath.providers.local.store import LocalStore

RUNNER = {"GITHUB_ACTIONS": "true"}


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> PullRig:
    return make_rig(tmp_path / "world", monkeypatch, capfd)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    """SEC-0007 merged and applied; no value yet."""
    world = World.make(tmp_path_factory.mktemp("applied") / "world")
    world.approved_request()
    assert world.cli("pat", "apply", "--yes").code == 0
    return world


@pytest.fixture
def applied(template: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> PullRig:
    """The same, where a pull request brought it."""
    rig = PullRig(template.copy(tmp_path / "world"), monkeypatch, capfd)
    rig.forge.merge(rig.forge.propose(rig.head("request"), by="dana", head_ref="request"), rig.head("main"))
    return rig


def seed(world: World, value: str) -> None:
    assert world.cli("pat", "seed", "SEC-0007", "--stdin", "password", "--generate", "username", typed=value.encode()).code == 0


def with_variables(world: World, variables: dict[str, str], *words: str, typed: bytes = b"") -> Run:
    return world.cli("pat", *words, typed=typed, before=lambda: os.environ.update(variables))


# --- ci check


def test_a_build_waits_for_a_first_value_and_goes_on_with_it(applied: PullRig) -> None:
    words = ("ci", "check", "--environment", "dev", "--service", "payments", "-o", "json")
    run = applied.world.cli("pat", *words)
    assert (run.code, [each["rule"] for each in json.loads(run.out)["findings"]]) == (5, ["ci.value-awaited"])
    seed(applied.world, new_canary())
    run = applied.world.cli("pat", *words)
    assert (run.code, json.loads(run.out)["requests"], json.loads(run.out)["keys"]) == (0, ["SEC-0007"], 2)


def test_a_request_that_was_never_applied_is_missing(rig: PullRig) -> None:
    rig.world.approved_request()
    run = rig.world.cli("pat", "ci", "check", "SEC-0007", "--environment", "dev", "-o", "github")
    assert (run.code, "::error title=block ci.secret-missing SEC-0007" in run.out) == (1, True)


@pytest.mark.parametrize("words", [["--service", "paymnets"], ["SEC-0999"], ["--service", "payments", "SEC-0999"]])
def test_a_check_of_nothing_does_not_pass(applied: PullRig, words: list[str]) -> None:
    run = applied.world.cli("pat", "ci", "check", "--environment", "dev", *words)
    assert (run.code, "ci.nothing-wanted" in run.err) == (6, True)


def test_the_environment_is_named(applied: PullRig) -> None:
    assert applied.world.cli("pat", "ci", "check").code == 2
    assert applied.world.cli("pat", "--env", "dev", "ci", "check").code == 5


def test_declared_keys_are_looked_for_in_the_environment_by_name(applied: PullRig) -> None:
    canary = new_canary("variable")
    words = ("ci", "check", "--environment", "dev", "--variables", "--prefix", "APP_", "-o", "json")
    run = with_variables(applied.world, {"APP_username": canary, "APP_password": "  "}, *words)
    findings = json.loads(run.out)["findings"]
    assert (run.code, [(each["rule"], each["field"]) for each in findings]) == (1, [("ci.key-missing", "password")])
    assert "is empty" in findings[0]["message"]
    assert hits_in((run.out + run.err).encode(), [canary]) == []
    assert with_variables(applied.world, {"APP_username": canary, "APP_password": canary}, *words).code == 0


# --- mask


def masks(run: Run) -> set[str]:
    found = [line.removeprefix("::add-mask::") for line in run.out.splitlines()]
    assert all(line.startswith("::add-mask::") for line in run.out.splitlines())
    return {text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") for text in found}


def test_every_form_that_a_log_could_show_gets_a_mask(rig: PullRig) -> None:
    value = new_canary("masked")
    run = with_variables(rig.world, RUNNER, "mask", typed=value.encode())
    found = masks(run)
    assert (run.code, run.err) == (0, "")
    assert {value, value.encode().hex(), base64.b64encode(value.encode()).decode(), urllib.parse.quote(value, safe="")} <= found
    assert {form.decode() for form in variants(value)} <= found | {json.dumps(value)[1:-1]}


def test_each_line_of_a_value_and_each_field_of_a_document_gets_a_mask(rig: PullRig) -> None:
    lines = [new_canary(name) for name in ("one", "two")]
    assert set(lines) <= masks(with_variables(rig.world, RUNNER, "mask", typed="\n".join(lines).encode()))
    document = json.dumps({"a": lines[0], "b": {"c": [lines[1]]}}).encode()
    assert set(lines) <= masks(with_variables(rig.world, RUNNER, "mask", typed=document))
    assert set(lines) <= masks(
        with_variables(rig.world, RUNNER, "mask", "--input", "dotenv", typed=f"A='{lines[0]}'\nB='{lines[1]}'\n".encode())
    )


def test_a_value_cannot_forge_another_command(rig: PullRig) -> None:
    run = with_variables(rig.world, RUNNER, "mask", typed=b"abcd%0A::set-env name=X::y\n::error::forged\r\n##[group]x")
    assert all(line.startswith("::add-mask::") and line.count("\r") == 0 for line in run.out.split("\n") if line)
    assert "::add-mask::::error::forged" in run.out, "as a text to hide"


def test_no_runner_no_commands(rig: PullRig) -> None:
    value = new_canary("kept")
    run = with_variables(rig.world, {"GITHUB_ACTIONS": ""}, "mask", typed=value.encode())
    assert (run.code, "mask.no-runner" in run.err, run.out) == (2, True, "")
    assert hits_in(run.err.encode(), [value]) == []


def test_nothing_and_too_little_are_told(rig: PullRig) -> None:
    assert with_variables(rig.world, RUNNER, "mask", typed=b" \n").code == 2
    run = with_variables(rig.world, RUNNER, "mask", "--input", "lines", typed=b"abc\nlong enough\n")
    assert (run.code, "shorter than 4 bytes" in run.err) == (1, True)
    assert "abc" not in run.out + run.err


# --- receipts


def test_receipts_follow_the_merge_in_one_comment(applied: PullRig) -> None:
    canary = new_canary("receipt")
    code, out, err = applied.run("pr", "receipts", "--commit", "HEAD", "--exit-code")
    assert (code, "waiting" in out or "awaiting" in out) == (1, True), err
    seed(applied.world, canary)
    code, out, err = applied.run("pr", "receipts", "--commit", "HEAD", "--exit-code", "-o", "json")
    assert code == 0, out + err
    document = json.loads(out)
    assert (document["number"], document["is_arrived"]) == (1, True)
    seams = {seam["name"]: dict(seam["facts"]) for seam in document["receipts"][0]["seams"]}
    comment = applied.comment(1)
    assert seams["value"]["version_id"][:8] in comment
    assert seams["value"]["fingerprint"][:12] in comment
    assert document["receipts"][0]["correlation_id"] in comment
    assert hits_in((out + err + comment).encode(), [canary]) == []


def test_receipts_belong_to_a_merged_pull_request(applied: PullRig) -> None:
    first = applied.world.git("pat", "rev-list", "--max-parents=0", "main").strip()
    for commit, message in ((first, "pr.no-merge"), (applied.head("request"), "apply.not-protected")):
        code, _, err = applied.run("pr", "receipts", "--commit", commit)
        assert (code, message in err) == (6, True)


def test_receipts_can_be_looked_at_without_a_comment(applied: PullRig) -> None:
    code, out, _ = applied.run("pr", "receipts", "--commit", "HEAD", "--dry-run", "-o", "markdown")
    assert (code, out.startswith("### Goldenpath: receipts")) == (0, True)
    assert applied.forge.comments == []


def test_no_value_reaches_a_page_about_a_pull_request(applied: PullRig, tmp_path: Path) -> None:
    canary = new_canary("judged")
    seed(applied.world, canary)
    number = applied.propose("longer", {FILE: SEC_0007.replace("ttlDays: 30", "ttlDays: 60")})
    files = [str(tmp_path / name) for name in ("out.sarif", "summary.md", "page.md")]
    words = ("--sarif", files[0], "--summary", files[1], "--page", files[2], "--publish", "--observe-stores", "-v", "-o", "json")
    code, out, err = applied.run("pr", "check", "--number", str(number), *words)
    assert code == 5, err
    shown = [out, err, applied.comment(number), *(Path(name).read_text() for name in files)]
    assert hits_in("\n".join(shown).encode(), [canary]) == []
    assert "1 unchanged" in shown[-1] or "1 to change" in shown[-1], "the store was looked at"


# --- report


def test_a_quiet_platform_has_nothing_to_report_and_closes_what_was_open(applied: PullRig) -> None:
    seed(applied.world, new_canary())
    applied.forge.upsert_issue(marker="report/drift", title="Goldenpath: old", body="old")
    code, out, err = applied.run("report", "--issues", "-o", "json")
    assert (code, json.loads(out)["counts"]["block"]) == (0, 0), err
    assert [issue.is_open for issue in applied.forge.issues.values()] == [False]


def test_each_class_has_one_issue_that_is_updated_in_place(rig: PullRig) -> None:
    old: dict[str, str | None] = {FILE: SEC_0007.replace("ttlDays: 30", "ttlDays: 30\n  renewedOn: '2025-01-01'")}
    rig.world.approve(old)
    assert rig.world.cli("pat", "apply", "--yes").code == 0
    for _ in range(2):
        code, out, _ = rig.run("report", "--issues", "--label", "secrets", "-o", "json")
        document = json.loads(out)
        assert (code, document["classes"]["expiry"]) == (1, 1)
        assert list(document["issues"]) == ["report/expiry"]
    issues = list(rig.forge.issues.values())
    assert [(issue.title, issue.labels, issue.is_open) for issue in issues] == [
        ("Goldenpath: secrets whose term runs out", ("goldenpath", "secrets"), True)
    ]
    assert "report.ttl-expired" in issues[0].body.replace("&#45;", "-")
    assert rig.run("report", "--issues", "--environment", "dev")[0] == 2


def test_a_store_that_does_not_answer_closes_no_issue(applied: PullRig, monkeypatch: pytest.MonkeyPatch) -> None:
    applied.forge.upsert_issue(marker="report/drift", title="Goldenpath: drift", body="drift")

    def unavailable(*_arguments: object) -> object:
        raise ProviderUnavailable("store.unavailable", "no answer")

    monkeypatch.setattr(LocalStore, "list_records", unavailable)
    assert applied.run("report", "--issues")[0] == 4
    assert [issue.is_open for issue in applied.forge.issues.values()] == [True]
