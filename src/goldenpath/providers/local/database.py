"""One private SQLite file: durable (WAL, ``synchronous=FULL``), one writer at a time, errors in our own words.

Shared by the embedded store and the journal. Knows nothing of what the tables mean.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from goldenpath.errors import Misconfigured, ProviderUnavailable
from goldenpath.providers.local.files import create_private_file, locked_folder, private_file, private_folder

BUSY_TIMEOUT_SECONDS = 10.0
_RETRY_SECONDS = 0.5
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})


class Database:
    """A connection that threads share; each transaction holds it alone.

    Args:
        path: The file; made when missing, in a folder that is made when missing.
        area: First part of the error codes: ``store`` or ``journal``.
        schema: Statements that make version 1 of the tables.
        version: Version of the tables that this code understands.

    Raises:
        Misconfigured: ``state.not-private``, ``state.unusable``, ``state.newer-schema``; ``state.damaged`` when it is no database.
        ProviderUnavailable: ``state.unavailable``, ``<area>.unwritable``, ``<area>.busy``; running again is safe.
    """

    def __init__(self, path: Path, *, area: str, schema: Sequence[str], version: int = 1) -> None:
        self.path = path
        self._area = area
        self._lock = threading.RLock()
        private_folder(path.parent)
        if not private_file(path):
            create_private_file(path)
        for companion in ("-wal", "-shm", "-journal"):
            private_file(path.with_name(path.name + companion))
        with locked_folder(path.parent), self._translated():
            self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False)
            self._finalizer = weakref.finalize(self, self._connection.close)
            self._harden()
            self._prepare(schema, version)

    def close(self) -> None:
        """Close the file; the object is not used afterwards."""
        with self._lock:
            self._finalizer()

    @contextmanager
    def transaction(self, *, is_writing: bool) -> Iterator[sqlite3.Connection]:
        """Hold the database for one transaction: durable when the block ends, undone when it raises."""
        with self._lock, self._translated():
            self._connection.execute("BEGIN IMMEDIATE" if is_writing else "BEGIN")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _harden(self) -> None:
        self._connection.text_factory = _lenient_text
        for setting in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "trusted_schema=OFF"):
            self._connection.execute(f"PRAGMA {setting}")

    def _prepare(self, schema: Sequence[str], version: int) -> None:
        found = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            with self.transaction(is_writing=True) as connection:
                for statement in schema:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={version:d}")
        elif found > version:
            raise Misconfigured(
                "state.newer-schema",
                f"the file has format {found}, and this version of goldenpath understands {version}",
                subject=str(self.path),
                hint="use the version of goldenpath that wrote it, or a newer one",
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._translate(error) from error

    def _translate(self, error: sqlite3.Error) -> ProviderUnavailable | Misconfigured:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if primary in _DAMAGED:
            return Misconfigured(
                "state.damaged",
                "the file is damaged or is no database",
                subject=str(self.path),
                hint="restore it from a backup; do not delete it, the platform would start empty",
            )
        is_busy = primary in _BUSY
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        return ProviderUnavailable(
            f"{self._area}.busy" if is_busy else f"{self._area}.unwritable",
            f"the database did not take the call ({name})",
            subject=str(self.path),
            hint="wait for the other process" if is_busy else "check the disk; running again continues where this stopped",
            retry_after_seconds=_RETRY_SECONDS if is_busy else None,
        )


def _lenient_text(raw: bytes) -> str:
    """Decode damaged text instead of failing in the driver: what it belongs to then does not open, and is reported as corrupt."""
    return raw.decode("utf-8", "replace")
