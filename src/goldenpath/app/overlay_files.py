"""Gathers what an overlay is made of, by following its references on disk: no link, no pipe, nothing outside of the repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from goldenpath.intent.folder import Folder
from goldenpath.model.finding import Finding
from goldenpath.projection.kustomization import NAMES, Kustomization, Reference, is_remote, joined, read_kustomization
from goldenpath.projection.overlay_state import Sources
from goldenpath.projection.overlays import OVERLAYS

FILE_MAX_BYTES: Final = 1 << 20
TOTAL_MAX_BYTES: Final = 16 << 20
FILES_MAX: Final = 2_000
DEEPEST: Final = 32
"""Folders that bring one another in."""


def tree_of(folder: Path) -> Path:
    """Return the folder that nothing may lead out of: the repository around ``folder``, or without one the service's folder, or itself."""
    whole = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow links
    repository = next((each for each in (whole, *whole.parents) if os.path.lexists(each / ".git")), None)
    if repository is not None:
        return repository
    return whole.parent.parent if whole.parent.name == OVERLAYS else whole


def find_overlays(root: Path, folder: Path) -> list[str]:
    """Return the folders of overlays, relative to ``root``: ``folder`` itself if it is one, else all in a folder ``overlays`` below it."""
    whole = Path(os.path.abspath(folder))  # noqa: PTH100 - the same
    inside = whole.relative_to(root.parent).as_posix()
    found = {
        entry.path.rpartition("/")[0]
        for entry in Folder(root.parent).entries(inside)
        if entry.path.rpartition("/")[2] in NAMES
        and (entry.path.count("/") == inside.count("/") + 1 or entry.path.split("/")[-3:-2] == [OVERLAYS])
    }
    chosen = {inside} if inside in found else found
    return sorted(path.removeprefix(root.name).removeprefix("/") for path in chosen)


def gather(root: Path, overlay: str) -> tuple[Sources | None, tuple[Finding, ...]]:
    """Return the overlay's sources; None together with every reason why it must not, or cannot, be rendered."""
    gathering = _Gathering(Folder(root))
    gathering.visit(overlay, ())
    if gathering.findings:
        return None, tuple(gathering.findings)
    return Sources(files=gathering.files, kustomizations=gathering.kustomizations), ()


class _Gathering:
    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._room = TOTAL_MAX_BYTES
        self.files: dict[str, bytes] = {}
        self.kustomizations: dict[str, Kustomization] = {}
        self.findings: list[Finding] = []

    def visit(self, folder: str, came_by: tuple[str, ...]) -> None:
        """Take in a folder with a kustomization, and all that it names."""
        names = [path for name in NAMES if self._take(path := f"{folder}/{name}" if folder else name)]
        if not names:
            self.findings.append(_finding("overlay.reference-missing", "there is no kustomization file that can be read", folder))
            return
        head, findings = read_kustomization(names[0], self.files[names[0]])
        self.findings += findings
        if head is None:
            return
        self.kustomizations[folder] = head
        for reference in head.references:
            if not is_remote(reference.text):
                self._follow(head, reference, (*came_by, folder))

    def _follow(self, head: Kustomization, reference: Reference, came_by: tuple[str, ...]) -> None:
        path = joined(head.folder, reference.text)
        is_below = path.startswith(f"{head.folder}/") if head.folder else not path.startswith(("..", "/"))
        if path.startswith(("..", "/")):
            self._refuse("overlay.reference-outside", "the reference leads out of the repository", head, reference)
        elif path in came_by or len(came_by) > DEEPEST:
            self._refuse("overlay.reference-missing", "the folders bring one another in without end", head, reference)
        elif reference.field and self._is_folder(path):
            if path not in self.kustomizations:
                self.visit(path, came_by)
        elif not is_below and not (reference.field and self._folder.read_file(path) is None):
            self._refuse("overlay.reference-outside", "a file outside of the folder that names it is not taken", head, reference)
        elif not self._take(path):
            self._refuse("overlay.reference-missing", "no regular file that can be read is there, or it is too large", head, reference)

    def _is_folder(self, path: str) -> bool:
        return any(self._folder.read_file(f"{path}/{name}" if path else name) is not None for name in NAMES)

    def _take(self, path: str) -> bool:
        if path in self.files:
            return True
        data = self._folder.read_file(path, max_bytes=min(FILE_MAX_BYTES, self._room)) if len(self.files) < FILES_MAX else None
        if data is None or len(data) > min(FILE_MAX_BYTES, self._room):
            return False
        self._room -= len(data)
        self.files[path] = data
        return True

    def _refuse(self, rule: str, message: str, head: Kustomization, reference: Reference) -> None:
        self.findings.append(_finding(rule, message, head.file, line=reference.line, got=reference.text))


def _finding(rule: str, message: str, file: str, *, line: int = 0, got: str = "") -> Finding:
    return Finding(
        rule=rule,
        level="block",
        message=message,
        file=file,
        line=line,
        got=got,
        expected="a file below the folder that names it, or a folder of this repository with a kustomization",
        hint="correct the reference; links are not followed",
    )
