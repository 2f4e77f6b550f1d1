"""State on disk is private whatever the umask says, and refused when it is not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders import FakeClock, FakeEntropy
from tests.canary import new_canary, scan_tree
from tests.stores import Bench

from goldenpath.errors import GoldenpathError, Misconfigured
from goldenpath.providers.local.files import create_private_file, private_file, private_folder, read_private_file, replace_private_file
from goldenpath.providers.local.opening import open_journal, open_local_store


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    old = os.umask(request.param)
    try:
        yield request.param
    finally:
        os.umask(old)


def open_all(folder: Path) -> Bench:
    clock, entropy = FakeClock(), FakeEntropy()
    store = open_local_store(folder, "file", name="store", clock=clock, entropy=entropy)
    open_journal(folder).remember("a", "b")
    return Bench(store=store, clock=clock, entropy=entropy)


@pytest.mark.usefixtures("umask")
def test_every_file_is_0600_and_every_folder_0700_under_any_umask(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    bench = open_all(folder)
    bench.create()
    bench.put(b"value")
    found = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in folder.iterdir()}
    assert {"root.key", "root.key.id", "store.db.dev.lock", "store.db", "store.db-wal", "store.db-shm", "journal.db"} <= set(found)
    assert set(found.values()) == {0o600}
    assert stat.S_IMODE(folder.lstat().st_mode) == 0o700


def test_no_value_lies_in_any_file_in_any_form(tmp_path: Path) -> None:
    bench = open_all(tmp_path / "state")
    bench.create()
    canary = new_canary()
    bench.put(canary.encode())
    assert bench.read() == canary.encode()
    assert scan_tree(tmp_path, [canary]) == []


FILES = ["root.key", "root.key.id", "store.db", "store.db-wal", "journal.db", "store.db.dev.lock"]


def use_again(folder: Path) -> str:
    """Open everything in the folder; return the code of the refusal, empty for none."""
    try:
        open_all(folder).fence()
    except GoldenpathError as error:
        return error.code
    return ""


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o644, 0o620])
def test_a_looser_file_is_refused_and_not_repaired(tmp_path: Path, name: str, mode: int) -> None:
    folder = tmp_path / "state"
    bench = open_all(folder)
    bench.create()
    (folder / name).chmod(mode)
    assert use_again(folder) == "state.not-private"
    assert stat.S_IMODE((folder / name).lstat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o755, 0o777])
def test_a_looser_folder_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "state"
    open_all(folder)
    folder.chmod(mode)
    assert use_again(folder) == "state.not-private"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "fifo"])
def test_anything_but_a_plain_file_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    folder = tmp_path / "state"
    bench = open_all(folder)
    bench.create()
    target = folder / name
    moved = tmp_path / f"moved-{name}"
    target.rename(moved)
    if kind == "link":
        target.symlink_to(moved)
    elif kind == "dangling link":
        target.symlink_to(tmp_path / "nowhere")
    elif kind == "folder":
        target.mkdir(0o700)
    else:
        os.mkfifo(target, 0o600)
    assert use_again(folder) == "state.not-private"
    assert not (tmp_path / "nowhere").exists()


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    open_all(tmp_path / "real")
    (tmp_path / "state").symlink_to(tmp_path / "real")
    assert use_again(tmp_path / "state") == "state.not-private"


def test_the_error_names_the_path_and_the_command(tmp_path: Path) -> None:
    (tmp_path / "loose").mkdir(mode=0o755)
    (tmp_path / "loose").chmod(0o755)
    with pytest.raises(Misconfigured, match="0755") as caught:
        private_folder(tmp_path / "loose")
    assert caught.value.subject == str(tmp_path / "loose")
    assert f"chmod 700 {tmp_path / 'loose'}" in caught.value.hint


def test_a_file_is_created_whole_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert create_private_file(path, b"first")
    assert not create_private_file(path, b"second")
    assert read_private_file(path, max_bytes=10) == b"first"
    replace_private_file(path, b"third")
    assert read_private_file(path, max_bytes=10) == b"third"
    assert private_file(path)
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != "home"] == ["file"]


def test_a_file_larger_than_expected_is_refused(tmp_path: Path) -> None:
    create_private_file(tmp_path / "file", b"x" * 11)
    with pytest.raises(Misconfigured, match="larger than 10"):
        read_private_file(tmp_path / "file", max_bytes=10)


def test_a_path_below_a_file_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Misconfigured) as caught:
        private_folder(tmp_path / "file" / "state")
    assert caught.value.code == "state.unusable"
