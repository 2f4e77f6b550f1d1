"""From a signed payload to an approval: what was signed, by whom, and why it may not count."""

from __future__ import annotations

import msgspec

from goldenpath.model.approval import Approval, ApprovalStatement
from goldenpath.model.change import change_digest

STATEMENT_VERSION = 1
_NOTHING = ApprovalStatement(
    schema_version=0,
    change_digest="",
    content_digest="",
    effects_digest="",
    effects_version=0,
    head="",
    merge_base="",
    approver="",
    time="",
)


def read_statement(payload: bytes, *, bound_to: str, check_valid: bool, signer: str, reason: str, fingerprint: str = "") -> Approval:
    """Return the approval in ``payload``; it is valid only when the signature holds and signer, head and format agree.

    Args:
        payload: The canonical JSON that was signed.
        bound_to: Commit that the signed object names.
        check_valid: Whether git's signature check passed.
        signer: Person whose key signed, as git matched it.
        reason: Why the check failed, empty when it passed.
        fingerprint: Fingerprint of the key, for the record.
    """
    try:
        statement = msgspec.json.decode(payload, type=ApprovalStatement)
    except msgspec.DecodeError:
        return Approval(statement=_NOTHING, is_valid=False, reason="the signed text is not an approval", source="note")
    why = _fault(statement, bound_to=bound_to, check_valid=check_valid, signer=signer, reason=reason)
    return Approval(statement=statement, is_valid=not why, reason=why, fingerprint=fingerprint, source="note")


def _fault(statement: ApprovalStatement, *, bound_to: str, check_valid: bool, signer: str, reason: str) -> str:
    if not check_valid:
        return reason or "the signature does not verify"
    if statement.schema_version != STATEMENT_VERSION:
        return f"statement version {statement.schema_version} is not known here"
    if statement.change_digest != change_digest(statement.content_digest, statement.effects_digest):
        return "the digests in the statement do not belong together"
    if statement.head != bound_to:
        return "the statement is about another commit than the one it is attached to"
    if statement.approver != signer:
        return "the statement names another person than the key that signed it"
    return ""
