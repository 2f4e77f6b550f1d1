"""Who git says that we are: name, address and signing key from the user's own configuration."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from goldenpath.errors import Misconfigured
from goldenpath.providers.git.place import find_place


class GitIdentity(NamedTuple):
    """A person as git knows them. ``signing_key`` is a file, or a public key line for the agent."""

    name: str
    email: str
    signing_key: str


def read_identity(folder: Path, *, email: str | None = None, signing_key: str | None = None) -> GitIdentity:
    """Return the identity configured for ``folder``, with the given parts in place of git's.

    Raises:
        Misconfigured: ``git.identity-missing`` when git knows no address or no signing key.
    """
    name, address, key = (_configured(folder, name) for name in ("user.name", "user.email", "user.signingkey"))
    found = GitIdentity(name=name, email=email or address, signing_key=signing_key or key)
    missing = [name for name, value in (("user.email", found.email), ("user.signingkey", found.signing_key)) if not value]
    if missing:
        raise Misconfigured(
            "git.identity-missing",
            f"git has no {' and no '.join(missing)}",
            subject=str(folder),
            hint="git config user.signingkey ~/.ssh/id_ed25519 (an SSH key), or pass --key and --email",
        )
    return found._replace(name=found.name or found.email)


def read_author(folder: Path) -> tuple[str, str]:
    """Return name and address for commits. Raises ``Misconfigured`` ``git.identity-missing`` when git knows no address."""
    name, address = _configured(folder, "user.name"), claimed_address(folder)
    if not address:
        raise Misconfigured(
            "git.identity-missing", "git has no user.email", subject=str(folder), hint="git config user.email you@example.com"
        )
    return name or address, address


def claimed_address(folder: Path) -> str:
    """Return ``user.email`` as git has it for ``folder``; empty when it has none. Nobody checked it."""
    return _configured(folder, "user.email")


def _configured(folder: Path, key: str) -> str:
    git = find_place(folder).git.online()
    return git.run("config", "--get", key, allowed=(0, 1)).output.decode("utf-8", "replace").strip()
