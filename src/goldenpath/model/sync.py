"""What became of a request to refresh, and the receipt that proves which version arrived where."""

from __future__ import annotations

from typing import Literal

from goldenpath.model.base import Record
from goldenpath.model.cluster import ObjectRef

SyncResult = Literal["arrived", "gone", "asked", "waiting", "refused", "failed", "behind", "timeout"]
"""``arrived`` and ``gone`` are the two ways to be done; ``asked`` claims nothing; ``waiting`` needs a first value."""

Evidence = Literal["fingerprint", "order", ""]
"""Why the version counts as arrived: the Secret's data has the fingerprint of the store's version; or the controller read the store after
this version had become current there, and nobody can compare fingerprints (another machine's key made them, or nobody did)."""

Proof = Literal["version", "refresh-time", ""]
"""How the controller is known to have worked on this request: it names the object's version with our mark in it; or, where it counts
versions in an unknown form, the time of its refresh, by the cluster's clocks."""


class Consumer(Record, frozen=True, kw_only=True):
    """One pod that uses the Secret, and the workload behind it. ``started_at`` is RFC 3339 UTC, empty while it has not started."""

    pod: str
    workload: str
    started_at: str = ""


class SyncReceipt(Record, frozen=True, kw_only=True):
    """One line from the store to the pods, at one moment. Fingerprints are keyed; nothing else here derives from a value.

    ``token`` is the mark that was set on the ExternalSecret. Times are RFC 3339 UTC; ``asked_at`` is by the cluster's clock.
    """

    id: str
    request_id: str
    environment: str
    result: SyncResult
    external_secret: ObjectRef
    secret: ObjectRef | None = None
    code: str = ""
    message: str = ""
    hint: str = ""
    token: str = ""
    asked_at: str = ""
    seconds: float = 0.0
    attempts: int = 0
    proof: Proof = ""
    evidence: Evidence = ""
    version_id: str = ""
    store_fingerprint: str = ""
    secret_fingerprint: str = ""
    external_secret_version: str = ""
    secret_version: str = ""
    consumers: tuple[Consumer, ...] = ()

    @property
    def is_done(self) -> bool:
        """True when what was wanted is in the cluster, or what was unwanted is not."""
        return self.result in {"arrived", "gone"}
