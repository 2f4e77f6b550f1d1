from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.builders import FakeClock
from tests.gitrepo import BOB, GitRepo, git_environment

from goldenpath.errors import Conflict, GoldenpathError, Misconfigured, ProviderRefused, ProviderUnavailable
from goldenpath.model.settings import DeliverySettings
from goldenpath.providers.git import checkout as checkout_module
from goldenpath.providers.git import files as files_module
from goldenpath.providers.git.checkout import Checkout
from goldenpath.providers.git.command import Git
from goldenpath.providers.git.manifests import GitManifests

LOCAL = DeliverySettings()
PUSHED = DeliverySettings(remote="origin")


def open_target(repo: GitRepo, settings: DeliverySettings = LOCAL) -> GitManifests:
    return GitManifests(repo.path, settings=settings, clock=FakeClock())


def put(target: GitManifests, writes: dict[str, bytes], removals: tuple[str, ...] = ()) -> str:
    return target.commit(expected_head=target.head(), writes=writes, removals=removals, message="Deliver")


def is_clean(repo: GitRepo) -> bool:
    return repo.git("status", "--porcelain", "--untracked-files=all") == ""


def test_checked_out_branch_is_brought_along(repo: GitRepo) -> None:
    target = open_target(repo)
    put(target, {"environments/dev/a": b"1", "environments/dev/deep/b": b"1"})
    put(target, {"environments/dev/a": b"2"}, ("environments/dev/deep/b",))
    assert (repo.path / "environments/dev/a").read_bytes() == b"2"
    assert not (repo.path / "environments/dev/deep").exists()
    assert is_clean(repo)


def test_linked_worktree_that_has_the_branch_is_brought_along(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit("start")
    repo.branch("elsewhere")
    repo.git("worktree", "add", "-q", str(tmp_path / "tree"), "main")
    put(open_target(repo), {"a": b"1"})
    assert (tmp_path / "tree" / "a").read_bytes() == b"1"
    assert is_clean(GitRepo(tmp_path / "tree", init=False))
    assert not (repo.path / "a").exists()


def test_unrelated_work_of_a_person_is_kept(repo: GitRepo) -> None:
    repo.commit("start", {"README": "1", "staged": "1"})
    repo.write("README", "my edit")
    repo.write("staged", "my stage")
    repo.git("add", "staged")
    repo.write("untracked", "mine")
    put(open_target(repo), {"a": b"1"})
    assert repo.git("status", "--porcelain") == " M README\nM  staged\n?? untracked"


@pytest.mark.parametrize("how", ["edited", "staged", "removed", "untracked in the way", "folder in the way", "link in the way"])
def test_change_of_a_person_in_a_delivered_file_is_never_lost(repo: GitRepo, how: str) -> None:
    target = open_target(repo)
    first = put(target, {"a": b"1"})
    path = "a"
    if how in {"edited", "staged"}:
        repo.write("a", "mine")
    if how == "staged":
        repo.git("add", "a")
        repo.write("a", "1")
    if how == "removed":
        repo.remove("a")
    if how.endswith("in the way"):
        path = "new"
        if how.startswith("link"):
            repo.link("new", "a")
        else:
            repo.write("new/x" if how.startswith("folder") else "new", "mine")
    before = repo.git("status", "--porcelain")
    with pytest.raises(Conflict) as raised:
        put(target, {path: b"2"})
    assert raised.value.code == "delivery.dirty-checkout"
    assert path in raised.value.message
    assert repo.head() == first
    assert repo.git("status", "--porcelain") == before


def test_linked_folder_on_disk_is_not_written_through(repo: GitRepo, tmp_path: Path) -> None:
    target = open_target(repo)
    put(target, {"folder/a": b"1"})
    outside = tmp_path / "outside"
    (repo.path / "folder").rename(outside)
    (repo.path / "folder").symlink_to(outside)
    with pytest.raises(Conflict) as raised:
        put(target, {"folder/a": b"2"})
    assert raised.value.code == "delivery.dirty-checkout"
    assert (outside / "a").read_bytes() == b"1"


def test_hooks_filters_and_signing_settings_take_no_part(repo: GitRepo, tmp_path: Path) -> None:
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f'#!/bin/sh\necho "$0 $*" >> {sprung}\ncat\n')
    trap.chmod(0o755)
    repo.commit("start", {".gitattributes": "* filter=trap\n"})
    for hook in (
        "pre-commit",
        "commit-msg",
        "post-commit",
        "reference-transaction",
        "post-index-change",
        "post-checkout",
        "pre-push",
        "update",
    ):
        (repo.path / ".git" / "hooks").mkdir(exist_ok=True)
        (repo.path / ".git" / "hooks" / hook).symlink_to(trap)
    for key in ("filter.trap.clean", "filter.trap.smudge", "core.fsmonitor", "gpg.program", "core.editor"):
        repo.git("config", key, str(trap))
    repo.git("config", "commit.gpgSign", "true")
    put(open_target(repo), {"a": b"raw\r\n"})
    assert not sprung.exists()
    assert (repo.path / "a").read_bytes() == repo.show("a") == b"raw\r\n"


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_before(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """End the run before its ``number``-th effect: a git command, a file of the checkout, a note about it. After one is before the next."""
    done: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if len(done) == number:
                raise Killed
            done.append(name)
            return real(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(Git, "run", counted("git", Git.run))
        for name in ("replace_file", "remove_file"):
            patch.setattr(checkout_module, name, counted(name, getattr(files_module, name)))
        for name in ("begin", "done"):
            patch.setattr(Checkout, name, counted(name, getattr(Checkout, name)))
        yield done


@pytest.mark.parametrize("kind", ["checked-out", "bare", "remote"])
def test_killed_anywhere_and_run_again_ends_as_a_clean_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    writes = {"environments/dev/a": b"2", "environments/dev/new": b"2"}
    settings = _make_kill_stand(tmp_path / "start", kind)
    number, is_finished = 0, False
    while not is_finished:
        shutil.copytree(tmp_path / "start", tmp_path / str(number), symlinks=True)
        repo, truth = (GitRepo(tmp_path / str(number) / name, init=False) for name in ("repo", "truth.git" if kind == "remote" else "repo"))
        with killed_before(number, monkeypatch) as effects:
            try:
                put(open_target(repo, settings), writes, ("environments/dev/old",))
                is_finished = True
            except Killed:
                pass
        assert truth.show("environments/dev/a", "main") in {b"1", b"2"}
        put(open_target(repo, settings), writes, ("environments/dev/old",))
        assert truth.files("main") == ["environments/dev/a", "environments/dev/new"]
        assert truth.git("rev-list", "--count", "main") == "2"
        if kind == "checked-out":
            assert is_clean(repo)
            assert (repo.path / "environments/dev/a").read_bytes() == b"2"
            assert not (repo.path / ".git" / "goldenpath-delivery").exists()
        number += 1
    assert len(effects) == number - 1 >= 10
    assert truth.git("fsck", "--strict", "--no-dangling") == ""


def _make_kill_stand(folder: Path, kind: str) -> DeliverySettings:
    first = {"environments/dev/a": b"1", "environments/dev/old": b"1"}
    repo = GitRepo(folder / "repo", bare=kind == "bare")
    if kind != "remote":
        put(open_target(repo), first)
        return LOCAL
    GitRepo(folder / "truth.git", bare=True)
    repo.git("remote", "add", "origin", "../truth.git")
    put(open_target(repo, PUSHED), first)
    return PUSHED


@pytest.mark.parametrize("when", ["before", "after"])
def test_process_that_is_really_killed_at_the_ref_update(repo: GitRepo, tmp_path: Path, when: str) -> None:
    first = put(open_target(repo), {"a": b"1"})
    shim = tmp_path / "bin" / "git"
    shim.parent.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, check=True, text=True).stdout.strip()
    act = f'{real} "$@"; kill -9 $PPID' if when == "after" else "kill -9 $PPID"
    shim.write_text(f'#!/bin/sh\ncase "$*" in *update-ref*) {act};; *) exec {real} "$@";; esac\n')
    shim.chmod(0o755)
    code = (
        "import sys; from goldenpath.providers.git.manifests import GitManifests; from goldenpath.model.settings import DeliverySettings\n"
        "from goldenpath.providers.system import SystemClock\n"
        "t = GitManifests(sys.argv[1], settings=DeliverySettings(), clock=SystemClock())\n"
        "t.commit(expected_head=t.head(), writes={'a': b'2', 'b': b'2'}, removals=(), message='x')\n"
    )
    environment = git_environment(tmp_path, {"PATH": f"{shim.parent}:{os.environ['PATH']}"})
    killed = subprocess.run([sys.executable, "-c", code, str(repo.path)], env=environment, check=False, capture_output=True)
    assert killed.returncode == -9
    assert (repo.head() == first) is (when == "before")
    put(open_target(repo), {"a": b"2", "b": b"2"})
    assert is_clean(repo)
    assert (repo.path / "b").read_bytes() == b"2"


def test_full_disk_leaves_the_old_file_whole_and_a_rerun_finishes(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    target = open_target(repo)
    put(target, {"a": b"old", "b": b"old"})

    def full(folder: int, name: str, _content: bytes) -> None:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT, dir_fd=folder))
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files_module, "_write_new", full)
        with pytest.raises(Conflict) as raised:
            put(target, {"a": b"new" * 10_000, "b": b"new"})
    assert raised.value.code == "delivery.checkout-unwritable"
    assert (repo.path / "a").read_bytes() == b"old"
    assert sorted(path.name for path in repo.path.iterdir()) == [".git", "a", "b"]
    open_target(repo).head()
    assert (repo.path / "a").read_bytes() == b"new" * 10_000
    assert is_clean(repo)


def test_full_disk_in_the_object_store_changes_nothing(repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = put(open_target(repo), {"a": b"old"})
    real = subprocess.run(["which", "git"], capture_output=True, check=True, text=True).stdout.strip()
    shim = tmp_path / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nulimit -f 8\nexec {real} "$@"\n')
    shim.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(shim.parent), prepend=os.pathsep)
        with pytest.raises(GoldenpathError) as raised:
            put(open_target(repo), {"a": os.urandom(200_000)})
    assert raised.value.code == "git.command-failed"
    assert repo.head() == first
    assert is_clean(repo)
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


def test_marker_of_a_move_that_never_happened_is_forgotten(repo: GitRepo) -> None:
    target = open_target(repo)
    first = put(target, {"a": b"1"})
    for text in (f"{first} {'7' * 40}\n", "noise", "-x --all\n", ""):
        (repo.path / ".git" / "goldenpath-delivery").write_text(text)
        assert target.head() == first
    assert is_clean(repo)


def test_parallel_deliveries_to_one_checkout_end_clean(repo: GitRepo) -> None:
    put(open_target(repo), {"start": b"1"})

    codes = {"delivery.push-race"}

    def run(number: int) -> None:
        target = open_target(repo)
        for _attempt in range(30):
            try:
                put(target, {f"file{number}": b"x"})
            except Conflict as conflict:
                codes.add(conflict.code)
            else:
                return
        raise AssertionError("never got through")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {"delivery.push-race"}
    assert repo.files() == ["file0", "file1", "file2", "file3", "start"]
    assert is_clean(repo)


def test_remote_push_follows_a_clean_local_branch_and_leaves_a_dirty_one(tmp_path: Path) -> None:
    truth = GitRepo(tmp_path / "truth.git", bare=True)
    GitRepo.clone(truth.path, tmp_path / "seed").commit("start", {"a": "1"})
    GitRepo(tmp_path / "seed", init=False).git("push", "-q", "origin", "HEAD:main")
    clone = GitRepo.clone(truth.path, tmp_path / "clone", "--branch", "main")
    second = put(open_target(clone, PUSHED), {"a": b"2"})
    assert clone.head() == clone.head("origin/main") == truth.head("main") == second
    assert is_clean(clone)
    clone.write("a", "mine")
    third = put(open_target(clone, PUSHED), {"a": b"3"})
    assert truth.head("main") == third
    assert clone.head("main") == second
    assert (clone.path / "a").read_text() == "mine"


def test_remote_that_moved_is_fetched_first(tmp_path: Path) -> None:
    truth = GitRepo(tmp_path / "truth.git", bare=True)
    clone = GitRepo.clone(truth.path, tmp_path / "clone")
    other = GitRepo.clone(truth.path, tmp_path / "other")
    other.commit("theirs", {"theirs": "1"}, author=BOB)
    other.git("push", "-q", "origin", "HEAD:main")
    put(open_target(clone, PUSHED), {"ours": b"1"})
    assert truth.files("main") == ["ours", "theirs"]


def test_remote_that_refuses_is_not_a_race(tmp_path: Path) -> None:
    truth = GitRepo(tmp_path / "truth.git", bare=True)
    hook = truth.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho token=hunter2 >&2\nexit 1\n")
    hook.chmod(0o755)
    clone = GitRepo.clone(truth.path, tmp_path / "clone")
    with pytest.raises(ProviderRefused) as raised:
        put(open_target(clone, PUSHED), {"a": b"1"})
    assert raised.value.code == "delivery.push-refused"
    assert "hunter2" not in f"{raised.value} {raised.value.hint}"


def test_push_whose_answer_is_lost_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = GitRepo(tmp_path / "truth.git", bare=True)
    clone = GitRepo.clone(truth.path, tmp_path / "clone")
    real = Git.run

    def lossy(self: Git, *arguments: str, **options: Any) -> Any:
        answer = real(self, *arguments, **options)
        return type(answer)(128, b"") if arguments[0] == "push" else answer

    monkeypatch.setattr(Git, "run", lossy)
    commit = put(open_target(clone, PUSHED), {"a": b"1"})
    assert truth.head("main") == commit


def test_remote_out_of_reach_and_remote_that_is_not_configured(repo: GitRepo, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as missing:
        open_target(repo, PUSHED)
    assert missing.value.code == "delivery.remote-missing"
    repo.git("remote", "add", "origin", str(tmp_path / "none"))
    with pytest.raises(ProviderUnavailable) as away:
        open_target(repo, PUSHED).head()
    assert away.value.code == "delivery.remote-unavailable"
    assert away.value.retry_after_seconds


@pytest.mark.parametrize("branch", ["-x", "a..b", "a//b", "/a", "a/", "a.lock", ".a", "a."])
def test_branch_that_is_none_is_refused(repo: GitRepo, branch: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        open_target(repo, DeliverySettings(branch=branch))
    assert raised.value.code == "delivery.branch-invalid"


def test_locked_branch_is_said_to_be_locked(repo: GitRepo) -> None:
    target = open_target(repo)
    first = put(target, {"a": b"1"})
    (repo.path / ".git/refs/heads/main.lock").touch()
    with pytest.raises(ProviderUnavailable) as raised:
        put(target, {"a": b"2"})
    assert raised.value.code == "delivery.ref-locked"
    assert repo.head() == first
    assert is_clean(repo)


def test_folder_of_git_itself_is_no_target(repo: GitRepo) -> None:
    with pytest.raises(Misconfigured):
        GitManifests(repo.path / ".git", settings=LOCAL, clock=FakeClock())
