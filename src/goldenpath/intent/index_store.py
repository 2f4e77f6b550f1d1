"""The table behind the index: which file claims what, and what was wrong with it. Knows SQLite and nothing of requests.

Claims are kept as short digests, so 100,000 requests fit a few tens of megabytes; whoever asks reads the few hits again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from goldenpath.intent.layout import SIDECAR_SUFFIX, SUFFIX, safe_name
from goldenpath.model.finding import Finding
from goldenpath.ports.repository import TreeEntry

SCHEMA_VERSION: Final = 1
_DIGEST_BYTES: Final = 16
_PRIMARY_CODE: Final = 0xFF
_NOT_DAMAGED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
_CHUNK: Final = 500
_TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE file (
    number INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, oid TEXT NOT NULL, mode TEXT NOT NULL, stem BLOB NOT NULL,
    id TEXT NOT NULL DEFAULT '', findings BLOB, stale INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX file_stem ON file (stem);
CREATE INDEX file_id ON file (id);
CREATE INDEX file_stale ON file (stale) WHERE stale;
CREATE TABLE claim (digest BLOB NOT NULL, file INTEGER NOT NULL, PRIMARY KEY (digest, file)) WITHOUT ROWID;
CREATE INDEX claim_file ON claim (file);
"""

_Findings = msgspec.json.Decoder(tuple[Finding, ...])


class IndexedFile(NamedTuple):
    """A request file with its id and what it claims."""

    path: str
    id: str
    claims: Collection[tuple[str, str]]


class IndexStore:
    """One index. ``place`` None keeps it in memory. ``rules`` is the digest of everything that findings depend on.

    Raises:
        sqlite3.Error: when the file is damaged, locked or cannot be written; the caller builds another.
    """

    def __init__(self, place: Path | None, *, rules: str) -> None:
        self._place = place
        if place is not None:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = self._connected()
        try:
            # a cache that a crash may cost: the journal in memory halves the time to build it
            self._connection.execute("PRAGMA synchronous = OFF")
            self._prepare(rules)
        except sqlite3.Error as error:
            self.discard(error)
            raise

    @property
    def commit(self) -> str:
        """The commit that the index is at; empty for a new one."""
        return self._meta("commit")

    @property
    def trees(self) -> str:
        """The object ids of the catalog's folders at that commit; empty for a new one."""
        return self._meta("trees")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def discard(self, error: Exception) -> None:
        """Close the file and, unless ``error`` says that somebody else is using it or that it is not ours to write, delete it."""
        self._connection.close()
        if self._place is not None and getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE not in _NOT_DAMAGED:
            self._place.unlink(missing_ok=True)

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(":memory:" if self._place is None else self._place, timeout=5, isolation_level=None)

    def _prepare(self, rules: str) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in {0, SCHEMA_VERSION} and self._place is not None:
            self._connection.close()
            self._place.unlink(missing_ok=True)
            self._connection = self._connected()
        if version != SCHEMA_VERSION:
            self._connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT")
        if self._meta("rules") != rules:
            self.clear()
            self._set_meta("rules", rules)

    @contextmanager
    def changing(self, commit: str, trees: str) -> Iterator[None]:
        """Change all or nothing; at the end the index is at ``commit``."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._set_meta("commit", commit)
            self._set_meta("trees", trees)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def clear(self) -> None:
        """Forget everything but the rules."""
        for statement in ("DELETE FROM claim", "DELETE FROM file", "DELETE FROM meta WHERE name <> 'rules'"):
            self._connection.execute(statement)

    def refill(self, entries: Iterable[TreeEntry]) -> None:
        """Forget everything and list ``entries`` instead, all of them stale."""
        self.clear()
        rows = ((_raw(entry.path), entry.oid, entry.mode, _raw(_stem(entry.path))) for entry in entries)
        self._connection.executemany("INSERT INTO file (path, oid, mode, stem) VALUES (?, ?, ?, ?)", rows)

    def replace(self, entries: Iterable[TreeEntry]) -> None:
        """List changed entries anew, or not at all when they are gone (no oid); they and the files of their stems become stale."""
        for entry in entries:
            path, stem = _raw(entry.path), _raw(_stem(entry.path))
            self._connection.execute("DELETE FROM claim WHERE file IN (SELECT number FROM file WHERE path = ? OR stem = ?)", (path, stem))
            self._connection.execute("DELETE FROM file WHERE path = ?", (path,))
            if entry.oid:
                row = (path, entry.oid, entry.mode, stem)
                self._connection.execute("INSERT INTO file (path, oid, mode, stem) VALUES (?, ?, ?, ?)", row)
            self._connection.execute("UPDATE file SET stale = 1, findings = NULL, id = '' WHERE stem = ?", (stem,))

    def stale(self) -> list[TreeEntry]:
        """Return the entries that must be read again, in path order."""
        rows = self._connection.execute("SELECT path, mode, oid FROM file WHERE stale ORDER BY path")
        return [TreeEntry(path=_text(path), mode=mode, oid=oid) for path, mode, oid in rows]

    def fill(self, files: Sequence[IndexedFile], findings: Iterable[Finding]) -> None:
        """Store what was read of the stale files; nothing is stale afterwards."""
        by_name: dict[str, list[Finding]] = {}
        for finding in findings:
            by_name.setdefault(finding.file, []).append(finding)
        numbers = {_text(path): number for path, number in self._connection.execute("SELECT path, number FROM file WHERE stale")}
        named = [(msgspec.json.encode(by_name[safe_name(path)]), number) for path, number in numbers.items() if safe_name(path) in by_name]
        self._connection.executemany("UPDATE file SET findings = ? WHERE number = ?", named)
        self._connection.executemany("UPDATE file SET id = ? WHERE number = ?", [(file.id, numbers[file.path]) for file in files])
        claims = ((_digest(claim), numbers[file.path]) for file in files for claim in file.claims)
        self._connection.executemany("INSERT OR IGNORE INTO claim VALUES (?, ?)", claims)
        self._connection.execute("UPDATE file SET stale = 0 WHERE stale")

    def findings(self) -> list[Finding]:
        """Return every stored finding."""
        rows = self._connection.execute("SELECT findings FROM file WHERE findings IS NOT NULL")
        return [finding for (blob,) in rows for finding in _Findings.decode(blob)]

    def sharing(self) -> set[str]:
        """Return the paths of files that claim what another one claims too."""
        query = (
            "SELECT DISTINCT path FROM file JOIN claim ON claim.file = file.number"
            " WHERE digest IN (SELECT digest FROM claim GROUP BY digest HAVING count(*) > 1)"
        )
        return {_text(path) for (path,) in self._connection.execute(query)}

    def holding(self, claims: Iterable[tuple[str, str]]) -> set[str]:
        """Return the paths of files that make one of the claims."""
        digests = [_digest(claim) for claim in claims]
        found: set[str] = set()
        for start in range(0, len(digests), _CHUNK):
            part = digests[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            query = f"SELECT DISTINCT path FROM file JOIN claim ON claim.file = file.number WHERE digest IN ({marks})"  # noqa: S608 - marks only
            found |= {_text(path) for (path,) in self._connection.execute(query, part)}
        return found

    def oid(self, path: str) -> str:
        """Return the object id of a path in the index."""
        found = self._connection.execute("SELECT oid FROM file WHERE path = ?", (_raw(path),)).fetchone()
        return str(found[0])

    def paths_of(self, request_id: str) -> list[str]:
        """Return the files that state this id."""
        return [_text(path) for (path,) in self._connection.execute("SELECT path FROM file WHERE id = ?", (request_id,))]

    def ids(self) -> tuple[str, ...]:
        """Return every id that is stated, sorted."""
        rows = self._connection.execute("SELECT DISTINCT id FROM file WHERE id <> '' ORDER BY id")
        return tuple(request_id for (request_id,) in rows)

    def _meta(self, name: str) -> str:
        found = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return "" if found is None else str(found[0])

    def _set_meta(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def _stem(path: str) -> str:
    return path.removesuffix(SIDECAR_SUFFIX if path.endswith(SIDECAR_SUFFIX) else SUFFIX)


def _digest(claim: tuple[str, str]) -> bytes:
    return blake2b("\0".join(claim).encode(), digest_size=_DIGEST_BYTES).digest()


def _raw(path: str) -> bytes:
    """Return a path as git has it: names are bytes and need not be text."""
    return path.encode("utf-8", "surrogateescape")


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
