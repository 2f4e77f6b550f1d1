"""The GitOps repository we commit to: objects first, then one move of the branch. Never forces, never runs a hook, never signs.

A bare repository gets the commit directly; a working tree that has the branch checked out is brought along when the files in
question hold no change of their own; with ``delivery.remote`` set, the remote's branch is what counts and is pushed to.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from goldenpath.errors import Conflict, InvalidIntent, Misconfigured, ProviderUnavailable
from goldenpath.model.settings import DeliverySettings
from goldenpath.ports.clock import Clock
from goldenpath.providers.git.checkout import Checkout
from goldenpath.providers.git.command import TIMEOUT_SECONDS
from goldenpath.providers.git.objects import BRANCH_NAME
from goldenpath.providers.git.paths import confined, parents
from goldenpath.providers.git.place import Place
from goldenpath.providers.git.reader import GitReader
from goldenpath.providers.git.remote import Remote, push_race
from goldenpath.providers.git.writing import Signature, move_ref, ref_target, store_blobs, write_commit, write_tree

_REGULAR = frozenset({"100644", "100755"})


class GitManifests:
    """A ManifestRepository in a folder: a repository, or a folder inside one. Paths are relative to that folder.

    Args:
        folder: The folder of ``delivery.repository``, absolute.
        settings: Branch, remote and author.
        clock: Gives the time written into commits.
        timeout_seconds: Longest time that one git command may take.

    Raises:
        Misconfigured: ``git.not-a-repository`` and its kin, ``delivery.branch-invalid``, ``delivery.remote-missing``.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        settings: DeliverySettings,
        clock: Clock,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        if not BRANCH_NAME.fullmatch(settings.branch):
            raise Misconfigured("delivery.branch-invalid", "not the name of a branch", subject=settings.branch, hint="set delivery.branch")
        self._settings = settings
        self._clock = clock
        self._ref = f"refs/heads/{settings.branch}"
        self._reader = GitReader(folder, timeout_seconds=timeout_seconds)
        self._git = self._reader.place.git
        self._prefix = _prefix(self._reader.place, folder)
        self._remote = Remote(self._reader.place, settings.remote, self._ref) if settings.remote else None
        self._head: str | None = None

    def head(self) -> str:
        """Return the branch's newest commit, after asking the remote when there is one; empty for an empty repository.

        A working tree that a killed run left behind is brought up to date first.

        Raises:
            Conflict: ``delivery.dirty-checkout`` when that is not possible.
            ProviderUnavailable: ``delivery.remote-unavailable``.
        """
        checkout = Checkout.find(self._reader, self._ref)
        if checkout:
            with checkout.locked():
                checkout.finish()
        self._head = self._remote.head() if self._remote else ref_target(self._git, self._ref)
        return self._head

    def read_tree(self, root: str) -> dict[str, bytes]:
        """Return {path: bytes} of all regular files under ``root`` at the commit that :meth:`head` returned last.

        Paths are the same as in :meth:`commit`: relative to the repository's folder, ``root`` included.
        """
        head = self.head() if self._head is None else self._head
        if not head:
            return {}
        entries = [entry for entry in self._reader.list_tree(head, self._prefix + root) if entry.mode in _REGULAR]
        contents = self._reader.read_blobs([entry.oid for entry in entries])
        return {entry.path.removeprefix(self._prefix): content for entry, (_oid, content) in zip(entries, contents, strict=True)}

    def commit(self, *, expected_head: str, writes: Mapping[str, bytes], removals: Sequence[str], message: str) -> str:
        """Commit on top of ``expected_head`` and publish; return the commit, or ``expected_head`` when nothing differs.

        Raises:
            Conflict: ``delivery.push-race`` when the branch moved; ``delivery.foreign-file`` when a link, a submodule or a file that
                is not being removed is in the way; ``delivery.dirty-checkout``. Nothing was published.
            InvalidIntent: ``delivery.path-invalid``.
            ProviderRefused: ``delivery.push-refused``.
            ProviderUnavailable: ``delivery.remote-unavailable``, ``delivery.ref-locked``.
        """
        placed = {self._prefix + confined(path): content for path, content in writes.items()}
        gone = [self._prefix + confined(path) for path in removals]
        if set(placed) & set(gone):
            raise InvalidIntent("delivery.path-invalid", "a path is both written and removed", subject=min(set(placed) & set(gone)))
        self._require_free(expected_head, placed, gone)
        new = self._build(expected_head, placed, gone, message)
        if new == expected_head:
            return new
        if self._remote:
            self._remote.push(new, expected_head)
            self._follow(expected_head, new)
        else:
            self._move(Checkout.find(self._reader, self._ref), expected_head, new)
        self._head = new
        return new

    def _build(self, head: str, writes: Mapping[str, bytes], removals: Sequence[str], message: str) -> str:
        """Return a new, unpublished commit; ``head`` itself when its tree would be the same."""
        oids = store_blobs(self._git, list(writes.values()))
        tree = write_tree(self._git, head, dict(zip(writes, oids, strict=True)), removals)
        if head and tree == self._reader.tree_oid(head, ""):
            return head
        author = Signature(name=self._settings.author_name, email=self._settings.author_email, time=int(self._clock.now().timestamp()))
        return write_commit(self._git, tree, [head] if head else [], message, author)

    def _move(self, checkout: Checkout | None, old: str, new: str) -> None:
        with checkout.locked() if checkout else nullcontext():
            if checkout is None:
                self._move_ref(old, new)
                return
            checkout.finish()
            if ref_target(self._git, self._ref) != old:
                raise push_race(self._ref)
            changes = self._reader.diff(old, new)
            checkout.require_clean(changes)
            checkout.begin(old, new)
            try:
                self._move_ref(old, new)
            except (Conflict, ProviderUnavailable):
                checkout.done()
                raise
            checkout.apply(changes)
            checkout.done()

    def _move_ref(self, old: str, new: str) -> None:
        if move_ref(self._git, self._ref, new, old, reason="goldenpath: deliver manifests"):
            return
        if ref_target(self._git, self._ref) != old:
            raise push_race(self._ref)
        raise ProviderUnavailable(
            "delivery.ref-locked",
            "the branch could not be moved though it is where it was",
            subject=self._ref,
            hint="may we write there? If no other git runs, remove the stale .lock file beside the ref",
            retry_after_seconds=1.0,
        )

    def _follow(self, old: str, new: str) -> None:
        """Bring the local branch along after a push when it stood at ``old``; otherwise it is the person's to pull."""
        if not old or ref_target(self._git, self._ref) != old:
            return
        try:
            self._move(Checkout.find(self._reader, self._ref), old, new)
        except Conflict as conflict:
            if conflict.code not in {"delivery.dirty-checkout", "delivery.push-race"}:
                raise

    def _require_free(self, head: str, writes: Mapping[str, bytes], removals: Sequence[str]) -> None:
        """Refuse to replace a link, a submodule, or a file by a folder (or the reverse) that is not being removed."""
        entries = {entry.path: entry.mode for entry in self._reader.list_tree(head, self._prefix)} if head else {}
        taken = {path: mode for path, mode in entries.items() if path not in set(removals)}
        folders = {folder for path in taken for folder in parents(path)}
        blocked = [
            path
            for path in writes
            if path in folders or taken.get(path, "100644") not in _REGULAR or any(folder in taken for folder in parents(path))
        ]
        if blocked:
            raise Conflict(
                "delivery.foreign-file",
                f"a link, a submodule or another file is in the way of {len(blocked)} generated files",
                subject=min(blocked),
                hint="move it away in a commit of its own; generated files never replace what they did not make",
            )


def _prefix(place: Place, folder: Path | str) -> str:
    """Return the path of ``folder`` below the repository's root, with a closing slash; empty for the root itself."""
    if place.is_bare:
        return ""
    inside = os.path.relpath(os.path.realpath(folder), os.path.realpath(place.root))
    if inside == ".":
        return ""
    if inside.startswith("..") or inside.split("/")[0] == ".git":
        raise Misconfigured("git.not-a-repository", "the folder is git's own, not a part of the working tree", subject=str(folder))
    return inside + "/"
