"""The journal keeps intents and outcomes, in order, durably, and says when it cannot."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from goldenpath.errors import ProviderUnavailable
from goldenpath.ports.journal import JournalEntry
from goldenpath.providers.local import database
from goldenpath.providers.local.journal import LocalJournal


def entry(token: str, *, environment: str = "dev", at: int = 0) -> JournalEntry:
    return JournalEntry(
        token=token,
        environment=environment,
        request_id="SEC-0007",
        action="create",
        state="intended",
        commit="c" * 40,
        correlation_id="run-1",
        updated_at=f"2026-01-15T12:00:{at:02d}.000000Z",
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.db"


def test_an_entry_is_there_for_the_next_process(path: Path) -> None:
    LocalJournal(path).record(entry("a"))
    assert LocalJournal(path).get("a") == entry("a")
    assert LocalJournal(path).get("b") is None


def test_unfinished_entries_come_oldest_first_and_only_of_the_environment(path: Path) -> None:
    journal = LocalJournal(path)
    for each in (
        entry("late", at=9),
        entry("early", at=1),
        entry("elsewhere", environment="prod"),
        entry("done", at=2),
        entry("failed", at=3),
    ):
        journal.record(each)
    journal.record(replace(entry("done"), state="done"))
    journal.record(replace(entry("failed"), state="failed", detail="store.record-exists"))
    assert [each.token for each in journal.unfinished("dev")] == ["early", "late"]
    failed = journal.get("failed")
    assert failed is not None
    assert failed.detail == "store.record-exists"


def test_an_entry_is_replaced_by_its_token(path: Path) -> None:
    journal = LocalJournal(path)
    journal.record(entry("a"))
    journal.record(replace(entry("a"), state="done", commit="d" * 40))
    assert journal.get("a") == replace(entry("a"), state="done", commit="d" * 40)
    assert list(journal.unfinished("dev")) == []


def test_facts_are_kept_and_missing_ones_are_empty(path: Path) -> None:
    LocalJournal(path).remember("applied/dev", "c1")
    LocalJournal(path).remember("applied/dev", "c2")
    assert LocalJournal(path).recall("applied/dev") == "c2"
    assert LocalJournal(path).recall("applied/prod") == ""


def test_text_of_any_kind_is_data(path: Path) -> None:
    hostile = "'); DROP TABLE entries; --\n\u2028é"
    journal = LocalJournal(path)
    journal.record(replace(entry("a"), detail=hostile))
    journal.remember(hostile, hostile)
    found = journal.get("a")
    assert found is not None
    assert (found.detail, journal.recall(hostile)) == (hostile, hostile)


def test_a_journal_that_is_held_for_too_long_says_that_nothing_was_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_SECONDS", 0.05)
    journal = LocalJournal(path)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(ProviderUnavailable) as caught:
            journal.record(entry("a"))
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    assert caught.value.code == "journal.busy"
    assert caught.value.retry_after_seconds
    assert journal.get("a") is None
    journal.record(entry("a"))
    assert journal.get("a") is not None


def test_a_full_disk_is_an_error_and_not_half_an_entry(path: Path) -> None:
    journal = LocalJournal(path)
    with journal._database.transaction(is_writing=False) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    journal._database._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(ProviderUnavailable) as caught:
        journal.record(replace(entry("a"), detail="x" * 100_000))
    assert caught.value.code == "journal.unwritable"
    assert journal.get("a") is None


def test_threads_share_a_journal(path: Path) -> None:
    journal = LocalJournal(path)
    threads = [threading.Thread(target=journal.record, args=(entry(f"t{number}"),)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(journal.unfinished("dev"))) == 16


def test_what_is_recorded_during_a_write_becomes_durable_together_or_fails_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One flush for all that wait: the first is held until fifteen more are there, then those go in one transaction."""
    journal, reader = LocalJournal(path), LocalJournal(path)
    begun: list[int] = []
    is_held, may_go = threading.Event(), threading.Event()
    transaction = database.Database.transaction

    @contextmanager
    def counted(self: database.Database, *, is_writing: bool) -> Iterator[sqlite3.Connection]:
        if is_writing:
            begun.append(1)
            if len(begun) == 1:
                is_held.set()
                assert may_go.wait(10)
            if len(begun) == 3:
                raise ProviderUnavailable("journal.unwritable", "the disk is full")
        with transaction(self, is_writing=is_writing) as connection:
            yield connection

    monkeypatch.setattr(database.Database, "transaction", counted)
    failed: list[str] = []

    def record(token: str) -> None:
        try:
            journal.record(entry(token))
        except ProviderUnavailable as error:
            failed.append(f"{token} {error.code}")

    def run_together(*tokens: str) -> None:
        threads = [threading.Thread(target=record, args=(token,)) for token in tokens]
        for thread in threads:
            thread.start()
        if tokens[0] == "0":
            assert is_held.wait(10)
            while len(journal._open.rows) < len(tokens) - 1:
                pass
            may_go.set()
        for thread in threads:
            thread.join(10)

    run_together(*map(str, range(16)))
    assert len(begun) == 2, "one for the first, one for the fifteen that came meanwhile"
    assert failed == []
    assert len(list(reader.unfinished("dev"))) == 16
    run_together("lost")
    assert failed == ["lost journal.unwritable"]
    run_together("kept")
    assert {each.token for each in reader.unfinished("dev")} == {*map(str, range(16)), "kept"}


def test_durability_is_on(path: Path) -> None:
    journal = LocalJournal(path)
    with journal._database.transaction(is_writing=False) as connection:
        modes = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "secure_delete")]
    assert modes == ["wal", 2, 1]
