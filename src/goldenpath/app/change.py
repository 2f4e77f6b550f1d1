"""Base against head, request by request, from git objects (R9, R10, R11). Only changed files are read, so cost follows the change (P3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from goldenpath.app.effects import effects_digest
from goldenpath.app.revision import Governance, governance_paths
from goldenpath.intent.catalog import CATALOG_ROOTS, read_entries
from goldenpath.intent.layout import SIDECAR_SUFFIX, SUFFIX
from goldenpath.model.base import digest
from goldenpath.model.change import Change, RequestChange
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.ports.repository import PathChange, RepositoryReader, TreeEntry

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""Git's well-known empty tree: the base of the very first change."""

_FEW = 50
"""Above this many files one listing of the catalog is cheaper than asking for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadChange:
    """A change and what the strict reader had to say about its files."""

    change: Change
    findings: tuple[Finding, ...]


def governed_paths(settings: Settings) -> tuple[str, ...]:
    """Return everything whose change is governed: the catalog, under either well-known root, and what steers the gate."""
    roots = {settings.catalog.root, *CATALOG_ROOTS}
    return tuple(sorted({*roots, *governance_paths(settings), *settings.governance.protected_paths}))


def read_change(reader: RepositoryReader, governance: Governance, *, base: str, head: str) -> ReadChange:
    """Read ``base...head``; ``base`` empty means that everything at ``head`` is new.

    Raises:
        NotFound: ``git.ref-missing`` or ``git.no-merge-base`` (shallow or unrelated history blocks, R15).
    """
    merge_base = reader.merge_base(base, head) if base else ""
    changed = reader.diff(merge_base or EMPTY_TREE, head, governed_paths(governance.settings))
    requests, findings = _requests(reader, governance, changed, head)
    steering = _steering(changed, governance.settings)
    change = Change(
        merge_base=merge_base,
        head=head,
        requests=requests,
        governance_paths=tuple(path.path for path in steering),
        governance_digest=digest([[path.path, path.new_oid, path.new_mode] for path in changed]),
        policy_revision=governance.revision,
        effects_digest=effects_digest(requests, governance.settings),
        commits=reader.commits(merge_base, head) if merge_base else reader.first_parents("", head),
    )
    return ReadChange(change=change, findings=findings)


def _steering(changed: Sequence[PathChange], settings: Settings) -> tuple[PathChange, ...]:
    files = frozenset(governance_paths(settings))
    folders = tuple(f"{folder}/" for folder in settings.governance.protected_paths)
    return tuple(path for path in changed if path.path in files or path.path.startswith(folders))


def _beside(reader: RepositoryReader, head: str, changed: set[str]) -> list[TreeEntry]:
    """Return the unchanged halves of changed pairs: a request and its sidecar must agree whichever of them was touched."""
    wanted = {partner for path in changed if (partner := _partner(path)) and partner not in changed}
    if not wanted:
        return []
    if len(wanted) <= _FEW:
        found = ((path, reader.tree_oid(head, path)) for path in sorted(wanted))
        return [TreeEntry(path=path, mode="100644", oid=oid) for path, oid in found if oid]
    return [entry for root in CATALOG_ROOTS for entry in reader.list_tree(head, root) if entry.path in wanted]


def _partner(path: str) -> str:
    if path.endswith(SIDECAR_SUFFIX):
        return path.removesuffix(SIDECAR_SUFFIX) + SUFFIX
    return path.removesuffix(SUFFIX) + SIDECAR_SUFFIX if path.endswith(SUFFIX) else ""


def _requests(
    reader: RepositoryReader, governance: Governance, changed: Iterable[PathChange], head: str
) -> tuple[tuple[RequestChange, ...], tuple[Finding, ...]]:
    roots = tuple(f"{root}/" for root in {governance.settings.catalog.root, *CATALOG_ROOTS})
    inside = [path for path in changed if path.path.startswith(roots)]
    old = [TreeEntry(path=path.path, mode=path.old_mode, oid=path.old_oid) for path in inside if path.old_oid]
    new = [TreeEntry(path=path.path, mode=path.new_mode, oid=path.new_oid) for path in inside if path.new_oid]
    beside = _beside(reader, head, {path.path for path in inside})
    before = read_entries(reader, [*old, *beside], settings=governance.settings, enums=governance.enums)
    after = read_entries(reader, [*new, *beside], settings=governance.settings, enums=governance.enums)
    return _pair(
        {entry.request.id: (entry.path, entry.request) for entry in before.entries},
        {entry.request.id: (entry.path, entry.request) for entry in after.entries},
    ), after.findings


def _pair(before: dict[str, tuple[str, SecretRequest]], after: dict[str, tuple[str, SecretRequest]]) -> tuple[RequestChange, ...]:
    nothing: tuple[str, SecretRequest | None] = ("", None)
    changes = []
    for request_id in sorted({*before, *after}):
        old_path, old = before.get(request_id, nothing)
        new_path, new = after.get(request_id, nothing)
        changes.append(RequestChange(id=request_id, path_before=old_path, path_after=new_path, before=old, after=new))
    return tuple(changes)
