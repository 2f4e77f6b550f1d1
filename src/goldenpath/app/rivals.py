"""Which other open pull requests take the same things: two that are green alone, of which the second one merged will be red (R9).

It warns and never blocks: otherwise anybody could hold up a change by proposing another one. Refresh and apply ask again after the merge.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldenpath.app.change import read_change
from goldenpath.app.check import CheckResult
from goldenpath.app.services import Services
from goldenpath.errors import GoldenpathError
from goldenpath.model.change import Change
from goldenpath.model.finding import Finding
from goldenpath.model.forge import PullRequest
from goldenpath.model.naming import store_path
from goldenpath.model.settings import Settings
from goldenpath.ports.forge import Forge


def rivals(services: Services, forge: Forge, pull: PullRequest, check: CheckResult) -> Iterator[Finding]:
    """Yield a warning for each other open pull request that takes an id, a record or a Kubernetes Secret that this one takes too.

    One that cannot be read is passed over: it is judged by itself, and blocked there.
    """
    mine = _claims(check.change, check.governance.settings)
    others = forge.open_pull_requests(check.governance.settings.governance.protected_branch) if mine else ()
    for other in others:
        if other.number == pull.number or other.head_sha == pull.head_sha:
            continue
        common = sorted(mine & _claims_of(services, other, check))
        if common:
            yield Finding(
                rule="pr.rival",
                level="warn",
                message=f"pull request #{other.number} takes the same: {', '.join(common)}; whichever is merged second will be blocked",
                subject=common[0],
                hint="agree on one of the two, or on other names",
            )


def _claims_of(services: Services, pull: PullRequest, check: CheckResult) -> frozenset[str]:
    try:
        services.pull_request_objects().bring(pull.number, pull.head_sha)
        read = read_change(services.repository(), check.governance, base=check.base, head=pull.head_sha)
    except GoldenpathError:
        return frozenset()
    return _claims(read.change, check.governance.settings)


def _claims(change: Change, settings: Settings) -> frozenset[str]:
    found: set[str] = set()
    for request in (each.after for each in change.requests if each.after is not None):
        access = request.spec.access
        cluster = settings.cluster(request.environment)
        found |= {request.id, store_path(request, prefix=settings.naming.prefix), f"{cluster}/{access.namespace}/{access.k8s_secret_name}"}
    return frozenset(found)
