"""``governance/drift-ignores.yaml``: changes made outside the platform that are left as they are, each with a reason (R24).

An entry lies in the protected base revision, so it was reviewed before it counts. The access policy and our own tags cannot be ignored:
the first decides who may read, the second whose record it is.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from goldenpath.model.base import Contract
from goldenpath.model.request import EnumWord, IsoDate, Label, RequestId, Text

TAG_FIELD = "tag:"
"""A tag as a field is spelled ``tag:<key>``."""

MANIFEST_FIELD = "external-secret:"
"""A field of the ExternalSecret in the cluster is spelled ``external-secret:<field>``; only how often it refreshes can be left alone."""

FIELD_PATTERN = (
    r"^(?:description|kms_key|external-secret:refresh(?:Interval|Policy)"
    r"|tag:(?![Gg][Oo][Ll][Dd][Ee][Nn][Pp][Aa][Tt][Hh]:)[^\x00-\x1f\x7f]{1,128})$(?!\n)"
)
IgnorableField = Annotated[
    str,
    Meta(
        max_length=132,
        pattern=FIELD_PATTERN,
        description="description, kms_key, tag:<key> for one tag, external-secret:refreshInterval or external-secret:refreshPolicy; the "
        "policy and goldenpath: tags cannot be ignored",
    ),
]


class DriftIgnore(Contract, frozen=True, kw_only=True):
    """One field whose drift is left alone: of one request, or of every request of a service, of an environment, or of both.

    ``expires_on`` is the last day on which it counts; without one it counts until it is taken out.
    """

    field: IgnorableField
    reason: Annotated[Text, Meta(min_length=1)]
    owner: EnumWord
    request: RequestId | None = None
    service: Label | None = None
    environment: EnumWord | None = None
    expires_on: IsoDate | None = None


class DriftIgnores(Contract, frozen=True, kw_only=True):
    """The whole file."""

    api_version: Literal["goldenpath.io/v1"] = "goldenpath.io/v1"
    kind: Literal["DriftIgnores"] = "DriftIgnores"
    ignores: tuple[DriftIgnore, ...] = ()


NOTHING_IGNORED: Final = DriftIgnores()
