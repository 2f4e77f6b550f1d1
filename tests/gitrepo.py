"""A real repository for tests: git and ssh-keygen as they are, with nobody's configuration in the way."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ALICE = ("Alice Doe", "alice@example.com")
BOB = ("Bob Roe", "bob@example.com")
START = 1_768_478_400
"""2026-01-15T12:00:00Z, the start of FakeClock; every commit is one minute after the one before."""


def git_environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The machine's environment without any git setting, ssh agent or home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") and name != "SSH_AUTH_SOCK"}
    isolated = {"HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    return {**kept, **isolated, **(extra or {})}


@dataclass(frozen=True)
class SshKey:
    """A key pair on disk. ``public`` is the first two words of the public line."""

    path: Path
    public: str


def keygen(path: Path, *, kind: str = "ed25519", bits: int | None = None, passphrase: str = "") -> SshKey:
    """Make a key pair at ``path`` and ``path.pub``."""
    size = ["-b", str(bits)] if bits else []
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *size, "-N", passphrase, "-C", "", "-f", str(path)], check=True)
    return SshKey(path, " ".join(path.with_name(path.name + ".pub").read_text().split()[:2]))


class GitRepo:
    """One repository on disk. Methods return commit ids, so tests read like a story."""

    def __init__(self, path: Path, *, bare: bool = False, init: bool = True, object_format: str = "sha1") -> None:
        self.path = path
        self._count = 0
        if init:
            path.mkdir(parents=True, exist_ok=True)
            self.git("init", "-q", "--template=", "-b", "main", f"--object-format={object_format}", *(["--bare"] if bare else []))

    @classmethod
    def clone(cls, source: Path | str, path: Path, *options: str) -> GitRepo:
        """Clone ``source`` to ``path``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["git", "clone", "-q", *options, str(source), str(path)], check=True, env=git_environment(path.parent), stdin=subprocess.DEVNULL
        )
        return cls(path, init=False)

    def git(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, check: bool = True) -> str:
        """Run git here and return its output without the last line break."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, input=stdin, capture_output=True, env=git_environment(self.path, env), check=False
        )
        if check and done.returncode:
            raise AssertionError(f"git {' '.join(arguments)} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
        return os.fsdecode(done.stdout).removesuffix("\n")

    def write(self, name: str, content: str | bytes = "") -> Path:
        """Write a file of the working tree."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def remove(self, name: str) -> None:
        """Remove a file of the working tree."""
        (self.path / name).unlink()

    def link(self, name: str, target: str) -> None:
        """Make a symbolic link in the working tree."""
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def commit(
        self,
        message: str = "Change",
        files: Mapping[str, str | bytes | None] | None = None,
        *,
        author: tuple[str, str] = ALICE,
        committer: tuple[str, str] | None = None,
        time: int | None = None,
    ) -> str:
        """Write ``files`` (None removes one), commit the whole working tree, return the id."""
        for name, content in (files or {}).items():
            if content is None:
                self.remove(name)
            else:
                self.write(name, content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-F", "-", stdin=message.encode(), env=self._who(author, committer or author, time))
        return self.head()

    def branch(self, name: str, at: str = "HEAD") -> None:
        """Make a branch and switch to it."""
        self.git("switch", "-q", "-c", name, at)

    def switch(self, name: str) -> None:
        """Switch to a branch, or detach at a commit."""
        self.git("switch", "-q", "--detach" if len(name) == 40 else "--no-detach", name)

    def merge(self, *names: str, message: str = "Merge", author: tuple[str, str] = ALICE, time: int | None = None) -> str:
        """Merge branches into the current one, always with a merge commit."""
        self.git("merge", "-q", "--no-ff", "-m", message, *names, env=self._who(author, author, time))
        return self.head()

    def head(self, ref: str = "HEAD") -> str:
        """Return the commit id of ``ref``."""
        return self.git("rev-parse", "--verify", f"{ref}^{{commit}}")

    def show(self, path: str, ref: str = "HEAD") -> bytes:
        """Return the bytes of a file at ``ref``."""
        return subprocess.run(
            ["git", "cat-file", "blob", f"{ref}:{path}"], cwd=self.path, capture_output=True, check=True, env=git_environment(self.path)
        ).stdout

    def files(self, ref: str = "HEAD") -> list[str]:
        """Return the paths of all files at ``ref``."""
        return [name for name in self.git("ls-tree", "-r", "-z", "--name-only", ref).split("\0") if name]

    def _who(self, author: tuple[str, str], committer: tuple[str, str], time: int | None) -> dict[str, str]:
        self._count += 1
        moment = f"@{START + 60 * self._count if time is None else time} +0000"
        return {
            "GIT_AUTHOR_NAME": author[0],
            "GIT_AUTHOR_EMAIL": author[1],
            "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_NAME": committer[0],
            "GIT_COMMITTER_EMAIL": committer[1],
            "GIT_COMMITTER_DATE": moment,
        }
