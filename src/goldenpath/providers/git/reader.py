"""Reads commits, trees and blobs. Never the working tree, never the index, never the network."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from goldenpath.errors import Conflict, GoldenpathError, InvalidIntent, NotFound, ProviderRefused
from goldenpath.model.change import CommitInfo
from goldenpath.ports.repository import PathChange, TreeEntry
from goldenpath.providers.git.batch import read_objects, records
from goldenpath.providers.git.command import TIMEOUT_SECONDS, command_failed
from goldenpath.providers.git.objects import clean_path, commit_info, first_additions, is_object_id, path_changes, tree_entries
from goldenpath.providers.git.place import Place, find_place

_EMPTY_TREE = {40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904", 64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"}
_REGULAR = frozenset({"100644", "100755"})
_UNSAFE_REF = re.compile(r"\A(?:-|\Z)|[\x00-\x20\x7f:*?\[\\]|\.\.")
_PLAIN_NAME = re.compile(r"(?!(?:HEAD|refs/.*|@)(?:\Z|[~^@]))[^~^@][^~^]*?(?=\Z|[~^]|@\{)")


class GitReader:
    """A RepositoryReader over one repository, bare or with a working tree.

    Args:
        folder: Any folder inside the repository.
        timeout_seconds: Longest time that one git command may take.

    Raises:
        Misconfigured: ``git.missing``, ``git.too-old``, ``git.not-a-repository``, ``git.unsafe-ownership``.
    """

    def __init__(self, folder: Path | str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._place: Place = find_place(folder, timeout_seconds=timeout_seconds)
        self._git = self._place.git

    @property
    def root(self) -> str:
        """Absolute path of the working tree, or of the bare repository."""
        return self._place.root

    @property
    def place(self) -> Place:
        """Where the repository's parts are, for the writers of this package."""
        return self._place

    def resolve(self, ref: str) -> str:
        """Return the commit id of ``ref``.

        Raises:
            InvalidIntent: ``git.ref-invalid`` for text that cannot name one commit.
            Conflict: ``git.ref-ambiguous`` when a branch and a tag share the name: neither may stand in for the other (R10).
            NotFound: ``git.ref-missing``.
        """
        if _UNSAFE_REF.search(ref):
            raise InvalidIntent("git.ref-invalid", f"not the name of a commit: {ref!r}", hint="name a branch, a tag or a commit id")
        if not is_object_id(ref):
            self._require_one_meaning(ref)
        found = self._git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", allowed=(0, 1, 128))
        if found.status or not is_object_id(found.line):
            raise NotFound("git.ref-missing", f"no commit is named {ref!r} here", subject=ref, hint=self._missing_hint())
        return found.line

    def merge_base(self, first: str, second: str) -> str:
        """Return the best common ancestor. Raises ``NotFound`` ``git.no-merge-base`` (unrelated or shallow history)."""
        left, right = self.resolve(first), self.resolve(second)
        found = self._git.run("merge-base", left, right, allowed=(0, 1))
        if found.status:
            why = "the clone is shallow" if self._cut_commits() else "their histories are unrelated"
            raise NotFound(
                "git.no-merge-base",
                f"{left[:12]} and {right[:12]} have no common ancestor here: {why}",
                subject=f"{left[:12]}...{right[:12]}",
                hint=self._missing_hint(),
            )
        return found.line

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Say whether ``descendant`` contains ``ancestor``."""
        found = self._git.run("merge-base", "--is-ancestor", self._commit(ancestor), self._commit(descendant), allowed=(0, 1, 128))
        if found.status > 1:
            raise NotFound("git.ref-missing", "one of the two commits is not here", subject=descendant, hint=self._missing_hint())
        return found.status == 0

    def tree_oid(self, commit: str, path: str) -> str:
        """Return the object id of ``path`` at ``commit``; empty when nothing is there."""
        name, base = clean_path(path), self._commit(commit)
        spec = f"{base}:{name}" if name else f"{base}^{{tree}}"
        found = self._git.run("rev-parse", "--verify", "--quiet", "--end-of-options", spec, allowed=(0, 1, 128))
        if found.status:
            self.resolve(base)
            return ""
        return found.line

    def tree_oids(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        """Return the object ids of ``paths`` at ``commit``, asked for at once; what is not there is left out."""
        names, base = {path: clean_path(path) for path in paths}, self._commit(commit)
        entries = {entry.path: entry.oid for entry in self._entries_at(base, list(names.values()))}
        return {path: entries[name] for path, name in names.items() if name in entries}

    def list_tree(self, commit: str, path: str) -> Iterator[TreeEntry]:
        """Yield every entry below ``path``, recursively, in path order; the entry itself when it is no folder; nothing when missing.

        Raises:
            InvalidIntent: ``git.linked-path`` when a parent of ``path`` is a link, a file or a submodule (R7).
            NotFound: ``git.ref-missing``.
        """
        name, base = clean_path(path), self._commit(commit)
        limit = ["--", name] if name else []
        is_empty = True
        try:
            with self._git.stream("ls-tree", "-r", "-z", "--full-tree", base, *limit) as output:
                for entry in tree_entries(records(output)):
                    is_empty = False
                    yield entry
        except ProviderRefused:
            self.resolve(base)
            raise
        if is_empty and name:
            self._require_plain_parents(base, [name])

    def read_blobs(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield (oid, content) in the order asked, through one process.

        Raises:
            NotFound: ``git.object-missing``.
            InvalidIntent: ``git.object-too-large`` above ``BLOB_MAX_BYTES``.
        """
        return read_objects(self._git, oids)

    def read_file(self, commit: str, path: str) -> bytes | None:
        """Return the bytes of a regular file at ``commit``; None when missing.

        Raises:
            InvalidIntent: ``git.not-a-file`` for a link, a folder or a submodule; ``git.linked-path`` when a parent is one (R7).
        """
        return self.read_files(commit, [path]).get(path)

    def read_files(self, commit: str, paths: Sequence[str]) -> dict[str, bytes]:
        """Return the bytes of regular files at ``commit``, read at once; what is missing is left out. Errors: as ``read_file``."""
        names, base = {path: clean_path(path) for path in paths}, self._commit(commit)
        entries = {entry.path: entry for entry in self._entries_at(base, list(names.values()))}
        self._require_plain_parents(base, [name for name in names.values() if name not in entries])
        found = {path: entries[name] for path, name in names.items() if name in entries}
        for entry in found.values():
            if entry.mode not in _REGULAR:
                raise InvalidIntent(
                    "git.not-a-file", "expected a regular file", subject=entry.path, hint="links, folders and submodules are not followed"
                )
        contents = self.read_blobs([entry.oid for entry in found.values()])
        return {path: content for path, (_oid, content) in zip(found, contents, strict=True)}

    def diff(self, old: str, new: str, paths: Sequence[str] = ()) -> tuple[PathChange, ...]:
        """Return changed paths between two commits or trees, limited to ``paths`` when given; an empty side is the empty tree."""
        limit = [name for name in map(clean_path, paths) if name]
        options = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
        sides = (self._side(old, new), self._side(new, old))
        found = self._git.run("diff-tree", *options, *sides, "--", *limit, allowed=(0, 128))
        if found.status:
            raise self._failed_diff(sides, found.status)
        return path_changes(found.output)

    def commits(self, base: str, head: str) -> tuple[CommitInfo, ...]:
        """Return the commits of ``base..head``, oldest first, with co-author trailers.

        Raises:
            NotFound: ``git.ref-missing``, or ``git.history-incomplete`` when a shallow clone hides some of them.
        """
        return self._history("--topo-order", self._commit(head), f"^{self._commit(base)}")

    def commit(self, oid: str) -> CommitInfo:
        """Return one commit by its full id. Raises ``NotFound`` ``git.ref-missing`` or ``git.object-missing``."""
        found = self._commit(oid)
        return next(commit_info(name, content) for name, content in read_objects(self._git, [found]))

    def first_parents(self, since: str, until: str) -> tuple[CommitInfo, ...]:
        """Return the first-parent line from ``since`` (excluded; empty for the root) to ``until`` (included), oldest first."""
        without = [f"^{self._commit(since)}"] if since else []
        return self._history("--first-parent", self._commit(until), *without)

    def path_history(self, until: str, path: str) -> tuple[CommitInfo, ...]:
        """Return the commits of the first-parent line up to ``until`` that changed ``path`` there, oldest first."""
        return self._history("--first-parent", self._commit(until), "--", clean_path(path))

    def added_times(self, until: str, path: str) -> dict[str, int]:
        """Return, for each file below ``path``, when the first-parent line up to ``until`` first added it."""
        options = ("--first-parent", "--diff-merges=first-parent", "--no-renames", "--diff-filter=A", "--raw", "-z", "--format=%x01%ct")
        name, tip = clean_path(path), self._commit(until)
        if self._cut_commits():
            self._require_whole(self._git.run("rev-list", "--first-parent", tip).output.decode("ascii").split())
        output = self._git.run("log", *options, "--no-ext-diff", "--no-textconv", tip, "--", *filter(None, [name])).output
        return first_additions(output)

    def _history(self, *arguments: str) -> tuple[CommitInfo, ...]:
        listed = self._git.run("rev-list", "--reverse", *arguments, allowed=(0, 128))
        if listed.status:
            raise NotFound("git.ref-missing", "a commit of the range is not here", subject=arguments[1], hint=self._missing_hint())
        oids = listed.output.decode("ascii").split()
        history = tuple(commit_info(oid, content) for oid, content in read_objects(self._git, oids))
        self._require_whole(commit.oid for commit in history if commit.parents)
        return history

    def _require_whole(self, oids: Iterable[str]) -> None:
        """Refuse commits whose parents a shallow clone left out."""
        cut = self._cut_commits()
        hidden = cut.intersection(oids) if cut else cut
        if hidden:
            raise NotFound(
                "git.history-incomplete",
                "the clone is shallow: commits of the range are missing",
                subject=min(hidden),
                hint=self._missing_hint(),
            )

    def _commit(self, ref: str) -> str:
        return ref if is_object_id(ref) else self.resolve(ref)

    def _side(self, side: str, other: str) -> str:
        """Return the object id to compare: the commit of a name, or the empty tree in the repository's own format."""
        return self._commit(side) if side else _EMPTY_TREE[len(self._commit(other or "HEAD"))]

    def _failed_diff(self, sides: Sequence[str], status: int) -> GoldenpathError:
        for side in sides:
            if self._git.run("cat-file", "-e", f"{side}^{{tree}}", allowed=(0, 1, 128)).status:
                return NotFound("git.ref-missing", "the commit or tree is not here", subject=side, hint=self._missing_hint())
        return command_failed("diff-tree", status)

    def _require_one_meaning(self, ref: str) -> None:
        plain = _PLAIN_NAME.match(ref)
        if plain is None:
            return
        name = plain[0]
        meanings = [f"refs/{kind}/{name}" for kind in ("heads", "tags", "remotes")]
        listed = self._git.run("for-each-ref", "--format=%(refname)", *meanings).output
        found = [line for line in os.fsdecode(listed).splitlines() if line in meanings]
        if len(found) > 1:
            raise Conflict("git.ref-ambiguous", f"{name!r} names {' and '.join(found)}", subject=ref, hint=f"write it in full: {found[0]}")

    def _entries_at(self, commit: str, paths: Sequence[str]) -> tuple[TreeEntry, ...]:
        """Return the entries of these paths and of the folders that they lie in, not what is below them."""
        if not paths:
            return ()
        listed = self._git.run("ls-tree", "-t", "-z", "--full-tree", commit, "--", *paths, allowed=(0, 128))
        if listed.status:
            self.resolve(commit)
            raise command_failed("ls-tree", listed.status)
        return tuple(tree_entries(iter(listed.output.split(b"\0")[:-1])))

    def _require_plain_parents(self, commit: str, paths: Sequence[str]) -> None:
        parents = sorted({"/".join(parts[:count]) for parts in (path.split("/") for path in paths) for count in range(1, len(parts))})
        if not parents:
            return
        for entry in self._entries_at(commit, parents):
            if entry.path in parents and entry.mode != "040000":
                raise InvalidIntent(
                    "git.linked-path", "a parent of the path is no folder", subject=entry.path, hint="links are not followed"
                )

    def _cut_commits(self) -> frozenset[str]:
        """Return the commits whose parents a shallow clone left out."""
        try:
            return frozenset((Path(self._place.common_dir) / "shallow").read_text("ascii").split())
        except FileNotFoundError:
            return frozenset()

    def _missing_hint(self) -> str:
        if self._cut_commits():
            return "this clone is shallow: run `git fetch --unshallow` (in CI: fetch-depth 0)"
        return "fetch the branch first, or check the spelling"
