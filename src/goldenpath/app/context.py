"""Gathers what the gate needs beside the change: dates from history, tombstones, what the change does to governance itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from goldenpath.app.change import proposed_settings
from goldenpath.app.dates import first_dates, state_dates
from goldenpath.app.revision import Governance
from goldenpath.intent.contract import load
from goldenpath.model.change import Change
from goldenpath.model.policy import Policy
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstones
from goldenpath.policy.context import GateContext
from goldenpath.ports.repository import RepositoryReader


def standing_context(governance: Governance, *, today: date, first_applied: Mapping[str, date] | None = None) -> GateContext:
    """Return the context for judging a whole catalog as it stands."""
    entries = governance.tombstones.tombstones
    return GateContext(
        policy=governance.policy,
        settings=governance.settings,
        today=today,
        enums=governance.enums,
        first_applied=first_applied or {},
        tombstoned_ids=frozenset(entry.id for entry in entries),
        tombstoned_paths=frozenset(entry.path for entry in entries),
    )


def gate_context(reader: RepositoryReader, governance: Governance, change: Change, *, today: date) -> GateContext:
    """Return the context for judging ``change``; dates are looked up only for its own requests."""
    context = standing_context(governance, today=today)
    if not change.merge_base:
        return context
    proposed = proposed_settings(reader, governance.settings, change)
    paths = {item.id: item.path_before for item in change.requests if item.path_before}
    return replace(
        context,
        state_since=state_dates(reader, governance.enums, until=governance.commit, changes=change.requests),
        first_applied=first_dates(reader, until=governance.commit, paths=paths),
        removed_tombstones=_removed_tombstones(reader, governance, proposed, change),
        proposed_policy=_proposed_policy(reader, governance, proposed, change),
        deleted_governance_paths=frozenset(path for path in change.governance_paths if not reader.tree_oid(change.head, path)),
    )


def _removed_tombstones(reader: RepositoryReader, governance: Governance, proposed: Settings, change: Change) -> frozenset[str]:
    """Return the ids whose tombstone is gone or reads otherwise at the head: what it holds back is its path and target, not only its id."""
    path = proposed.governance.tombstones
    if path == governance.settings.governance.tombstones and path not in change.governance_paths:
        return frozenset()
    data = reader.read_file(change.head, path)
    found = None if data is None else load(data, Tombstones, file=path).value
    kept = () if found is None else found.tombstones
    return frozenset(entry.id for entry in governance.tombstones.tombstones if entry not in kept)


def _proposed_policy(reader: RepositoryReader, governance: Governance, proposed: Settings, change: Change) -> Policy | None:
    path = proposed.governance.policy
    if path == governance.settings.governance.policy and path not in change.governance_paths:
        return None
    data = reader.read_file(change.head, path)
    return None if data is None else load(data, Policy, file=path).value
