"""The embedded store: the store port on one SQLite file, every row sealed and bound to its place.

What it cannot show: that a whole row was put back to an older state of the same row. The audit chain and backups cover that.
"""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from goldenpath.errors import Misconfigured
from goldenpath.model.base import canonical_bytes
from goldenpath.model.secret import SecretRef
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.providers.local.database import Database
from goldenpath.providers.local.keys import RootKeys
from goldenpath.providers.local.leases import Lease
from goldenpath.providers.local.liveness import LivenessLocks
from goldenpath.providers.local.records import RecordState
from goldenpath.providers.local.recordstore import RecordStore
from goldenpath.providers.local.sealing import Sealed, Sealer, corrupt

_RECORDS_TABLE = """CREATE TABLE records (
    provider TEXT NOT NULL, environment TEXT NOT NULL, path TEXT NOT NULL,
    key_id TEXT NOT NULL, box BLOB NOT NULL,
    PRIMARY KEY (environment, path, provider)) WITHOUT ROWID"""
_VERSIONS_TABLE = """CREATE TABLE versions (
    provider TEXT NOT NULL, environment TEXT NOT NULL, path TEXT NOT NULL, version_id TEXT NOT NULL,
    key_id TEXT NOT NULL, box BLOB NOT NULL,
    PRIMARY KEY (environment, path, provider, version_id))"""
_SCHEMA = (
    "CREATE TABLE meta (only INTEGER PRIMARY KEY CHECK (only = 1), store_id TEXT NOT NULL, key_id TEXT NOT NULL, proof BLOB NOT NULL)",
    _RECORDS_TABLE,
    _VERSIONS_TABLE,
    "CREATE TABLE leases (environment TEXT PRIMARY KEY, key_id TEXT NOT NULL, box BLOB NOT NULL) WITHOUT ROWID",
)
_HERE = "provider = ? AND environment = ? AND path = ?"


class SqliteTray:
    """The tables inside one transaction."""

    def __init__(self, connection: sqlite3.Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def load(self, ref: SecretRef) -> RecordState | None:
        """Return the record."""
        row = self._connection.execute(f"SELECT key_id, box FROM records WHERE {_HERE}", _key(ref)).fetchone()  # noqa: S608 - constant text
        return self._record(ref, row) if row else None

    def load_all(self, environment: str) -> list[RecordState]:
        """Return every record of the environment, in path order."""
        rows = self._connection.execute(
            "SELECT provider, path, key_id, box FROM records WHERE environment = ? ORDER BY path, provider",
            (environment,),
        )
        return [
            self._record(SecretRef(provider=provider, environment=environment, path=path), (key_id, box))
            for provider, path, key_id, box in rows.fetchall()
        ]

    def keep(self, state: RecordState) -> None:
        """Write or replace the record."""
        ref = state.record.ref
        sealed = self._sealer.seal(_place(ref), canonical_bytes(state))
        self._connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)", (*_key(ref), sealed.key_id, sealed.box))

    def drop(self, ref: SecretRef) -> None:
        """Remove the record and its values."""
        for table in ("records", "versions"):
            self._connection.execute(f"DELETE FROM {table} WHERE {_HERE}", _key(ref))  # noqa: S608 - constant text

    def load_value(self, ref: SecretRef, version_id: str) -> bytes:
        """Return one value."""
        query = f"SELECT key_id, box FROM versions WHERE {_HERE} AND version_id = ?"  # noqa: S608 - constant text
        row = self._connection.execute(query, (*_key(ref), version_id)).fetchone()
        return self._open(_place(ref, version_id), row)

    def keep_value(self, ref: SecretRef, version_id: str, value: bytes) -> None:
        """Write one value."""
        sealed = self._sealer.seal(_place(ref, version_id), value)
        self._connection.execute(
            "INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?, ?)", (*_key(ref), version_id, sealed.key_id, sealed.box)
        )

    def drop_value(self, ref: SecretRef, version_id: str) -> None:
        """Remove one value."""
        self._connection.execute(f"DELETE FROM versions WHERE {_HERE} AND version_id = ?", (*_key(ref), version_id))  # noqa: S608 - constant text

    def load_lease(self, environment: str) -> Lease:
        """Return the environment's lease."""
        row = self._connection.execute("SELECT key_id, box FROM leases WHERE environment = ?", (environment,)).fetchone()
        if row is None:
            return Lease(environment=environment)
        return msgspec.json.decode(self._open(("lease", environment), row), type=Lease)

    def keep_lease(self, lease: Lease) -> None:
        """Write or replace the lease."""
        sealed = self._sealer.seal(("lease", lease.environment), canonical_bytes(lease))
        self._connection.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?)", (lease.environment, sealed.key_id, sealed.box))

    def _record(self, ref: SecretRef, row: tuple[object, object]) -> RecordState:
        return msgspec.json.decode(self._open(_place(ref), row), type=RecordState)

    def _open(self, place: tuple[str, ...], row: tuple[object, object] | None) -> bytes:
        """Open one row; columns of another type than we wrote are as corrupt as a flipped bit."""
        if row is None or not isinstance(row[0], str) or not isinstance(row[1], bytes):
            raise corrupt(place)
        return self._sealer.open(place, Sealed(key_id=row[0], box=row[1]))


class SqliteShelf:
    """The file, the keys that open it, and its identity."""

    def __init__(self, path: Path, *, keys: RootKeys, entropy: Entropy) -> None:
        self._database = Database(path, area="store", schema=_SCHEMA)
        self._locks = LivenessLocks(path)
        self.store_id, digest_key_id = self._identify(keys, entropy)
        self._sealer = Sealer(keys, store_id=self.store_id, digest_key_id=digest_key_id, entropy=entropy)

    def close(self) -> None:
        """Close the file and release every lock."""
        self._locks.close()
        self._database.close()

    def holds(self, environment: str) -> bool:
        """Say whether this shelf holds the environment's liveness lock."""
        return self._locks.holds(environment)

    def claim(self, environment: str) -> bool:
        """Take the lock that ends with the process, if nobody alive has it."""
        return self._locks.claim(environment)

    def give_up(self, environment: str) -> None:
        """Release the lock."""
        self._locks.give_up(environment)

    @contextmanager
    def transaction(self, *, is_writing: bool) -> Iterator[SqliteTray]:
        """All of the block's changes or none, durable at its end."""
        with self._database.transaction(is_writing=is_writing) as connection:
            yield SqliteTray(connection, self._sealer)

    def content_digest(self, value: bytes) -> str:
        """Return the full keyed digest of a value."""
        return self._sealer.content_digest(value)

    def fingerprint(self, value: bytes) -> str:
        """Return the truncated keyed digest of a value."""
        return self._sealer.fingerprint(value)

    def _identify(self, keys: RootKeys, entropy: Entropy) -> tuple[str, str]:
        with self._database.transaction(is_writing=True) as connection:
            row = connection.execute("SELECT store_id, key_id, proof FROM meta").fetchone()
            if row is None:
                row = _new_identity(keys, entropy)
                connection.execute("INSERT INTO meta VALUES (1, ?, ?, ?)", row)
        store_id, key_id, proof = row
        if not hmac.compare_digest(proof, _proof(keys, store_id, key_id)):
            raise Misconfigured(
                "key.mismatch",
                "the root key does not belong to this store, or the store's identity was changed",
                subject=str(self._database.path),
                hint="put the matching key file and store file back together",
            )
        return store_id, key_id


class LocalStore(RecordStore):
    """The embedded, sealed store in one file.

    Raises:
        Misconfigured: ``key.unknown`` or ``key.mismatch`` when the keys do not belong to the file; ``state.*`` as for any state file.
    """

    def __init__(self, path: Path, *, keys: RootKeys, clock: Clock, entropy: Entropy) -> None:
        shelf = SqliteShelf(path, keys=keys, entropy=entropy)
        super().__init__(shelf, clock=clock)
        self._sqlite = shelf

    def close(self) -> None:
        """Close the file; the object is not used afterwards."""
        self._sqlite.close()


def _new_identity(keys: RootKeys, entropy: Entropy) -> tuple[str, str, bytes]:
    store_id = f"local-{entropy.token_bytes(16).hex()}"
    return store_id, keys.active_id, _proof(keys, store_id, keys.active_id)


def _proof(keys: RootKeys, store_id: str, key_id: str) -> bytes:
    return hmac.digest(keys.derive("store-identity", key_id=key_id), store_id.encode("utf-8"), "sha256")


def _key(ref: SecretRef) -> tuple[str, str, str]:
    return (ref.provider, ref.environment, ref.path)


def _place(ref: SecretRef, version_id: str = "") -> tuple[str, ...]:
    return ("value" if version_id else "record", *_key(ref), version_id)
