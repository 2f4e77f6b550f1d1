"""The reviewed steps of a request's life: renewal, and the moves of the lifecycle (D14, D15). Each is an edit that the gate would take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import msgspec

from goldenpath.app.author import Author, Drafted, find_request
from goldenpath.app.context import standing_context
from goldenpath.app.dates import first_dates, state_dates
from goldenpath.app.protected import protected_tip
from goldenpath.app.revise import Edits, revise
from goldenpath.app.revision import Governance, find_entry, is_founded, read_governance, read_requests
from goldenpath.app.services import Services
from goldenpath.errors import Conflict
from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.model.lifecycle import STATES, TRANSITIONS, is_allowed
from goldenpath.model.request import SecretRequest
from goldenpath.policy.context import GateContext
from goldenpath.policy.days import add_days
from goldenpath.policy.gate import judge_request
from goldenpath.ports.repository import RepositoryReader

STATUS_FIELD = ("spec", "lifecycle", "status")
RENEWED_FIELD = ("spec", "renewedOn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The protected branch that a change will be judged by."""

    reader: RepositoryReader
    governance: Governance
    today: date

    @property
    def commit(self) -> str:
        """Its newest commit."""
        return self.governance.commit


def read_base(services: Services, *, commit: str = "") -> Base:
    """Return the protected branch's tip, or another ``commit`` of it. Raises ``NotFound`` or ``Misconfigured`` when there is none."""
    reader = services.repository()
    governance = read_governance(reader, commit or protected_tip(reader, services.settings))
    return Base(reader=reader, governance=governance, today=services.clock.now().date())


def base_if_founded(services: Services) -> Base | None:
    """Return the protected branch when everything that the gate needs is on it; None before that."""
    reader = services.repository()
    if not services.settings_commit or not is_founded(reader, services.settings_commit):
        return None
    return read_base(services)


def renew(author: Author, request_id: str, base: Base) -> Drafted:
    """Return the request renewed today (D15)."""
    return judged(base, revise(author, request_id, Edits(fields={RENEWED_FIELD: str(base.today)})))


def move(author: Author, request_id: str, status: str, base: Base, *, is_backward: bool) -> Drafted:
    """Return the request in another lifecycle state, or with the findings that say from when it may go there.

    Raises:
        Conflict: ``request.wrong-direction`` when the state is reached from this one by the other verb only.
    """
    before = find_request(author, request_id).request.spec.lifecycle.status
    if before != status and (before == "decommission_requested") != is_backward and status == "deprecated":
        verb = "deprecate" if is_backward else "withdraw"
        raise Conflict(
            "request.wrong-direction",
            f"the request is {before}",
            subject=request_id,
            hint=f"goldenpath request {verb} {request_id}" if is_allowed(before, status) else "no step leads back from there",
        )
    return judged(base, revise(author, request_id, Edits(fields={STATUS_FIELD: status})))


def judged(base: Base, drafted: Drafted) -> Drafted:
    """Return the draft with what the gate will say about it; what it blocks is not written.

    The protected branch is what counts, not the author's copy: two steps in a working tree would be one change.
    """
    if drafted.request is None:
        return drafted
    change, context = _change(base, drafted.request, drafted.path)
    findings = tuple(_dated(each, change, context) for each in judge_request(change, context))
    is_blocked = any(finding.is_blocking for finding in findings)
    return replace(drafted, request=None if is_blocked else drafted.request, findings=findings)


def _change(base: Base, request: SecretRequest, path: str) -> tuple[RequestChange, GateContext]:
    entry = find_entry(read_requests(base.reader, base.governance), request.id)
    before, path_before = (entry.request, entry.path) if entry else (None, "")
    change = RequestChange(id=request.id, path_before=path_before, path_after=path, before=before, after=request)
    context = standing_context(base.governance, today=base.today)
    if before is None:
        return change, context
    dates = state_dates(base.reader, base.governance.enums, until=base.commit, changes=(change,))
    first = first_dates(base.reader, until=base.commit, paths={request.id: path_before})
    return change, replace(context, state_since=dates, first_applied=first)


def _dated(finding: Finding, change: RequestChange, context: GateContext) -> Finding:
    """Return a refused step with the earliest day on which it could be taken, were every step before it taken at once."""
    before, after = change.before, change.after
    if finding.rule != "policy.lifecycle-step" or before is None or after is None:
        return finding
    old, new = before.spec.lifecycle.status, after.spec.lifecycle.status
    between = _way(old, new)
    if len(between) < 2 or is_allowed(old, new):  # noqa: PLR2004 - one step needs no day
        return finding
    dwell = context.compiled.dwell_days[context.judged_tier(change)]
    first = max(context.today, add_days(context.state_since.get(change.id, context.today), dwell))
    earliest = add_days(first, dwell * (len(between) - 1))
    hint = f"first {between[0]}, in a change of its own (from {first}); earliest allowed date for {new}: {earliest}"
    return msgspec.structs.replace(finding, hint=hint)


def _way(old: str, new: str) -> tuple[str, ...]:
    """Return the states after ``old`` up to ``new``, when every step between them is in the table."""
    start, end = STATES.index(old), STATES.index(new)
    steps = tuple(zip(STATES[start:end], STATES[start + 1 : end + 1], strict=True))
    return tuple(after for _, after in steps) if all(step in TRANSITIONS for step in steps) else ()
