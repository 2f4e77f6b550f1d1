"""What a delivery would commit, by environment, for whoever decides about it. Compares nothing and commits nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from goldenpath.app.tenants import belongs_to
from goldenpath.delivery.compare import Difference
from goldenpath.model.settings import Settings

ManifestAction = Literal["create", "change", "remove"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestChange:
    """One generated file that differs. ``is_drift``: it was edited or removed by hand, so that somebody must decide (R24)."""

    path: str
    action: ManifestAction
    is_drift: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentManifests:
    """What differs in one environment, by path, files that it shares with others included.

    ``foreign`` are files in the way that were not generated.
    """

    environment: str
    changes: tuple[ManifestChange, ...]
    foreign: tuple[str, ...] = ()

    def count(self, action: ManifestAction) -> int:
        """Return how many files take this action."""
        return sum(change.action == action for change in self.changes)

    @property
    def drift_count(self) -> int:
        """How many of the files were changed by hand."""
        return sum(change.is_drift for change in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingDelivery:
    """Generated files against the GitOps repository, as both are now. ``environments`` leaves out those where nothing differs.

    ``awaiting`` are the ids of requests without a first value: their ExternalSecret is not among the files yet (D12).
    """

    difference: Difference
    environments: tuple[EnvironmentManifests, ...]
    awaiting: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to commit and nothing in the way."""
        return not self.environments

    def can_be_committed(self, *, accept_drift: bool) -> bool:
        """Say whether nothing stands in the way: no file of somebody else, and every edit by hand is decided about."""
        return not self.difference.foreign and (accept_drift or not self.difference.drift)


def pending_delivery(
    difference: Difference, awaiting: frozenset[str], environments: Sequence[str], *, settings: Settings
) -> PendingDelivery:
    """Return ``difference`` sorted by environment; what environments share stands with each of those that are applied."""
    parts = [_part(difference, environment, environments, settings) for environment in sorted(environments)]
    return PendingDelivery(
        difference=difference,
        environments=tuple(part for part in parts if part.changes or part.foreign),
        awaiting=tuple(sorted(awaiting)),
    )


def _part(difference: Difference, environment: str, environments: Sequence[str], settings: Settings) -> EnvironmentManifests:
    def is_mine(path: str) -> bool:
        return belongs_to(path, environment, environments=environments, settings=settings)

    paths = sorted(path for path in (*difference.writes, *difference.removals) if is_mine(path))
    return EnvironmentManifests(
        environment=environment,
        changes=tuple(ManifestChange(path=path, action=_action(difference, path), is_drift=path in difference.drift) for path in paths),
        foreign=tuple(path for path in difference.foreign if is_mine(path)),
    )


def _action(difference: Difference, path: str) -> ManifestAction:
    if path in difference.removals:
        return "remove"
    return "create" if path in difference.additions else "change"
