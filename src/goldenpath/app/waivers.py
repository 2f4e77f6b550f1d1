"""Which exceptions are in force: the waivers of the protected branch's policy, as they stand today."""

from __future__ import annotations

from goldenpath.app.protected import protected_tip
from goldenpath.app.revision import read_governance
from goldenpath.app.services import Services
from goldenpath.policy.waivers import ListedWaiver, list_waivers


def waivers_today(services: Services, *, ref: str = "") -> tuple[ListedWaiver, ...]:
    """Return every waiver at ``ref``, soonest expiry first; by default those of the protected branch, which are the ones that count.

    Raises:
        NotFound: ``git.ref-missing``.
        Misconfigured: the policy file is missing or unreadable there.
    """
    reader = services.repository()
    commit = reader.resolve(ref) if ref else protected_tip(reader, services.settings)
    return list_waivers(read_governance(reader, commit).policy, services.clock.now().date())
