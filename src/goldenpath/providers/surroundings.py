"""The machine as ``doctor`` sees it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from goldenpath.ports.surroundings import Permissions

_PATIENCE_SECONDS = 10


class SystemSurroundings:
    """Asks the operating system; see :class:`~goldenpath.ports.surroundings.Surroundings`."""

    def python_version(self) -> tuple[int, int, int]:
        """Return the running interpreter's version."""
        return sys.version_info[:3]

    def has_libyaml(self) -> bool:
        """Say whether PyYAML was built with its C parser."""
        return bool(yaml.__with_libyaml__)

    def tool_output(self, command: Sequence[str]) -> str | None:
        """Return what a tool prints; None when it is not there or does not answer."""
        if shutil.which(command[0]) is None:
            return None
        try:
            done = subprocess.run(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_PATIENCE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.decode(errors="replace").strip()

    def permissions(self, path: Path) -> Permissions | None:
        """Return the permissions of ``path`` itself; None when nothing is there."""
        try:
            found = path.lstat()
        except OSError:
            return None
        return Permissions(
            mode=stat.S_IMODE(found.st_mode),
            is_folder=stat.S_ISDIR(found.st_mode),
            is_own=found.st_uid == os.geteuid(),
            is_writable=os.access(path, os.W_OK),
        )

    def entries(self, folder: Path) -> tuple[Path, ...]:
        """Return everything below ``folder``, sorted."""
        return tuple(sorted(folder.rglob("*")))

    def free_bytes(self, path: Path) -> int:
        """Return the space left on the file system that holds the nearest existing parent of ``path``."""
        return shutil.disk_usage(next(folder for folder in (path, *path.parents) if folder.exists())).free

    def git_setting(self, folder: Path, name: str) -> str:
        """Return git's effective setting for ``folder``; empty when it is not set or git is missing."""
        return self.tool_output(["git", "-C", str(folder), "config", "--get", name]) or ""
