"""What ``doctor`` asks about the machine: tools, folders and git's settings. Read-only; nothing here creates or repairs anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from goldenpath.model.base import Record


class Permissions(Record, frozen=True, kw_only=True):
    """Who may do what with one file or folder. ``mode`` holds the permission bits only."""

    mode: int
    is_folder: bool
    is_own: bool
    is_writable: bool


class Surroundings(Protocol):
    """The machine as it is."""

    def python_version(self) -> tuple[int, int, int]:
        """Return the running interpreter's version."""
        ...

    def has_libyaml(self) -> bool:
        """Say whether PyYAML was built with its C parser."""
        ...

    def tool_output(self, command: Sequence[str]) -> str | None:
        """Return what a tool prints (both streams, at most ten seconds); None when it is not there or does not answer."""
        ...

    def permissions(self, path: Path) -> Permissions | None:
        """Return the permissions of ``path`` itself, links not followed; None when nothing is there."""
        ...

    def entries(self, folder: Path) -> tuple[Path, ...]:
        """Return every file and folder below ``folder``, sorted; empty when it is not there."""
        ...

    def free_bytes(self, path: Path) -> int:
        """Return the space left where ``path`` is, or would be."""
        ...

    def git_setting(self, folder: Path, name: str) -> str:
        """Return git's effective setting for ``folder``; empty when it is not set."""
        ...
