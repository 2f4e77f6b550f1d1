from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from tests.gitrepo import ALICE, BOB, GitRepo

from goldenpath.errors import Conflict, GoldenpathError, InvalidIntent, Misconfigured, NotFound
from goldenpath.ports.repository import PathChange, TreeEntry
from goldenpath.providers.git.batch import BLOB_MAX_BYTES
from goldenpath.providers.git.command import Git, git_version
from goldenpath.providers.git.reader import GitReader


def test_resolves_branches_tags_ids_and_relative_names(repo: GitRepo) -> None:
    first = repo.commit("one")
    second = repo.commit("two")
    repo.git("tag", "-m", "annotated", "v1", first, env=repo._who(ALICE, ALICE, None))
    reader = GitReader(repo.path)
    assert reader.resolve("main") == reader.resolve("HEAD") == reader.resolve(second) == reader.resolve("@") == second
    assert reader.resolve("v1") == reader.resolve("HEAD~1") == reader.resolve("main^") == reader.resolve(first[:10]) == first


@pytest.mark.parametrize("ref", ["missing", "0" * 40, "HEAD~9", "refs/heads/none", "main^{tree}"])
def test_missing_ref_is_not_found(repo: GitRepo, ref: str) -> None:
    repo.commit()
    with pytest.raises(NotFound) as raised:
        GitReader(repo.path).resolve(ref)
    assert raised.value.code == "git.ref-missing"


@pytest.mark.parametrize(
    "ref", ["", "-h", "--all", "a..b", "main:file", ":/text", "a b", "a\nb", "a\0b", "HEAD^..", "x*", "x?", "[x]", "a\\b"]
)
def test_ref_that_cannot_name_one_commit_is_refused(repo: GitRepo, ref: str) -> None:
    repo.commit()
    with pytest.raises(InvalidIntent) as raised:
        GitReader(repo.path).resolve(ref)
    assert raised.value.code == "git.ref-invalid"


@pytest.mark.parametrize("ref", ["main", "main~1", "main^{commit}", "main@{0}"])
def test_tag_cannot_stand_in_for_the_branch_of_the_same_name(repo: GitRepo, ref: str) -> None:
    repo.commit()
    repo.commit()
    repo.git("tag", "main", "HEAD~1")
    reader = GitReader(repo.path)
    with pytest.raises(Conflict) as raised:
        reader.resolve(ref)
    assert raised.value.code == "git.ref-ambiguous"
    assert reader.resolve("refs/heads/main") == repo.head("HEAD")


def test_branch_that_looks_like_an_id_does_not_replace_the_commit(repo: GitRepo) -> None:
    first = repo.commit()
    second = repo.commit()
    repo.git("update-ref", f"refs/heads/{first}", second)
    assert GitReader(repo.path).resolve(first) == first


def test_merge_base_and_ancestry(repo: GitRepo) -> None:
    base = repo.commit("base")
    repo.branch("topic")
    topic = repo.commit("topic")
    repo.switch("main")
    main = repo.commit("main")
    reader = GitReader(repo.path)
    assert reader.merge_base("main", "topic") == base
    assert reader.is_ancestor(base, topic)
    assert not reader.is_ancestor(main, topic)
    with pytest.raises(NotFound):
        reader.is_ancestor("1" * 40, topic)


def test_unrelated_histories_have_no_merge_base(repo: GitRepo) -> None:
    repo.commit()
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit("other")
    with pytest.raises(NotFound) as raised:
        GitReader(repo.path).merge_base("main", "other")
    assert raised.value.code == "git.no-merge-base"
    assert "unrelated" in raised.value.message


def test_shallow_clone_is_reported_not_guessed(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit("base")
    repo.branch("topic")
    repo.commit("hidden work", author=BOB)
    repo.commit("topic")
    repo.switch("main")
    main = repo.commit("main")
    clone = GitRepo.clone(f"file://{repo.path}", tmp_path / "clone", "--depth", "1", "--no-single-branch")
    reader = GitReader(clone.path)
    with pytest.raises(NotFound) as raised:
        reader.merge_base("origin/main", "origin/topic")
    assert raised.value.code == "git.no-merge-base"
    assert "shallow" in raised.value.message
    assert "--unshallow" in raised.value.hint
    with pytest.raises(NotFound) as raised:
        reader.commits(main, "origin/topic")
    assert raised.value.code == "git.history-incomplete"
    with pytest.raises(NotFound) as raised:
        reader.added_times("origin/main", "")
    assert raised.value.code == "git.history-incomplete"


def test_commits_tell_people_and_co_authors(repo: GitRepo) -> None:
    base = repo.commit("base")
    repo.branch("topic")
    message = 'Add a request\n\nBody.\n\nco-authored-by: Carol Poe\n <carol@example.com>\nCO-AUTHORED-BY: "Dan" <dan@example.com>, Eve <eve@example.com>\n'
    first = repo.commit(message, author=ALICE, committer=BOB, time=1_768_500_000)
    second = repo.commit("Second")
    history = GitReader(repo.path).commits("main", "topic")
    assert [commit.oid for commit in history] == [first, second]
    one = history[0]
    assert (one.author_name, one.author_email, one.committer_name, one.committer_email) == (*ALICE, *BOB)
    assert one.co_authors == (("Carol Poe", "carol@example.com"), ("Dan", "dan@example.com"), ("Eve", "eve@example.com"))
    assert (one.subject, one.time, one.parents) == ("Add a request", 1_768_500_000, (base,))


def test_commits_of_merged_side_branches_are_included(repo: GitRepo) -> None:
    repo.commit("base")
    repo.branch("side")
    side = repo.commit("side work", author=BOB)
    repo.switch("main")
    repo.branch("topic")
    repo.commit("topic work")
    repo.merge("side")
    assert side in [commit.oid for commit in GitReader(repo.path).commits("main", "topic")]


def test_mailmap_and_replace_refs_do_not_change_who_wrote_it(repo: GitRepo) -> None:
    base = repo.commit("base", {".mailmap": "Bob Roe <bob@example.com> <alice@example.com>\n"})
    repo.branch("topic")
    real = repo.commit("by alice", author=ALICE)
    repo.git("switch", "-q", "-c", "fake", base)
    fake = repo.commit("by bob", author=BOB)
    repo.git("replace", real, fake)
    (commit,) = GitReader(repo.path).commits("main", "topic")
    assert (commit.oid, commit.author_email, commit.subject) == (real, "alice@example.com", "by alice")


def test_first_parent_line_leaves_side_branches_out(repo: GitRepo) -> None:
    root = repo.commit("root")
    repo.branch("topic")
    repo.commit("topic work")
    repo.switch("main")
    direct = repo.commit("direct")
    merged = repo.merge("topic")
    reader = GitReader(repo.path)
    assert [commit.oid for commit in reader.first_parents("", "main")] == [root, direct, merged]
    assert [commit.oid for commit in reader.first_parents(root, "main")] == [direct, merged]
    assert reader.first_parents(merged, "main") == ()


def test_times_of_first_addition_follow_the_first_parent_line(repo: GitRepo) -> None:
    repo.commit("root", {"a/one": "1", "b": "1"}, time=100)
    repo.branch("topic")
    repo.commit("topic", {"a/two": "1", "a/\x01three": "1", ":four": "1"}, time=200)
    repo.switch("main")
    repo.commit("gone", {"a/one": None}, time=300)
    repo.merge("topic", time=400)
    repo.commit("again", {"a/one": "2", "b": "2"}, time=500)
    repo.git("config", "log.showSignature", "true")
    reader = GitReader(repo.path)
    assert reader.added_times("main", "") == {"a/one": 100, "b": 100, "a/two": 400, "a/\x01three": 400, ":four": 400}
    assert reader.added_times("main", "a") == {"a/one": 100, "a/two": 400, "a/\x01three": 400}
    assert [commit.time for commit in reader.path_history("main", "a/one")] == [100, 300, 500]


def test_lists_a_tree_in_path_order_with_modes(repo: GitRepo) -> None:
    repo.write("a/b.yaml", "1")
    repo.write("a-b", "2")
    repo.write("a/b/c.yaml", "3")
    repo.link("a/z", "b.yaml")
    commit = repo.commit()
    reader = GitReader(repo.path)
    entries = tuple(reader.list_tree(commit, ""))
    assert [(entry.path, entry.mode) for entry in entries] == [
        ("a-b", "100644"),
        ("a/b.yaml", "100644"),
        ("a/b/c.yaml", "100644"),
        ("a/z", "120000"),
    ]
    assert tuple(reader.list_tree(commit, "a/")) == entries[1:]
    assert tuple(reader.list_tree(commit, "missing")) == tuple(reader.list_tree(commit, "a*")) == ()


def test_submodule_and_link_at_the_listed_path_show_themselves(repo: GitRepo) -> None:
    oid = repo.commit()
    repo.link("linked", "elsewhere")
    repo.git("add", "linked")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{oid},modules/x")
    repo.git("commit", "-q", "-m", "x", env=repo._who(ALICE, ALICE, None))
    reader = GitReader(repo.path)
    assert [entry.mode for entry in reader.list_tree("HEAD", "linked")] == ["120000"]
    assert tuple(reader.list_tree("HEAD", "modules/x")) == (TreeEntry(path="modules/x", mode="160000", oid=oid),)
    for path in ("linked/below", "modules/x/y"):
        with pytest.raises(InvalidIntent) as raised:
            tuple(reader.list_tree("HEAD", path))
        assert raised.value.code == "git.linked-path"


def test_names_that_are_not_utf8_or_look_like_patterns_survive(repo: GitRepo) -> None:
    odd = [b"caf\xe9.yaml", b"*.yaml", b":(top)x", b"new\nline", b"\xf0\x9f\x98\x80", b"$(touch pwned)", b"tab\there"]
    for number, name in enumerate(odd):
        (Path(os.fsdecode(os.fsencode(repo.path) + b"/" + name))).write_text(str(number))
    commit = repo.commit()
    reader = GitReader(repo.path)
    assert {os.fsencode(entry.path) for entry in reader.list_tree(commit, "")} == set(odd)
    assert reader.read_file(commit, os.fsdecode(odd[0])) == b"0"
    assert reader.read_file(commit, "*.yaml") == b"1"
    assert reader.read_file(commit, ":(top)x") == b"2"
    assert {os.fsencode(change.path) for change in reader.diff("", commit)} == set(odd)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../b", "a//b", "./a", "a\0b", "."])
def test_path_outside_the_tree_is_refused(repo: GitRepo, path: str) -> None:
    repo.commit()
    with pytest.raises(InvalidIntent) as raised:
        GitReader(repo.path).read_file("HEAD", path)
    assert raised.value.code == "git.path-invalid"


def test_reads_a_file_and_refuses_what_is_not_one(repo: GitRepo) -> None:
    repo.link("dir/link", "file")
    repo.link("linked", "dir")
    repo.commit("x", {"dir/file": b"a\r\n\xff\0"})
    commit = repo.commit("y", {".gitattributes": "* ident filter=bad\n"})
    reader = GitReader(repo.path)
    assert reader.read_file(commit, "dir/file") == b"a\r\n\xff\0"
    assert reader.read_file(commit, "dir/none") is None
    assert reader.read_file(commit, "none/none") is None
    for path, code in (("dir", "git.not-a-file"), ("dir/link", "git.not-a-file"), ("linked/file", "git.linked-path")):
        with pytest.raises(InvalidIntent) as raised:
            reader.read_file(commit, path)
        assert raised.value.code == code


def test_many_files_and_ids_are_read_at_once_as_one_by_one(repo: GitRepo) -> None:
    repo.link("linked", "dir")
    commit = repo.commit("x", {"dir/one": "1", "dir/sub/two": "2", "three": "", "same": "1"})
    reader = GitReader(repo.path)
    paths = ["three", "dir/sub/two", "none", "dir/one", "dir/none", "same", "none/none"]
    assert reader.read_files(commit, paths) == {"three": b"", "dir/sub/two": b"2", "dir/one": b"1", "same": b"1"}
    assert reader.read_files(commit, []) == {}
    nested = ["dir", "dir/sub", "dir/sub/two", "three", "none", "linked"]
    assert reader.tree_oids(commit, nested) == {path: reader.tree_oid(commit, path) for path in nested if path != "none"}
    with pytest.raises(InvalidIntent) as raised:
        reader.read_files(commit, ["three", "linked/one"])
    assert raised.value.code == "git.linked-path"
    with pytest.raises(NotFound):
        reader.tree_oids("2" * 40, ["a"])


def test_tree_oid_changes_with_content_and_is_empty_for_nothing(repo: GitRepo) -> None:
    first = repo.commit("1", {"a/f": "1"})
    second = repo.commit("2", {"a/f": "2", "b": ""})
    reader = GitReader(repo.path)
    assert reader.tree_oid(first, "a") != reader.tree_oid(second, "a")
    assert reader.tree_oid(first, "") == repo.git("rev-parse", f"{first}^{{tree}}")
    assert reader.tree_oid(first, "b") == ""
    with pytest.raises(NotFound):
        reader.tree_oid("2" * 40, "a")


def test_diff_shows_every_kind_of_change_without_renames(repo: GitRepo) -> None:
    old = repo.commit("1", {"a": "same\n" * 20, "b": "1", "dir/c": "1", "other/d": "1"})
    (repo.path / "a").rename(repo.path / "moved")
    (repo.path / "b").chmod(0o755)
    new = repo.commit("2", {"dir/c": None, "other/d": "2"})
    reader = GitReader(repo.path)
    changes = {change.path: change for change in reader.diff(old, new)}
    assert list(changes) == ["a", "b", "dir/c", "moved", "other/d"]
    assert changes["a"].new_oid == changes["a"].new_mode == changes["moved"].old_oid == ""
    assert changes["a"].old_oid == changes["moved"].new_oid
    assert (changes["b"].old_mode, changes["b"].new_mode) == ("100644", "100755")
    assert [change.path for change in reader.diff(old, new, ["other", "dir/"])] == ["dir/c", "other/d"]
    assert reader.diff(old, old) == ()
    with pytest.raises(NotFound):
        reader.diff("3" * 40, new)


def test_submodule_change_cannot_be_hidden_by_gitmodules(repo: GitRepo) -> None:
    old = repo.commit("1", {".gitmodules": '[submodule "m"]\n\tpath = catalogs/m\n\turl = ./m\n\tignore = all\n'})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{old},catalogs/m")
    repo.git("commit", "-q", "-m", "2", env=repo._who(ALICE, ALICE, None))
    assert GitReader(repo.path).diff(old, "HEAD", ["catalogs"]) == (
        PathChange(path="catalogs/m", old_oid="", new_oid=old, old_mode="", new_mode="160000"),
    )


def test_blobs_come_back_in_the_order_asked(repo: GitRepo) -> None:
    repo.commit("x", {"a": "A\n", "b": b"\0\xff\n\n", "empty": ""})
    reader = GitReader(repo.path)
    oid = {entry.path: entry.oid for entry in reader.list_tree("HEAD", "")}
    wanted = [oid["b"], oid["empty"], oid["a"], oid["b"]]
    assert list(reader.read_blobs(iter(wanted))) == [
        (wanted[0], b"\0\xff\n\n"),
        (wanted[1], b""),
        (wanted[2], b"A\n"),
        (wanted[3], b"\0\xff\n\n"),
    ]
    assert list(reader.read_blobs([])) == []


def test_blob_that_is_missing_malformed_or_huge_is_refused(repo: GitRepo) -> None:
    repo.write("big", b"x" * (BLOB_MAX_BYTES + 1))
    repo.commit()
    reader = GitReader(repo.path)
    (big,) = (entry.oid for entry in reader.list_tree("HEAD", ""))
    for oid, code in (
        ("4" * 40, "git.object-missing"),
        ("HEAD", "git.ref-invalid"),
        ("x\n" + "5" * 38, "git.ref-invalid"),
        (big, "git.object-too-large"),
    ):
        with pytest.raises(GoldenpathError) as raised:
            list(reader.read_blobs([oid]))
        assert raised.value.code == code


def test_many_blobs_stream_without_deadlock_and_may_be_left_early(repo: GitRepo) -> None:
    stream = b"".join(b"blob\nmark :%d\ndata 2000\n%s\n" % (n, str(n).encode().ljust(2000, b".")) for n in range(1, 3001))
    files = b"".join(b"M 100644 :%d f/%d\n" % (n, n) for n in range(1, 3001))
    repo.git("fast-import", "--quiet", stdin=stream + b"commit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 0\n" + files)
    reader = GitReader(repo.path)
    oids = [entry.oid for entry in reader.list_tree("main", "f")] * 5
    started = time.monotonic()
    assert sum(len(content) for _oid, content in reader.read_blobs(oids)) == 15_000 * 2000
    for _oid, content in reader.read_blobs(oids):
        assert len(content) == 2000
        break
    assert time.monotonic() - started < 20


def test_same_answers_from_a_subfolder_a_worktree_and_a_bare_clone(repo: GitRepo, tmp_path: Path) -> None:
    commit = repo.commit("x", {"sub/file": "1"})
    bare = GitRepo.clone(repo.path, tmp_path / "bare.git", "--bare")
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    roots = {GitReader(place).root for place in (repo.path, repo.path / "sub", repo.path / ".git")}
    assert roots == {str(repo.path)}
    assert GitReader(bare.path).root == str(bare.path)
    assert GitReader(tmp_path / "tree").root == str(tmp_path / "tree")
    for place in (repo.path / "sub", bare.path, tmp_path / "tree"):
        assert GitReader(place).read_file("main", "sub/file") == b"1"
        assert GitReader(place).resolve("main") == commit


def test_sha256_repository(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "r", object_format="sha256")
    commit = repo.commit("x", {"a": "1"})
    reader = GitReader(repo.path)
    assert len(reader.resolve("main")) == 64
    assert [change.path for change in reader.diff("", commit)] == ["a"]
    assert reader.read_file(commit, "a") == b"1"


def test_no_repository_missing_folder_and_missing_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(Misconfigured) as raised:
            GitReader(folder)
        assert raised.value.code == "git.not-a-repository"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misconfigured) as raised:
        GitReader(tmp_path)
    assert raised.value.code == "git.missing"
    assert "install git" in raised.value.hint


def test_git_that_is_too_old_is_named(tmp_path: Path) -> None:
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\necho git version 2.30.2\n")
    fake.chmod(0o755)
    with pytest.raises(Misconfigured) as raised:
        git_version(f"{tmp_path}:/bin:/usr/bin")
    assert raised.value.code == "git.too-old"


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder to another user needs root")
def test_repository_of_another_user_is_refused_with_the_way_out(repo: GitRepo) -> None:
    repo.commit()
    for folder, _dirs, files in os.walk(repo.path):
        for name in ("", *files):
            os.chown(Path(folder) / name, 12345, 12345)
    with pytest.raises(Misconfigured) as raised:
        GitReader(repo.path)
    assert raised.value.code == "git.unsafe-ownership"
    assert f"safe.directory {repo.path}" in raised.value.hint


def test_nothing_that_the_repository_configures_is_run(repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f'#!/bin/sh\necho "$0 $*" >> {sprung}\ncat\n')
    trap.chmod(0o755)
    base = repo.commit("1", {"a": "1", ".gitattributes": "* diff=trap filter=trap\n"})
    commit = repo.commit("2", {"a": "2"})
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.editor",
        "diff.external",
        "diff.trap.textconv",
        "diff.trap.command",
        "gpg.program",
    ):
        repo.git("config", key, str(trap))
    for key in (
        "filter.trap.clean",
        "filter.trap.smudge",
        "filter.trap.process",
        "alias.rev-parse",
        "alias.ls-tree",
        "core.alternateRefsCommand",
    ):
        repo.git("config", key, f"!{trap}" if key.startswith("alias") else str(trap))
    repo.git("config", "core.hooksPath", str(tmp_path / "hooks"))
    repo.git("config", "log.showSignature", "true")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    monkeypatch.setenv("GIT_PAGER", str(trap))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    reader = GitReader(repo.path)
    reader.merge_base(base, commit)
    assert [change.path for change in reader.diff(base, commit)] == ["a"]
    assert len(reader.commits(base, commit)) == 1
    assert reader.read_file(commit, "a") == b"2"
    assert len(tuple(reader.list_tree(commit, ""))) == 2
    assert not sprung.exists()


def test_missing_object_of_a_partial_clone_is_not_fetched(repo: GitRepo, tmp_path: Path) -> None:
    commit = repo.commit("1", {"a": "content"})
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = GitRepo.clone(f"file://{repo.path}", tmp_path / "clone", "--filter=blob:none", "--no-checkout")
    before = sorted((clone.path / ".git" / "objects").rglob("*"))
    with pytest.raises(GoldenpathError) as raised:
        GitReader(clone.path).read_file(commit, "a")
    assert raised.value.code in {"git.object-missing", "git.command-failed"}
    assert sorted((clone.path / ".git" / "objects").rglob("*")) == before


def test_failure_keeps_the_status_and_drops_what_git_wrote(repo: GitRepo) -> None:
    repo.commit()
    url = "https://user:hunter2@127.0.0.1:1/x"
    with pytest.raises(GoldenpathError) as raised:
        Git(folder=str(repo.path), is_online=True).run("ls-remote", url)
    assert raised.value.code == "git.command-failed"
    assert "128" in raised.value.message
    assert "hunter2" not in str(raised.value) + raised.value.hint


def test_slow_git_is_stopped(repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("git")
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\ncase "$*" in *merge-base*) exec sleep 30;; esac\nexec {real} "$@"\n')
    fake.chmod(0o755)
    repo.commit()
    monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)
    reader = GitReader(repo.path, timeout_seconds=0.5)
    with pytest.raises(GoldenpathError) as raised:
        reader.is_ancestor("HEAD", "HEAD")
    assert raised.value.code == "git.timeout"
    assert raised.value.retry_after_seconds
