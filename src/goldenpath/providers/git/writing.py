"""Makes blobs, trees and commits without a working tree, and moves a ref only when it still is where it was.

Nothing here touches the user's index or files: trees are built in a private index that is thrown away.
A process killed at any point leaves unreferenced objects at most; the ref moves in one step at the end.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldenpath.providers.git.command import Git, command_failed, scratch_folder

_ONE_LINE = dict.fromkeys(range(32), " ") | {127: " ", ord("<"): "(", ord(">"): ")"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who is written into a commit or tag, and when (seconds since 1970, shown in UTC)."""

    name: str
    email: str
    time: int

    @property
    def line(self) -> str:
        """The text git stores; line breaks and brackets cannot leave their field."""
        return f"{_field(self.name) or 'unknown'} <{_field(self.email)}> {self.time} +0000"


def _field(text: str) -> str:
    """Return ``text`` as git would clean it: one line, no brackets, no crud at both ends."""
    return text.translate(_ONE_LINE).strip(" .,:;\"'\\")


def store_blobs(git: Git, contents: Sequence[bytes]) -> list[str]:
    """Write each content as a blob through one process and return the ids in order."""
    if not contents:
        return []
    stream = b"".join(
        b"blob\nmark :%d\ndata %d\n%b\nget-mark :%d\n" % (number, len(content), content, number)
        for number, content in enumerate(contents, start=1)
    )
    answer = git.run("fast-import", "--quiet", "--done", stdin=stream + b"done\n")
    oids = answer.output.decode("ascii").split()
    if len(oids) != len(contents):
        raise command_failed("fast-import", answer.status)
    return oids


def write_tree(git: Git, base: str, writes: Mapping[str, str], removals: Sequence[str] = ()) -> str:
    """Return the id of ``base``'s tree (empty: no base) with blob ids of ``writes`` put in as regular files and ``removals`` taken out."""
    with scratch_folder() as folder:
        private = {"GIT_INDEX_FILE": str(folder / "index")}
        git.run("read-tree", base or "--empty", environment=private)
        lines = [*(f"0 {'0' * 40}\t{path}" for path in removals), *(f"100644 {oid}\t{path}" for path, oid in writes.items())]
        stdin = b"".join(os.fsencode(line) + b"\0" for line in lines)
        git.run("update-index", "-z", "--replace", "--index-info", stdin=stdin, environment=private)
        return git.run("write-tree", environment=private).line


def write_commit(git: Git, tree: str, parents: Sequence[str], message: str, signature: Signature) -> str:
    """Write a commit object and return its id; no ref moves."""
    headers = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {signature.line}", f"committer {signature.line}"]
    content = "\n".join(headers) + "\n\n" + message.rstrip("\n") + "\n"
    return git.run("hash-object", "-t", "commit", "-w", "--stdin", stdin=content.encode("utf-8", "surrogateescape")).line


def move_ref(git: Git, ref: str, new: str, old: str, *, reason: str) -> bool:
    """Move ``ref`` from ``old`` (empty: it must not exist) to ``new``; False when it is somewhere else or locked, and nothing moved."""
    moved = git.run("update-ref", "--no-deref", "-m", reason, ref, new, old or "0" * len(new), allowed=(0, 1, 128))
    return moved.status == 0


def ref_target(git: Git, ref: str) -> str:
    """Return the commit that ``ref`` (in full) points at; empty when there is no such ref."""
    found = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", allowed=(0, 1, 128))
    return found.line if found.status == 0 else ""
