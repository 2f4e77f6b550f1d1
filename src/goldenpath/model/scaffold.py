"""What ``goldenpath init`` is asked for, and what it finds. Names and bytes; nothing here reads or writes."""

from __future__ import annotations

from typing import Final, Literal

from goldenpath.model.base import Record

Profile = Literal["goldenpath", "zerotouch", "tcs"]
PROFILES: Final[dict[Profile, str]] = {
    "goldenpath": "requests in Git, Secrets Manager, External Secrets",
    "zerotouch": "Parameter Store, Kustomize overlays, release pipeline",
    "tcs": "OpenBao in prod, mounted Secrets in staging, Secrets Manager in dev",
}
"""The families of platform that a repository can be made for."""

Forge = Literal["github", "gitlab", "all"]
FileState = Literal["new", "same", "kept"]


class Choices(Record, frozen=True, kw_only=True):
    """What is written into the files that are new.

    ``branch`` is the protected one; ``catalog`` the catalog's root; ``action`` what workflows run, empty for the project's own;
    ``forge`` is whose pipelines are written; ``organisation`` owns the teams in CODEOWNERS; ``remote`` is the git remote that takes
    manifests, empty for none.
    """

    profile: Profile = "goldenpath"
    branch: str = "main"
    catalog: str = "catalogs/secrets"
    action: str = ""
    forge: Forge = "all"
    organisation: str = "example"
    remote: str = ""
    version: str = ""


class ScaffoldFile(Record, frozen=True, kw_only=True):
    """One file of a platform repository: ``new`` will be written, ``same`` is there already, ``kept`` is there and differs.

    ``found`` is what is there; it stays as it is.
    """

    path: str
    state: FileState
    data: bytes
    found: bytes = b""


class Scaffold(Record, frozen=True, kw_only=True):
    """A platform repository as it will be.

    ``is_founded`` when the folder already is a git repository. ``without_account`` are the environments with a store at a vendor and no
    account: nothing is applied there until one is stated.
    """

    files: tuple[ScaffoldFile, ...]
    folders: tuple[str, ...]
    branch: str
    is_founded: bool
    without_account: tuple[str, ...] = ()

    def of(self, state: FileState) -> tuple[ScaffoldFile, ...]:
        """Return the files in one state."""
        return tuple(file for file in self.files if file.state == state)
