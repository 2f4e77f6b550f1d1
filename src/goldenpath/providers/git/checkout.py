"""Brings a working tree along when the branch it has checked out moves, or leaves it alone; never loses a person's change.

What is about to happen is written down beside the index first, so that a run after a killed one can finish it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from goldenpath.errors import Conflict
from goldenpath.ports.repository import PathChange
from goldenpath.providers.git.files import FOLDER, blob_id, files_below, remove_file, replace_file, unwritable
from goldenpath.providers.git.objects import is_object_id
from goldenpath.providers.git.place import Place, find_place
from goldenpath.providers.git.reader import GitReader
from goldenpath.providers.git.writing import ref_target

_SHOWN = 10


class Checkout:
    """The working tree that has ``ref`` checked out."""

    def __init__(self, place: Place, reader: GitReader, ref: str) -> None:
        self._place = place
        self._reader = reader
        self._ref = ref
        self._note = Path(place.git_dir) / "goldenpath-delivery"

    @classmethod
    def find(cls, reader: GitReader, ref: str) -> Checkout | None:
        """Return the working tree that has ``ref`` checked out, also before its first commit; None when nobody has."""
        place = reader.place
        found = place.git.run("for-each-ref", "--format=%(worktreepath)", ref).line
        if not found and not place.is_bare and place.git.run("symbolic-ref", "--quiet", "HEAD", allowed=(0, 1, 128)).line == ref:
            return cls(place, reader, ref)
        if not found or not os.path.isdir(found):  # noqa: PTH112 - text with surrogate escapes, as git printed it
            return None
        tree = place if found == place.root else find_place(found)
        return None if tree.is_bare else cls(tree, reader, ref)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other deliveries out of this working tree; the lock ends with the process.

        Raises:
            Conflict: ``delivery.checkout-unwritable`` when git's folder cannot be written.
        """
        try:
            lock = self._note.with_suffix(".lock").open("ab")
        except OSError as error:
            raise unwritable(self._note.name, error) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def finish(self) -> None:
        """Finish what a killed run began.

        Raises:
            Conflict: ``delivery.dirty-checkout``, ``delivery.checkout-unwritable``.
        """
        try:
            old, new = self._note.read_text("ascii").removesuffix("\n").split(" ")
        except (FileNotFoundError, ValueError):
            return
        if is_object_id(new) and ref_target(self._place.git, self._ref) == new:
            changes = self._reader.diff(old, new)
            self.require_clean(changes)
            self.apply(changes)
        self.done()

    def begin(self, old: str, new: str) -> None:
        """Write down that the branch is about to move. Raises ``Conflict`` ``delivery.checkout-unwritable``."""
        draft = self._note.with_suffix(".draft")
        try:
            with draft.open("w", encoding="ascii") as file:
                file.write(f"{old} {new}\n")
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._note)
        except OSError as error:
            raise unwritable(self._note.name, error) from None

    def done(self) -> None:
        """Forget what was written down."""
        self._note.unlink(missing_ok=True)

    def require_clean(self, changes: Sequence[PathChange]) -> None:
        """Refuse when a file that would change holds anything but its old or new content, in the index or on disk.

        Raises:
            Conflict: ``delivery.dirty-checkout`` naming the files; nothing was changed.
        """
        index = self._index()
        removed = {change.path for change in changes if not change.new_oid}
        dirty = [change.path for change in changes if not self._is_expected(change, index, removed)]
        if dirty:
            shown = ", ".join(dirty[:_SHOWN]) + (f" and {len(dirty) - _SHOWN} more" if len(dirty) > _SHOWN else "")
            raise Conflict(
                "delivery.dirty-checkout",
                f"files that the delivery would change have changes of their own: {shown}",
                subject=self._place.root,
                hint="commit, stash or discard them (git status), then run again",
            )

    def apply(self, changes: Sequence[PathChange]) -> None:
        """Bring files and index to the new content; repeating it changes nothing more.

        Raises:
            Conflict: ``delivery.checkout-unwritable``.
        """
        outdated = [change for change in changes if self._on_disk(change) != change.new_oid]
        for change in outdated:
            if not change.new_oid:
                remove_file(self._place.root, change.path)
        written = [change for change in outdated if change.new_oid]
        contents = self._reader.read_blobs([change.new_oid for change in written])
        for change, (_oid, content) in zip(written, contents, strict=True):
            replace_file(self._place.root, change.path, content)
        lines = [_index_line(change) for change in sorted(changes, key=lambda change: bool(change.new_oid))]
        self._place.git.run("update-index", "-z", "--replace", "--index-info", stdin=b"".join(lines))

    def _is_expected(self, change: PathChange, index: dict[str, str], removed: set[str]) -> bool:
        sides = {change.old_oid, change.new_oid}
        there = self._on_disk(change)
        if there == FOLDER and "" in sides:
            there = "" if removed.issuperset(files_below(self._place.root, change.path)) else FOLDER
        return index.get(change.path, "") in sides and there in sides

    def _on_disk(self, change: PathChange) -> str:
        return blob_id(self._place.root, change.path, id_length=len(change.old_oid or change.new_oid))

    def _index(self) -> dict[str, str]:
        """Return {path: blob id} of the index; a path in the middle of a merge has no id that fits."""
        found: dict[str, str] = {}
        for record in self._place.git.run("ls-files", "--stage", "-z").output.split(b"\0")[:-1]:
            meta, _tab, name = record.partition(b"\t")
            _mode, oid, stage = meta.decode("ascii").split()
            found[os.fsdecode(name)] = oid if stage == "0" else "unmerged"
        return found


def _index_line(change: PathChange) -> bytes:
    head = f"{change.new_mode} {change.new_oid}" if change.new_oid else f"0 {'0' * len(change.old_oid)}"
    return head.encode("ascii") + b"\t" + os.fsencode(change.path) + b"\0"
