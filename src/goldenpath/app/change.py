"""Base against head, request by request, from git objects (R9, R10, R11). Only changed files are read, so cost follows the change (P3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from goldenpath.app.effects import effects_digest
from goldenpath.app.revision import Governance, governance_paths
from goldenpath.intent.catalog import CATALOG_ROOTS, CatalogEntry, read_entries
from goldenpath.intent.contract import load
from goldenpath.intent.layout import SIDECAR_SUFFIX, SUFFIX, is_below
from goldenpath.intent.uniqueness import find_conflicts
from goldenpath.model.base import digest
from goldenpath.model.change import Change, RequestChange, spelled
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstones
from goldenpath.ports.repository import PathChange, RepositoryReader, TreeEntry
from goldenpath.settings import SETTINGS_FILE

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


def governed_changes(reader: RepositoryReader, settings: Settings, *, old: str, new: str) -> tuple[PathChange, ...]:
    """Return what changed under governance from ``old`` (empty: from nothing) to ``new``; ``settings`` are those of the base.

    What becomes governed only by new settings counts as new, whatever stood there: nobody reviewed it while it did not matter.
    """
    known = governed_paths(settings)
    changed = reader.diff(old or EMPTY_TREE, new, known)
    added = set(governed_paths(_settings_after(reader, settings, (path.path for path in changed), new))) - set(known)
    if not added:
        return changed
    fresh = (path for path in reader.diff(EMPTY_TREE, new, sorted(added)) if not any(is_below(path.path, each) for each in known))
    return tuple(sorted((*changed, *fresh), key=lambda path: path.path))


def proposed_settings(reader: RepositoryReader, settings: Settings, change: Change) -> Settings:
    """Return the settings as the change leaves them; ``settings`` of the base where they stay, or cannot be read (that blocks already)."""
    return _settings_after(reader, settings, change.governance_paths, change.head)


def read_change(reader: RepositoryReader, governance: Governance, *, base: str, head: str) -> ReadChange:
    """Read ``base...head``; ``base`` empty means that everything at ``head`` is new.

    Raises:
        NotFound: ``git.ref-missing`` or ``git.no-merge-base`` (shallow or unrelated history blocks, R15).
    """
    merge_base = reader.merge_base(base, head) if base else ""
    changed = governed_changes(reader, governance.settings, old=merge_base, new=head)
    requests, findings = _requests(reader, governance, changed, head)
    proposed = _settings_after(reader, governance.settings, (path.path for path in changed), head)
    steering = _steering(changed, governance.settings, proposed)
    change = Change(
        merge_base=merge_base,
        head=head,
        requests=requests,
        governance_paths=tuple(path.path for path in steering),
        governance_digest=digest([[spelled(path.path), path.new_oid, path.new_mode] for path in changed]),
        policy_revision=governance.revision,
        effects_digest=effects_digest(requests, governance.settings, governance.policy.rotation),
        commits=reader.commits(merge_base, head) if merge_base else reader.first_parents("", head),
    )
    return ReadChange(change=change, findings=findings)


def _settings_after(reader: RepositoryReader, settings: Settings, changed: Iterable[str], head: str) -> Settings:
    data = reader.read_file(head, SETTINGS_FILE) if SETTINGS_FILE in changed else None
    proposed = None if data is None else load(data, Settings, file=SETTINGS_FILE).value
    return settings if proposed is None else proposed


def _steering(changed: Sequence[PathChange], *both: Settings) -> tuple[PathChange, ...]:
    steers = {path for settings in both for path in (*governance_paths(settings), *settings.governance.protected_paths)}
    return tuple(path for path in changed if any(is_below(path.path, each) for each in steers))


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
    repeated = _repeated(reader, governance.settings, after.entries, head)
    return _pair(
        {entry.request.id: (entry.path, entry.request) for entry in before.entries},
        {entry.request.id: (entry.path, entry.request) for entry in after.entries},
    ), (*after.findings, *repeated)


def _repeated(reader: RepositoryReader, settings: Settings, entries: Sequence[CatalogEntry], head: str) -> tuple[Finding, ...]:
    """Return the findings for an id that two files of the change state: as one change they would hide each other."""
    counts = Counter(entry.request.id for entry in entries)
    twice = [entry for entry in entries if counts[entry.request.id] > 1]
    return tuple(find_conflicts(twice, settings=settings, tombstones=Tombstones(), fetch=lambda path: reader.read_file(head, path) or b""))


def _pair(before: dict[str, tuple[str, SecretRequest]], after: dict[str, tuple[str, SecretRequest]]) -> tuple[RequestChange, ...]:
    nothing: tuple[str, SecretRequest | None] = ("", None)
    changes = []
    for request_id in sorted({*before, *after}):
        old_path, old = before.get(request_id, nothing)
        new_path, new = after.get(request_id, nothing)
        changes.append(RequestChange(id=request_id, path_before=old_path, path_after=new_path, before=old, after=new))
    return tuple(changes)
