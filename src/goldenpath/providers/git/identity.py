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
    git = find_place(folder).git.online()

    def configured(key: str) -> str:
        return git.run("config", "--get", key, allowed=(0, 1)).output.decode("utf-8", "replace").strip()

    found = GitIdentity(
        name=configured("user.name"), email=email or configured("user.email"), signing_key=signing_key or configured("user.signingkey")
    )
    missing = [name for name, value in (("user.email", found.email), ("user.signingkey", found.signing_key)) if not value]
    if missing:
        raise Misconfigured(
            "git.identity-missing",
            f"git has no {' and no '.join(missing)}",
            subject=str(folder),
            hint="git config user.signingkey ~/.ssh/id_ed25519 (an SSH key), or pass --key and --email",
        )
    return found._replace(name=found.name or found.email)
