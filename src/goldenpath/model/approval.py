"""Who may approve, and what an approval says (R12)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from goldenpath.model.base import Contract, Record
from goldenpath.model.request import Label, Text


class Person(Contract, frozen=True, kw_only=True):
    """One human, however many keys and logins. ``roles`` such as security, platform; ``owners`` the teams they can answer for."""

    id: Label
    name: Text = ""
    emails: Annotated[tuple[Text, ...], Meta(max_length=20)] = ()
    logins: dict[Label, Text] = {}
    keys: Annotated[tuple[Text, ...], Meta(max_length=20, description="SSH public keys, as in an authorized_keys line")] = ()
    roles: tuple[Label, ...] = ()
    owners: tuple[Label, ...] = ()
    is_bot: bool = False


class Approvers(Contract, frozen=True, kw_only=True):
    """``governance/approvers.yaml``."""

    api_version: Literal["goldenpath.io/v1"]
    kind: Literal["Approvers"]
    people: tuple[Person, ...] = ()


class ApprovalStatement(Record, frozen=True, kw_only=True):
    """What a person signs. Bound to one change digest, head and merge base; a new commit makes a new digest.

    The change digest is that of ``content_digest`` and ``effects_digest``; ``effects_version`` says which rendering the effects came from.
    """

    schema_version: int
    change_digest: str
    content_digest: str
    effects_digest: str
    effects_version: int
    head: str
    merge_base: str
    approver: str
    time: str
    correlation_id: str = ""


class Approval(Record, frozen=True, kw_only=True):
    """A statement whose signature was checked, or the reason why it does not count.

    ``source`` is ``note`` for one that was signed and ``review`` for one that a forge vouches for. ``code`` names the reason where it is
    another one than the signature.
    """

    statement: ApprovalStatement
    is_valid: bool
    reason: str = ""
    fingerprint: str = ""
    source: str = ""
    code: str = ""
