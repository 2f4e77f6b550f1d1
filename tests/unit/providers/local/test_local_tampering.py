"""Whatever is changed in the store's file outside the platform is noticed, and no value comes out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.builders import FakeClock, FakeEntropy
from tests.canary import new_canary, variants
from tests.stores import Bench, make_desired, make_ref

from goldenpath.errors import GoldenpathError, Misconfigured, ProviderRefused
from goldenpath.providers.local.opening import open_local_store

OTHER = "goldenpath/search/dev/other"


def open_in(folder: Path, entropy: int = 0) -> Bench:
    clock, drawn = FakeClock(), FakeEntropy(entropy)
    return Bench(store=open_local_store(folder, "file", name="store", clock=clock, entropy=drawn), clock=clock, entropy=drawn)


@pytest.fixture
def canaries() -> tuple[str, str]:
    return new_canary("one"), new_canary("two")


@pytest.fixture
def folder(tmp_path: Path, canaries: tuple[str, str]) -> Path:
    bench = open_in(tmp_path / "state")
    for path, value in ((make_ref().path, canaries[0]), (OTHER, canaries[1])):
        bench.create(make_desired(path=path), name=path[-4:])
        bench.put(value.encode(), ref=make_ref(path), name=path[-5:])
    bench.store.release(bench.fence())
    return tmp_path / "state"


def tamper(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / "store.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def refusal(call: Callable[[], object]) -> GoldenpathError:
    with pytest.raises(GoldenpathError) as caught:
        call()
    return caught.value


VALUE_TAMPERING = {
    "nonce": "UPDATE versions SET box = CAST(x'ffffffffffffffffffffffff' || substr(box, 13) AS BLOB)",
    "ciphertext": "UPDATE versions SET box = CAST(substr(box, 1, 20) || x'00112233' || substr(box, 25) AS BLOB)",
    "tag": "UPDATE versions SET box = CAST(substr(box, 1, length(box) - 4) || x'00112233' AS BLOB)",
    "truncated": "UPDATE versions SET box = CAST(substr(box, 1, 20) AS BLOB)",
    "empty": "UPDATE versions SET box = x''",
    "broken text": "UPDATE versions SET box = CAST(x'ff00fe' AS TEXT)",
    "broken path": "UPDATE versions SET path = CAST(x'ff00fe' || rowid AS TEXT)",
    "text": "UPDATE versions SET box = 'plain text'",
    "number": "UPDATE versions SET box = 7",
    "key id": "UPDATE versions SET key_id = 'feedbeef'",
    "key id type": "UPDATE versions SET key_id = x'00'",
    "version id": "UPDATE versions SET version_id = version_id || 'x'",
    "path": "UPDATE versions SET path = path || 'x'",
    "gone": "DELETE FROM versions",
}


@pytest.mark.parametrize("statement", VALUE_TAMPERING.values(), ids=VALUE_TAMPERING)
def test_a_changed_value_row_gives_no_value(folder: Path, canaries: tuple[str, str], statement: str) -> None:
    tamper(folder, statement)
    for path in (make_ref().path, OTHER):
        error = refusal(lambda path=path: open_in(folder).read(make_ref(path)))  # type: ignore[misc]
        assert isinstance(error, ProviderRefused)
        assert error.code == "store.sealed-record-corrupt"
        shown = f"{error} {error.hint} {error.__cause__} {error.__context__}".encode()
        assert not any(form in shown for canary in canaries for form in variants(canary))


SWAPS = {
    "values between paths": [
        "CREATE TABLE t AS SELECT path, box FROM versions",
        "UPDATE versions SET box = (SELECT box FROM t WHERE t.path <> versions.path)",
    ],
    "records between paths": [
        "CREATE TABLE t AS SELECT path, box FROM records",
        "UPDATE records SET box = (SELECT box FROM t WHERE t.path <> records.path)",
    ],
    "a value into a record": ["UPDATE records SET box = (SELECT box FROM versions WHERE versions.path = records.path)"],
    "rows to another environment": ["UPDATE records SET environment = 'prod'", "UPDATE versions SET environment = 'prod'"],
    "rows to another provider": ["UPDATE records SET provider = 'openbao'", "UPDATE versions SET provider = 'openbao'"],
}


@pytest.mark.parametrize("statements", SWAPS.values(), ids=SWAPS)
def test_a_row_does_not_open_at_another_place(folder: Path, statements: list[str]) -> None:
    tamper(folder, *statements)
    bench = open_in(folder)
    environment = "prod" if "environment" in statements[0] else "dev"
    provider = "openbao" if "openbao" in statements[0] else "aws-secrets-manager"
    for path in (make_ref().path, OTHER):
        ref = make_ref(path, environment=environment, provider=provider)
        assert refusal(lambda ref=ref: bench.store.read(ref)).code == "store.sealed-record-corrupt"  # type: ignore[misc]


RECORD_TAMPERING = {
    "broken text": "UPDATE records SET box = CAST(x'ff00fe' AS TEXT)",
    "edited": "UPDATE records SET box = CAST(substr(box, 1, 20) || x'00' || substr(box, 22) AS BLOB)",
    "stages from an older row": "UPDATE records SET box = (SELECT box FROM records ORDER BY path DESC LIMIT 1)",
}


@pytest.mark.parametrize("statement", RECORD_TAMPERING.values(), ids=RECORD_TAMPERING)
def test_tags_and_stages_are_sealed_as_well(folder: Path, statement: str) -> None:
    tamper(folder, statement)
    bench = open_in(folder)
    calls: list[Callable[[], object]] = [
        lambda: bench.store.describe(make_ref()),
        lambda: bench.store.read(make_ref()),
        bench.all_records,
        lambda: bench.put(b"new", name="v9"),
        lambda: bench.create(name="c9"),
    ]
    assert {refusal(call).code for call in calls} == {"store.sealed-record-corrupt"}


def test_the_fence_cannot_be_wound_back(folder: Path) -> None:
    tamper(folder, "UPDATE leases SET box = CAST(substr(box, 1, 20) || x'00' || substr(box, 22) AS BLOB)")
    bench = open_in(folder)
    assert refusal(bench.fence).code == "store.sealed-record-corrupt"


def test_a_store_does_not_take_another_identity(folder: Path) -> None:
    tamper(folder, "UPDATE meta SET store_id = 'local-forged'")
    error = refusal(lambda: open_in(folder))
    assert isinstance(error, Misconfigured)
    assert error.code == "key.mismatch"


def test_one_tampered_record_does_not_hide_the_others(folder: Path, canaries: tuple[str, str]) -> None:
    tamper(folder, "UPDATE versions SET box = x'00' WHERE path LIKE '%payments%'")
    bench = open_in(folder)
    assert refusal(bench.read).code == "store.sealed-record-corrupt"
    assert bench.read(make_ref(OTHER)) == canaries[1].encode()


@pytest.mark.parametrize("content", [b"not a database", b"\x00" * 4096, b"SQLite format 3\x00" + b"\xff" * 4000])
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "state"
    open_in(folder)
    for companion in folder.glob("store.db-*"):
        companion.unlink()
    (folder / "store.db").write_bytes(content)
    assert refusal(lambda: open_in(folder)).code == "state.damaged"
    assert (folder / "store.db").read_bytes() == content


def test_a_file_of_a_newer_version_is_refused(folder: Path) -> None:
    tamper(folder, "PRAGMA user_version = 99")
    error = refusal(lambda: open_in(folder))
    assert error.code == "state.newer-schema"
    assert "99" in error.message
