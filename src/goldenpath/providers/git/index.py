"""Reads Git's index for what no look at the files can show. Never changes it, never refreshes it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from goldenpath.errors import Misconfigured, ProviderRefused
from goldenpath.ports.repository import TreeEntry
from goldenpath.providers.git.command import Git
from goldenpath.providers.git.place import find_place

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
