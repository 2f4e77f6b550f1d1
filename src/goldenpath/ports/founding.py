"""The folder that becomes a platform repository, as git sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Founding(Protocol):
    """One folder, which may be in a repository, or be made one."""

    def root(self) -> Path | None:
        """Return the top of the repository that the folder is in; None when it is in none. A bare repository is refused."""
        ...

    def changed(self) -> tuple[str, ...]:
        """Return the paths with changes that are not committed, untracked ones included; ignored files do not count."""
        ...

    def remotes(self) -> tuple[str, ...]:
        """Return the names of the repository's remotes, sorted."""
        ...

    def branch(self) -> str:
        """Return the branch that is likely the protected one: main or master where there is one, else the present one; empty for none."""
        ...

    def found(self, branch: str) -> None:
        """Make the folder a repository whose first commit will be on ``branch``; nothing is committed."""
        ...
