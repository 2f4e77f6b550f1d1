"""One suite for every shape a repository comes in: working tree, bare, linked working tree, packed clone, SHA-256."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.builders import FakeClock, FakeEntropy
from tests.gitrepo import BOB, GitRepo, keygen

from goldenpath.errors import GoldenpathError, InvalidIntent, NotFound
from goldenpath.ports.repository import ApprovalNotes, RepositoryReader
from goldenpath.providers.git.notes import NOTES_REF, GitApprovalNotes
from goldenpath.providers.git.reader import GitReader


def worktree(source: GitRepo, _folder: Path) -> Path:
    return source.path


def bare(source: GitRepo, folder: Path) -> Path:
    return GitRepo.clone(source.path, folder / "bare.git", "--mirror").path


def linked(source: GitRepo, folder: Path) -> Path:
    source.git("worktree", "add", "-q", "--detach", str(folder / "linked"))
    return folder / "linked"


def packed(source: GitRepo, folder: Path) -> Path:
    clone = GitRepo.clone(source.path, folder / "packed", "--mirror")
    clone.git("gc", "-q", "--aggressive")
    clone.git("pack-refs", "--all")
    return clone.path


SHAPES = [worktree, bare, linked, packed]


@pytest.fixture(params=["sha1", "sha256"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "source", object_format=request.param)
    repo.commit("base", {"catalogs/a.yaml": "a: 1\n", "catalogs/b.yaml": "b: 1\n", "README": "x"})
    repo.branch("topic")
    repo.commit("topic\n\nCo-authored-by: Bob Roe <bob@example.com>", {"catalogs/a.yaml": "a: 2\n", "catalogs/b.yaml": None})
    repo.switch("main")
    repo.commit("main", {"README": "y"}, author=BOB)
    return repo


@pytest.fixture(params=SHAPES, ids=lambda shape: shape.__name__)
def place(request: pytest.FixtureRequest, source: GitRepo, tmp_path: Path) -> Path:
    made: Path = request.param(source, tmp_path)
    return made


def test_reader(source: GitRepo, place: Path) -> None:
    reader: RepositoryReader = GitReader(place)
    base, topic = reader.merge_base("main", "topic"), reader.resolve("topic")
    assert (base, topic) == (source.head("main~1"), source.head("topic"))
    assert reader.is_ancestor(base, topic)
    assert not reader.is_ancestor("main", topic)
    assert [change.path for change in reader.diff(base, topic)] == ["catalogs/a.yaml", "catalogs/b.yaml"]
    assert reader.diff(base, topic, ["README"]) == ()
    (commit,) = reader.commits("main", "topic")
    assert commit.co_authors == (BOB,)
    assert [commit.subject for commit in reader.first_parents("", "main")] == ["base", "main"]
    entries = list(reader.list_tree(topic, "catalogs"))
    assert [entry.path for entry in entries] == ["catalogs/a.yaml"]
    assert list(reader.read_blobs(entry.oid for entry in entries)) == [(entries[0].oid, b"a: 2\n")]
    assert reader.read_file(base, "catalogs/b.yaml") == b"b: 1\n"
    assert reader.read_file(topic, "catalogs/b.yaml") is None
    assert reader.tree_oid(base, "catalogs") != reader.tree_oid(topic, "catalogs")
    assert reader.tree_oid(topic, "none") == ""


def test_what_is_not_there_is_an_error_with_a_code(place: Path) -> None:
    reader: RepositoryReader = GitReader(place)
    absent = "e" * len(reader.resolve("main"))
    for ask in (
        lambda: reader.resolve("none"),
        lambda: reader.merge_base("main", absent),
        lambda: reader.is_ancestor(absent, "main"),
        lambda: reader.commits(absent, "main"),
        lambda: reader.commits("main", absent),
        lambda: reader.first_parents(absent, "main"),
        lambda: reader.diff("main", absent),
        lambda: reader.tree_oid(absent, "catalogs"),
        lambda: list(reader.list_tree(absent, "")),
        lambda: list(reader.list_tree(absent, "catalogs")),
        lambda: list(reader.read_blobs([absent])),
        lambda: reader.read_file(absent, "README"),
    ):
        with pytest.raises(NotFound) as raised:
            ask()
        assert raised.value.code in {"git.ref-missing", "git.object-missing"}
        assert raised.value.hint
    with pytest.raises(InvalidIntent):
        reader.read_file("main", "catalogs")


def test_notes(source: GitRepo, place: Path, tmp_path: Path) -> None:
    notes: ApprovalNotes = GitApprovalNotes(place, clock=FakeClock(), entropy=FakeEntropy())
    carol, dave = keygen(tmp_path / "carol"), keygen(tmp_path / "dave")
    for key in (carol, dave):
        signed = notes.sign("topic", b'{"statement":1}', signing_key=str(key.path), name="N", email="n@example.com")
        notes.add("topic", signed, name="N", email="n@example.com")
    people = {"carol": [carol.public], "dave": [dave.public]}
    found = [notes.verify(signed, people) for signed in notes.list_signed("topic")]
    assert [check.principal for check, _payload, _commit in found] == ["carol", "dave"]
    assert {(payload, commit) for _check, payload, commit in found} == {(b'{"statement":1}', source.head("topic"))}
    assert notes.list_signed("main") == ()
    assert notes.annotated_commits() == (source.head("topic"),)
    repo = GitRepo(place, init=False)
    assert repo.git("fsck", "--strict", "--no-dangling") == ""
    assert len(repo.git("notes", "--ref", NOTES_REF, "show", "topic").splitlines()) == 2
    with pytest.raises(GoldenpathError):
        notes.list_signed("none")
