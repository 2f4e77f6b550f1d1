"""Which approvals count (R12): bound to this change, signed, by eligible people who had no hand in it, each counted once.

Everything that does not count is kept with its reason. Signatures are checked before; nothing here trusts a label or a claim.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from goldenpath.model.approval import Approval, ApprovalStatement, Approvers, Person
from goldenpath.model.base import Record
from goldenpath.model.change import EFFECTS_VERSION, Change
from goldenpath.model.finding import ApprovalNeed, Finding
from goldenpath.model.statement import STATEMENT_VERSION
from goldenpath.policy.identity import Directory, canonical_address, key_material
from goldenpath.policy.matching import assign
from goldenpath.policy.needs import OWNER


class MetNeed(Record, frozen=True, kw_only=True):
    """A need and the person who meets it."""

    need: ApprovalNeed
    person: str


class RejectedApproval(Record, frozen=True, kw_only=True):
    """An approval that does not count, and why."""

    approval: Approval
    code: str
    reason: str


class ApprovalResult(Record, frozen=True, kw_only=True):
    """Where a change stands. ``counted`` are the approvals of eligible people, whether or not their role is needed.

    ``problems`` tells which entries of the approvers file cannot be told apart; those people do not count.
    """

    met: tuple[MetNeed, ...] = ()
    missing: tuple[ApprovalNeed, ...] = ()
    counted: tuple[Approval, ...] = ()
    rejected: tuple[RejectedApproval, ...] = ()
    problems: tuple[Finding, ...] = ()

    @property
    def is_satisfied(self) -> bool:
        """True when every need is met by a person of its own."""
        return not self.missing


def evaluate(
    needs: Sequence[ApprovalNeed],
    approvals: Sequence[Approval],
    approvers: Approvers,
    change: Change,
    *,
    is_merged: bool = False,
    hands: Iterable[str] = (),
) -> ApprovalResult:
    """Count approvals.

    Args:
        needs: What the change needs, from the verdict; the same need twice means two people.
        approvals: Every statement found for the change, its signature already checked.
        approvers: The approvers file of the base.
        change: What is to be approved.
        is_merged: The change is on the protected branch already. Then an approval given under an earlier rendering still counts for
            the same content: otherwise every release that renders differently would void all history.
        hands: Logins of everybody who had a hand in it as a forge knows them: who opened the pull request, who pushed.
    """
    directory = Directory.of(approvers)
    panel = _Panel(
        directory=directory,
        change=change,
        contributors=_contributors(change, directory).union(*(directory.named(hand) for hand in hands)),
        content_digest=change.content_digest,
        change_digest=change.digest,
        is_merged=is_merged,
    )
    counted: dict[str, Approval] = {}
    rejected: list[RejectedApproval] = []
    for approval in approvals:
        fault = panel.fault(approval, counted)
        if fault:
            rejected.append(RejectedApproval(approval=approval, code=fault[0], reason=fault[1]))
        else:
            counted[approval.statement.approver] = approval
    people = [directory.people[person] for person in counted]
    chosen = assign([[person.id for person in people if _can_meet(person, need)] for need in needs])
    return ApprovalResult(
        met=tuple(MetNeed(need=need, person=person) for need, person in zip(needs, chosen, strict=True) if person is not None),
        missing=tuple(need for need, person in zip(needs, chosen, strict=True) if person is None),
        counted=tuple(counted.values()),
        rejected=tuple(rejected),
        problems=_problems(directory),
    )


def person_with_email(approvers: Approvers, email: str) -> Person | None:
    """Return the one person who has the address, in any spelling; None when nobody or more than one has it."""
    wanted = canonical_address(email)
    found = [person for person in approvers.people if wanted and wanted in {canonical_address(each) for each in person.emails}]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """The people, the change, and who had a hand in it."""

    directory: Directory
    change: Change
    contributors: frozenset[str]
    content_digest: str
    change_digest: str
    is_merged: bool

    def fault(self, approval: Approval, counted: dict[str, Approval]) -> tuple[str, str] | None:
        """Return code and reason when the approval does not count."""
        return self._statement_fault(approval) or self._person_fault(approval, counted)

    def _statement_fault(self, approval: Approval) -> tuple[str, str] | None:
        statement, change = approval.statement, self.change
        if not approval.is_valid:
            return approval.code or "approval.signature-invalid", approval.reason or "the signature does not verify"
        if statement.schema_version != STATEMENT_VERSION:
            return "approval.statement-unknown", f"statement version {statement.schema_version} is not known here"
        if statement.head != change.head:
            return "approval.stale", f"given for head {statement.head[:12]}, the change is at {change.head[:12]}"
        if statement.merge_base != change.merge_base:
            return "approval.stale", f"given for merge base {statement.merge_base[:12]}, it is now {change.merge_base[:12]}"
        return self._content_fault(statement)

    def _content_fault(self, statement: ApprovalStatement) -> tuple[str, str] | None:
        if statement.content_digest != self.content_digest:
            return "approval.stale", "given for other content: requests or policy differ"
        if statement.change_digest != self.change_digest and not (self.is_merged and statement.effects_version < EFFECTS_VERSION):
            return "approval.stale", "given for other planned effects"
        return None

    def _person_fault(self, approval: Approval, counted: dict[str, Approval]) -> tuple[str, str] | None:
        name = approval.statement.approver
        person = self.directory.people.get(name)
        if person is None:
            return "approval.approver-unknown", f"{name!r} is nobody in the approvers file of the base"
        if name in self.directory.shared:
            return "approval.identity-shared", f"{name} shares {_listing(self.directory.shared[name])} with another entry"
        if approval.fingerprint and not _has_key(person, approval.fingerprint):
            return "approval.key-unknown", f"the signing key is not listed for {name}"
        if _is_bot(person):
            return "approval.by-bot", f"{name} is a bot"
        return self._hand_fault(person, counted)

    def _hand_fault(self, person: Person, counted: dict[str, Approval]) -> tuple[str, str] | None:
        name = person.id
        if not person.emails and not person.logins:
            return "approval.address-unknown", f"{name} has no address or login listed, so nobody can tell whether they wrote the change"
        if not self.change.commits:
            return "approval.authors-unknown", "the change has no readable commits, so its authors are unknown"
        if name in self.contributors:
            return "approval.by-author", f"{name} is an author, committer, co-author, pusher or requester of the change"
        if name in counted:
            return "approval.duplicate", f"{name} already approved"
        return None


def _contributors(change: Change, directory: Directory) -> frozenset[str]:
    """Return everyone with a hand in the change: every commit's people, and whoever asked for a new request."""
    found: set[str] = set()
    for commit in change.commits:
        hands = ((commit.author_name, commit.author_email), (commit.committer_name, commit.committer_email), *commit.co_authors)
        for name, address in hands:
            found |= directory.behind(name, address)
    for each in change.requests:
        requester = each.after.metadata.requester if each.after is not None else ""
        if requester and (each.before is None or each.before.metadata.requester != requester):
            found |= directory.named(requester)
    return frozenset(found)


def _can_meet(person: Person, need: ApprovalNeed) -> bool:
    return need.owner in person.owners if need.role == OWNER else need.role in person.roles


def _is_bot(person: Person) -> bool:
    logins = (person.name, *person.logins.values(), *person.emails)
    return person.is_bot or any("[bot]" in login.casefold() for login in logins)


def _has_key(person: Person, fingerprint: str) -> bool:
    return any(_fingerprint(key) == fingerprint for key in person.keys)


def _fingerprint(line: str) -> str:
    """Return OpenSSH's SHA-256 fingerprint of a public key line; empty when the line holds no key."""
    try:
        blob = base64.b64decode(key_material(line), validate=True)
    except binascii.Error:
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _problems(directory: Directory) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule="approval.identity-shared",
            level="warn",
            message=f"{person} shares {_listing(kinds)} with another entry of the approvers file and cannot approve",
            subject=person,
            field="people",
            hint="give each person addresses, logins and keys of their own; one person is one entry",
        )
        for person, kinds in sorted(directory.shared.items())
    )


def _listing(kinds: Sequence[str]) -> str:
    return " and ".join(kinds)
