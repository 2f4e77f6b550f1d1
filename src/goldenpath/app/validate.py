"""Checks the files of a working tree against their contracts: all of them, or the ones named. Changes nothing.

Needs no Git; where there is a repository, its index is asked for links and submodules that the files do not show (R7).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from goldenpath.app.working_tree import WorkingTree, may_index_links, open_working_tree
from goldenpath.errors import InvalidIntent
from goldenpath.intent.catalog import CatalogEntry, read_places
from goldenpath.intent.contract import load, locate
from goldenpath.intent.folder import Folder
from goldenpath.intent.layout import SIDECAR_SUFFIX, is_below, is_request_like
from goldenpath.intent.listing import refuse_staged
from goldenpath.model.base import Record
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.sidecar import Sidecar
from goldenpath.policy.principals import entries_of, principal_findings
from goldenpath.ports.repository import IndexReader, TreeEntry


class Validation(Record, frozen=True, kw_only=True):
    """``files`` counts the files looked at; ``findings`` are sorted by file and position."""

    files: int
    findings: tuple[Finding, ...]


def validate_tree(root: Path, *, index: Callable[[Path], IndexReader]) -> Validation:
    """Check the platform repository in ``root``: settings, governance files, and the whole catalog with its uniqueness.

    ``index`` opens Git's index; it is called only where there may be something to find in it.
    When the settings cannot be used, the catalog is left out: nobody knows where it lies.

    Raises:
        GoldenpathError: ``git.*`` when there is an index that cannot be read.
    """
    tree = open_working_tree(root)
    if not tree.has_settings:
        return _validation(tree.files, tree.findings)
    catalog = tree.read_catalog()
    findings = [*tree.findings, *catalog.findings, *_principals(tree, catalog.entries)]
    return _validation(tree.files + catalog.files, [*findings, *_unseen(_staged(tree, root, index), findings)])


def validate_paths(root: Path, paths: Sequence[Path], *, index: Callable[[Path], IndexReader]) -> Validation:
    """Check the named files and folders, each file by itself: uniqueness needs the whole catalog, see :func:`validate_tree`.

    The repository's own folder among ``paths`` means the whole tree. Of a folder outside the catalog only what looks like a request.

    Raises:
        InvalidIntent: ``intent.file-missing`` when nothing has one of the names.
        GoldenpathError: ``git.*`` when there is an index that cannot be read.
    """
    base = Path(os.path.abspath(root))  # noqa: PTH100 - resolve() would follow links
    if any(Path(os.path.abspath(path)) == base for path in paths):  # noqa: PTH100 - the same
        return validate_tree(root, index=index)
    tree = open_working_tree(root)
    staged = _staged(tree, root, index)
    findings: list[Finding] = []
    files = 0
    for path in paths:
        whole = Path(os.path.abspath(path))  # noqa: PTH100 - the same
        folder, name = (
            (tree.folder, whole.relative_to(base).as_posix()) if whole.is_relative_to(base) else (Folder(whole.parent), whole.name)
        )
        hidden = [found for found in staged if folder is tree.folder and is_below(found.file, name)]
        entries = [
            entry for entry in _listed(folder, name, path, is_hidden=bool(hidden)) if entry.path == name or _is_ours(tree, folder, entry)
        ]
        files += len(entries)
        seen = _check(tree, folder, entries, is_inside=folder is tree.folder)
        findings += [*seen, *_unseen(hidden, seen)]
    return _validation(files, findings)


def _staged(tree: WorkingTree, root: Path, index: Callable[[Path], IndexReader]) -> list[Finding]:
    """Return a finding for each link or submodule that Git's index holds in the place of our files, or above them."""
    if not may_index_links(root):
        return []
    ours = (*tree.roots, *tree.governed)
    special = index(root).special_entries()
    return [refuse_staged(entry) for entry in special if any(is_below(entry.path, each) or is_below(each, entry.path) for each in ours)]


def _unseen(findings: Iterable[Finding], seen: Iterable[Finding]) -> list[Finding]:
    """Return the findings about files that have none yet: the file itself says it better than the index."""
    known = {finding.file for finding in seen}
    return [finding for finding in findings if finding.file not in known]


def _listed(folder: Folder, name: str, given: Path, *, is_hidden: bool) -> list[TreeEntry]:
    entries = list(folder.entries(name))
    if not entries and not is_hidden:
        raise InvalidIntent(
            "intent.file-missing", "nothing to check has this name", subject=str(given), hint="name a file or folder, or none for all"
        )
    return entries


def _is_ours(tree: WorkingTree, folder: Folder, entry: TreeEntry) -> bool:
    """Say whether a file found in a named folder is any of our business."""
    is_in_catalog = folder is tree.folder and any(is_below(entry.path, root) for root in tree.roots)
    return is_in_catalog or entry.path in tree.governed or is_request_like(entry.path.rpartition("/")[2])


def _check(tree: WorkingTree, folder: Folder, entries: Sequence[TreeEntry], *, is_inside: bool) -> list[Finding]:
    governed = tree.governed if is_inside else {}
    in_catalog = [entry for entry in entries if is_inside and any(is_below(entry.path, root) for root in tree.roots)]
    known = {entry.path for entry in in_catalog} | governed.keys()
    catalog = read_places(folder, in_catalog, settings=tree.settings, enums=tree.enums)
    findings = [*catalog.findings, *_principals(tree, catalog.entries)]
    for entry in entries:
        findings += [finding for finding in tree.findings if finding.file == entry.path] if entry.path in governed else []
        if entry.path not in known:
            findings += _check_loose(tree, folder, entry)
    return findings


def _check_loose(tree: WorkingTree, folder: Folder, entry: TreeEntry) -> Sequence[Finding]:
    """Check a file outside the catalog by its name alone: a sidecar or a request."""
    data = folder.read_regular(entry)
    if isinstance(data, Finding):
        return [data]
    if entry.path.endswith(SIDECAR_SUFFIX):
        return load(data, Sidecar, file=entry.path, enums=tree.enums).findings
    loaded = load(data, SecretRequest, file=entry.path, enums=tree.enums)
    return loaded.findings if loaded.value is None else _faulty_principals(tree, loaded.value, entry.path, data)


def _principals(tree: WorkingTree, entries: Sequence[CatalogEntry]) -> Iterator[Finding]:
    for entry in entries:
        if entries_of(entry.request):
            yield from _faulty_principals(tree, entry.request, entry.path, tree.folder.read_file(entry.path) or b"")


def _faulty_principals(tree: WorkingTree, request: SecretRequest, path: str, data: bytes) -> list[Finding]:
    """Return what is wrong with a request's principals (R16), at their lines. What only the platform can mend is left to the gate."""
    found = principal_findings(request, tree.settings, file=path)
    places = ((finding, locate(data, finding.field)) for finding in found if finding.is_blocking)
    return [msgspec.structs.replace(finding, line=line, column=column) for finding, (line, column) in places]


def _validation(files: int, findings: Sequence[Finding]) -> Validation:
    return Validation(files=files, findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)))
