"""What a pull request is judged on is the base as the remote has it; and what the next commit would change comes from the index alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gitrepo import GitRepo

from goldenpath.errors import GoldenpathError
from goldenpath.providers.git.index import GitIndex
from goldenpath.providers.git.place import find_place
from goldenpath.providers.git.pull_objects import PullRequestFetcher


@pytest.fixture
def remote(tmp_path: Path) -> GitRepo:
    made = GitRepo(tmp_path / "remote")
    made.commit("Start", {"README.md": "x\n"})
    return made


@pytest.fixture
def here(remote: GitRepo, tmp_path: Path) -> GitRepo:
    return GitRepo.clone(f"file://{remote.path}", tmp_path / "platform")


def fetcher(repo: GitRepo) -> PullRequestFetcher:
    return PullRequestFetcher(find_place(repo.path))


def test_the_base_is_the_remotes_and_no_branch_of_ours_moves(remote: GitRepo, here: GitRepo) -> None:
    old = here.head("main")
    new = remote.commit("Later", {"a": "1\n"})
    branches = here.git("for-each-ref", "refs/heads", "refs/remotes")
    assert fetcher(here).newest("main") == new
    assert here.head("main") == old
    assert here.git("for-each-ref", "refs/heads", "refs/remotes") == branches
    assert here.git("status", "--porcelain") == ""


def test_a_base_that_was_rewritten_is_followed(remote: GitRepo, here: GitRepo) -> None:
    fetcher(here).newest("main")
    remote.git("checkout", "-q", "--orphan", "other")
    other = remote.commit("Another start", {"b": "1\n"})
    remote.git("branch", "-q", "-f", "main", "other")
    assert fetcher(here).newest("main") == other


def test_without_a_remote_the_local_branch_counts(remote: GitRepo) -> None:
    assert fetcher(remote).newest("main") == remote.head("main")
    with pytest.raises(GoldenpathError) as missing:
        fetcher(remote).newest("none")
    assert missing.value.code == "git.ref-missing"


def test_a_remote_that_does_not_answer_is_no_base(remote: GitRepo, here: GitRepo) -> None:
    for branch, prepare in (("none", lambda: None), ("main", lambda: remote.path.rename(remote.path.with_name("gone")))):
        prepare()
        with pytest.raises(GoldenpathError) as refused:
            fetcher(here).newest(branch)
        assert refused.value.code == "git.remote-unavailable"


def test_staged_changes_are_those_of_the_index(remote: GitRepo, tmp_path: Path) -> None:
    remote.commit("More", {"gone.txt": "g\n", "dir/kept.txt": "k\n"})
    (remote.path / "dir/kept.txt").write_text("changed\n")
    (remote.path / "new ü.txt").write_text("n\n")
    remote.git("rm", "-q", "gone.txt")
    remote.git("add", "--all")
    (remote.path / "README.md").write_text("not staged\n")
    found = {change.path: (bool(change.old_oid), bool(change.new_oid)) for change in GitIndex(remote.path / "dir").staged_changes()}
    assert found == {"dir/kept.txt": (True, True), "gone.txt": (True, False), "new ü.txt": (False, True)}


def test_everything_is_new_before_the_first_commit(tmp_path: Path) -> None:
    made = GitRepo(tmp_path / "empty")
    (made.path / "a.txt").write_text("a\n")
    made.git("add", "--all")
    assert [(change.path, change.old_oid) for change in GitIndex(made.path).staged_changes()] == [("a.txt", "")]
