"""Sorts the names below the catalog root into requests, sidecars and what may not be there, before anything is opened (R6, R7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from goldenpath.intent.layout import Place, Stray, classify, is_request_like, safe_name
from goldenpath.model.finding import Finding
from goldenpath.ports.repository import TreeEntry

REGULAR_MODES: Final = frozenset({"100644", "100755", "100664"})
_MODE_WORDS: Final = {
    "120000": ("intent.symlink", "a symbolic link; its target was not opened"),
    "160000": ("intent.submodule", "a submodule"),
    "unreadable": ("intent.unreadable", "cannot be read"),
}
_NOT_REGULAR = ("intent.not-a-file", "no regular file")


class Sorted(NamedTuple):
    """Places in path order, the object id of each, and a finding for every name that may not be there."""

    places: tuple[Place, ...]
    oids: dict[str, str]
    findings: tuple[Finding, ...]


def sort_out(entries: Iterable[TreeEntry], root: str) -> Sorted:
    """Sort what is listed below ``root``; nothing listed is left without a place or a finding."""
    places: list[Place] = []
    oids: dict[str, str] = {}
    findings: list[Finding] = []
    spellings: dict[str, str] = {}
    for entry in entries:
        findings += _collisions(entry.path, root, spellings)
        if entry.mode not in REGULAR_MODES:
            findings.append(refuse_kind(entry))
            continue
        found = Stray(entry.path, *_NOT_REGULAR) if entry.path == root else classify(entry.path, root)
        if isinstance(found, Stray):
            findings.append(_refuse(found))
        else:
            places.append(found)
            oids[found.path] = entry.oid
    return Sorted(tuple(places), oids, tuple(findings))


def misplaced(entries: Iterable[TreeEntry], *, root: str, other: str) -> Iterator[Finding]:
    """Yield a finding for everything below a well-known root that is not in use and looks like a request (D1)."""
    for entry in entries:
        if entry.path == root or entry.path.startswith(f"{root}/"):
            continue
        if entry.mode not in REGULAR_MODES or is_request_like(entry.path.rpartition("/")[2]):
            yield _finding(
                entry.path,
                "intent.wrong-root",
                f"requests lie under {root} in this repository, not under {other}",
                f"a path below {root}",
                f"move it with: git mv, or set catalog.root to {other} in goldenpath.yaml",
            )


def refuse_kind(entry: TreeEntry) -> Finding:
    """Return the finding for an entry that is no regular file."""
    rule, what = _MODE_WORDS.get(entry.mode, _NOT_REGULAR)
    return _finding(
        entry.path, rule, f"this is {what}" if rule != "intent.unreadable" else f"the entry {what}", "a regular file", "delete it"
    )


def refuse_staged(entry: TreeEntry) -> Finding:
    """Return the finding for a link or submodule of Git's index, whatever the working tree shows in its place."""
    rule, what = _MODE_WORDS.get(entry.mode, _NOT_REGULAR)
    return _finding(
        entry.path, rule, f"Git's index holds {what} here", "a regular file", f"take it out: git rm --cached -- {safe_name(entry.path)}"
    )


def _collisions(path: str, root: str, spellings: dict[str, str]) -> Iterator[Finding]:
    """Yield a finding when a folder or file differs from an earlier one in case only: some file systems hold just one of them."""
    end = len(root)
    while end < len(path):
        end = path.find("/", end + 1)
        end = len(path) if end < 0 else end
        part = path[:end]
        first = spellings.setdefault(part.casefold(), part)
        if first != part:
            yield _finding(
                path,
                "intent.case-collision",
                f"{safe_name(part)} and {safe_name(first)} differ in case only",
                "names that differ on every file system",
                "rename one of them",
                related=(safe_name(first),),
            )
            return


def _refuse(stray: Stray) -> Finding:
    return _finding(stray.path, stray.rule, stray.message, stray.expected, "rename, move or delete it")


def _finding(path: str, rule: str, message: str, expected: str, hint: str, *, related: tuple[str, ...] = ()) -> Finding:
    name = safe_name(path)
    return Finding(rule=rule, level="block", message=f"{name}: {message}", file=name, expected=expected, hint=hint, related=related)
