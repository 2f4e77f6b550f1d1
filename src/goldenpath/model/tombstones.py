"""What was decommissioned: ids, store paths and targets that nobody may use again (D6, R9, R54). Entries are added, never removed."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from goldenpath.model.base import Contract
from goldenpath.model.request import EnumWord, IsoDate, Label, RequestId, Subdomain, Text

StorePath = Annotated[str, Meta(min_length=1, max_length=512, pattern=r"^[A-Za-z0-9/_+=.@-]+$(?!\n)", description="Path inside the store")]


class TombstoneTarget(Contract, frozen=True, kw_only=True):
    """The Kubernetes Secret that the request was projected into."""

    cluster: Label
    namespace: Label
    k8s_secret_name: Subdomain


class Tombstone(Contract, frozen=True, kw_only=True):
    """One decommissioned request. ``account`` is absent where the environment had none."""

    id: RequestId
    provider: EnumWord
    path: StorePath
    decommissioned_on: IsoDate
    account: Annotated[str, Meta(pattern=r"^[0-9]{12}$(?!\n)", description="Account of the store")] | None = None
    environment: EnumWord | None = None
    parameters: Annotated[tuple[StorePath, ...], Meta(max_length=64, description="Parameter Store names, already normalised")] = ()
    target: TombstoneTarget | None = None
    reason: Text = ""


class Tombstones(Contract, frozen=True, kw_only=True):
    """``governance/tombstones.yaml``."""

    api_version: Literal["goldenpath.io/v1"] = "goldenpath.io/v1"
    kind: Literal["Tombstones"] = "Tombstones"
    tombstones: tuple[Tombstone, ...] = ()
