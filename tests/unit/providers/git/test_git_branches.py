"""Proposals on branches: made from objects alone, in any kind of clone; what somebody has open is seen, and never touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.builders import FakeClock
from tests.gitrepo import GitRepo

from goldenpath.errors import Conflict, GoldenpathError, InvalidIntent
from goldenpath.providers.git.branches import GitBranches

PATH = "catalogs/SEC-0007.yaml"


@pytest.fixture(params=["sha1", "sha256"])
def repo(request: pytest.FixtureRequest, tmp_path: Path) -> GitRepo:
    made = GitRepo(tmp_path / "repo", object_format=request.param)
    made.git("config", "user.name", "Dana <x>\tDoe")
    made.git("config", "user.email", "dana@example.com")
    made.commit("Start", {PATH: "one\n", "other.txt": "x\n"})
    return made


def branches(repo: GitRepo) -> GitBranches:
    return GitBranches(repo.path, clock=FakeClock())


def test_a_proposal_is_one_commit_that_changes_its_files_alone(repo: GitRepo) -> None:
    repo.write("other.txt", "mine\n")
    repo.write("new.txt", "mine too\n")
    before = repo.git("status", "--porcelain"), repo.head()
    new = branches(repo).commit("request/x", parent=repo.head(), writes={PATH: b"two\n", "a/b.yaml": b"new\n"}, message="Edit\n\nWhy.\n")
    assert (repo.git("status", "--porcelain"), repo.head()) == before
    assert branches(repo).tip("request/x") == new == repo.head("request/x")
    assert repo.git("diff", "--name-only", "main", "request/x").split() == ["a/b.yaml", PATH]
    assert (repo.show(PATH, new), repo.show("a/b.yaml", new)) == (b"two\n", b"new\n")
    assert (
        repo.git("log", "-1", "--format=%an|%ae|%cn|%ct|%s|%b", new) == "Dana (x) Doe|dana@example.com|Dana (x) Doe|1768478400|Edit|Why.\n"
    )
    repo.git("fsck", "--strict")


def test_the_branch_must_stand_where_the_proposal_starts(repo: GitRepo) -> None:
    start = repo.head()
    first = branches(repo).commit("request/x", parent=start, writes={PATH: b"two\n"}, message="One")
    assert branches(repo).commit("request/x", parent=first, writes={PATH: b"three\n"}, message="Two") != first
    with pytest.raises(Conflict) as caught:
        branches(repo).commit("request/x", parent=start, writes={PATH: b"four\n"}, message="Three")
    assert caught.value.code == "git.branch-moved"
    assert repo.show(PATH, "request/x") == b"three\n"


@pytest.mark.parametrize(
    "name", ["", "-x", "a..b", "a b", "a\nb", "x.lock", "/x", "x/", "x//y", ".x", "@{u}", "HEAD~1", "refs/heads/\x00", "é"]
)
def test_odd_names_are_refused(name: str, repo: GitRepo) -> None:
    with pytest.raises(InvalidIntent) as caught:
        branches(repo).tip(name)
    assert caught.value.code == "git.branch-invalid"


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", ".git/config", "a/../b", "a\nb"])
def test_paths_stay_inside(path: str, repo: GitRepo) -> None:
    with pytest.raises(GoldenpathError):
        branches(repo).commit("request/x", parent=repo.head(), writes={path: b"x"}, message="Bad")
    assert branches(repo).tip("request/x") == ""


def test_a_change_of_ones_own_is_seen_wherever_it_is(repo: GitRepo) -> None:
    def has_own_change() -> bool:
        return branches(repo).has_own_change(PATH)

    assert not has_own_change()
    assert not branches(repo).has_own_change("nothing.yaml")
    repo.write(PATH, "mine\n")
    assert has_own_change()
    repo.git("add", PATH)
    repo.write(PATH, "one\n")
    assert has_own_change(), "staged and taken back on disk"
    repo.git("reset", "-q", "--hard")
    repo.remove(PATH)
    assert has_own_change()
    repo.link(PATH, "other.txt")
    assert has_own_change()
    repo.git("reset", "-q", "--hard")
    repo.git("rm", "-q", "--cached", PATH)
    assert has_own_change()
    repo.write("fresh.yaml", "untracked\n")
    assert branches(repo).has_own_change("fresh.yaml")


def test_a_bare_repository_has_nothing_open(repo: GitRepo, tmp_path: Path) -> None:
    bare = GitRepo.clone(repo.path, tmp_path / "bare.git", "--bare")
    bare.git("config", "user.email", "dana@example.com")
    writer = branches(bare)
    assert not writer.has_own_change(PATH)
    new = writer.commit("request/x", parent=bare.head("main"), writes={PATH: b"two\n"}, message="Edit")
    assert bare.git("log", "-1", "--format=%an", new) == "dana@example.com"


def test_an_open_branch_is_left_alone_in_any_working_tree(repo: GitRepo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "request/x", str(tmp_path / "second"))
    with pytest.raises(Conflict) as caught:
        branches(repo).commit("request/x", parent=repo.head("request/x"), writes={PATH: b"two\n"}, message="Edit")
    assert (caught.value.code, caught.value.subject) == ("git.branch-checked-out", str(tmp_path / "second"))
    assert repo.show(PATH, "request/x") == b"one\n"


def test_push_and_fetch_go_on_from_each_other(repo: GitRepo, tmp_path: Path) -> None:
    GitRepo.clone(repo.path, tmp_path / "origin.git", "--bare")
    repo.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    writer = branches(repo)
    assert writer.fetched_tip("request/x") == ""
    first = writer.commit("request/x", parent=repo.head(), writes={PATH: b"two\n"}, message="One")
    writer.push("request/x")
    writer.push("request/x")
    assert writer.fetched_tip("request/x") == first
    other = GitRepo.clone(tmp_path / "origin.git", tmp_path / "other", "--branch", "request/x")
    theirs = other.commit("Theirs", {PATH: "theirs\n"})
    other.git("push", "-q", "origin", "request/x")
    writer.commit("request/x", parent=first, writes={PATH: b"three\n"}, message="Two")
    with pytest.raises(Conflict) as caught:
        writer.push("request/x")
    assert caught.value.code == "git.branch-moved"
    assert writer.fetched_tip("request/x") == theirs
