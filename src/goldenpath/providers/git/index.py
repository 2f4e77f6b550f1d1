"""Reads Git's index for what no look at the files can show. Never changes it, never refreshes it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from goldenpath.errors import Misconfigured, ProviderRefused
from goldenpath.ports.repository import PathChange, TreeEntry
from goldenpath.providers.git.command import Git
from goldenpath.providers.git.objects import path_changes
from goldenpath.providers.git.place import find_place

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_SPECIAL = re.compile(rb"(?:^|(?<=\0))(120000|160000) ([0-9a-f]+) [0-3]\t([^\0]+)")


class GitIndex:
    """The index of the working tree that ``folder`` is in, as far as it lies below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def special_entries(self) -> tuple[TreeEntry, ...]:
        """Return every link and submodule in the index, in path order; nothing where there is no repository.

        Raises:
            Misconfigured: ``git.missing``, ``git.too-old``, ``git.unsafe-ownership``.
            ProviderRefused: ``git.command-failed`` when the index cannot be read.
        """
        try:
            listed = Git(folder=str(self._folder)).run("ls-files", "--stage", "-z").output
        except ProviderRefused:
            if _is_plain_folder(self._folder):
                return ()
            raise
        # a path in conflict has up to three entries
        found = {
            name: TreeEntry(path=os.fsdecode(name), mode=mode.decode(), oid=oid.decode()) for mode, oid, name in _SPECIAL.findall(listed)
        }
        return tuple(found[name] for name in sorted(found))

    def staged_changes(self) -> tuple[PathChange, ...]:
        """Return what the next commit would change. Raises as :meth:`special_entries`."""
        git = Git(folder=str(self._folder))
        has_commit = git.run("rev-parse", "--verify", "--quiet", "HEAD", allowed=(0, 1, 128)).status == 0
        tree = "HEAD" if has_commit else _EMPTY_TREE
        options = ("--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=none")
        return path_changes(git.run("diff-index", *options, tree).output)

    def is_tracked(self, path: Path) -> bool:
        """Say whether the index holds ``path``, or what it leads to: what a branch brings along, and not what somebody put there.

        Raises:
            Misconfigured, ProviderRefused: as :meth:`special_entries`.
        """
        names = {os.path.normpath(path.absolute()), str(path.resolve())}
        below = [name for name in sorted(names) if Path(name).is_relative_to(self._folder.resolve())]
        if not below:
            return False
        return bool(Git(folder=str(self._folder)).run("ls-files", "-z", "--", *below).output)


def _is_plain_folder(folder: Path) -> bool:
    try:
        return find_place(folder).is_bare
    except Misconfigured as error:
        if error.code != "git.not-a-repository":
            raise
        return True
