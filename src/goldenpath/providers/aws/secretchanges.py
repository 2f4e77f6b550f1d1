"""Making a container equal to what is wanted: only the fields that differ, in an order that a killed run can be picked up from.

``goldenpath:applied`` remembers what we left behind and is written last; ``goldenpath:changing`` says before the first change what it will
say. So each field of a change that was cut short is known as ours, whether it was reached or not, and none shows as somebody's drift.
Where tags need two calls, the first one also writes what is true between the two.
"""

from __future__ import annotations

import hashlib

from msgspec.structs import replace

from goldenpath.model.base import canonical_bytes
from goldenpath.model.store import (
    BOOKKEEPING_TAGS,
    TAG_APPLIED,
    TAG_GENERATION,
    DesiredSecret,
    Replicas,
    StoreRecord,
    applied_text,
    replicas_of,
)
from goldenpath.providers.aws.secretcalls import SecretCalls
from goldenpath.providers.aws.secretrecords import BETWEEN, TAG_CHANGING, digests_in


def change(secrets: SecretCalls, found: StoreRecord, desired: DesiredSecret, bookkeeping: dict[str, str]) -> None:
    """Change what differs.

    Args:
        secrets: The calls.
        found: The record as just described.
        desired: What is wanted.
        bookkeeping: Tags of this write, the generation included.
    """
    surplus = {key for key, _ in found.comparable_tags} - {key for key, _ in desired.tags}
    is_adoption = not found.request_id
    begun = {TAG_CHANGING: _change_text(found, desired, bookkeeping[TAG_APPLIED])} if TAG_APPLIED in bookkeeping else {}
    if surplus or is_adoption:
        _retag(secrets, found, desired, {**bookkeeping, **begun}, surplus)
    elif begun and _fields(found) != _fields(desired):
        secrets.tag(found.ref, {**begun, TAG_GENERATION: bookkeeping[TAG_GENERATION]})
    _change_fields(secrets, found, desired)
    if found.policy != desired.policy:
        secrets.put_policy(found.ref, desired.policy)
    _change_replicas(secrets, found, desired)
    _change_rotation(secrets, found, desired, generation=bookkeeping[TAG_GENERATION])
    last = {**dict(desired.tags), **bookkeeping}
    stale = {key for key, _ in found.tags if key in BOOKKEEPING_TAGS} - bookkeeping.keys()
    secrets.tag(found.ref, last)
    if stale:
        secrets.untag(found.ref, stale)


def _retag(secrets: SecretCalls, found: StoreRecord, desired: DesiredSecret, bookkeeping: dict[str, str], surplus: set[str]) -> None:
    """Add the wanted tags and remember all of them as ours, then take the surplus away; either half is a state that we left."""
    between = replace(desired, tags=tuple(sorted({**dict(found.comparable_tags), **dict(desired.tags)}.items())))
    left = found.applied_digests if found.request_id else found.field_digests
    remembered = applied_text({**left, "tags": digests_in(between.applied_tag)["tags"]})
    secrets.tag(found.ref, {**dict(desired.tags), **bookkeeping, TAG_APPLIED: remembered})
    if surplus:
        secrets.untag(found.ref, surplus)


def _fields(container: StoreRecord | DesiredSecret) -> tuple[str, ...]:
    """Return the fields that take calls of their own."""
    return (container.description, container.kms_key, container.policy, container.replicas, container.rotation)


def _change_text(found: StoreRecord, desired: DesiredSecret, applied: str) -> str:
    """Return what will be remembered, and what is true of the replicas between the two calls that may change them."""
    kept = _kept_replicas(found, desired)
    if kept in {found.replica_regions or (), desired.replica_regions or ()}:
        return applied
    between = replace(desired, replica_regions=replicas_of(kept)).field_digests["replicas"]
    return f"{applied}/{BETWEEN}={between}"


def _kept_replicas(found: StoreRecord, desired: DesiredSecret) -> Replicas:
    """Return the replicas that stay. The key of a copy cannot be changed: such a copy is taken away and made again."""
    wanted = set(desired.replica_regions or ())
    return tuple(each for each in found.replica_regions or () if each in wanted)


def _change_replicas(secrets: SecretCalls, found: StoreRecord, desired: DesiredSecret) -> None:
    kept = _kept_replicas(found, desired)
    gone = [region for region, key in found.replica_regions or () if (region, key) not in kept]
    added = tuple(each for each in desired.replica_regions or () if each not in kept)
    if gone:
        secrets.remove_replicas(found.ref, gone)
    if added:
        secrets.replicate(found.ref, added)


def _change_rotation(secrets: SecretCalls, found: StoreRecord, desired: DesiredSecret, *, generation: str) -> None:
    """Set the rotation settings, last of all fields: from then on the function may run, and finds the record as it should be."""
    if found.rotation == desired.rotation:
        return
    if desired.native_rotation:
        secrets.rotate(found.ref, desired.native_rotation, token=_rotation_token(found, desired, generation))
    else:
        secrets.stop_rotation(found.ref)


def _rotation_token(found: StoreRecord, desired: DesiredSecret, generation: str) -> str:
    """Return the token of one change of rotation settings: the same when it is sent again, another for the next change (R18).

    AWS makes it the id of the version that the function tests with, so a token must not come back when settings do: the run's generation
    is part of it.
    """
    content = [desired.request_id, found.ref, generation, found.rotation, desired.rotation]
    return hashlib.sha256(b"goldenpath/rotation/1\x00" + canonical_bytes(content)).hexdigest()


def _change_fields(secrets: SecretCalls, found: StoreRecord, desired: DesiredSecret) -> None:
    """Change description and key; never with a value, which the same call could carry."""
    wanted = {"Description": (found.description, desired.description), "KmsKeyId": (found.kms_key, desired.kms_key)}
    changed = {name: after for name, (before, after) in wanted.items() if before != after}
    if changed:
        secrets.send("UpdateSecret", found.ref, **changed)
