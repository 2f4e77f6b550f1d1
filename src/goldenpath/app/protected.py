"""Which commit counts: the tip of the protected branch, as this clone knows it (R10, R17)."""

from __future__ import annotations

from goldenpath.errors import Conflict, NotFound
from goldenpath.model.settings import Settings
from goldenpath.ports.repository import RepositoryReader
from goldenpath.settings import SETTINGS_FILE, load_settings

_DEFAULT_BRANCH = "refs/remotes/origin/HEAD"
"""What git keeps in a clone of the remote's default branch: nobody who opens a pull request moves it."""


def believed_settings(reader: RepositoryReader, local: Settings) -> Settings:
    """Return the settings that say which branch is the protected one: those of the remote's default branch where the clone knows it.

    ``local`` are those of the working tree. A branch that is checked out could name itself, or one that nobody has, and so choose programs
    that run here and servers that get tokens; they count only where there is nothing else to go by.
    """
    try:
        data = reader.read_file(reader.resolve(_DEFAULT_BRANCH), SETTINGS_FILE)
    except NotFound:
        return local
    return local if data is None else load_settings(data)


def protected_tip(reader: RepositoryReader, settings: Settings) -> str:
    """Return the newest commit of the protected branch: the local branch, or what was fetched of it where there is no local one.

    Raises:
        NotFound: ``git.ref-missing``.
    """
    branch = settings.governance.protected_branch
    for ref in (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"):
        try:
            return reader.resolve(ref)
        except NotFound:
            continue
    raise NotFound(
        "git.ref-missing",
        f"the protected branch {branch!r} is not in this clone",
        subject=branch,
        hint=f"git fetch origin {branch}:{branch}, or set governance.protectedBranch in goldenpath.yaml",
    )


def protected_commit(reader: RepositoryReader, settings: Settings, commit: str | None) -> str:
    """Return ``commit`` when it lies on the protected branch, else the branch's tip when none was asked for.

    The branch is its first-parent line: a commit inside a branch that was merged never was its state.

    Raises:
        Conflict: ``apply.not-protected`` for a commit that never stood at the tip of the protected branch.
    """
    tip = protected_tip(reader, settings)
    if commit is None:
        return tip
    asked = reader.resolve(commit)
    if asked != tip and not _stood_at_tip(reader, asked, tip):
        raise Conflict(
            "apply.not-protected",
            f"commit {asked[:12]} is not on the protected branch {settings.governance.protected_branch}",
            subject=asked,
            hint="merge it first; only reviewed commits are applied",
        )
    return asked


def _stood_at_tip(reader: RepositoryReader, asked: str, tip: str) -> bool:
    later = reader.first_parents(asked, tip)
    return bool(later) and asked in later[0].parents[:1]
