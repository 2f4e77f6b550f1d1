"""Everything that the gate knows beside the change itself. All of it comes from the protected base (R10) or from history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from goldenpath.model.change import RequestChange
from goldenpath.model.enums import Enums
from goldenpath.model.policy import Policy
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.policy import shipped
from goldenpath.policy.compiled import STRICTEST, CompiledPolicy, rank_of


@dataclass(frozen=True, kw_only=True)
class GateContext:
    """What a verdict rests on. Built once per run; rules only read it.

    Args:
        policy: ``governance/policy.yaml`` of the base.
        settings: ``goldenpath.yaml`` of the base.
        today: The calendar day in UTC.
        enums: The words of the base; used to find typing errors in the policy file. None leaves that check out.
        state_since: Request id to the day on which it entered the lifecycle status that it has at the base.
        first_applied: Request id to the day of its first apply; missing while it was never applied.
        ids_at_base: Every request id of the base to its file.
        tombstoned_ids: Ids that may never come back.
        tombstoned_paths: Store paths that may never come back.
        removed_tombstones: Ids that the change strikes from the tombstones.
        proposed_policy: The policy file of the head where the change touches it and it can be read.
        deleted_governance_paths: Steering files that the change deletes.
        providers: Kinds of store that exist.
    """

    policy: Policy
    settings: Settings
    today: date
    enums: Enums | None = None
    state_since: Mapping[str, date] = field(default_factory=dict)
    first_applied: Mapping[str, date] = field(default_factory=dict)
    ids_at_base: Mapping[str, str] = field(default_factory=dict)
    tombstoned_ids: frozenset[str] = frozenset()
    tombstoned_paths: frozenset[str] = frozenset()
    removed_tombstones: frozenset[str] = frozenset()
    proposed_policy: Policy | None = None
    deleted_governance_paths: frozenset[str] = frozenset()
    providers: frozenset[str] = shipped.PROVIDERS

    @cached_property
    def compiled(self) -> CompiledPolicy:
        """The base policy as look-ups."""
        return CompiledPolicy(self.policy, self.settings)

    def tier(self, request: SecretRequest) -> str:
        """Return the tier that counts for one request: declared or floor, whichever is stricter."""
        return self.compiled.effective_tier(request)

    def judged_tier(self, change: RequestChange) -> str:
        """Return the tier that a change is judged at: the stricter of both sides (R13)."""
        before, after = change.before, change.after
        if before is None or after is None or before is after:
            request = after or before
            return STRICTEST if request is None else self.tier(request)
        return max(self.tier(before), self.tier(after), key=rank_of)
