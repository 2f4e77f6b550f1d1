"""``governance/actions.yaml``: one-off acts on records that were reviewed like any change of governance (R20, R21).

An entry allows one act on one record in one state: ``expect`` is the digest of what the reviewers saw.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from goldenpath.model.base import Contract
from goldenpath.model.request import RequestId, Text

RecordDigest = Annotated[
    str, Meta(pattern=r"^sha256:[0-9a-f]{64}$(?!\n)", description="Digest of the record, as goldenpath adopt shows it")
]


class ReviewedAction(Contract, frozen=True, kw_only=True):
    """One act."""

    action: Literal["adopt", "restore"]
    request: RequestId
    expect: RecordDigest
    ticket: Annotated[Text, Meta(min_length=1)]
    reason: Annotated[Text, Meta(min_length=1)]


class Actions(Contract, frozen=True, kw_only=True):
    """The whole file."""

    api_version: Literal["goldenpath.io/v1"] = "goldenpath.io/v1"
    kind: Literal["Actions"] = "Actions"
    actions: tuple[ReviewedAction, ...] = ()
