"""A Secret volume as the kubelet makes it: a hidden folder of files, ``..data`` pointing at it, a link for each key, changed by a rename."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Mapping
from pathlib import Path

from goldenpath.providers.kubernetes_mount import DATA


class MountedVolume:
    """The kubelet's side. ``write`` replaces everything at once, and takes the old folder away as the kubelet does.

    Only a folder that it made itself is ever taken away: where a test has pointed ``..data`` is never asked, for it may be anywhere.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._current: Path | None = None
        folder.mkdir(parents=True)
        self._numbers = itertools.count(1)

    def write(self, files: Mapping[str, bytes]) -> Path:
        """Return the hidden folder that is current now."""
        fresh = self.folder / f"..2026_01_15_12_00_00.{next(self._numbers):09d}"
        fresh.mkdir()
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        old = self._current
        self.point_at(fresh.name)
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"{DATA}/{name}")
        if old is not None:
            shutil.rmtree(old)
        self._current = fresh
        return fresh

    def point_at(self, target: str) -> None:
        """Swap the link in one rename."""
        draft = self.folder / "..data_tmp"
        draft.symlink_to(target)
        draft.rename(self.folder / DATA)
