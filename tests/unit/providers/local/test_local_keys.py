"""Root keys: made once, never again by accident, private, rotatable, and different for each purpose."""

from __future__ import annotations

import base64
import json
import pickle
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest
from tests.builders import FakeClock, FakeEntropy
from tests.stores import Bench

from goldenpath.errors import GoldenpathError, Misconfigured
from goldenpath.providers.local.files import replace_private_file
from goldenpath.providers.local.keys import RootKeys, load_or_create_keyring, load_or_create_root, load_root, rotate_root
from goldenpath.providers.local.opening import open_local_store, open_root_keys


def open_store_in(folder: Path, entropy: FakeEntropy | None = None) -> Bench:
    clock, drawn = FakeClock(), entropy or FakeEntropy()
    return Bench(store=open_local_store(folder, "file", name="store", clock=clock, entropy=drawn), clock=clock, entropy=drawn)


def test_a_key_is_made_once_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "state" / "root.key"
    made = load_or_create_root(path)
    assert load_or_create_root(path).derive("audit") == made.derive("audit")
    assert load_root(path).active_id == made.active_id
    assert (tmp_path / "state" / "root.key.id").read_text() == made.active_id


def test_each_purpose_and_each_key_has_a_subkey_of_its_own() -> None:
    keys = RootKeys([b"a" * 32, b"b" * 32])
    derived = {keys.derive(purpose, key_id=key_id) for purpose in ("store", "audit", "audit/chain", "") for key_id in keys.key_ids}
    assert len(derived) == 8
    assert all(len(key) == 32 for key in derived)
    assert keys.derive("audit") == keys.derive("audit", key_id=keys.active_id) == RootKeys([b"a" * 32]).derive("audit")


def test_a_ring_never_shows_its_keys() -> None:
    keys = RootKeys([b"k" * 32])
    shown = f"{keys!r} {keys} {keys.key_ids}"
    assert "kkkk" not in shown
    assert b"k" * 32 not in shown.encode()
    assert (b"k" * 8).hex() not in shown
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(keys)


def test_an_unknown_key_id_is_named(tmp_path: Path) -> None:
    keys = load_or_create_root(tmp_path / "state" / "root.key")
    with pytest.raises(Misconfigured, match="feedbeef") as caught:
        keys.derive("audit", key_id="feedbeef")
    assert caught.value.code == "key.unknown"


@pytest.mark.parametrize("is_store_there", [True, False])
def test_a_lost_key_is_never_replaced_by_a_fresh_one(tmp_path: Path, is_store_there: object) -> None:
    folder = tmp_path / "state"
    if is_store_there:
        open_store_in(folder).create()
    else:
        open_root_keys(folder, "file")
    (folder / "root.key").unlink()
    for _ in range(2):
        with pytest.raises(Misconfigured) as caught:
            open_root_keys(folder, "file")
        assert caught.value.code == "key.missing"
    assert not (folder / "root.key").exists()


def test_a_foreign_key_is_refused_even_without_the_marker(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    open_store_in(mine).create()
    open_store_in(other, FakeEntropy(500))
    replace_private_file(mine / "root.key", (other / "root.key").read_bytes())
    with pytest.raises(Misconfigured) as caught:
        open_store_in(mine)
    assert caught.value.code == "key.mismatch"
    (mine / "root.key.id").unlink()
    with pytest.raises(Misconfigured) as caught:
        open_store_in(mine)
    assert caught.value.code == "key.unknown"


GOOD = base64.b64encode(b"k" * 32).decode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b'{"schema_version":1}',
        b'{"schema_version":1,"keys":[]}',
        b'{"schema_version":1,"keys":["%%%"]}',
        json.dumps({"schema_version": 1, "keys": [base64.b64encode(b"k" * 31).decode()]}).encode(),
        json.dumps({"schema_version": 1, "keys": [GOOD, ""]}).encode(),
        json.dumps({"schema_version": 2, "keys": [GOOD]}).encode(),
        json.dumps({"schema_version": 1, "keys": [GOOD], "more": 1}).encode(),
        json.dumps({"schema_version": 1, "keys": [GOOD]}).encode()[:-9],
    ],
)
def test_a_damaged_key_file_is_refused_without_its_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state" / "root.key"
    load_or_create_root(path)
    replace_private_file(path, content)
    with pytest.raises(Misconfigured) as caught:
        load_or_create_root(path)
    assert caught.value.code == "key.unreadable"
    assert GOOD[:8] not in str(caught.value)
    assert path.read_bytes() == content


def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    bench = open_store_in(folder)
    bench.create()
    bench.put(b"old", name="v1")
    before = bench.store.fingerprint(bench.all_records()[0].ref, bench.store.read(bench.all_records()[0].ref)[0])
    old = load_root(folder / "root.key")
    rotated = rotate_root(folder / "root.key")
    assert rotated.key_ids[1:] == old.key_ids
    bench = open_store_in(folder, FakeEntropy(900))
    assert bench.read() == b"old"
    record = bench.all_records()[0]
    assert record.versions[0].fingerprint == before
    bench.clock.advance(1000)
    bench.put(b"new", name="v2")
    assert open_store_in(folder).read() == b"new"
    assert open_store_in(folder).store.identity() == bench.store.identity()


def test_without_the_new_key_what_it_sealed_does_not_open(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    open_store_in(folder).create()
    old = (folder / "root.key").read_bytes()
    rotate_root(folder / "root.key")
    bench = open_store_in(folder, FakeEntropy(900))
    bench.put(b"new")
    replace_private_file(folder / "root.key", old)
    with pytest.raises(GoldenpathError) as caught:
        open_store_in(folder).read()
    assert caught.value.code == "store.sealed-record-corrupt"


def test_runners_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "state" / "root.key"
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(load_or_create_root(path).active_id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["root.key", "root.key.id"]


class _KeyringFault(Exception):
    pass


def fake_keyring(monkeypatch: pytest.MonkeyPatch, *, is_locked: bool = False) -> dict[str, str]:
    """Put a stand-in for the keyring package in place; return what it keeps."""
    kept: dict[str, str] = {}

    def get(service: str, account: str) -> str | None:
        if is_locked:
            raise _KeyringFault("locked: the password is hunter2")
        return kept.get(f"{service}/{account}")

    def put(service: str, account: str, text: str) -> None:
        kept[f"{service}/{account}"] = text

    package, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    package.get_password, package.set_password = get, put  # type: ignore[attr-defined]
    errors.KeyringError = _KeyringFault  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", package)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return kept


def test_a_keyring_keeps_the_key_and_loses_it_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = fake_keyring(monkeypatch)
    folder = tmp_path / "state"
    made = open_root_keys(folder, "keyring")
    assert open_root_keys(folder, "keyring").derive("x") == made.derive("x")
    assert not (folder / "root.key").exists()
    kept.clear()
    with pytest.raises(Misconfigured) as caught:
        open_root_keys(folder, "keyring")
    assert caught.value.code == "key.missing"
    assert kept == {}


def test_a_locked_keyring_is_reported_without_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_keyring(monkeypatch, is_locked=True)
    with pytest.raises(Misconfigured) as caught:
        load_or_create_keyring("account", marker=tmp_path / "state" / "root.key.id")
    assert caught.value.code == "key.keyring-unusable"
    assert "hunter2" not in str(caught.value)


def test_a_missing_keyring_package_is_reported_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(Misconfigured, match="keyring") as caught:
        open_root_keys(tmp_path / "state", "keyring")
    assert caught.value.code == "key.keyring-missing"
    assert "goldenpath[keyring]" in caught.value.hint
