"""The commits of pull requests come as objects: no ref, no file, no hook of ours is touched by what a stranger proposes (R11)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gitrepo import GitRepo

from goldenpath.errors import GoldenpathError
from goldenpath.providers.git.place import find_place
from goldenpath.providers.git.pull_objects import PullRequestFetcher
from goldenpath.providers.git.reader import GitReader

HOSTILE = {"catalogs/x.yaml": "a: 1\n", ".gitattributes": "* filter=evil\n", ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ./x\n'}


@pytest.fixture
def remote(tmp_path: Path) -> GitRepo:
    """What the forge keeps: a bare repository with a ref for each pull request, that of a fork too."""
    source = GitRepo(tmp_path / "source")
    source.commit("Start", {"README.md": "x\n"})
    bare = GitRepo.clone(source.path, tmp_path / "remote.git", "--bare")
    fork = GitRepo.clone(bare.path, tmp_path / "fork")
    fork.branch("evil")
    fork.commit("Change", HOSTILE)
    bare.git("fetch", "-q", str(fork.path), "evil:refs/pull/7/head")
    return bare


@pytest.fixture
def here(remote: GitRepo, tmp_path: Path) -> GitRepo:
    # by an address: a clone of a path would bring every object along
    made = GitRepo.clone(f"file://{remote.path}", tmp_path / "platform")
    assert made.git("cat-file", "-t", remote.head("refs/pull/7/head"), check=False) == ""
    return made


def fetcher(repo: GitRepo) -> PullRequestFetcher:
    return PullRequestFetcher(find_place(repo.path))


def state_of(repo: GitRepo) -> tuple[str, ...]:
    files = sorted(f"{path.relative_to(repo.path)} {path.stat().st_mtime_ns}" for path in repo.path.rglob("*") if ".git" not in path.parts)
    return (repo.git("for-each-ref"), repo.git("status", "--porcelain"), repo.git("rev-parse", "HEAD"), *files)


def test_a_forks_head_comes_with_its_history_and_moves_nothing(here: GitRepo, remote: GitRepo) -> None:
    head, before = remote.head("refs/pull/7/head"), state_of(here)
    hooks = here.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-merge"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {here.path}/ran\n")
        (hooks / name).chmod(0o755)
    fetcher(here).bring(7, head)
    reader = GitReader(here.path)
    assert reader.read_file(head, "catalogs/x.yaml") == b"a: 1\n"
    assert reader.merge_base(here.head("main"), head) == here.head("main")
    assert state_of(here) == before
    assert not (here.path / ".git" / "FETCH_HEAD").exists()


def test_what_is_here_is_not_asked_for(here: GitRepo, remote: GitRepo) -> None:
    head = remote.head("refs/pull/7/head")
    fetcher(here).bring(7, head)
    here.git("remote", "remove", "origin")
    fetcher(here).bring(7, head)
    assert here.git("cat-file", "-t", head) == "commit"


@pytest.mark.parametrize("commit", ["d" * 40, "", "main", "--upload-pack=touch pwned", "refs/pull/7/head", "D" * 40])
def test_another_commit_than_the_ref_leads_to_is_missing(here: GitRepo, commit: str) -> None:
    with pytest.raises(GoldenpathError) as caught:
        fetcher(here).bring(7, commit)
    assert caught.value.code == "git.ref-missing"


@pytest.mark.parametrize("number", [8, 4711])
def test_a_ref_that_is_not_there_is_no_answer(here: GitRepo, number: int) -> None:
    with pytest.raises(GoldenpathError) as caught:
        fetcher(here).bring(number, "d" * 40)
    assert caught.value.code == "git.remote-unavailable"


def test_a_remote_that_is_gone_is_said_so(here: GitRepo, remote: GitRepo) -> None:
    head = remote.head("refs/pull/7/head")
    here.git("remote", "set-url", "origin", str(here.path / "nowhere"))
    with pytest.raises(GoldenpathError) as caught:
        fetcher(here).bring(7, head)
    assert caught.value.code == "git.remote-unavailable"
    assert "nowhere" not in str(caught.value)


def test_one_commit_is_read_alone(here: GitRepo) -> None:
    found = GitReader(here.path).commit(here.head("main"))
    assert (found.oid, found.parents, found.author_email) == (here.head("main"), (), "alice@example.com")
    with pytest.raises(GoldenpathError) as caught:
        GitReader(here.path).commit("d" * 40)
    assert caught.value.code == "git.object-missing"
