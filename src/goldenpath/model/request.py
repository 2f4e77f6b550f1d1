r"""The SecretRequest contract (seeds 001 and 002, additions of D5): the one definition the JSON Schema is generated from.

Enum-valued fields are plain strings here: their values live in the platform's enums file (D3) and are checked by ``intent``.
Every pattern ends in ``$(?!\n)`` because Python's ``$`` also matches before a trailing newline.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from goldenpath.model.base import Contract

NAME_MAX = 58
"""Longest ``metadata.name``: ``<name>-sync`` must fit a Kubernetes label value (63)."""
LABEL_MAX = 63
SUBDOMAIN_MAX = 253
TTL_MAX_DAYS = 3650

LABEL_PATTERN = r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$(?!\n)"
SUBDOMAIN_PATTERN = r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$(?!\n)"
ID_PATTERN = r"^SEC-[0-9]{4,12}$(?!\n)"
KEY_PATTERN = r"^(?!\.\.|\.$)[A-Za-z0-9_.-]+$(?!\n)"
TEXT_PATTERN = r"^[^\x00-\x1f\x7f]*$(?!\n)"

RequestId = Annotated[
    str,
    Meta(
        pattern=ID_PATTERN,
        description="Audit id, SEC- and at least four digits; never used again",
        examples=["SEC-0007"],
    ),
]
Label = Annotated[str, Meta(pattern=LABEL_PATTERN, min_length=1, max_length=LABEL_MAX)]
Subdomain = Annotated[str, Meta(pattern=SUBDOMAIN_PATTERN, min_length=1, max_length=SUBDOMAIN_MAX)]
EnumWord = Annotated[str, Meta(min_length=1, max_length=LABEL_MAX, pattern=LABEL_PATTERN)]
Arn = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2048,
        pattern=TEXT_PATTERN,
        description="Full IAM ARN of a role or user; no wildcard, no account root",
    ),
]
Text = Annotated[str, Meta(max_length=500, pattern=TEXT_PATTERN)]
Days = Annotated[int, Meta(ge=1, le=TTL_MAX_DAYS)]
IsoDate = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)", description="Calendar date, YYYY-MM-DD")]

Alphabet = Literal["alphanumeric", "letters", "digits", "hex", "base64url", "printable"]
KeyFormat = Literal["text", "url", "json", "pem", "base64", "hex", "uuid", "email", "integer", "hostname"]


class Generator(Contract, frozen=True, kw_only=True):
    """How a value for a key is made when nobody brings one."""

    length: Annotated[int, Meta(ge=8, le=4096, description="Characters, before any prefix or suffix")] = 32
    alphabet: Annotated[Alphabet, Meta(description="Characters to draw from")] = "alphanumeric"
    prefix: Annotated[Text, Meta(description="Fixed, public text before the random part, e.g. gp_live_")] = ""


class KeySpec(Contract, frozen=True, kw_only=True):
    """One declared key inside the secret."""

    name: Annotated[
        str,
        Meta(
            pattern=KEY_PATTERN,
            min_length=1,
            max_length=SUBDOMAIN_MAX,
            description="Key in the Kubernetes Secret and in the environment of the application",
        ),
    ]
    format: Annotated[KeyFormat, Meta(description="What a value must look like; checked when the value is given")] = "text"
    generator: Generator | None = None


class Metadata(Contract, frozen=True, kw_only=True):
    """Who asks, for which service, where."""

    id: RequestId
    name: Annotated[
        str,
        Meta(
            pattern=LABEL_PATTERN,
            min_length=1,
            max_length=NAME_MAX,
            description="Intent name, unique within service and environment",
        ),
    ]
    owner: Annotated[EnumWord, Meta(description="Accountable team (enum: owners)")]
    service: Annotated[Label, Meta(description="Service that the secret belongs to")]
    environment: Annotated[EnumWord, Meta(description="Deployment target (enum: environments; aliases allowed)")]
    description: Text = ""
    adr: Annotated[Text, Meta(description="Decision record that the request rests on, e.g. ADR-0143")] = ""
    requester: Annotated[Text, Meta(description="Who asked, as a person's id or e-mail address")] = ""


class Risk(Contract, frozen=True, kw_only=True):
    """Governance class."""

    tier: Annotated[EnumWord, Meta(description="Risk tier (enum: security.risk_tiers)")]


class Rotation(Contract, frozen=True, kw_only=True):
    """Rotation posture; ``none`` is said, never implied."""

    rotation_class: Annotated[EnumWord, Meta(description="Rotation class (enum: security.rotation_classes)")]
    rotator: Annotated[Label, Meta(description="Which rotator changes the value at its target")] | None = None
    options: Annotated[dict[Label, Text], Meta(description="Options of the rotator; never a value", max_length=32)] = {}


class Lifecycle(Contract, frozen=True, kw_only=True):
    """Operational state."""

    status: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=LABEL_MAX,
            pattern=r"^[a-z][a-z_]*$(?!\n)",
            description="Lifecycle status (enum: security.lifecycle_status)",
        ),
    ]
    recovery_window_in_days: (
        Annotated[int, Meta(ge=7, le=30, description="Days between deletion and destruction; default by tier")] | None
    ) = None


class Access(Contract, frozen=True, kw_only=True):
    """Where the secret goes in the cluster, and who may touch it in the store."""

    namespace: Annotated[Label, Meta(description="Kubernetes namespace of the projection")]
    k8s_secret_name: Annotated[Subdomain, Meta(description="Name of the projected Kubernetes Secret")]
    read_principals: Annotated[tuple[Arn, ...], Meta(max_length=50, description="IAM ARNs with read access")] = ()
    write_principals: Annotated[tuple[Arn, ...], Meta(max_length=50, description="IAM ARNs with write access")] = ()
    break_glass_principals: Annotated[tuple[Arn, ...], Meta(max_length=50, description="IAM ARNs for emergency access")] = ()


class Spec(Contract, frozen=True, kw_only=True):
    """What is asked for."""

    provider: Annotated[EnumWord, Meta(description="Kind of store")]
    secret_type: Annotated[EnumWord, Meta(description="Categorisation (enum: security.secret_types)")]
    risk: Risk
    rotation: Rotation
    lifecycle: Lifecycle
    access: Access
    ttl_days: Annotated[Days, Meta(description="Days until the request must be renewed or deprecated; never deletes")]
    renewed_on: IsoDate | None = None
    keys: Annotated[tuple[KeySpec, ...], Meta(max_length=64, description="Keys inside the secret")] = ()


class SecretRequest(Contract, frozen=True, kw_only=True):
    """One reviewed intent: a secret that a service needs in one environment."""

    api_version: Literal["goldenpath.io/v1"]
    kind: Literal["SecretRequest"]
    metadata: Metadata
    spec: Spec

    @property
    def id(self) -> str:
        """The audit id, e.g. ``SEC-0007``."""
        return self.metadata.id

    @property
    def environment(self) -> str:
        """The canonical environment: readers replace aliases before anyone else sees the request."""
        return self.metadata.environment
