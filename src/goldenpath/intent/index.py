"""A catalog that answers about a change without being read whole again (P3): an index that follows the commits it is asked about.

It is a cache and nothing else: missing, damaged or made under other rules, it is built again from git objects. The gate may use it;
``apply`` always reads the whole catalog, so whoever tampers with the index can at most hide a clash until then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from goldenpath import __version__
from goldenpath.errors import NotFound
from goldenpath.intent.catalog import CatalogEntry, blobs_of
from goldenpath.intent.claims import claimed, keys_of_tombstones
from goldenpath.intent.contract import load
from goldenpath.intent.files import check_pairs, load_files, orphans
from goldenpath.intent.index_store import IndexedFile, IndexStore
from goldenpath.intent.layout import is_below, other_roots
from goldenpath.intent.listing import misplaced, sort_out
from goldenpath.intent.uniqueness import find_conflicts
from goldenpath.model.base import digest
from goldenpath.model.enums import Enums
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstones
from goldenpath.ports.repository import RepositoryReader, TreeEntry

T = TypeVar("T")


class CatalogView:
    """The catalog at one commit, through the index. Use as a context manager, or call :meth:`close`."""

    def __init__(
        self, reader: RepositoryReader, commit: str, *, settings: Settings, enums: Enums, tombstones: Tombstones, cache: Path | None
    ) -> None:
        self._reader = reader
        self._commit = commit
        self._settings = settings
        self._enums = enums
        self._tombstones = tombstones
        self._store = self._opened(cache)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._store.close()

    def findings(self) -> tuple[Finding, ...]:
        """Return every fault of the catalog at the commit: of single files, of names, and of uniqueness. Sorted.

        The verdict is that of :func:`read_catalog`; only the remark that two refused names differ in case is not repeated.
        """
        return self._ask(self._findings)

    def conflicts(
        self, entries: Sequence[CatalogEntry], *, without: Collection[str] = (), fetch: Callable[[str], bytes] = lambda _path: b""
    ) -> tuple[Finding, ...]:
        """Return what clashes when ``entries`` are put on top of the catalog in place of the files ``without``; on ``entries`` only.

        ``fetch`` returns the bytes of an entry's file by its path, so that a finding can name the line.
        """
        return self._ask(lambda: self._conflicts(entries, frozenset(without), fetch))

    def entry(self, request_id: str) -> CatalogEntry | None:
        """Return the request with this id, or None."""
        found = self._ask(lambda: self._load(self._store.paths_of(request_id)))
        return next((entry for entry in found if entry.request.id == request_id), None)

    def all_ids(self) -> tuple[str, ...]:
        """Return the ids of all requests; sorted. A file that cannot be read as a request has none."""
        return self._ask(lambda: self._store.ids())  # noqa: PLW0108 - the store may be another one the second time

    def _ask(self, question: Callable[[], T]) -> T:
        """Answer from the index; one that turns out to be damaged is built again, in memory, and asked once more."""
        try:
            return question()
        except (sqlite3.Error, msgspec.DecodeError) as error:
            self._store.discard(error)
            self._store = self._opened(None)
            return question()

    def _findings(self) -> tuple[Finding, ...]:
        own = self._store.findings()
        suspects = self._store.sharing() | self._store.holding(keys_of_tombstones(self._tombstones, self._settings))
        conflicts = find_conflicts(self._load(suspects), settings=self._settings, tombstones=self._tombstones, fetch=self._fetch)
        return tuple(sorted([*own, *conflicts], key=lambda finding: finding.sort_key))

    def _conflicts(self, entries: Sequence[CatalogEntry], without: frozenset[str], fetch: Callable[[str], bytes]) -> tuple[Finding, ...]:
        changed = frozenset(entry.path for entry in entries)
        keys = frozenset(key for entry in entries for key in claimed(entry.request, self._settings))
        others = self._load(self._store.holding(keys) - without - changed)
        found = find_conflicts(
            [*entries, *others],
            settings=self._settings,
            tombstones=self._tombstones,
            fetch=lambda path: fetch(path) if path in changed else b"",
        )
        return tuple(sorted((finding for finding in found if finding.file in changed), key=lambda finding: finding.sort_key))

    def _opened(self, cache: Path | None) -> IndexStore:
        """Return the index at the commit; one that cannot be used is replaced, and where no file can be written, memory does."""
        rules = digest([__version__, self._settings, self._enums])
        for place in (cache, cache, None):
            store = None
            try:
                store = IndexStore(place, rules=rules)
                self._advance(store)
            except (sqlite3.Error, OSError) as error:
                if store is not None:
                    store.discard(error)
                continue
            return store
        raise AssertionError("an index in memory cannot be damaged")

    def _advance(self, store: IndexStore) -> None:
        root = self._settings.catalog.root
        roots = (root, *other_roots(root))
        trees = " ".join(self._reader.tree_oid(self._commit, path) or "-" for path in roots)
        if store.trees == trees:
            return
        with store.changing(self._commit, trees):
            changed = self._changed_since(store.commit, roots) if store.commit else None
            if changed is None:
                store.refill(entry for path in roots for entry in self._reader.list_tree(self._commit, path))
            else:
                store.replace(changed)
            self._read_stale(store)

    def _changed_since(self, commit: str, roots: tuple[str, ...]) -> list[TreeEntry] | None:
        """Return the entries that differ from ``commit``, with an empty oid for those that are gone; None when it is not here any more."""
        try:
            changes = self._reader.diff(commit, self._commit, roots)
        except NotFound:
            return None
        return [TreeEntry(path=change.path, mode=change.new_mode, oid=change.new_oid) for change in changes]

    def _read_stale(self, store: IndexStore) -> None:
        root = self._settings.catalog.root
        entries = store.stale()
        listed = sort_out((entry for entry in entries if is_below(entry.path, root)), root)
        findings = [*listed.findings]
        for other in other_roots(root):
            findings += misplaced((entry for entry in entries if is_below(entry.path, other)), root=root, other=other)
        files = load_files(listed.places, blobs_of(self._reader, listed.oids), self._enums)
        store.fill(
            [IndexedFile(place.path, request.id, claimed(request, self._settings)) for place, request in files.requests],
            [*findings, *files.findings, *check_pairs(files), *orphans(files)],
        )

    def _load(self, paths: Iterable[str]) -> list[CatalogEntry]:
        entries = []
        for path in sorted(paths):
            oid = self._store.oid(path)
            loaded = load(self._fetch(path), SecretRequest, file=path, enums=self._enums)
            if loaded.value is not None:
                entries.append(CatalogEntry(loaded.value, path, oid))
        return entries

    def _fetch(self, path: str) -> bytes:
        return next(iter(self._reader.read_blobs([self._store.oid(path)])))[1]
