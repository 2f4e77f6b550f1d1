"""A disk that is full or failing is no mistake of the person: what it says passes, exits with 4 and leaves nothing half done."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldenpath.cli.exit_codes import Exit, exit_code
from goldenpath.errors import GoldenpathError, Misconfigured, ProviderUnavailable
from goldenpath.ports.journal import JournalEntry
from goldenpath.providers.local.files import create_private_file, private_folder, read_private_file, replace_private_file
from goldenpath.providers.local.journal import LocalJournal
from goldenpath.providers.local.keys import load_or_create_root
from goldenpath.providers.local.liveness import LivenessLocks

PASSING = [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOLCK]
LASTING = [errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG]
ACTS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a folder is made": ("mkdir", lambda folder: private_folder(folder / "new")),
    "a file is opened for writing": ("open", lambda folder: create_private_file(folder / "new", b"content")),
    "a file is flushed": ("fsync", lambda folder: create_private_file(folder / "new", b"content")),
    "a file is linked": ("link", lambda folder: create_private_file(folder / "new", b"content")),
    "a file is replaced": ("fsync", lambda folder: replace_private_file(folder / "old", b"content")),
    "a file is read": ("read", lambda folder: read_private_file(folder / "old", max_bytes=100)),
    "a key is made": ("fsync", lambda folder: load_or_create_root(folder / "root.key")),
    "a writer's lock is made": ("fsync", lambda folder: LivenessLocks(folder / "store.db").claim("dev")),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = private_folder(tmp_path / "state")
    create_private_file(folder / "old", b"kept")
    return folder


def failing(number: int) -> Callable[..., Any]:
    def fail(*_arguments: Any, **_options: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


def refusal(act: Callable[[], object]) -> GoldenpathError:
    with pytest.raises(GoldenpathError) as caught:
        act()
    return caught.value


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("number", PASSING, ids=errno.errorcode.get)
def test_what_passes_is_told_from_what_a_person_must_mend(name: str, number: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call, act = ACTS[name]
    before = sorted(path.name for path in folder.iterdir())
    with monkeypatch.context() as patched:
        patched.setattr(os, call, failing(number))
        error = refusal(lambda: act(folder))
    assert isinstance(error, ProviderUnavailable)
    assert (error.code, exit_code(error)) == ("state.unavailable", Exit.UNAVAILABLE)
    assert os.strerror(number) in error.message
    assert (folder / "old").read_bytes() == b"kept"
    assert sorted(path.name for path in folder.iterdir()) == before
    act(folder)


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("number", LASTING, ids=errno.errorcode.get)
def test_what_does_not_pass_is_a_fault_of_the_surroundings(name: str, number: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call, act = ACTS[name]
    monkeypatch.setattr(os, call, failing(number))
    error = refusal(lambda: act(folder))
    assert isinstance(error, Misconfigured)
    assert (error.code, exit_code(error)) == ("state.unusable", Exit.USAGE)


def test_a_full_journal_can_be_run_again(folder: Path) -> None:
    journal = LocalJournal(folder / "journal.db")
    connection: sqlite3.Connection = journal._database._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    entry = JournalEntry(
        token="t",
        request_id="SEC-0007",
        environment="dev",
        action="create",
        state="intended",
        commit="c" * 40,
        correlation_id="run-1",
        updated_at="2026-01-01T00:00:00Z",
        detail="x" * 20_000,
    )
    error = refusal(lambda: journal.record(entry))
    assert (error.code, exit_code(error)) == ("journal.unwritable", Exit.UNAVAILABLE)
    assert journal.get("t") is None
    connection.execute(f"PRAGMA max_page_count={pages + 100}")
    journal.record(entry)
    assert journal.get("t") == entry


def test_a_file_that_is_no_database_is_for_a_person_to_mend(folder: Path) -> None:
    (folder / "journal.db").write_bytes(b"\x07" * 8192)
    (folder / "journal.db").chmod(0o600)
    error = refusal(lambda: LocalJournal(folder / "journal.db"))
    assert (error.code, exit_code(error)) == ("state.damaged", Exit.USAGE)
