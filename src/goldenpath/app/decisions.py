"""What an apply is told, and what it answers: the decisions of a person who saw a plan, and the result that binds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from goldenpath.app.infrastructure import ProposedInfrastructure
from goldenpath.app.pending import PendingDelivery
from goldenpath.app.planning import ScopePlan
from goldenpath.delivery.outline import NOTHING, Outline
from goldenpath.model.finding import Finding
from goldenpath.model.plan import Plan
from goldenpath.model.receipt import ApplyReceipt, DeliveryReceipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What a person decided before an apply. The default decides nothing: drift waits, and the newest plan is as good as any (R17).

    ``accept_drift`` are request ids whose drift is overwritten; ``accept_manifest_drift`` overwrites generated files that were changed
    by hand. ``plans`` (by environment and provider) and ``manifests`` are what the person saw; anything beyond is refused (R19).
    """

    accept_drift: frozenset[str] = frozenset()
    accept_manifest_drift: bool = False
    plans: Mapping[tuple[str, str], Plan] | None = None
    manifests: Outline | None = None

    def details(self) -> dict[str, str]:
        """Return what is overwritten, for the record (R24)."""
        told = {
            "accept_drift": ",".join(sorted(self.accept_drift)[:50]),
            "accept_manifest_drift": "yes" if self.accept_manifest_drift else "",
        }
        return {name: text for name, text in told.items() if text}

    def bound_to(self, shown: ApplyResult) -> Decisions:
        """Return the same, bound to the plan that a person was shown and said yes to; to manifests that are held up, nobody says yes."""
        pending = shown.pending
        can_deliver = pending is not None and pending.can_be_committed(accept_drift=self.accept_manifest_drift)
        return replace(
            self,
            plans=self.plans or {each.key: each.plan for each in shown.plans},
            manifests=pending.difference.outline if pending is not None and can_deliver else NOTHING,
        )


UNDECIDED = Decisions()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """What one apply planned and did. ``awaiting`` are the requests whose manifests wait for a first value.

    ``pending`` is what would be committed, on a plan; ``delivery`` is what was, after an apply. ``infrastructure`` is what the tool
    that makes containers says it would do, on a plan.
    """

    commit: str
    plans: tuple[ScopePlan, ...]
    warnings: tuple[Finding, ...] = ()
    pending: PendingDelivery | None = None
    receipts: tuple[ApplyReceipt, ...] = ()
    delivery: DeliveryReceipt | None = None
    awaiting: tuple[str, ...] = ()
    infrastructure: tuple[ProposedInfrastructure, ...] = ()

    @property
    def is_complete(self) -> bool:
        """True when no step failed, was refused, or needs a decision."""
        return all(receipt.is_complete for receipt in self.receipts)
