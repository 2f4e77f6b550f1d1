"""``governance/policy.yaml``: rules and floors as data (D11, D13, D14, R14, R26, R27).

Code holds one rule per file; this says how strict.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from goldenpath.model.base import Contract
from goldenpath.model.request import EnumWord, IsoDate, Label, RequestId, Subdomain, Text

RuleLevel = Literal["block", "warn", "info", "off"]


class RoleNeed(Contract, frozen=True, kw_only=True):
    """One approval: somebody with this role; role ``owner`` means somebody who answers for the request's owner."""

    role: Label


class TierPolicy(Contract, frozen=True, kw_only=True):
    """What one tier asks for."""

    approvals: tuple[RoleNeed, ...] = ()
    rotation_none: RuleLevel = "off"


class Floor(Contract, frozen=True, kw_only=True):
    """Requests that match get at least this tier. Empty lists match everything."""

    tier: EnumWord
    environments: tuple[EnumWord, ...] = ()
    secret_types: tuple[EnumWord, ...] = ()
    reason: Text = ""


class NamespaceRule(Contract, frozen=True, kw_only=True):
    """One namespace and who may project into it (R26)."""

    namespace: Label
    service: Label
    environments: tuple[EnumWord, ...] = ()


class Namespaces(Contract, frozen=True, kw_only=True):
    """Which namespaces a service may use. ``same_as_service`` maps the namespace of the service's own name to it."""

    same_as_service: bool = True
    mapped: tuple[NamespaceRule, ...] = ()
    reserved: tuple[Label, ...] = ()


class ReservedTarget(Contract, frozen=True, kw_only=True):
    """A Kubernetes Secret name that no request may take (R27)."""

    name: Subdomain
    namespace: Label | None = None


class Waiver(Contract, frozen=True, kw_only=True):
    """An approved exception with an expiry. It lies in the base revision, so it was reviewed before it is used."""

    rule: Text
    request: RequestId
    owner: EnumWord
    ticket: Annotated[Text, Meta(min_length=1)]
    reason: Annotated[Text, Meta(min_length=1)]
    expires_on: IsoDate


class Cadence(Contract, frozen=True, kw_only=True):
    """How often a rotation class rotates: due after ``every_days``, warned ``warn_days`` ahead, overdue after ``max_age_days``."""

    every_days: Annotated[int, Meta(ge=1)]
    max_age_days: Annotated[int, Meta(ge=1)]
    warn_days: Annotated[int, Meta(ge=0)] = 7


class ClassCadence(Cadence, frozen=True, kw_only=True):
    """The cadence of a rotation class; ``secret_types`` have one of their own in it."""

    secret_types: dict[EnumWord, Cadence] = {}

    def of_type(self, secret_type: str) -> Cadence:
        """Return the cadence of one secret type in this class."""
        return self.secret_types.get(secret_type, self)


class Policy(Contract, frozen=True, kw_only=True):
    """The whole file."""

    api_version: Literal["goldenpath.io/v1"]
    kind: Literal["Policy"]
    tiers: dict[EnumWord, TierPolicy] = {}
    floors: tuple[Floor, ...] = ()
    namespaces: Namespaces = Namespaces()
    reserved_targets: tuple[ReservedTarget, ...] = ()
    require_adr: dict[EnumWord, RuleLevel] = {}
    governance_approvals: tuple[RoleNeed, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    unwaivable: tuple[Text, ...] = ()
    dwell_days: dict[EnumWord, Annotated[int, Meta(ge=0)]] = {}
    ttl_warn_days: Annotated[int, Meta(ge=0, le=365)] = 14
    ttl_max_days: dict[EnumWord, Annotated[int, Meta(ge=1)]] = {}
    rotation: dict[EnumWord, ClassCadence] = {}
