"""One suite for every way a manifest repository can stand: bare, checked out, another branch checked out, a folder inside, a remote."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.builders import FakeClock
from tests.gitrepo import BOB, GitRepo

from goldenpath.errors import Conflict, GoldenpathError, InvalidIntent
from goldenpath.model.settings import DeliverySettings
from goldenpath.ports.repository import ManifestRepository
from goldenpath.providers.git.manifests import GitManifests

SETTINGS = DeliverySettings(author_name="Robot", author_email="robot@example.com")


class Stand:
    """A target, another target on the same branch, and the repository whose branch counts."""

    def __init__(self, open_target: Callable[[], ManifestRepository], truth: GitRepo, prefix: str = "") -> None:
        self.open = open_target
        self.truth = truth
        self.prefix = prefix

    def files(self) -> dict[str, bytes]:
        return {name: self.truth.show(name, "refs/heads/main") for name in self.truth.files("refs/heads/main")}


def make_bare(folder: Path) -> Stand:
    repo = GitRepo(folder / "gitops.git", bare=True)
    return Stand(lambda: GitManifests(repo.path, settings=SETTINGS, clock=FakeClock()), repo)


def make_checked_out(folder: Path) -> Stand:
    repo = GitRepo(folder / "gitops")
    return Stand(lambda: GitManifests(repo.path, settings=SETTINGS, clock=FakeClock()), repo)


def make_other_branch(folder: Path) -> Stand:
    repo = GitRepo(folder / "gitops")
    repo.git("symbolic-ref", "HEAD", "refs/heads/other")
    return Stand(lambda: GitManifests(repo.path, settings=SETTINGS, clock=FakeClock()), repo)


def make_folder_inside(folder: Path) -> Stand:
    repo = GitRepo(folder / "platform")
    (repo.path / "deploy").mkdir()
    return Stand(lambda: GitManifests(repo.path / "deploy", settings=SETTINGS, clock=FakeClock()), repo, "deploy/")


def make_remote(folder: Path) -> Stand:
    truth = GitRepo(folder / "server.git", bare=True)
    clone = GitRepo(folder / "clone")
    clone.git("remote", "add", "origin", str(truth.path))
    settings = DeliverySettings(remote="origin", author_name="Robot", author_email="robot@example.com")
    return Stand(lambda: GitManifests(clone.path, settings=settings, clock=FakeClock()), truth)


@pytest.fixture(
    params=[make_bare, make_checked_out, make_other_branch, make_folder_inside, make_remote], ids=lambda make: make.__name__[5:]
)
def stand(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    made: Stand = request.param(tmp_path)
    return made


def put(target: ManifestRepository, writes: dict[str, bytes], removals: tuple[str, ...] = (), message: str = "Deliver\n") -> str:
    return target.commit(expected_head=target.head(), writes=writes, removals=removals, message=message)


def test_first_commit_of_an_empty_repository(stand: Stand) -> None:
    target = stand.open()
    assert target.head() == ""
    assert target.read_tree("environments") == {}
    commit = put(target, {"environments/dev/a.yaml": b"a\n", "b": b"\xff\x00"}, message="Deliver\n\nGoldenpath-Request: SEC-0007\n")
    assert target.head() == stand.open().head() == stand.truth.head("refs/heads/main") == commit
    assert stand.files() == {f"{stand.prefix}b": b"\xff\x00", f"{stand.prefix}environments/dev/a.yaml": b"a\n"}
    assert target.read_tree("environments") == {"environments/dev/a.yaml": b"a\n"}
    described = stand.truth.git("log", "-1", "--format=%an <%ae> %at|%cn <%ce> %ct|%B", commit)
    assert (
        described == "Robot <robot@example.com> 1768478400|Robot <robot@example.com> 1768478400|Deliver\n\nGoldenpath-Request: SEC-0007\n"
    )
    assert stand.truth.git("fsck", "--strict", "--no-dangling") == ""


def test_writes_and_removals_leave_everything_else(stand: Stand) -> None:
    target = stand.open()
    first = put(target, {"a/x": b"1", "a/y": b"1", "z": b"1"})
    second = put(target, {"a/x": b"2", "new/deep/er": b"1"}, ("a/y", "not-there"))
    names = {name.removeprefix(stand.prefix): content for name, content in stand.files().items()}
    assert names == {"a/x": b"2", "new/deep/er": b"1", "z": b"1"}
    assert stand.truth.git("rev-parse", f"{second}^") == first


def test_nothing_to_change_makes_no_commit(stand: Stand) -> None:
    target = stand.open()
    first = put(target, {"a": b"1"})
    assert put(target, {"a": b"1"}, ("gone",)) == first
    assert stand.truth.head("refs/heads/main") == first


def test_lost_race_publishes_nothing(stand: Stand) -> None:
    slow, fast = stand.open(), stand.open()
    seen = slow.head()
    winner = put(fast, {"a": b"fast"})
    with pytest.raises(Conflict) as raised:
        slow.commit(expected_head=seen, writes={"a": b"slow"}, removals=(), message="late")
    assert raised.value.code == "delivery.push-race"
    assert slow.head() == stand.truth.head("refs/heads/main") == winner
    put(slow, {"a": b"slow"})
    assert stand.files() == {f"{stand.prefix}a": b"slow"}


def test_stale_head_is_a_lost_race(stand: Stand) -> None:
    target = stand.open()
    first = put(target, {"a": b"1"})
    second = put(target, {"a": b"2"})
    with pytest.raises(Conflict) as raised:
        target.commit(expected_head=first, writes={"a": b"3"}, removals=(), message="late")
    assert raised.value.code == "delivery.push-race"
    assert stand.truth.head("refs/heads/main") == second


PATHS = (
    "", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a/.", ".git/config", "a/.git/config", ".GIT/x", ".giT", "git~1/x", ".git./x", ".git /x",
    ".g\u200cit/config", "\uff0egit/x", ".gitmodules", ".gitattributes", "a\\b", "a\nb", "a\0b", "c:x", ".git::$INDEX_ALLOCATION/x", "é", "a" * 256, "a/" * 600 + "b",
    "$(touch pwned)", "-rf/..", "a\udcff",
)  # fmt: skip


def test_path_that_leads_out_or_looks_like_gits_own_is_refused(stand: Stand) -> None:
    target = stand.open()
    for path in PATHS:
        for writes, removals in (({path: b"x"}, ()), ({}, (path,))):
            with pytest.raises(InvalidIntent) as raised:
                target.commit(expected_head="", writes=writes, removals=removals, message="x")
            assert raised.value.code == "delivery.path-invalid", path
    with pytest.raises(InvalidIntent):
        target.commit(expected_head="", writes={"a": b"x"}, removals=("a",), message="x")
    assert target.head() == ""


def test_links_and_foreign_shapes_in_the_way_are_refused(stand: Stand) -> None:
    target = stand.open()
    put(target, {"file": b"1", "folder/x": b"1"})
    editor = GitRepo.clone(stand.truth.path, stand.truth.path.parent / "editor", "--branch", "main")
    base = editor.path / stand.prefix
    (base / "linked").symlink_to("folder")
    (base / "link").symlink_to("/etc/passwd")
    editor.commit("links", author=BOB)
    editor.git("push", "-q", "origin", "HEAD:refs/heads/incoming")
    stand.truth.git("update-ref", "refs/heads/main", "refs/heads/incoming")
    before = stand.open().head()
    for path in ("linked/x", "link", "file/x", "folder"):
        with pytest.raises(GoldenpathError) as raised:
            stand.open().commit(expected_head=before, writes={path: b"x"}, removals=(), message="x")
        assert raised.value.code == "delivery.foreign-file"
    assert stand.truth.head("refs/heads/main") == before
    assert set(stand.open().read_tree("")) == {"file", "folder/x"}


def test_file_gives_way_to_a_folder_when_it_is_removed_in_the_same_commit(stand: Stand) -> None:
    target = stand.open()
    put(target, {"a": b"1", "b/c": b"1"})
    put(target, {"a/x": b"2", "b": b"2"}, ("a", "b/c"))
    assert stand.files() == {f"{stand.prefix}a/x": b"2", f"{stand.prefix}b": b"2"}


def test_many_files_take_few_processes(stand: Stand) -> None:
    writes = {f"environments/dev/{number:04}.yaml": b"x: %d\n" % number for number in range(500)}
    target = stand.open()
    put(target, writes)
    assert target.read_tree("environments/dev") == writes
