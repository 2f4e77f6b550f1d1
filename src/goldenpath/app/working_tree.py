"""The platform as the files on disk say it is, for authors. The gate and ``apply`` never look here: they read commits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from goldenpath.intent.catalog import FolderCatalog, read_working_tree
from goldenpath.intent.contract import Loaded, load
from goldenpath.intent.enums import load_enums
from goldenpath.intent.folder import Folder
from goldenpath.intent.layout import other_roots
from goldenpath.intent.reader import GOVERNANCE_LIMITS
from goldenpath.model.approval import Approvers
from goldenpath.model.base import Record
from goldenpath.model.drift import DriftIgnores
from goldenpath.model.enums import Enums
from goldenpath.model.finding import Finding
from goldenpath.model.policy import Policy
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstones
from goldenpath.settings import SETTINGS_FILE

T = TypeVar("T")
_MARKS = (SETTINGS_FILE, ".git")
_TELLING = (0o120000.to_bytes(4, "big"), 0o160000.to_bytes(4, "big"), b"link", b"sdir")
"""The modes of a link and of a submodule; the extensions of an index that has a part elsewhere or leaves folders closed."""


class WorkingTree(Record, frozen=True, kw_only=True):
    """Settings and words in use: the tree's own where they are there and without fault, otherwise what ships.

    ``governed`` maps the path of each governance file to its kind, ``findings`` holds the faults of those files, ``files`` counts
    the ones that exist, ``has_settings`` is false when the settings are at fault.
    """

    folder: Folder
    settings: Settings
    enums: Enums
    tombstones: Tombstones
    governed: Mapping[str, type[Any]]
    findings: tuple[Finding, ...]
    files: int
    has_settings: bool

    @property
    def roots(self) -> tuple[str, ...]:
        """The catalog root in use, and the well-known ones that are not."""
        return (self.settings.catalog.root, *other_roots(self.settings.catalog.root))

    def read_catalog(self) -> FolderCatalog:
        """Read the whole catalog of the tree."""
        return read_working_tree(self.folder, settings=self.settings, enums=self.enums, tombstones=self.tombstones)


class _Gathering:
    """Reads one governance file after the other and keeps what was wrong."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.findings: list[Finding] = []
        self.governed: dict[str, type[Any]] = {}
        self.files = 0

    def read(self, path: str, kind: type[T], default: T) -> T:
        self.governed[path] = kind
        entry = next(iter(self.folder.entries(path)), None)
        if entry is None:
            return default
        self.files += 1
        data = self.folder.read_regular(entry, max_bytes=GOVERNANCE_LIMITS.max_bytes)
        if isinstance(data, Finding):
            self.findings.append(data)
            return default
        loaded: Loaded[T] = load(data, kind, file=path)
        self.findings += loaded.findings
        return default if loaded.value is None else loaded.value


def find_root(folder: Path) -> Path:
    """Return the platform that ``folder`` lies in: the nearest folder upwards with settings or a repository, else ``folder`` itself."""
    start = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow links
    marked = (each for each in (start, *start.parents) if any(os.path.lexists(each / mark) for mark in _MARKS))
    return next(marked, folder)


def may_index_links(folder: Path) -> bool:
    """Say whether Git's index for ``folder`` may hold a link or a submodule: a look at the file, since a process takes longer (P4).

    Each entry holds its mode as four bytes, in every version of the format (``gitformat-index``). Where they are nowhere in the file,
    there is none; where they are, or the index is in parts, git has to say.
    """
    start = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow links
    repository = next((each / ".git" for each in (start, *start.parents) if os.path.lexists(each / ".git")), None)
    if repository is None:
        return False
    try:
        index = (repository / "index").read_bytes()
    except FileNotFoundError:  # nothing was ever added
        return False
    except OSError:
        return True
    return not index.startswith(b"DIRC") or any(mark in index for mark in _TELLING)


def open_working_tree(root: Path) -> WorkingTree:
    """Read the platform's own files below ``root``; whatever is at fault is reported and replaced by what ships."""
    gathering = _Gathering(Folder(root))
    settings = gathering.read(SETTINGS_FILE, Settings, Settings())
    has_settings = not gathering.findings
    paths = settings.governance
    shipped = load_enums(None).value
    assert shipped is not None  # noqa: S101 - a test holds that the shipped words load
    enums = gathering.read(paths.enums, Enums, shipped)
    tombstones = gathering.read(paths.tombstones, Tombstones, Tombstones())
    gathering.read(paths.policy, Policy, None)
    gathering.read(paths.approvers, Approvers, None)
    gathering.read(paths.drift_ignores, DriftIgnores, None)
    return WorkingTree(
        folder=gathering.folder,
        settings=settings,
        enums=enums,
        tombstones=tombstones,
        governed=gathering.governed,
        findings=tuple(gathering.findings),
        files=gathering.files,
        has_settings=has_settings,
    )
