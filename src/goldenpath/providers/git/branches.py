"""Proposals: a commit on a branch of its own, made from objects alone, so that whatever somebody has open stays as it is.

Never forces, never runs a hook, never signs; one move of one ref makes it visible.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from goldenpath.errors import Conflict, InvalidIntent, Misconfigured
from goldenpath.ports.clock import Clock
from goldenpath.providers.git.files import blob_id
from goldenpath.providers.git.identity import read_author
from goldenpath.providers.git.objects import BRANCH_NAME
from goldenpath.providers.git.paths import confined
from goldenpath.providers.git.reader import GitReader
from goldenpath.providers.git.remote import Remote
from goldenpath.providers.git.writing import Signature, move_ref, ref_target, store_blobs, write_commit, write_tree

REMOTE = "origin"


class GitBranches:
    """The ``ProposalBranches`` of the repository that ``folder`` lies in; ``clock`` gives the time written into commits."""

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._reader = GitReader(folder)
        self._git = self._reader.place.git

    def tip(self, branch: str) -> str:
        """Return the newest commit of a local branch; empty when there is none. Raises ``InvalidIntent`` ``git.branch-invalid``."""
        return ref_target(self._git, _ref(branch))

    def fetched_tip(self, branch: str) -> str:
        """Return the newest commit of a branch at the remote, fetched; empty when it has none."""
        return self._remote(branch).head()

    def has_own_change(self, path: str) -> bool:
        """Say whether the working tree's file is anything but what its own commit holds, in the index or on disk."""
        if self._reader.place.is_bare:
            return False
        head = ref_target(self._git, "HEAD")
        committed = self._reader.tree_oid(head, path) if head else ""
        staged = self._git.run("ls-files", "--stage", "-z", "--", path).output.split(b"\0")[0].decode("utf-8", "replace").split()
        on_disk = blob_id(self._reader.root, path, id_length=len(committed or head) or 40)
        return on_disk != committed or (staged[1] if len(staged) > 1 else "") != committed

    def commit(self, branch: str, *, parent: str, writes: Mapping[str, bytes], message: str) -> str:
        """Commit ``writes`` on top of ``parent``, and let ``branch`` stand there."""
        ref = _ref(branch)
        old = ref_target(self._git, ref)
        if old not in {"", parent}:
            raise _moved(branch)
        self._require_closed(branch, ref)
        name, address = read_author(self._folder)
        placed = {confined(path): content for path, content in writes.items()}
        blobs = dict(zip(placed, store_blobs(self._git, list(placed.values())), strict=True))
        signature = Signature(name=name, email=address, time=int(self._clock.now().timestamp()))
        new = write_commit(self._git, write_tree(self._git, parent, blobs), [parent], message, signature)
        if not move_ref(self._git, ref, new, old, reason="goldenpath: propose"):
            raise _moved(branch) if ref_target(self._git, ref) != old else _in_the_way(branch)
        return new

    def push(self, branch: str) -> None:
        """Publish the branch; the remote's branch must be one that ours goes on from. Raises ``Misconfigured`` ``git.remote-missing``."""
        remote = self._remote(branch)
        ours, theirs = self.tip(branch), remote.head()
        if ours == theirs:
            return
        if theirs and not self._reader.is_ancestor(theirs, ours):
            raise _moved(branch)
        try:
            remote.push(ours, theirs)
        except Conflict as conflict:
            raise _moved(branch) from conflict

    def _remote(self, branch: str) -> Remote:
        ref = _ref(branch)
        if self._git.run("config", "--get", f"remote.{REMOTE}.url", allowed=(0, 1)).status:
            raise Misconfigured(
                "git.remote-missing",
                f"the platform repository has no remote {REMOTE}",
                subject=self._reader.root,
                hint=f"git remote add {REMOTE} <address>, or leave --open out",
            )
        return Remote(self._reader.place, REMOTE, ref)

    def _require_closed(self, branch: str, ref: str) -> None:
        """Refuse a branch that somebody has open: their files would lag behind the commit."""
        where = self._git.run("for-each-ref", "--format=%(worktreepath)", ref).line
        if where:
            raise Conflict(
                "git.branch-checked-out",
                f"the branch {branch} is checked out, so its files would no longer be those of its commit",
                subject=where,
                hint="leave --branch out and commit there by hand, or switch that working tree to another branch first",
            )


def _ref(branch: str) -> str:
    if not BRANCH_NAME.fullmatch(branch):
        raise InvalidIntent(
            "git.branch-invalid",
            "not the name of a branch that proposals are made on",
            hint="use letters, digits and . _ / + @ -, such as request/payments-db",
        )
    return f"refs/heads/{branch}"


def _moved(branch: str) -> Conflict:
    return Conflict(
        "git.branch-moved",
        "the branch stands elsewhere than expected; nothing was changed",
        subject=branch,
        hint="name another branch, or bring this one up to date first (git pull), then run again",
        retry_after_seconds=0.0,
    )


def _in_the_way(branch: str) -> Conflict:
    return Conflict(
        "git.branch-name-taken",
        "the branch cannot be made though nobody moved it: another one's name is a part of its name, or git holds a lock",
        subject=branch,
        hint="name another branch; where there is a branch x there can be no x/y",
    )
