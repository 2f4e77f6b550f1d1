"""Waivers: approved exceptions of the base policy, applied to findings with their reason kept, and listed for people.

A waiver that the change itself brings does not exist here: only the base is read (R10).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

import msgspec

from goldenpath.model.base import Record
from goldenpath.model.finding import Finding
from goldenpath.model.policy import Policy, Waiver
from goldenpath.policy.context import GateContext
from goldenpath.policy.days import days_text, parse_day
from goldenpath.policy.policy_words import full_code
from goldenpath.policy.rules import UNWAIVABLE

EXPIRED = "policy.waiver-expired"
REFUSED = "policy.waiver-refused"

WaiverState = Literal["active", "expired", "refused"]


class ListedWaiver(Record, frozen=True, kw_only=True):
    """One waiver as it stands today. ``days_left`` includes today and is zero or less once expired. ``refused``: never applied."""

    rule: str
    request: str
    owner: str
    ticket: str
    reason: str
    expires_on: str
    days_left: int
    state: WaiverState


def list_waivers(policy: Policy, today: date) -> tuple[ListedWaiver, ...]:
    """Return every waiver of the policy, soonest expiry first."""
    blocked = unwaivable_codes(policy)
    listed = (_listed(waiver, today, blocked) for waiver in policy.waivers)
    return tuple(sorted(listed, key=lambda each: (each.expires_on, each.request, each.rule)))


def unwaivable_codes(policy: Policy) -> frozenset[str]:
    """Return the codes that no waiver covers: the shipped ones and those of the policy file."""
    return UNWAIVABLE | {full_code(word) for word in policy.unwaivable}


def apply_waivers(findings: Iterable[Finding], context: GateContext, requests: Iterable[str]) -> Iterator[Finding]:
    """Yield the findings, waived where a running waiver covers them, and one warning per dead waiver of the judged ``requests``."""
    judged = frozenset(requests)
    waivers = [waiver for waiver in list_waivers(context.policy, context.today) if waiver.request in judged]
    active = {(waiver.rule, waiver.request): waiver for waiver in waivers if waiver.state == "active"}
    for finding in findings:
        waiver = active.get((finding.rule, finding.subject))
        is_covered = waiver is not None and finding.level != "info"
        yield msgspec.structs.replace(finding, waived_by=_reason(waiver)) if waiver is not None and is_covered else finding
    for waiver in waivers:
        if waiver.state != "active":
            yield _dead(waiver, context)


def _listed(waiver: Waiver, today: date, blocked: frozenset[str]) -> ListedWaiver:
    expiry = parse_day(waiver.expires_on)
    days_left = (expiry - today).days + 1 if expiry is not None else 0
    state: WaiverState = "active" if days_left > 0 else "expired"
    code = full_code(waiver.rule)
    return ListedWaiver(
        rule=code,
        request=waiver.request,
        owner=waiver.owner,
        ticket=waiver.ticket,
        reason=waiver.reason,
        expires_on=waiver.expires_on,
        days_left=days_left,
        state="refused" if code in blocked or not waiver.ticket.strip() or not waiver.reason.strip() else state,
    )


def _reason(waiver: ListedWaiver) -> str:
    left = days_text(waiver.days_left)
    return f"{waiver.ticket}, owner {waiver.owner}, until {waiver.expires_on} ({left} left): {waiver.reason}"


def _dead(waiver: ListedWaiver, context: GateContext) -> Finding:
    is_expired = waiver.state == "expired"
    message = (
        f"the waiver of {waiver.rule} ended on {waiver.expires_on} and no longer counts"
        if is_expired
        else f"the waiver of {waiver.rule} does not count: the rule cannot be waived, or ticket and reason are blank"
    )
    return Finding(
        rule=EXPIRED if is_expired else REFUSED,
        level="warn",
        message=message,
        subject=waiver.request,
        file=context.settings.governance.policy,
        field="waivers",
        got=f"{waiver.ticket}, owner {waiver.owner}",
        hint="remove it, or have a new expiry reviewed in a change of its own" if is_expired else "remove it",
    )
