"""What a store holds and what we want it to hold, free of any vendor's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from goldenpath.model.base import Record, digest
from goldenpath.model.drift import TAG_FIELD
from goldenpath.model.rotation import NativeRotation, RotationDates
from goldenpath.model.secret import SecretRef

Stage = Literal["current", "previous", "pending"]

TAG_PREFIX = "goldenpath:"
TAG_ID = "goldenpath:id"
TAG_OWNER = "goldenpath:owner"
TAG_SERVICE = "goldenpath:service"
TAG_ENVIRONMENT = "goldenpath:environment"
TAG_TIER = "goldenpath:tier"
TAG_COMMIT = "goldenpath:commit"
TAG_APPLIED = "goldenpath:applied"
TAG_GENERATION = "goldenpath:generation"

BOOKKEEPING_TAGS = frozenset({TAG_COMMIT, TAG_APPLIED, TAG_GENERATION})
"""Tags that say who wrote last; they are never compared as desired state."""

FIELDS = ("description", "kms_key", "policy", "replicas", "rotation", "tags")

Replicas = tuple[tuple[str, str], ...]
"""Regions beside the home region that hold a copy, sorted, each with its KMS key; an empty key is the account's own."""


class DesiredSecret(Record, frozen=True, kw_only=True):
    """The container that a request wants: everything but the value.

    ``policy`` is canonical JSON text of the resource policy, empty for none. ``tags`` excludes the bookkeeping tags.
    ``kept`` names fields (``description``, ``kms_key``, ``tag:<key>``) that hold what was found and not what the request says, because
    their drift is ignored. It, ``replica_regions`` and ``native_rotation`` are left out where there are none, so that older digests stand.
    """

    ref: SecretRef
    request_id: str
    description: str = ""
    kms_key: str = ""
    policy: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    kept: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    replica_regions: Replicas | msgspec.UnsetType = msgspec.UNSET
    native_rotation: NativeRotation | msgspec.UnsetType = msgspec.UNSET

    @property
    def replicas(self) -> str:
        """The replicas as text, as they are compared and shown; empty for none."""
        return replicas_text(self.replica_regions or ())

    @property
    def rotation(self) -> str:
        """The rotation settings as text, as they are compared and shown; empty for none."""
        return rotation_text(self.native_rotation)

    @property
    def field_digests(self) -> dict[str, str]:
        """Return a short digest per comparable field."""
        return {name: _short(getattr(self, name)) for name in FIELDS}

    @property
    def applied_digests(self) -> dict[str, str]:
        """Return the digests that are remembered of this state: of what the platform stands for, so without what it only keeps.

        When nobody ignores a kept field any more, it shows as drift again and waits for a decision.
        """
        kept = self.kept or ()
        own = tuple((key, value) for key, value in self.tags if f"{TAG_FIELD}{key}" not in kept)
        return {name: value for name, value in {**self.field_digests, "tags": _short(own)}.items() if name not in kept}

    @property
    def applied_tag(self) -> str:
        """Return the text of the ``goldenpath:applied`` tag for this state."""
        return applied_text(self.applied_digests)


class VersionInfo(Record, frozen=True, kw_only=True):
    """One numbered value, without the value. ``created_at`` is RFC 3339 UTC. ``fingerprint`` is keyed; see :func:`is_comparable`."""

    id: str
    stages: tuple[Stage, ...] = ()
    created_at: str = ""
    fingerprint: str = ""


class StoreRecord(Record, frozen=True, kw_only=True):
    """A record as observed.

    ``deletion_date`` (RFC 3339) is set while the name is scheduled for deletion. ``generation`` is the fencing number of its last writer.
    ``unobserved`` names fields of :data:`FIELDS` that were not looked at (AWS lists records without their policies): the field itself is
    empty, and its digest is what the platform remembers to have written.
    ``replica_regions`` and ``native_rotation`` are left out where there are none; ``rotated`` says when the vendor's own rotation ran.
    ``replication`` names the regions whose copy is not in sync, with the reason in
    the store's word (``Failed``, ``InProgress``); it is no part of what a plan compares.
    """

    ref: SecretRef
    description: str = ""
    kms_key: str = ""
    policy: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    versions: tuple[VersionInfo, ...] = ()
    deletion_date: str = ""
    created_at: str = ""
    generation: int = 0
    unobserved: tuple[str, ...] = ()
    replica_regions: Replicas | msgspec.UnsetType = msgspec.UNSET
    replication: tuple[tuple[str, str], ...] | msgspec.UnsetType = msgspec.UNSET
    native_rotation: NativeRotation | msgspec.UnsetType = msgspec.UNSET
    rotated: RotationDates | msgspec.UnsetType = msgspec.UNSET

    @property
    def replicas(self) -> str:
        """The replicas as text, comparable with that of :class:`DesiredSecret`."""
        return replicas_text(self.replica_regions or ())

    @property
    def rotation(self) -> str:
        """The rotation settings as text, comparable with that of :class:`DesiredSecret`."""
        return rotation_text(self.native_rotation)

    @property
    def is_rotating(self) -> bool:
        """True while a version is pending beside the current one: a rotation is under way, or was left half done."""
        pending, current = self.version_at("pending"), self.version_at("current")
        return pending is not None and pending != current

    @property
    def request_id(self) -> str:
        """The id of the request that owns the record; empty when the record is not ours (R20)."""
        return dict(self.tags).get(TAG_ID, "")

    @property
    def written_from(self) -> str:
        """The commit that the record was last written from, as its tag says; empty when no run of ours wrote."""
        return dict(self.tags).get(TAG_COMMIT, "")

    @property
    def comparable_tags(self) -> tuple[tuple[str, str], ...]:
        """Tags that count as state: all but the bookkeeping ones, sorted."""
        return tuple(sorted((key, value) for key, value in self.tags if key not in BOOKKEEPING_TAGS))

    @property
    def field_digests(self) -> dict[str, str]:
        """Short digests of the fields as they really are, comparable with :attr:`DesiredSecret.field_digests`."""
        seen = {
            "description": _short(self.description),
            "kms_key": _short(self.kms_key),
            "policy": _short(self.policy),
            "replicas": _short(self.replicas),
            "rotation": _short(self.rotation),
            "tags": _short(self.comparable_tags),
        }
        if not self.unobserved:
            return seen
        left = self.applied_digests
        return {name: left.get(name, "") if name in self.unobserved else value for name, value in seen.items()}

    @property
    def applied_digests(self) -> dict[str, str]:
        """What the ``goldenpath:applied`` tag remembers of our last write; empty when there is none or it is unreadable.

        A tag that says nothing about replicas or rotation means that there were none.
        """
        text = dict(self.tags).get(TAG_APPLIED, "")
        pairs = (part.partition("=") for part in text.replace(",", "/").split("/") if part)  # written with commas once
        found = {name: value for name, sep, value in pairs if sep}
        return {**_NONE_OF_THEM, **found} if found else {}

    @property
    def container(self) -> StoreRecord:
        """The record without its versions and last writer: what a plan compares, so that a new value does not make a plan stale."""
        return msgspec.structs.replace(self, versions=(), generation=0, rotated=msgspec.UNSET)

    @property
    def container_digest(self) -> str:
        """Digest of :attr:`container`: what a reviewed action (adopt, restore) expects to find."""
        return digest(msgspec.structs.replace(self.container, replication=msgspec.UNSET))

    def has_container_of(self, other: StoreRecord) -> bool:
        """Say whether both show the same container.

        A field that only one of them looked at is compared by its digest, and the date of making only when both know it.
        """
        unobserved = {*self.unobserved, *other.unobserved}
        unset = {"replication": msgspec.UNSET, **({"replica_regions": msgspec.UNSET} if _REPLICAS in unobserved else {})}
        blank = {**dict.fromkeys(unobserved - {_REPLICAS}, ""), **unset, "unobserved": (), "created_at": ""}
        mine, others = (msgspec.structs.replace(each.container, **blank) for each in (self, other))
        if self.created_at and other.created_at and self.created_at != other.created_at:
            return False
        return mine == others and all(self.field_digests[name] == other.field_digests[name] for name in unobserved)

    def version_at(self, stage: Stage) -> VersionInfo | None:
        """Return the version that carries ``stage``; None while no value was ever given (state awaiting-value)."""
        return next((version for version in self.versions if stage in version.stages), None)


class Fence(Record, frozen=True, kw_only=True):
    """The right to write in one environment. A store refuses a write whose ``generation`` is below the one it has seen (R19)."""

    environment: str
    generation: int
    holder: str


def is_comparable(fingerprint: str, other: str) -> bool:
    """Say whether two fingerprints were made with one key, so that different ones mean different values.

    A fingerprint is ``<digest>``, or ``<mark of the key>.<digest>`` where several machines may write the same record.
    """
    if not fingerprint or not other:
        return False
    marks = (text.rpartition(".")[0] for text in (fingerprint, other))
    return next(marks) == next(marks)


def applied_text(digests: Mapping[str, str]) -> str:
    """Return field digests as the text of the ``goldenpath:applied`` tag, in characters that every vendor takes in a tag.

    That there are no replicas and no rotation is not written: records of the time before either say the same.
    """
    return "/".join(f"{name}={value}" for name, value in sorted(digests.items()) if _NONE_OF_THEM.get(name) != value)


def replicas_of(regions: Iterable[tuple[str, str]]) -> Replicas | msgspec.UnsetType:
    """Return (region, KMS key) pairs as records and requests carry them: sorted, and unset where there are none."""
    return tuple(sorted(regions)) or msgspec.UNSET


def replicas_text(regions: Iterable[tuple[str, str]]) -> str:
    """Return replicas as text: ``eu-central-1, eu-west-1 (arn:aws:kms:...)``."""
    return ", ".join(f"{region} ({key})" if key else region for region, key in regions)


def rotation_text(rotation: NativeRotation | msgspec.UnsetType) -> str:
    """Return rotation settings as text; empty for none."""
    return rotation.text if rotation else ""


def tags_digest(tags: Mapping[str, str]) -> str:
    """Return the short digest of tags, comparable with that of ``field_digests``; bookkeeping tags are the caller's to leave out."""
    return _short(tuple(sorted(tags.items())))


def _short(value: object) -> str:
    return digest(value).removeprefix("sha256:")[:12]


_REPLICAS: Final = "replicas"
_NOTHING: Final = "12ae32cb1ec0"
"""The digest of an empty field, written out: computing it would load OpenSSL with every command (P4). A test holds it."""
_NONE_OF_THEM: Final = {_REPLICAS: _NOTHING, "rotation": _NOTHING}
"""Fields that came later than the first records, as those are understood to have them."""
