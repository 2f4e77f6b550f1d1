"""A stand-in for git in memory: commits are snapshots of path → (mode, bytes). It answers the part of the port that reading needs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from goldenpath.errors import NotFound
from goldenpath.ports.repository import PathChange, RepositoryReader, TreeEntry

Snapshot = Mapping[str, tuple[str, bytes]]


class StandInRepository:
    """Commits are named c0, c1, ... in the order in which they were made."""

    def __init__(self) -> None:
        self._commits: dict[str, dict[str, tuple[str, bytes]]] = {}
        self.blobs: dict[str, bytes] = {}
        self.listed = 0
        self.read: list[str] = []

    @property
    def reader(self) -> RepositoryReader:
        """This stand-in as the port; the members that reading does not need are not there."""
        return cast("RepositoryReader", self)

    def commit(self, files: Mapping[str, str | bytes | tuple[str, bytes]]) -> str:
        snapshot: dict[str, tuple[str, bytes]] = {}
        for path, content in files.items():
            if isinstance(content, tuple):
                snapshot[path] = content
            else:
                snapshot[path] = ("100644", content.encode() if isinstance(content, str) else content)
        for _mode, data in snapshot.values():
            self.blobs[_oid(data)] = data
        name = f"c{len(self._commits)}"
        self._commits[name] = snapshot
        return name

    def forget(self, commit: str) -> None:
        """As if the commit had been collected."""
        del self._commits[commit]

    def tree_oid(self, commit: str, path: str) -> str:
        below = {name: entry for name, entry in self._snapshot(commit).items() if name == path or name.startswith(f"{path}/")}
        return _oid(repr(sorted(below.items())).encode()) if below else ""

    def tree_oids(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        return {path: oid for path in paths if (oid := self.tree_oid(commit, path))}

    def list_tree(self, commit: str, path: str) -> Iterator[TreeEntry]:
        self.listed += 1
        for name, (mode, data) in sorted(self._snapshot(commit).items(), key=lambda item: item[0].encode("utf-8", "surrogateescape")):
            if name == path or name.startswith(f"{path}/"):
                yield TreeEntry(path=name, mode=mode, oid=_oid(data))

    def read_blobs(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for oid in oids:
            self.read.append(oid)
            yield oid, self.blobs[oid]

    def read_file(self, commit: str, path: str) -> bytes | None:
        found = self._snapshot(commit).get(path)
        return None if found is None else found[1]

    def read_files(self, commit: str, paths: Sequence[str]) -> dict[str, bytes]:
        return {path: data for path in paths if (data := self.read_file(commit, path)) is not None}

    def diff(self, old: str, new: str, paths: Sequence[str] = ()) -> tuple[PathChange, ...]:
        before, after = self._snapshot(old), self._snapshot(new)
        changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        inside = [name for name in changed if any(name == path or name.startswith(f"{path}/") for path in paths)]
        return tuple(_change(name, before.get(name), after.get(name)) for name in inside)

    def _snapshot(self, commit: str) -> Snapshot:
        if commit not in self._commits:
            raise NotFound("git.ref-missing", "no such commit")
        return self._commits[commit]


def _oid(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _change(path: str, before: Any, after: Any) -> PathChange:
    return PathChange(
        path=path,
        old_oid=_oid(before[1]) if before else "",
        new_oid=_oid(after[1]) if after else "",
        old_mode=before[0] if before else "000000",
        new_mode=after[0] if after else "000000",
    )
