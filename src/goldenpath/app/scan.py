"""Looks for values in files and in changes. Offline: Git, files and this machine's own index of fingerprints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from goldenpath.app.known_values import Known, known_values
from goldenpath.app.services import Services
from goldenpath.errors import InvalidIntent, NotFound
from goldenpath.leaks.search import Lines, lines_of, search, shown_path
from goldenpath.model.finding import Finding
from goldenpath.ports.repository import IndexReader, PathChange, RepositoryReader

FILE_BYTES_MAX: Final = 5_242_880
_FILE_MODES: Final = frozenset({"100644", "100755", "120000"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What was looked at, with what, and what was found."""

    files: int
    lines: int
    known: Known
    findings: tuple[Finding, ...]


def known_for_scan(services: Services, *, requires_index: bool) -> Known:
    """Return the fingerprints to scan with.

    Raises:
        NotFound: ``scan.no-index`` when one is required and this machine has none.
    """
    known = known_values(services)
    if requires_index and not known.is_there:
        raise NotFound("scan.no-index", "this machine has no index of managed values", hint="goldenpath scan --update-index makes one")
    return known


def scan_files(known: Known, paths: Sequence[Path]) -> Scanned:
    """Search whole files. A folder, a link or a file that cannot be read is refused by name: nobody should believe it searched."""
    files: list[Lines] = []
    large: list[Finding] = []
    for path in paths:
        data = _content(path)
        if len(data) > FILE_BYTES_MAX:
            large.append(_too_large(shown_path(str(path), known.index)))
        files.append(Lines(path=str(path), lines=lines_of(data[:FILE_BYTES_MAX])))
    return _scanned(known, files, large)


def scan_staged(services: Services, known: Known, index: IndexReader) -> Scanned:
    """Search the lines that the next commit would add."""
    return _scan_changes(known, services.repository(), index.staged_changes())


def scan_range(services: Services, known: Known, *, base: str, head: str) -> Scanned:
    """Search the lines that ``base...head`` adds. Raises ``NotFound`` ``git.ref-missing`` or ``git.no-merge-base``."""
    reader = services.repository()
    return _scan_changes(known, reader, reader.diff(reader.merge_base(base, head), reader.resolve(head)))


def _scan_changes(known: Known, reader: RepositoryReader, changes: Iterable[PathChange]) -> Scanned:
    mine = [change for change in changes if change.new_oid and change.new_mode in _FILE_MODES]
    files: list[Lines] = []
    large: list[Finding] = []
    for change, (before, after) in zip(mine, _pairs(reader, mine), strict=True):
        if len(after) > FILE_BYTES_MAX:
            large.append(_too_large(shown_path(change.path, known.index)))
        files.append(Lines(path=change.path, lines=lines_of(after[:FILE_BYTES_MAX], before=before)))
    return _scanned(known, files, large)


def _pairs(reader: RepositoryReader, changes: Sequence[PathChange]) -> Iterator[tuple[bytes, bytes]]:
    old = [change.old_oid for change in changes if change.old_oid and change.old_mode in _FILE_MODES]
    contents = dict(reader.read_blobs(sorted({*old, *(change.new_oid for change in changes)})))
    for change in changes:
        yield contents.get(change.old_oid, b""), contents[change.new_oid]


def _scanned(known: Known, files: Sequence[Lines], large: Sequence[Finding]) -> Scanned:
    found = (*search(files, known.index), *large)
    return Scanned(files=len(files), lines=sum(len(file.lines) for file in files), known=known, findings=found)


def _content(path: Path) -> bytes:
    try:
        if path.is_symlink():
            return str(path.readlink()).encode("utf-8", "surrogateescape")
        if not path.is_file():
            raise InvalidIntent(
                "scan.file-unreadable", "this is no file", subject=str(path), hint="name files; for a change use --base or --staged"
            )
        with path.open("rb") as file:
            return file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise InvalidIntent("scan.file-unreadable", f"the file cannot be read (errno {error.errno})", subject=str(path)) from error


def _too_large(path: str) -> Finding:
    return Finding(
        rule="scan.file-too-large",
        level="warn",
        message=f"only the first {FILE_BYTES_MAX} bytes were searched",
        file=path,
        hint="keep files of this size out of Git, or search them with goldenpath redact",
    )
