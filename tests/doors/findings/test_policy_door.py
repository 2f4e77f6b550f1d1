"""``goldenpath policy`` over real repositories: exit codes, formats, and the base that judges (CONVENTIONS 1.3; CASES 19, 22, 24, 33, 35)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.builders import request_tree
from tests.gitrepo import ALICE, GitRepo
from tests.unit.policy.policy_desk import tree

from goldenpath.cli.root import run
from goldenpath.intent.enums import DEFAULT_ENUMS
from goldenpath.policy.defaults import DEFAULT_POLICY
from goldenpath.policy.rules import RULES

APPROVERS = {
    "apiVersion": "goldenpath.io/v1",
    "kind": "Approvers",
    "people": [{"id": "sam", "emails": ["sam@example.com"], "roles": ["security", "platform"], "owners": ["app-team"]}],
}
SETTINGS = {"apiVersion": "goldenpath.io/v1", "kind": "Platform", "environments": {"dev": {"account": "593517239005"}}}
FILE = "catalogs/secrets/payments/dev/SEC-0007.yaml"
POLICY_FILE = "governance/policy.yaml"

Goldenpath = Callable[..., tuple[int, str, str]]


def request_text(**fields: Any) -> str:
    return yaml.safe_dump(request_tree(tree(**fields)), sort_keys=False)


def policy_text(**over: Any) -> str:
    return yaml.safe_dump({**yaml.safe_load(DEFAULT_POLICY), **over})


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """A platform with one medium request on main, and an empty branch ``feature`` checked out."""
    made = GitRepo(tmp_path / "platform")
    files: dict[str, str | bytes] = {
        "goldenpath.yaml": yaml.safe_dump(SETTINGS),
        POLICY_FILE: DEFAULT_POLICY,
        "governance/approvers.yaml": yaml.safe_dump(APPROVERS),
        "schemas/metadata/enums.yaml": DEFAULT_ENUMS,
        FILE: request_text(),
    }
    made.commit("Start", files, time=int(time.time()) - 3600)
    made.branch("feature")
    return made


@pytest.fixture
def goldenpath(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> Goldenpath:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["-C", os.fspath(repo.path), *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def check_json(goldenpath: Goldenpath, *options: str) -> tuple[int, dict[str, Any]]:
    code, out, _err = goldenpath("policy", "check", "--base", "main", "-o", "json", *options)
    return code, json.loads(out)


CHANGES = [
    # what the branch does                                                                exit   with --fail-on warning
    ("describes", {FILE: request_text(description="x")}, 0, 0),
    ("takes rotation from medium", {FILE: request_text(rotation="none")}, 0, 1),
    ("asks for high without rotation", {FILE: request_text(tier="high", rotation="none")}, 1, 1),
    ("deletes the request", {FILE: None}, 1, 1),
    ("cannot be read as YAML", {FILE: "metadata: ["}, 2, 2),
    ("has an unknown field", {FILE: request_text() + "extra: 1\n"}, 2, 2),
    ("has a tier in capitals", {FILE: request_text(tier="High")}, 2, 2),
    ("makes the policy milder", {POLICY_FILE: policy_text(floors=[])}, 0, 1),
    ("misspells a rule in the policy", {POLICY_FILE: policy_text(unwaivable=["rotaton-required"])}, 2, 2),
    ("deletes the policy", {POLICY_FILE: None}, 1, 1),
    ("changes what nobody governs", {"README.md": "hello"}, 0, 0),
]


@pytest.mark.parametrize(("files", "code", "strict_code"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_exit_codes(repo: GitRepo, goldenpath: Goldenpath, files: dict[str, Any], code: int, strict_code: int) -> None:
    repo.commit("Change", files)
    assert goldenpath("policy", "check", "--base", "main")[0] == code
    assert goldenpath("policy", "check", "--base", "main", "--fail-on", "warning")[0] == strict_code


@pytest.mark.parametrize(("files", "code"), [({FILE: None}, 0), ({FILE: "metadata: ["}, 2)])
def test_exit_zero_forgives_findings_only(repo: GitRepo, goldenpath: Goldenpath, files: dict[str, Any], code: int) -> None:
    repo.commit("Change", files)
    before = repo.head("main"), repo.head(), repo.git("status", "--porcelain")
    assert goldenpath("policy", "check", "--base", "main", "--exit-zero")[0] == code
    assert (repo.head("main"), repo.head(), repo.git("status", "--porcelain")) == before, "a check changes nothing"


SEARCH = {"service": "search", "namespace": "search", "target": "search-db-creds", "name": "search-db"}
CLASHES = [
    # a new request (CASES 30, 31)                                    in                                         rules that refuse
    ({**SEARCH, "id": "SEC-0007"}, "catalogs/secrets/search/dev/SEC-0007.yaml", set()),
    ({"id": "SEC-0302", "target": "another-secret"}, "catalogs/secrets/payments/dev/SEC-0302.yaml", set()),
    (
        {**SEARCH, "id": "SEC-0301", "namespace": "payments", "target": "payments-db-creds"},
        "catalogs/secrets/search/dev/SEC-0301.yaml",
        {"policy.namespace-unmapped"},
    ),
]


@pytest.mark.parametrize(("fields", "path", "rules"), CLASHES)
def test_new_request_is_compared_with_the_whole_base(
    repo: GitRepo, goldenpath: Goldenpath, fields: dict[str, Any], path: str, rules: set[str]
) -> None:
    repo.commit("Change", {path: request_text(**fields)})
    code, document = check_json(goldenpath)
    assert code == 2
    blocking = [finding for finding in document["findings"] if finding["is_blocking"]]
    assert any({path, FILE} <= {finding["file"], *finding["related"]} for finding in blocking), "both files are named"
    assert rules <= {finding["rule"] for finding in blocking}


def test_missing_approval_fails_only_when_asked(repo: GitRepo, goldenpath: Goldenpath) -> None:
    repo.commit("Change", {FILE: request_text(description="x")})
    code, document = check_json(goldenpath)
    assert code == 0
    assert document["approvals"]["missing"] == [{"because": ["SEC-0007: tier medium"], "owner": "", "role": "platform"}]
    assert goldenpath("policy", "check", "--base", "main", "--require-approval")[0] == 5
    assert goldenpath("policy", "check", "--base", "main", "--require-approval", "--exit-zero")[0] == 5


def test_base_rules_judge_whatever_the_branch_and_the_working_tree_say(repo: GitRepo, goldenpath: Goldenpath) -> None:
    waiver = {
        "rule": "rotation-required",
        "request": "SEC-0007",
        "owner": "app-team",
        "ticket": "T-1",
        "reason": "r",
        "expiresOn": "2099-01-01",
    }
    mild = {"medium": {"approvals": []}, "high": {"approvals": [{"role": "nobody"}]}}
    repo.commit(
        "Weaken and use it", {FILE: request_text(tier="high", rotation="none"), POLICY_FILE: policy_text(tiers=mild, waivers=[waiver])}
    )
    repo.write(POLICY_FILE, policy_text(tiers={}))
    repo.write(FILE, request_text())
    code, document = check_json(goldenpath)
    assert code == 1
    assert {"policy.rotation-required", "policy.governance-change", "policy.governance-weakened"} <= {
        f["rule"] for f in document["findings"]
    }
    assert {(need["role"], need["owner"]) for need in document["approvals"]["missing"]} == {
        ("owner", "app-team"),
        ("platform", ""),
        ("security", ""),
    }


@pytest.mark.parametrize("reference", ["gone", "refs/heads/none", "0123456789abcdef0123456789abcdef01234567"])
def test_missing_base_is_no_pass(repo: GitRepo, goldenpath: Goldenpath, reference: str) -> None:
    repo.commit("Change", {FILE: request_text(tier="high", rotation="none")})
    code, _out, err = goldenpath("policy", "check", "--base", reference)
    assert code == 6
    assert "git.ref-missing" in err


@pytest.mark.parametrize("path", [POLICY_FILE, "schemas/metadata/enums.yaml", "governance/approvers.yaml", "goldenpath.yaml"])
def test_base_without_its_data_is_no_pass(repo: GitRepo, goldenpath: Goldenpath, path: str) -> None:
    repo.switch("main")
    repo.commit("Lose a file", {path: None})
    repo.branch("later")
    repo.commit("Change", {FILE: request_text(description="x")})
    assert goldenpath("policy", "check", "--base", "main")[0] == 2


@pytest.mark.parametrize("format_name", ["table", "github", "markdown"])
def test_hostile_text_of_the_branch_stays_text(repo: GitRepo, goldenpath: Goldenpath, format_name: str) -> None:
    evil = "::add-mask::x $(touch pwned) `touch pwned` ##[set-env name=P]v <img src=x onerror=1>"
    repo.commit(
        f"Title\n\n{evil}", {FILE: request_text(tier="high", rotation="none", adr=evil, description=evil)}, author=(evil[:20], ALICE[1])
    )
    repo.commit("More", {f"catalogs/secrets/payments/dev/\x1b[31m{evil.replace('/', '')}\n.yaml": request_text(id="SEC-0008")})
    code, out, err = goldenpath("policy", "check", "--base", "main", "-o", format_name)
    assert code == 2
    assert "\x1b" not in out + err
    own = ("::error ", "::warning ", "::notice ")
    assert [line for line in (out + err).split("\n") if line.lstrip().startswith("::") and not line.startswith(own)] == []
    assert not list(repo.path.rglob("pwned"))


def test_waivers_are_listed_with_days_left(repo: GitRepo, goldenpath: Goldenpath) -> None:
    assert goldenpath("policy", "waivers")[:2] == (0, "no waivers\n")
    base = {"request": "SEC-0007", "owner": "app-team", "ticket": "PLAT-1", "reason": "r"}
    waivers = [base | {"rule": "rotation-required", "expiresOn": "2020-01-01"}, base | {"rule": "tier-floor", "expiresOn": "2099-01-01"}]
    repo.switch("main")
    repo.commit("Waive", {POLICY_FILE: policy_text(waivers=waivers)})
    code, out, _err = goldenpath("policy", "waivers", "-o", "json")
    assert code == 0
    assert [(each["rule"], each["state"]) for each in json.loads(out)["waivers"]] == [
        ("policy.rotation-required", "expired"),
        ("policy.tier-floor", "refused"),
    ]
    table = goldenpath("policy", "waivers")[1]
    assert "expired" in table
    assert "never counts" in table


def test_waived_finding_passes_and_is_shown(repo: GitRepo, goldenpath: Goldenpath) -> None:
    waiver = {
        "rule": "rotation-required",
        "request": "SEC-0007",
        "owner": "app-team",
        "ticket": "T-1",
        "reason": "r",
        "expiresOn": "2099-01-01",
    }
    repo.switch("main")
    repo.commit("Waive", {POLICY_FILE: policy_text(waivers=[waiver])})
    repo.branch("later")
    repo.commit("Change", {FILE: request_text(tier="high", rotation="none")})
    code, out, _err = goldenpath("policy", "check", "--base", "main")
    assert code == 0
    assert "waived by: T-1, owner app-team, until 2099-01-01" in out
    assert "Exceptions used:" in out


def test_explain_works_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("rotation-required", "policy.rotation-required"):
        assert run(["-C", os.fspath(tmp_path), "policy", "explain", name]) == 0
        out = capsys.readouterr().out
        assert out.startswith("policy.rotation-required: ")
        assert all(word in out for word in ("Checks:", "Why:", "Fix:", "Level:", "Standard:"))


def test_explain_lists_all_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "explain", "-o", "json"]) == 0
    assert [rule["code"] for rule in json.loads(capsys.readouterr().out)["rules"]] == [rule.code for rule in RULES]
    assert run(["policy", "explain"]) == 0
    out = capsys.readouterr().out
    assert all(rule.name in out for rule in RULES)


def test_explain_of_an_unknown_rule_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "explain", "rotation-requierd"]) == 6
    assert "nearest: rotation-required" in capsys.readouterr().err
