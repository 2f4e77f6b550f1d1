"""Finds the repository of a folder once, so that later commands need no search and no second ownership check."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from goldenpath.errors import Misconfigured
from goldenpath.providers.git.command import TIMEOUT_SECONDS, Git, git_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One repository. ``root`` is the working tree, or the repository itself when it is bare; ``common_dir`` holds refs and objects."""

    root: str
    git_dir: str
    common_dir: str
    is_bare: bool
    git: Git


def find_place(folder: Path | str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Place:
    """Return the repository that ``folder`` is in.

    Raises:
        Misconfigured: ``git.missing``, ``git.too-old``, ``git.not-a-repository``, or ``git.unsafe-ownership`` (it is another user's).
    """
    start = os.path.abspath(folder)  # noqa: PTH100 - no link is resolved: git does that itself
    git_version(os.environ.get("PATH", os.defpath))
    finder = Git(folder=start, timeout_seconds=timeout_seconds)
    # the last question has no answer in a bare repository, or inside .git; the others are answered all the same
    questions = ("--is-bare-repository", "--absolute-git-dir", "--git-common-dir", "--show-toplevel")
    answers = os.fsdecode(finder.run("rev-parse", *questions, allowed=(0, 128)).output).removesuffix("\n").split("\n")
    if answers == [""]:
        raise _no_repository(Path(start))
    if not 3 <= len(answers) <= 4:  # noqa: PLR2004 - a path with a line break in it gives more
        raise Misconfigured("git.not-a-repository", "the path of the repository holds a line break", hint="move it to another folder")
    is_bare, git_dir, common_dir = answers[0] == "true", answers[1], answers[2]
    work_tree = answers[3] if len(answers) == 4 else str(Path(git_dir).parent)  # noqa: PLR2004
    return Place(
        root=git_dir if is_bare else work_tree,
        git_dir=git_dir,
        common_dir=os.path.normpath(os.path.join(start, common_dir)),  # noqa: PTH118 - as git printed it
        is_bare=is_bare,
        git=Git(folder=git_dir, git_dir=git_dir, timeout_seconds=timeout_seconds),
    )


def _no_repository(start: Path) -> Misconfigured:
    owned_by_other = _foreign_repository(start)
    if owned_by_other is not None:
        return Misconfigured(
            "git.unsafe-ownership",
            "the repository belongs to another user, so git does not open it",
            subject=str(owned_by_other),
            hint=f"if you trust it: git config --global --add safe.directory {owned_by_other}",
        )
    return Misconfigured(
        "git.not-a-repository",
        "no git repository here or above",
        subject=str(start),
        hint="run inside a clone, or make one with `git init`",
    )


def _foreign_repository(start: Path) -> Path | None:
    """Return the nearest repository above ``start`` when somebody else owns it: decided by the owner, not by git's words."""
    for folder in (start, *start.parents):
        marker = folder / ".git"
        candidate = marker if marker.exists() else folder if (folder / "HEAD").is_file() and (folder / "objects").is_dir() else None
        if candidate is not None:
            owners = {candidate.stat().st_uid, folder.stat().st_uid}
            return folder if owners != {os.geteuid()} else None
    return None
