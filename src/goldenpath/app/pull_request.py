"""Judges a pull request: its head against the base, by code, rules, enums and approvers of the base. The pull request is data (R10, R11).

Whatever goes wrong blocks (R15): before anything is judged the statuses are pending, they turn green last, and an error makes them red.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from goldenpath.app.check import CheckResult, check_change
from goldenpath.app.judged import Concern, Judged, PullRequestFault, waiting_concerns
from goldenpath.app.preview import PreviewResult, preview_of
from goldenpath.app.rivals import rivals
from goldenpath.app.services import Services
from goldenpath.errors import Conflict, GoldenpathError
from goldenpath.model.finding import Finding, Verdict
from goldenpath.model.forge import PullRequest
from goldenpath.policy.waivers import ListedWaiver, list_waivers
from goldenpath.ports.forge import Forge
from goldenpath.ports.repository import RepositoryReader

MARKER = "pull-request"
"""Of the one comment that says what the gate says."""

Outcome = Judged | PullRequestFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """How an outcome is told: ``body`` returns the comment, ``url`` is where the statuses lead."""

    body: Callable[[Outcome], str]
    url: str = ""


def check_pull_request(services: Services, number: int, *, publication: Publication | None, looks_at_stores: bool = False) -> Outcome:
    """Judge one pull request and, with a ``publication``, tell the forge.

    A fault of judging is an outcome: it is published as such, and the caller ends with its error.

    Raises:
        Conflict: ``pr.not-open``; ``pr.moved`` when head or base changed meanwhile, so that what was found counts for nothing.
        GoldenpathError: the forge did not answer; no status is green then that was not green for this very commit before.
    """
    forge = services.forge(services.settings.forge)
    pull = forge.pull_request(number)
    if pull.state != "open":
        raise Conflict("pr.not-open", f"it is {pull.state}", subject=f"#{number}", hint="only open pull requests are judged")
    if publication is None:
        return _outcome(services, forge, pull, looks_at_stores=looks_at_stores)
    _set(forge, pull, waiting_concerns(), url=publication.url)
    outcome = _outcome(services, forge, pull, looks_at_stores=looks_at_stores)
    _publish(forge, outcome, publication)
    return outcome


def _outcome(services: Services, forge: Forge, pull: PullRequest, *, looks_at_stores: bool) -> Outcome:
    try:
        return judge(services, pull, forge=forge, looks_at_stores=looks_at_stores)
    except GoldenpathError as error:
        return PullRequestFault(pull=pull, error=error)


def judge(services: Services, pull: PullRequest, *, forge: Forge | None = None, looks_at_stores: bool = False) -> Judged:
    """Judge ``pull`` as the forge has it, and with a ``forge`` beside the others that are open there.

    Raises:
        NotFound: ``git.ref-missing``, ``git.no-merge-base``.
        ProviderUnavailable: ``git.remote-unavailable``.
    """
    objects = services.pull_request_objects()
    base = objects.newest(services.settings.governance.protected_branch)
    objects.bring(pull.number, pull.head_sha)
    # a stranger's branch must not make us ask a store: without its leave we look at Git alone
    seeing = services if looks_at_stores and not pull.is_fork else replace(services, is_offline=True)
    check = check_change(seeing, base=base, head=pull.head_sha)
    others = rivals(services, forge, pull, check) if forge is not None else ()
    check = _with_findings(check, (*_base_findings(services, pull), *_overtaken(services.repository(), check), *others))
    preview, fault = _preview(seeing, check)
    return Judged(pull=pull, preview=preview, waivers=_used_waivers(services, check), fault=fault)


def _preview(services: Services, check: CheckResult) -> tuple[PreviewResult, GoldenpathError | None]:
    """Return the preview; for a change that blocks also none, and why: what clashes with the base cannot be laid over it."""
    try:
        return preview_of(services, check), None
    except GoldenpathError as error:
        if not check.verdict.is_blocked:
            raise
        return PreviewResult(check=check, environments=()), error


def _publish(forge: Forge, outcome: Outcome, publication: Publication) -> None:
    pull = outcome.pull
    try:
        forge.upsert_comment(pull.number, marker=MARKER, body=publication.body(outcome))
        _require_unmoved(forge, pull)
        _set(forge, pull, outcome.concerns, url=publication.url)
    except GoldenpathError as error:
        with suppress(GoldenpathError):  # the first error is the one to tell; what is pending stays pending and blocks too
            _set(forge, pull, PullRequestFault(pull=pull, error=error).concerns, url=publication.url)
        raise


def _require_unmoved(forge: Forge, pull: PullRequest) -> None:
    """Refuse to call good what is not the pull request any more: whoever pushed meanwhile starts a run of their own."""
    now = forge.pull_request(pull.number)
    if (now.head_sha, now.base_ref) != (pull.head_sha, pull.base_ref):
        raise _moved(pull)


def _set(forge: Forge, pull: PullRequest, concerns: tuple[Concern, ...], *, url: str) -> None:
    for concern in concerns:
        forge.set_status(pull.head_sha, context=concern.name, state=concern.state, description=concern.summary, url=url)


def _moved(pull: PullRequest) -> Conflict:
    return Conflict(
        "pr.moved",
        "head or base changed while it was being judged",
        subject=f"#{pull.number}",
        hint="run again: the new head is judged by itself",
        retry_after_seconds=5.0,
    )


def _base_findings(services: Services, pull: PullRequest) -> tuple[Finding, ...]:
    protected = services.settings.governance.protected_branch
    if pull.base_ref == protected:
        return ()
    return (
        Finding(
            rule="pr.base-not-protected",
            level="block",
            message=f"the pull request goes to another branch than {protected}, the only one that is applied",
            got=pull.base_ref,
            expected=protected,
            hint=f"change its base to {protected}",
        ),
    )


def _overtaken(reader: RepositoryReader, check: CheckResult) -> Iterator[Finding]:
    """Yield a finding for each file that the base changed too since the branch left it: what was looked at is not what a merge makes."""
    change = check.change
    paths = {path for each in change.requests for path in (each.path_before, each.path_after) if path} | set(change.governance_paths)
    for moved in reader.diff(change.merge_base, check.base, sorted(paths)) if paths else ():
        if moved.path in paths and reader.tree_oid(change.head, moved.path) != moved.new_oid:
            yield Finding(
                rule="pr.overtaken",
                level="block",
                message="the base changed this file too since the branch left it, so a merge would make something that nobody looked at",
                file=moved.path,
                got=f"branched off at {change.merge_base[:12]}",
                expected=f"the file as it is at {check.base[:12]}",
                hint="bring the branch up to date with the base; approvals then have to be given again",
            )


def _with_findings(check: CheckResult, more: tuple[Finding, ...]) -> CheckResult:
    if not more:
        return check
    findings = tuple(sorted((*check.verdict.findings, *more), key=lambda finding: finding.sort_key))
    return replace(check, verdict=Verdict(findings=findings, needs=check.verdict.needs))


def _used_waivers(services: Services, check: CheckResult) -> tuple[ListedWaiver, ...]:
    used = {(finding.rule, finding.subject) for finding in check.verdict.findings if finding.waived_by}
    listed = list_waivers(check.governance.policy, services.clock.now().date()) if used else ()
    return tuple(waiver for waiver in listed if waiver.state == "active" and (waiver.rule, waiver.request) in used)
