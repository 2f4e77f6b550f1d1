"""Reads a whole catalog, at a commit or in a folder: every request, and every fault of every file in one run (R7, R9, D1).

Paths are judged by name before anything is opened. Uniqueness is checked over all requests and tombstones. Never decides what a
request may ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from goldenpath.intent.files import Contents, Files, check_pairs, load_files, orphans
from goldenpath.intent.folder import Folder
from goldenpath.intent.layout import WELL_KNOWN_ROOTS, Place, is_below, other_roots
from goldenpath.intent.listing import misplaced, refuse_kind, sort_out
from goldenpath.intent.uniqueness import find_conflicts
from goldenpath.model.enums import Enums
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstones
from goldenpath.ports.repository import RepositoryReader, TreeEntry

CATALOG_ROOTS: Final = WELL_KNOWN_ROOTS


class CatalogEntry(NamedTuple):
    """One request and the file that states it; ``oid`` is the blob's id, empty for a file on disk."""

    request: SecretRequest
    path: str
    oid: str


class Catalog(NamedTuple):
    """``entries`` sorted by id; only files without a fault of their own are in it. ``findings`` sorted by file and position."""

    entries: tuple[CatalogEntry, ...]
    findings: tuple[Finding, ...]
    commit: str = ""


def read_catalog(reader: RepositoryReader, commit: str, *, settings: Settings, enums: Enums, tombstones: Tombstones) -> Catalog:
    """Return the catalog at ``commit``, from git objects only.

    Raises:
        NotFound: ``git.ref-missing``.
        InvalidIntent: when a folder above the catalog is a link or a submodule.
    """
    root = settings.catalog.root
    listed = sort_out(reader.list_tree(commit, root), root)
    strays = [finding for other in other_roots(root) for finding in misplaced(reader.list_tree(commit, other), root=root, other=other)]
    files = load_files(listed.places, blobs_of(reader, listed.oids), enums)
    return assemble(
        files,
        [*listed.findings, *strays],
        settings=settings,
        tombstones=tombstones,
        fetch=lambda path: next(reader.read_blobs([listed.oids[path]]))[1],
        oids=listed.oids,
        commit=commit,
    )


class FolderCatalog(NamedTuple):
    """The catalog of a working tree; ``files`` counts all files below the roots, ``ids`` are those that file names state."""

    entries: tuple[CatalogEntry, ...]
    findings: tuple[Finding, ...]
    files: int
    ids: tuple[str, ...]


def read_folder(path: Path, *, settings: Settings, enums: Enums, tombstones: Tombstones) -> Catalog:
    """Return the catalog of the working tree at ``path``. Links are never opened, pipes never waited on; both are findings (R7)."""
    found = read_working_tree(Folder(path), settings=settings, enums=enums, tombstones=tombstones)
    return Catalog(found.entries, found.findings)


def read_working_tree(folder: Folder, *, settings: Settings, enums: Enums, tombstones: Tombstones) -> FolderCatalog:
    """Return the catalog below an opened folder, as :func:`read_folder`, with what an author needs beside it."""
    root = settings.catalog.root
    entries = list(folder.entries(root))
    listed = sort_out(entries, root)
    strays = [finding for other in other_roots(root) for finding in misplaced(folder.entries(other), root=root, other=other)]
    files = load_files(listed.places, folder.read, enums)
    catalog = assemble(
        files,
        [*listed.findings, *strays, *map(refuse_kind, folder.unreadable)],
        settings=settings,
        tombstones=tombstones,
        fetch=lambda name: folder.read_file(name) or b"",
        oids={},
    )
    return FolderCatalog(catalog.entries, catalog.findings, len(entries), tuple(sorted({place.id for place in listed.places})))


def read_places(folder: Folder, entries: Sequence[TreeEntry], *, settings: Settings, enums: Enums) -> Catalog:
    """Return the requests among some files of a working tree, each checked by itself and against its path, not against the others."""
    root = settings.catalog.root
    listed = sort_out(_below(entries, root), root)
    strays = [finding for other in other_roots(root) for finding in misplaced(_below(entries, other), root=root, other=other)]
    files = load_files(listed.places, folder.read, enums)
    findings = [*listed.findings, *strays, *files.findings, *check_pairs(files), *map(refuse_kind, folder.unreadable)]
    return _catalog(files, _entries(files, {}), findings, "")


def _below(entries: Iterable[TreeEntry], root: str) -> Iterator[TreeEntry]:
    return (entry for entry in entries if is_below(entry.path, root))


def read_entries(reader: RepositoryReader, entries: Iterable[TreeEntry], *, settings: Settings, enums: Enums) -> Catalog:
    """Return the requests among ``entries`` (a change's files, under any root), each checked by itself.

    Uniqueness, and the agreement of a sidecar with a request that is not among ``entries``, need the whole catalog:
    see :mod:`goldenpath.intent.index`.

    Raises:
        NotFound: ``git.object-missing``.
    """
    root = settings.catalog.root
    given = tuple(entries)
    listed = sort_out(_below(given, root), root)
    strays = [finding for other in other_roots(root) for finding in misplaced(_below(given, other), root=root, other=other)]
    files = load_files(listed.places, blobs_of(reader, listed.oids), enums)
    return _catalog(files, _entries(files, listed.oids), [*listed.findings, *strays, *files.findings, *check_pairs(files)], "")


def blobs_of(reader: RepositoryReader, oids: Mapping[str, str]) -> Contents:
    """Return a source that reads places from git objects, through one process."""

    def contents(places: Sequence[Place]) -> Iterator[tuple[Place, bytes]]:
        blobs = reader.read_blobs(oids[place.path] for place in places)
        for place, (_oid, data) in zip(places, blobs, strict=True):
            yield place, data

    return contents


def assemble(
    files: Files,
    findings: Iterable[Finding],
    *,
    settings: Settings,
    tombstones: Tombstones,
    fetch: Callable[[str], bytes],
    oids: Mapping[str, str],
    commit: str = "",
) -> Catalog:
    """Return the catalog of ``files``, with what only the whole can tell: uniqueness, and sidecars without a request.

    ``fetch`` returns the bytes of a file by its path, for positions; it is called for files at fault only.
    """
    entries = _entries(files, oids)
    conflicts = find_conflicts(entries, settings=settings, tombstones=tombstones, fetch=fetch)
    return _catalog(files, entries, [*findings, *files.findings, *check_pairs(files), *orphans(files), *conflicts], commit)


def _entries(files: Files, oids: Mapping[str, str]) -> list[CatalogEntry]:
    return [CatalogEntry(request, place.path, oids.get(place.path, "")) for place, request in files.requests]


def _catalog(files: Files, entries: Iterable[CatalogEntry], findings: Iterable[Finding], commit: str) -> Catalog:
    placed = (entry for entry in entries if entry.path not in files.misplaced)
    return Catalog(
        entries=tuple(sorted(placed, key=lambda entry: (entry.request.id, entry.path))),
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        commit=commit,
    )
