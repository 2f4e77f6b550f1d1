from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import FakeClock
from tests.gitrepo import GitRepo

from goldenpath.delivery.compare import Files, compare
from goldenpath.delivery.listing import LISTING, read_listing, write_listing
from goldenpath.delivery.message import SUBJECT_MAX, DeliveryMessage
from goldenpath.delivery.outline import NOTHING, Outline, dump_outline, load_outline
from goldenpath.delivery.publish import preview_delivery, publish
from goldenpath.errors import Conflict, InvalidIntent
from goldenpath.model.settings import DeliverySettings
from goldenpath.providers.git.manifests import GitManifests
from goldenpath.providers.git.reader import GitReader

SETTINGS = DeliverySettings(repository="../gitops", attempts=3)
MESSAGE = DeliveryMessage(
    subject="Deliver dev",
    request_ids=("SEC-0100", "SEC-0007", "SEC-0007"),
    change_digests=("sha256:" + "a" * 64,),
    correlation_ids=("corr-1",),
    source_commit="b" * 40,
)
FILES: Files = {"dev": {"es/a.yaml": b"a: 1\n", "es/b.yaml": b"b: 1\n"}}


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return GitRepo(tmp_path / "gitops.git", bare=True)


@pytest.fixture
def target(repo: GitRepo) -> GitManifests:
    return GitManifests(repo.path, settings=SETTINGS, clock=FakeClock())


def by_hand(target: GitManifests, writes: dict[str, bytes], removals: tuple[str, ...] = ()) -> str:
    return target.commit(expected_head=target.head(), writes=writes, removals=removals, message="by hand")


def test_first_delivery_writes_files_listing_and_trailers(repo: GitRepo, target: GitManifests, tmp_path: Path) -> None:
    receipt = publish(target, FILES, settings=SETTINGS, message=MESSAGE)
    assert receipt.commit == repo.head("main")
    assert (receipt.repository, receipt.branch, receipt.unchanged, receipt.removed) == ("../gitops", "main", 0, ())
    assert list(receipt.written) == repo.files("main") == [f"environments/dev/{name}" for name in (LISTING, "es/a.yaml", "es/b.yaml")]
    GitRepo.clone(repo.path, tmp_path / "clone", "-b", "main")
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", LISTING], cwd=tmp_path / "clone/environments/dev", check=True)
    assert repo.git("log", "-1", "--format=%B", "main").rstrip("\n") == (
        "Deliver dev\n\nGoldenpath-Request: SEC-0007\nGoldenpath-Request: SEC-0100\n"
        f"Goldenpath-Change-Digest: sha256:{'a' * 64}\nGoldenpath-Correlation-Id: corr-1\nGoldenpath-Source-Commit: {'b' * 40}"
    )
    (commit,) = GitReader(repo.path).first_parents("", "main")
    assert commit.trailers == MESSAGE.trailers


def test_second_delivery_makes_no_commit(repo: GitRepo, target: GitManifests) -> None:
    first = publish(target, FILES, settings=SETTINGS, message=MESSAGE)
    second = publish(target, FILES, settings=SETTINGS, message=MESSAGE)
    assert (second.commit, second.written, second.removed, second.unchanged) == ("", (), (), 2)
    assert repo.head("main") == first.commit


def test_only_differences_are_written_and_stale_files_removed(repo: GitRepo, target: GitManifests) -> None:
    publish(target, {**FILES, "prod": {"x": b"1"}}, settings=SETTINGS, message=MESSAGE)
    by_hand(target, {"environments/dev/README.md": b"ours", "environments/dev/es/kustomization.yaml": b"ours", "other/x": b"1"})
    receipt = publish(target, {"dev": {"es/a.yaml": b"a: 2\n", "es/c.yaml": b"c"}}, settings=SETTINGS, message=MESSAGE)
    assert receipt.written == ("environments/dev/" + LISTING, "environments/dev/es/a.yaml", "environments/dev/es/c.yaml")
    assert receipt.removed == ("environments/dev/es/b.yaml",)
    assert {"environments/dev/README.md", "environments/dev/es/kustomization.yaml", "other/x", "environments/prod/x"} < set(
        repo.files("main")
    )


def test_environment_without_files_gives_up_what_was_ours(repo: GitRepo, target: GitManifests) -> None:
    publish(target, FILES, settings=SETTINGS, message=MESSAGE)
    by_hand(target, {"environments/dev/README.md": b"theirs"})
    receipt = publish(target, {"dev": {}}, settings=SETTINGS, message=MESSAGE)
    assert len(receipt.removed) == 3
    assert repo.files("main") == ["environments/dev/README.md"]
    assert publish(target, {"dev": {}}, settings=SETTINGS, message=MESSAGE).commit == ""


def test_hand_edited_generated_files_need_a_decision_and_are_all_named(repo: GitRepo, target: GitManifests) -> None:
    publish(target, {"dev": {"a": b"1", "b": b"1", "c": b"1", "stale": b"1"}}, settings=SETTINGS, message=MESSAGE)
    edited = by_hand(
        target, {"environments/dev/a": b"mine", "environments/dev/stale": b"mine", "environments/dev/c": b"2"}, ("environments/dev/b",)
    )
    wanted = {"dev": {"a": b"1", "b": b"1", "c": b"2"}}
    drifted = ("environments/dev/a", "environments/dev/b", "environments/dev/stale")
    with pytest.raises(Conflict) as raised:
        publish(target, wanted, settings=SETTINGS, message=MESSAGE)
    assert raised.value.code == "delivery.drift"
    assert all(path in raised.value.message for path in drifted)
    assert preview_delivery(target, wanted, settings=SETTINGS).drift == drifted
    assert repo.head("main") == edited
    receipt = publish(target, wanted, settings=SETTINGS, message=MESSAGE, accept_drift=True)
    assert receipt.drift == drifted
    assert target.read_tree("environments/dev")["environments/dev/a"] == b"1"
    assert receipt.removed == ("environments/dev/stale",)


FOREIGN = {
    "same path": ("es/a.yaml", {"es/a.yaml": b"new"}),
    "other case": ("ES/A.yaml", {"es/a.yaml": b"new"}),
    "file where a folder must be": ("es", {"es/a.yaml": b"new"}),
    "folder where a file must be": ("es/theirs", {"es": b"new"}),
}


@pytest.mark.parametrize("accept_drift", [False, True])
@pytest.mark.parametrize("case", sorted(FOREIGN))
def test_file_of_somebody_else_is_never_replaced(repo: GitRepo, target: GitManifests, case: str, accept_drift: bool) -> None:
    theirs, wanted = FOREIGN[case]
    head = by_hand(target, {f"environments/dev/{theirs}": b"theirs"})
    with pytest.raises(Conflict) as raised:
        publish(target, {"dev": wanted}, settings=SETTINGS, message=MESSAGE, accept_drift=accept_drift)
    assert raised.value.code == "delivery.foreign-file"
    assert raised.value.subject == f"environments/dev/{theirs}"
    assert repo.head("main") == head


def test_identical_file_is_taken_over(repo: GitRepo, target: GitManifests) -> None:
    by_hand(target, {"environments/dev/es/a.yaml": b"a: 1\n"})
    receipt = publish(target, FILES, settings=SETTINGS, message=MESSAGE)
    assert receipt.unchanged == 1
    assert "environments/dev/es/a.yaml" not in receipt.written


@pytest.mark.parametrize(
    "listing",
    ["noise\n", "0" * 64 + "  ../../outside\n", "0" * 64 + "  /etc/passwd\n", "0" * 64 + "  a/../b\n", "0" * 64 + "  a", "0" * 64 + " a\n",
     "A" * 64 + "  a\n", "0" * 64 + "  a\n" + "1" * 64 + "  a\n", "0" * 64 + "  a//b\n", "0" * 64 + "  .\n", "0" * 64 + "  a/\n", "\n"],
)  # fmt: skip
def test_listing_that_cannot_be_trusted_stops_the_delivery(repo: GitRepo, target: GitManifests, listing: str) -> None:
    head = by_hand(target, {f"environments/dev/{LISTING}": listing.encode(), "outside": b"1"})
    with pytest.raises(Conflict) as raised:
        publish(target, FILES, settings=SETTINGS, message=MESSAGE, accept_drift=True)
    assert raised.value.code == "delivery.listing-invalid"
    assert repo.head("main") == head


class Racing(GitManifests):
    """The real repository, with another writer who gets in first a number of times."""

    losses = 0

    def commit(self, **arguments: object) -> str:
        if self.losses:
            self.losses -= 1
            rival = GitManifests(self._reader.root, settings=SETTINGS, clock=FakeClock())
            by_hand(rival, {f"rival{self.losses}": b"1"})
        return super().commit(**arguments)  # type: ignore[arg-type]


def test_lost_races_are_generated_anew_on_the_new_head(repo: GitRepo) -> None:
    target = Racing(repo.path, settings=SETTINGS, clock=FakeClock())
    target.losses = 2
    calls: list[int] = []
    told: list[str] = []

    def render(_current: Mapping[str, bytes]) -> Files:
        calls.append(1)
        return {"dev": {"a": b"%d" % len(calls)}}

    receipt = publish(target, render, settings=SETTINGS, message=MESSAGE, progress=told.append)
    assert target.read_tree("environments/dev")["environments/dev/a"] == b"3"
    assert repo.head("main") == receipt.commit
    assert {"rival0", "rival1"} < set(repo.files("main"))
    assert sum("branch moved" in line for line in told) == 2


def test_race_that_never_ends_is_a_conflict(repo: GitRepo) -> None:
    target = Racing(repo.path, settings=SETTINGS, clock=FakeClock())
    target.losses = 3
    with pytest.raises(Conflict) as raised:
        publish(target, FILES, settings=SETTINGS, message=MESSAGE)
    assert raised.value.code == "delivery.push-race"
    assert not any(name.startswith("environments") for name in repo.files("main"))


def test_a_lost_race_is_generated_anew_within_what_was_seen(repo: GitRepo) -> None:
    target = Racing(repo.path, settings=SETTINGS, clock=FakeClock())
    target.losses = 1
    seen = preview_delivery(target, FILES, settings=SETTINGS).outline
    receipt = publish(target, FILES, settings=SETTINGS, message=MESSAGE, seen=seen)
    assert repo.head("main") == receipt.commit
    assert "rival0" in repo.files("main")


def test_a_lost_race_is_never_generated_into_more_than_was_seen(repo: GitRepo) -> None:
    target = Racing(repo.path, settings=SETTINGS, clock=FakeClock())
    target.losses = 1
    shown, other = {"dev": {"a": b"1"}}, {"dev": {"a": b"1", "b": b"2"}}
    renderings = [shown, other]
    with pytest.raises(Conflict) as raised:
        publish(
            target,
            lambda _current: renderings.pop(0),
            settings=SETTINGS,
            message=MESSAGE,
            seen=preview_delivery(target, shown, settings=SETTINGS).outline,
        )
    assert raised.value.code == "delivery.not-seen"
    assert "environments/dev/b" in raised.value.message
    assert repo.files("main") == ["rival0"]


def test_what_nobody_looked_at_is_not_held_against_a_delivery(repo: GitRepo, target: GitManifests) -> None:
    with pytest.raises(Conflict):
        publish(target, FILES, settings=SETTINGS, message=MESSAGE, seen=NOTHING)
    assert publish(target, FILES, settings=SETTINGS, message=MESSAGE, seen=None).commit == repo.head("main")


@pytest.mark.parametrize("path", ["../x", "/x", ".git/hooks/post-commit", "a\nb"])
def test_generated_path_outside_the_folder_is_refused(repo: GitRepo, target: GitManifests, path: str) -> None:
    with pytest.raises(InvalidIntent):
        publish(target, {"dev": {path: b"x"}}, settings=SETTINGS, message=MESSAGE)
    assert target.head() == ""


def test_generated_file_cannot_pose_as_the_listing() -> None:
    with pytest.raises(InvalidIntent):
        compare({}, {"dev": {LISTING: b""}}, directory="environments")


@pytest.mark.parametrize(
    ("field", "value"),
    [("request_ids", ("SEC-7",)), ("request_ids", ("SEC-0007\nX: y",)), ("change_digests", ("sha256:zz",)), ("correlation_ids", ("a b",)),
     ("correlation_ids", ("x\nGoldenpath-Request: SEC-0001",)), ("source_commit", "main"), ("source_commit", "B" * 40)],
)  # fmt: skip
def test_trailer_that_does_not_have_its_shape_is_refused(target: GitManifests, field: str, value: object) -> None:
    with pytest.raises(InvalidIntent) as raised:
        publish(target, FILES, settings=SETTINGS, message=DeliveryMessage(**{"subject": "x", field: value}))  # type: ignore[arg-type]
    assert raised.value.code == "delivery.trailer-invalid"
    assert target.head() == ""


@given(subject=st.text(max_size=300))
def test_subject_is_one_line_whatever_it_holds(subject: str) -> None:
    text = DeliveryMessage(subject=subject + "\n\nGoldenpath-Request: SEC-0666\u2028x", request_ids=("SEC-0007",)).text
    first, blank, *rest = text.split("\n")
    assert (blank, rest) == ("", ["Goldenpath-Request: SEC-0007", ""])
    assert 0 < len(first) <= SUBJECT_MAX
    assert first.isprintable()


def test_message_without_trailers_or_subject() -> None:
    assert DeliveryMessage(subject="\n").text == "Deliver manifests\n"


NAMES = st.from_regex(r"[a-z]{1,3}(/[a-z]{1,3}){0,2}", fullmatch=True)
TREES = st.dictionaries(NAMES, st.binary(max_size=3), max_size=6)


@given(files=TREES)
def test_listing_goes_round(files: dict[str, bytes]) -> None:
    expected = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    assert read_listing(write_listing(files), subject="x") == expected


@settings(max_examples=200)
@given(first=TREES, second=TREES, theirs=TREES)
def test_carrying_out_the_difference_gives_the_wanted_files_and_keeps_all_others(
    first: dict[str, bytes], second: dict[str, bytes], theirs: dict[str, bytes]
) -> None:
    def carried_out(current: dict[str, bytes], files: dict[str, bytes]) -> dict[str, bytes]:
        difference = compare(current, {"dev": files}, directory="e")
        if difference.foreign:
            return current
        assert difference.drift == ()
        return {path: content for path, content in {**current, **difference.writes}.items() if path not in difference.removals}

    start = {f"e/dev/{path}": content for path, content in theirs.items()} | {"e/prod/x": b"1"}
    after_first = carried_out(start, first)
    after_second = carried_out(after_first, second)
    again = compare(after_second, {"dev": second}, directory="e")
    if not again.foreign:
        assert (again.writes, again.removals) == ({}, ())
        assert all(after_second[f"e/dev/{path}"] == content for path, content in second.items())
    assert all(path in after_second for path in start if path.removeprefix("e/dev/") not in first)


def acts_of(outline: Outline) -> set[tuple[str, ...]]:
    """Everything that an outline does, each with its kind: removing a file that was edited by hand is more than removing it."""
    writes = {("write", *item) for item in outline.writes.items()}
    return writes | {("remove", path) for path in outline.removals} | {("overwrite", path) for path in outline.drift}


@settings(max_examples=200)
@given(old=TREES, wanted=TREES, edited=TREES)
def test_a_difference_goes_beyond_another_exactly_when_it_does_something_else(
    old: dict[str, bytes], wanted: dict[str, bytes], edited: dict[str, bytes]
) -> None:
    def against(files: dict[str, bytes]) -> dict[str, bytes]:
        return {f"e/dev/{path}": content for path, content in files.items()}

    listed = {f"e/dev/{LISTING}": write_listing(old)} if old else {}
    there = {**against(old), **against(edited), **listed}
    seen = compare({**against(old), **listed}, {"dev": wanted}, directory="e").outline
    difference = compare(there, {"dev": wanted}, directory="e")
    now = difference.outline
    assert seen.beyond(seen) == NOTHING.beyond(seen) == ()
    assert bool(now.beyond(seen)) is not (acts_of(now) <= acts_of(seen))
    assert set(now.beyond(NOTHING)) == {*difference.writes, *difference.removals, *difference.drift}
    assert set(difference.additions) == {path for path in difference.writes if path not in there}


OUTLINES = st.builds(
    Outline,
    writes=st.dictionaries(NAMES, st.sampled_from(["a" * 64, "b" * 64]), max_size=3),
    removals=st.lists(NAMES, max_size=2).map(tuple),
    drift=st.lists(NAMES, max_size=2).map(tuple),
)


@given(outline=OUTLINES, other=OUTLINES)
def test_a_saved_outline_comes_back_or_is_refused(outline: Outline, other: Outline) -> None:
    data = dump_outline(outline)
    assert load_outline(data, file="f") == outline
    if other != outline:
        with pytest.raises(InvalidIntent) as raised:
            load_outline(data.replace(outline.digest.encode(), other.digest.encode()), file="f")
        assert raised.value.code == "plan.altered"


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"schema_version":1,"kind":"Plan","digest":"","manifests":{}}', b"\xff", b"[" * 99_999]
)
def test_what_is_no_saved_outline_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidIntent) as raised:
        load_outline(data, file="f")
    assert raised.value.code == "plan.unreadable"
