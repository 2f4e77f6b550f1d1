"""``validate`` refuses what only Git's index holds: a submodule or link at a place of ours, whatever the files show (CASE 12, R7)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.e2e.world import SEC_0007
from tests.gitrepo import GitRepo

from goldenpath.cli.root import run

HEADER = "apiVersion: goldenpath.io/v1\nkind: Platform\n"
REQUEST = "catalogs/secrets/payments/dev/SEC-0007.yaml"
NEW = "catalogs/secrets/payments/dev/SEC-0008.yaml"


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "platform")
    repo.commit("start", {"goldenpath.yaml": HEADER, REQUEST: SEC_0007})
    return repo


def stage(repo: GitRepo, mode: str, path: str) -> None:
    """Put an entry into the index alone."""
    oid = repo.git("rev-parse", "HEAD") if mode == "160000" else repo.git("hash-object", "-w", "--stdin", stdin=b"SEC-0007.yaml")
    repo.git("update-index", "--add", "--replace", "--cacheinfo", f"{mode},{oid},{path}")


def validate(repo: GitRepo, capsys: pytest.CaptureFixture[str], *paths: str, folder: str = "") -> tuple[int, list[tuple[str, str]]]:
    """Return the exit code and (rule, file) of each finding."""
    code = run(["-C", str(repo.path / folder), "validate", "-o", "json", *(str(repo.path / path) for path in paths)])
    out = capsys.readouterr().out
    return code, [(each["rule"], each["file"]) for each in json.loads(out)["findings"]] if out else []


def test_a_clean_index_changes_nothing(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(repo, capsys) == (0, [])
    assert validate(repo, capsys, REQUEST) == (0, [])


@pytest.mark.parametrize(("mode", "rule"), [("160000", "intent.submodule"), ("120000", "intent.symlink")])
@pytest.mark.parametrize(
    "path", [NEW, "catalogs/secrets/payments/dev", "catalogs/secrets", "catalogs", "docs/catalogs/secrets/x", "governance/policy.yaml"]
)
def test_what_only_the_index_holds_is_refused(repo: GitRepo, capsys: pytest.CaptureFixture[str], mode: str, rule: str, path: str) -> None:
    stage(repo, mode, path)
    assert validate(repo, capsys) == (2, [(rule, path)])


@pytest.mark.parametrize("mode", ["160000", "120000"])
def test_entries_elsewhere_are_none_of_our_business(repo: GitRepo, capsys: pytest.CaptureFixture[str], mode: str) -> None:
    stage(repo, mode, "vendor/lib")
    stage(repo, mode, "catalogs/other")
    assert validate(repo, capsys) == (0, [])


def test_a_submodule_with_an_empty_folder_is_refused(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    """What a clone without --recurse-submodules looks like."""
    stage(repo, "160000", "catalogs/secrets/payments/prod")
    (repo.path / "catalogs/secrets/payments/prod").mkdir()
    assert validate(repo, capsys) == (2, [("intent.submodule", "catalogs/secrets/payments/prod")])


def test_a_link_that_a_file_on_disk_hides_is_refused(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    stage(repo, "120000", REQUEST)
    assert validate(repo, capsys) == (2, [("intent.symlink", REQUEST)])


def test_a_link_that_both_show_is_named_once(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    (repo.path / NEW).symlink_to("SEC-0007.yaml")
    repo.git("add", NEW)
    assert validate(repo, capsys) == (2, [("intent.symlink", NEW)])


def test_named_paths_see_it_as_well(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    stage(repo, "160000", NEW)
    assert validate(repo, capsys, REQUEST) == (0, [])
    assert validate(repo, capsys, NEW) == (2, [("intent.submodule", NEW)])
    assert validate(repo, capsys, "catalogs") == (2, [("intent.submodule", NEW)])


def test_a_platform_in_a_folder_of_its_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = GitRepo(tmp_path / "mono")
    repo.commit("start", {"platform/goldenpath.yaml": HEADER, f"platform/{REQUEST}": SEC_0007})
    stage(repo, "160000", f"platform/{NEW}")
    stage(repo, "160000", "catalogs/secrets/x")
    assert validate(repo, capsys, folder="platform") == (2, [("intent.submodule", NEW)])


def test_without_a_repository_only_the_files_count(tmp_path: Path, repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    stage(repo, "160000", NEW)
    (repo.path / ".git").rename(tmp_path / "away")
    assert validate(repo, capsys) == (0, [])
    (repo.path / ".git").mkdir()
    assert validate(repo, capsys) == (0, [])


def test_an_index_that_cannot_be_read_is_not_called_clean(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    (repo.path / ".git" / "index").write_bytes(b"nonsense")
    assert run(["-C", str(repo.path), "validate"]) != 0
    assert "[git.command-failed]" in capsys.readouterr().err


def test_names_that_git_would_quote_are_read_as_they_are(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    stage(repo, "160000", 'catalogs/secrets/a\n"120000 b')
    code, findings = validate(repo, capsys)
    assert (code, [rule for rule, _ in findings]) == (2, ["intent.submodule"])


@pytest.mark.parametrize("version", ["2", "3", "4"])
@pytest.mark.parametrize("is_split", [False, True])
def test_every_form_of_the_index_is_read(repo: GitRepo, capsys: pytest.CaptureFixture[str], version: str, is_split: bool) -> None:
    stage(repo, "160000", NEW)
    repo.git("update-index", "--index-version", version)
    repo.git("update-index", "--split-index" if is_split else "--no-split-index")
    assert validate(repo, capsys) == (2, [("intent.submodule", NEW)])


def test_a_linked_working_tree_has_an_index_of_its_own(repo: GitRepo, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = GitRepo(tmp_path / "linked", init=False)
    stage(linked, "120000", NEW)
    assert validate(repo, capsys) == (0, [])
    assert validate(linked, capsys) == (2, [("intent.symlink", NEW)])


def test_an_index_without_links_costs_no_process(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert validate(repo, capsys) == (0, [])
