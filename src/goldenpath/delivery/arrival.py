"""Whether what a cluster holds is what the store holds: the Secret against the ExternalSecret that made it and the version it should show.

Works on keyed fingerprints, which the caller takes of a Secret's data as of a store's value; must not see a value itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from goldenpath.delivery.external_secret_state import ExternalSecretState
from goldenpath.delivery.secret_owner import OWN, ownership
from goldenpath.model.base import Record
from goldenpath.model.cluster import ObjectMeta
from goldenpath.model.instant import from_text
from goldenpath.model.store import VersionInfo, is_comparable
from goldenpath.model.sync import Evidence

SecretState = Literal["synced", "stale", "missing", "foreign", "unproven"]


class Arrival(Record, frozen=True, kw_only=True):
    """What stands in the cluster for one request. ``message`` says why it is not ``synced``."""

    state: SecretState
    evidence: Evidence = ""
    message: str = ""


def compare_arrival(
    external: ExternalSecretState, secret: ObjectMeta | None, *, version: VersionInfo | None, secret_fingerprint: str, is_ordered: bool
) -> Arrival:
    """Return what stands in the cluster.

    Args:
        external: The ExternalSecret.
        secret: The metadata of its target; None when it is not there.
        version: The store's current version; None when nobody knows one (an ExternalSecret that no request explains).
        secret_fingerprint: Keyed digest of the Secret's data, by the key of the version's store; empty when it was not read.
        is_ordered: True when the controller is known to have read the store after ``version`` became current there.
    """
    if secret is None:
        return Arrival(state="missing", message=f"the Secret {external.target} is not there")
    owned = ownership(secret, external.ref, uid=external.uid) if external.creation_policy == "Owner" else OWN
    if owned != OWN:
        return Arrival(state="foreign", message=f"the Secret {external.target} {owned.words}")
    if version is not None and is_comparable(version.fingerprint, secret_fingerprint):
        if version.fingerprint == secret_fingerprint:
            return Arrival(state="synced", evidence="fingerprint")
        return Arrival(state="stale", message=f"the Secret {external.target} holds something else than version {version.id[:8]}")
    if is_ordered:
        return Arrival(state="synced", evidence="order")
    return Arrival(state="unproven", message="its fingerprint cannot be compared, and it may be older than the store's version")


class Remembered(Record, frozen=True, kw_only=True):
    """What a receipt proved: this state of the Secret holds this version of the store."""

    version_id: str
    secret_uid: str
    secret_version: str

    @property
    def text(self) -> str:
        """The form that is kept."""
        return f"{self.version_id} {self.secret_uid} {self.secret_version}"


def remembered(text: str) -> Remembered | None:
    """Return what :attr:`Remembered.text` says; None for anything else."""
    parts = text.split(" ")
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004 - the three fields
        return None
    return Remembered(version_id=parts[0], secret_uid=parts[1], secret_version=parts[2])


def standing(
    external: ExternalSecretState | None, secret: ObjectMeta | None, *, version: VersionInfo | None, proven: Remembered | None
) -> Arrival:
    """Return how a request stands in the cluster, by times and receipts alone; no value is read for it.

    ``stale`` is certain: the controller refreshed before the version was there, or the Secret is the one that held an older version.
    """
    if external is None:
        return Arrival(state="missing", message="its ExternalSecret is not there")
    if external.deleted_at:
        return Arrival(state="missing", message="its ExternalSecret is being deleted")
    found = compare_arrival(external, secret, version=version, secret_fingerprint="", is_ordered=False)
    if found.state in {"missing", "foreign"} or secret is None or version is None:
        return found
    is_proven_secret = proven is not None and (proven.secret_uid, proven.secret_version) == (secret.uid, secret.resource_version)
    if proven is not None and is_proven_secret:
        if proven.version_id == version.id:
            return Arrival(state="synced", evidence="fingerprint")
        return Arrival(state="stale", message=f"it still holds version {proven.version_id[:8]}, current is {version.id[:8]}")
    return _by_time(external, version)


def _by_time(external: ExternalSecretState, version: VersionInfo) -> Arrival:
    if external.ready != "true":
        return Arrival(state="stale", message=f"its ExternalSecret is not ready ({external.shown_reason or 'no status yet'})")
    refreshed, made = _moment(external.refresh_time), _moment(version.created_at)
    if refreshed is None or made is None:
        return Arrival(state="unproven", message="nobody knows which is older, its refresh or the version; goldenpath sync proves it")
    if refreshed <= made:
        return Arrival(state="stale", message=f"it was refreshed last at {external.refresh_time}, before version {version.id[:8]}")
    return Arrival(state="synced", evidence="order")


def _moment(text: str) -> datetime | None:
    try:
        return from_text(text)
    except ValueError:
        return None
