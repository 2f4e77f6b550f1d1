"""The steering files as a change would leave them: one that cannot be read at the head would block everybody after the merge (R15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goldenpath.app.change import proposed_settings
from goldenpath.app.revision import Governance
from goldenpath.intent.contract import load
from goldenpath.intent.enums import load_enums
from goldenpath.model.actions import Actions
from goldenpath.model.approval import Approvers
from goldenpath.model.change import Change
from goldenpath.model.drift import DriftIgnores
from goldenpath.model.finding import Finding
from goldenpath.model.policy import Policy
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstones
from goldenpath.ports.repository import RepositoryReader
from goldenpath.settings import SETTINGS_FILE


def proposed_faults(reader: RepositoryReader, governance: Governance, change: Change) -> tuple[Finding, ...]:
    """Return every fault of the steering files that the change touches, read as strictly as they will be read after the merge.

    A deleted file has no faults here; deleting it is a finding of its own.
    """
    proposed = proposed_settings(reader, governance.settings, change)
    kinds: dict[str, type[Any]] = {SETTINGS_FILE: Settings}
    for paths in (governance.settings.governance, proposed.governance):
        kinds |= {paths.policy: Policy, paths.approvers: Approvers, paths.tombstones: Tombstones, paths.actions: Actions}
        kinds[paths.drift_ignores] = DriftIgnores
    enums = {governance.settings.governance.enums, proposed.governance.enums}
    found = [*_moved_catalog(reader, governance, proposed, change), *_missing(reader, governance, proposed, change)]
    for path in change.governance_paths:
        data = reader.read_file(change.head, path)
        if data is not None and path in enums:
            found += load_enums(data, file=path).findings
        elif data is not None and path in kinds:
            found += load(data, kinds[path], file=path).findings
    return tuple(found)


def _moved_catalog(reader: RepositoryReader, governance: Governance, proposed: Settings, change: Change) -> Iterator[Finding]:
    """Yield a finding when the catalog's root moves: what lies below the new one would count without having been judged as a change."""
    old, new = governance.settings.catalog.root, proposed.catalog.root
    if old == new or not (_holds_files(reader, governance.commit, old) or _holds_files(reader, change.head, new)):
        return
    yield Finding(
        rule="platform.catalog-moved",
        level="block",
        message="the catalog's root cannot move while there are requests: each would be another file, and judged as none",
        file=SETTINGS_FILE,
        field="catalog.root",
        got=new,
        expected=old,
        hint="leave catalog.root as it is; it is chosen before the first request",
    )


def _missing(reader: RepositoryReader, governance: Governance, proposed: Settings, change: Change) -> Iterator[Finding]:
    """Yield a finding for each steering file that the new settings name at a new place where there is none."""
    before, after = governance.settings.governance, proposed.governance
    for field in ("enums", "policy", "approvers", "tombstones"):
        path = getattr(after, field)
        if path != getattr(before, field) and not reader.tree_oid(change.head, path):
            yield Finding(
                rule="policy.governance-deleted",
                level="block",
                message="the gate cannot judge without this file",
                file=SETTINGS_FILE,
                field=f"governance.{field}",
                got=f"{path}, which is not there",
                expected="the file at its new place, in the same change",
                hint="move the file in the change that names its new place",
            )


def _holds_files(reader: RepositoryReader, commit: str, root: str) -> bool:
    return any(True for _entry in reader.list_tree(commit, root))
