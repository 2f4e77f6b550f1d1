"""Makes a folder a repository, and says whether it is one. Nothing is committed: founding a platform is a person's act."""

from __future__ import annotations

import os
from pathlib import Path

from goldenpath.errors import Misconfigured
from goldenpath.providers.git.command import Git
from goldenpath.providers.git.place import Place, find_place

_USUAL = ("main", "master")


class GitFounding:
    """See :class:`~goldenpath.ports.founding.Founding`; ``folder`` need not exist before :meth:`found`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def root(self) -> Path | None:
        """Return the top of the repository; None when there is none.

        Raises:
            Misconfigured: ``git.bare-repository``, ``git.missing``, ``git.too-old``, ``git.unsafe-ownership``.
        """
        place = self._place()
        if place is None:
            return None
        if place.is_bare:
            raise Misconfigured(
                "git.bare-repository",
                "the folder is a bare repository, which has no files",
                subject=str(self._folder),
                hint="clone it, and run init in the clone",
            )
        return Path(place.root)

    def changed(self) -> tuple[str, ...]:
        """Return the paths with changes that are not committed."""
        place = self._place()
        if place is None:
            return ()
        git = Git(folder=place.root)
        listed = git.run("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames").output
        return tuple(sorted(os.fsdecode(entry[3:]) for entry in listed.split(b"\0") if entry))

    def remotes(self) -> tuple[str, ...]:
        """Return the names of the remotes."""
        place = self._place()
        return () if place is None else tuple(sorted(os.fsdecode(place.git.run("remote").output).split()))

    def branch(self) -> str:
        """Return the likely protected branch."""
        place = self._place()
        if place is None:
            return ""
        for name in _USUAL:
            if place.git.run("rev-parse", "--verify", "--quiet", f"refs/heads/{name}", allowed=(0, 1, 128)).status == 0:
                return name
        return place.git.run("symbolic-ref", "--quiet", "--short", "HEAD", allowed=(0, 1, 128)).line

    def found(self, branch: str) -> None:
        """Make the folder a repository."""
        Git(folder=str(self._folder)).run("init", "--quiet", "--template=", f"--initial-branch={branch}")

    def _place(self) -> Place | None:
        try:
            return find_place(next(folder for folder in (self._folder, *self._folder.parents) if folder.is_dir()))
        except Misconfigured as error:
            if error.code == "git.not-a-repository":
                return None
            raise
