"""What is due, by class: terms, rotations, drift, orphans, exceptions that end. Everything is looked at before anything is told.

A class that could not be looked at ends the run: an issue is never closed because nobody knew (R15).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goldenpath.app.drift import DriftReport, read_drift
from goldenpath.app.orphans import Orphans, find_orphans
from goldenpath.app.protected import protected_tip
from goldenpath.app.revision import Governance, read_governance, read_requests
from goldenpath.app.services import Services
from goldenpath.app.status import Status, StatusRow, read_status
from goldenpath.model.counting import counted
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.rotators import cadence_of
from goldenpath.policy.waivers import ListedWaiver, list_waivers
from goldenpath.ports.forge import Forge

WAIVER_WARN_DAYS = 14
"""Exceptions that end within so many days are told: long enough to mend the cause, or to have a new one reviewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Everything that was looked at, at one commit of the protected branch."""

    commit: str
    expiry: tuple[Finding, ...]
    rotation: tuple[Finding, ...]
    waivers: tuple[Finding, ...]
    drift: DriftReport
    orphans: Orphans


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueText:
    """One class as an issue: ``body`` is empty when there is nothing to tell, and the issue is closed."""

    marker: str
    title: str
    body: str


def gather(services: Services, *, environments: Sequence[str] = ()) -> Due:
    """Look at the catalog, the stores and the policy of the protected branch. Reads no value, changes nothing.

    Raises:
        ProviderUnavailable: a store did not answer; then nothing is told.
    """
    reader = services.repository()
    status = read_status(services, environments=environments)
    governance = read_governance(reader, protected_tip(reader, services.settings))
    requests = {entry.request.id: entry.request for entry in read_requests(reader, governance).entries}
    return Due(
        commit=status.commit,
        expiry=tuple(_expiry(status, governance)),
        rotation=tuple(_rotation(status, governance, requests)),
        waivers=tuple(_waiver_findings(services, governance)),
        drift=read_drift(services, environments=environments),
        orphans=find_orphans(services, environments=environments),
    )


def publish_issues(forge: Forge, texts: Sequence[IssueText], *, labels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Keep one issue for each class, and close those with nothing to tell; return (marker, address) of those that are open."""
    kept = []
    for each in texts:
        if each.body:
            kept.append((each.marker, forge.upsert_issue(marker=each.marker, title=each.title, body=each.body, labels=labels).url))
        else:
            forge.close_issue(marker=each.marker, body="Nothing is left of this. It opens again when there is.")
    return tuple(kept)


def _expiry(status: Status, governance: Governance) -> Iterator[Finding]:
    for row in status.rows:
        left = row.ttl_left_days
        if left is None or row.lifecycle != "active" or left > governance.policy.ttl_warn_days:
            continue
        if left < 0:
            message = f"{_named(row)}: its term ran out {counted(-left, 'day')} ago; other changes of it wait, nothing is deleted"
            yield _finding(
                "report.ttl-expired", "block", row, message, hint="renew it (spec.renewedOn) or deprecate it, by a reviewed change"
            )
        else:
            message = f"{_named(row)}: its term ends in {counted(left, 'day')}"
            yield _finding("report.ttl-ends", "warn", row, message, hint="renew it (spec.renewedOn) or deprecate it, by a reviewed change")


def _rotation(status: Status, governance: Governance, requests: dict[str, SecretRequest]) -> Iterator[Finding]:
    for row in status.rows:
        request, left = requests.get(row.id), row.rotation_due_days
        cadence = None if request is None else cadence_of(request, governance.policy.rotation)
        if cadence is None or left is None:
            continue
        if row.is_rotation_overdue:
            message = f"{_named(row)}: its value is {counted(row.value_age_days or 0, 'day')} old, more than {cadence.max_age_days}"
            yield _finding(
                "report.rotation-overdue", "block", row, message, hint=f"goldenpath seed {row.id}, or see why its rotator did not"
            )
        elif left <= cadence.warn_days and row.native_rotation.state != "on":
            when = f"was due {counted(-left, 'day')} ago" if left < 0 else f"is due in {counted(left, 'day')}"
            yield _finding("report.rotation-due", "warn", row, f"{_named(row)}: a new value {when}", hint=f"goldenpath seed {row.id}")


def _waiver_findings(services: Services, governance: Governance) -> Iterator[Finding]:
    for waiver in list_waivers(governance.policy, services.clock.now().date()):
        if waiver.state == "active" and waiver.days_left <= WAIVER_WARN_DAYS:
            yield _waiver("report.waiver-ends", waiver, governance, f"ends in {counted(waiver.days_left, 'day')}, on {waiver.expires_on}")
        elif waiver.state != "active":
            yield _waiver("report.waiver-dead", waiver, governance, f"no longer counts ({waiver.state}, {waiver.expires_on})")


def _waiver(rule: str, waiver: ListedWaiver, governance: Governance, what: str) -> Finding:
    return Finding(
        rule=rule,
        level="warn",
        message=f"the exception of {waiver.rule} for {waiver.request} {what}",
        subject=waiver.request,
        file=governance.settings.governance.policy,
        field="waivers",
        got=f"{waiver.ticket}, owner {waiver.owner}",
        hint="mend the cause and take it out, or have a new expiry reviewed in a change of its own",
    )


def _finding(rule: str, level: str, row: StatusRow, message: str, *, hint: str) -> Finding:
    return Finding(rule=rule, level="block" if level == "block" else "warn", message=message, subject=row.id, hint=hint)


def _named(row: StatusRow) -> str:
    return f"{row.name} of {row.service} in {row.environment} (owner {row.owner})"
