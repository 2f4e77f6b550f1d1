"""The journal port on one SQLite file: each intent is durable before the effect it announces (R18). Holds no value and no digest of one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from goldenpath.ports.journal import JournalEntry
from goldenpath.providers.local.database import Database

_ENTRIES_TABLE = """CREATE TABLE entries (
    number INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, environment TEXT NOT NULL, request_id TEXT NOT NULL,
    action TEXT NOT NULL, state TEXT NOT NULL, "commit" TEXT NOT NULL, correlation_id TEXT NOT NULL,
    updated_at TEXT NOT NULL, detail TEXT NOT NULL)"""
_SCHEMA = (
    _ENTRIES_TABLE,
    "CREATE INDEX entries_open ON entries (environment, updated_at) WHERE state = 'intended'",
    "CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)
_FIELDS = JournalEntry.__struct_fields__
_COLUMNS = ", ".join(f'"{name}"' for name in _FIELDS)
_MARKS = ", ".join("?" for _ in _FIELDS)
_UPDATES = ", ".join(f'"{name}" = excluded."{name}"' for name in _FIELDS if name != "token")


class _Batch:
    """Rows that go into one transaction. Whoever puts the first one in writes it; the others wait for the outcome."""

    __slots__ = ("error", "is_settled", "rows")

    def __init__(self) -> None:
        self.rows: list[tuple[object, ...]] = []
        self.error: BaseException | None = None
        self.is_settled = threading.Event()


class LocalJournal:
    """Durable entries by token, and small facts by key.

    Raises:
        Misconfigured: ``state.*`` when the file or folder is not private or unusable.
        ProviderUnavailable: ``journal.unwritable`` or ``journal.busy``.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, area="journal", schema=_SCHEMA)
        self._gate = threading.Lock()
        self._turn = threading.Lock()
        self._open = _Batch()

    def close(self) -> None:
        """Close the file; the object is not used afterwards."""
        self._database.close()

    def record(self, entry: JournalEntry) -> None:
        """Write or replace the entry. What threads record while another one writes becomes durable together, by one flush to disk."""
        with self._gate:
            batch = self._open
            batch.rows.append(tuple(getattr(entry, name) for name in _FIELDS))
            is_first = len(batch.rows) == 1
        if is_first:
            self._write(batch)
            return
        batch.is_settled.wait()
        if batch.error is not None:
            raise batch.error

    def _write(self, batch: _Batch) -> None:
        try:
            with self._turn:
                with self._gate:
                    self._open = _Batch()
                with self._database.transaction(is_writing=True) as connection:
                    connection.executemany(
                        f"INSERT INTO entries ({_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT (token) DO UPDATE SET {_UPDATES}",  # noqa: S608 - constant text
                        batch.rows,
                    )
        except BaseException as error:
            batch.error = error
            raise
        finally:
            batch.is_settled.set()

    def get(self, token: str) -> JournalEntry | None:
        """Return the entry of a token."""
        with self._database.transaction(is_writing=False) as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM entries WHERE token = ?", (token,)).fetchone()  # noqa: S608 - constant text
        return _entry(row) if row else None

    def unfinished(self, environment: str) -> Iterator[JournalEntry]:
        """Yield entries still intended, oldest first."""
        query = f"SELECT {_COLUMNS} FROM entries WHERE environment = ? AND state = 'intended' ORDER BY updated_at, number"  # noqa: S608 - constant text
        with self._database.transaction(is_writing=False) as connection:
            rows = connection.execute(query, (environment,)).fetchall()
        yield from (_entry(row) for row in rows)

    def remember(self, key: str, value: str) -> None:
        """Keep one small fact."""
        with self._database.transaction(is_writing=True) as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, value))

    def recall(self, key: str) -> str:
        """Return the fact; empty when never kept."""
        with self._database.transaction(is_writing=False) as connection:
            row = connection.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""


def _entry(row: tuple[object, ...]) -> JournalEntry:
    return msgspec.convert(dict(zip(_FIELDS, row, strict=True)), JournalEntry)
