"""The words that a platform allows (D3, D4), as read from ``schemas/metadata/enums.yaml`` of the base revision."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from goldenpath.model.base import Contract

Word = Annotated[str, Meta(min_length=1, max_length=63, pattern=r"^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$(?!\n)")]
Words = Annotated[tuple[Word, ...], Meta(min_length=1)]


class EnumList(Contract, frozen=True, kw_only=True):
    """A described list of words."""

    description: str = ""
    values: Words


class SecurityEnums(Contract, frozen=True, kw_only=True, rename=None):
    """The four lists under ``security``."""

    secret_types: EnumList
    risk_tiers: EnumList
    rotation_classes: EnumList
    lifecycle_status: EnumList


class Enums(Contract, frozen=True, kw_only=True):
    """The whole file."""

    owners: Words
    environments: Words
    security: SecurityEnums
