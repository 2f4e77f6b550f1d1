"""What AWS shows of a secret, as our records: bodies of DescribeSecret and rows of ListSecrets. No calls, no values.

Tags that the store keeps for itself never show in a record: they are no state that anybody asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from goldenpath.model.base import canonical_bytes, digest
from goldenpath.model.instant import to_text
from goldenpath.model.rotation import NativeRotation, RotationDates
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import (
    TAG_APPLIED,
    TAG_ENVIRONMENT,
    TAG_GENERATION,
    TAG_ID,
    DesiredSecret,
    Replicas,
    Stage,
    StoreRecord,
    VersionInfo,
    applied_text,
    replicas_of,
)

PROVIDER: Final = "aws-secrets-manager"
TAG_OPERATION: Final = "goldenpath:operation"
TAG_FINGERPRINT: Final = "goldenpath:fingerprint"
TAG_CHANGING: Final = "goldenpath:changing"
"""What ``goldenpath:applied`` will say when the change that was begun last is done."""
OWN_TAGS: Final = frozenset({TAG_CHANGING, TAG_FINGERPRINT, TAG_GENERATION, TAG_OPERATION})
LABELS: Final[Mapping[Stage, str]] = {"previous": "AWSPREVIOUS", "current": "AWSCURRENT", "pending": "AWSPENDING"}
NEW_LABEL: Final = "goldenpath-new"
"""Sits on the version that was put last, until it is made current by compare-and-swap."""
BETWEEN: Final = "between"
"""In ``goldenpath:changing``: the digest of the replicas after some were taken away and before others are added."""
_DEFAULT_KEY: Final = "alias/aws/secretsmanager"
_IN_SYNC: Final = "InSync"
_VENDOR_TAGS: Final = "aws:"
_MARK_CHARS: Final = 12
_PATH_PARTS: Final = 4
_GENERATION_DIGITS: Final = 9
_WINDOW: Final = re.compile(r"([0-9]{1,2})h")


class Unlisted(NamedTuple):
    """What DescribeSecret and GetResourcePolicy show of a record, and ListSecrets does not."""

    policy: str
    replicas: Replicas = ()
    replication: tuple[tuple[str, str], ...] = ()


def unlisted_of(body: Mapping[str, Any], policy: str | None) -> Unlisted | None:
    """Return what a look shows beside the listed fields.

    Args:
        body: Of DescribeSecret.
        policy: The resource policy as AWS gave it; None when it was not looked at, and then nothing else counts as looked at.
    """
    if policy is None:
        return None
    copies = body.get("ReplicationStatus") or ()
    replicas = sorted((str(copy["Region"]), key_of_replica(copy.get("KmsKeyId"))) for copy in copies)
    late = sorted((str(copy["Region"]), str(copy.get("Status") or "")) for copy in copies if copy.get("Status") != _IN_SYNC)
    return Unlisted(policy, tuple(replicas), tuple(late))


def key_of_replica(shown: str | None) -> str:
    """Return the KMS key of a replica, empty for the account's own, which AWS names by its alias."""
    return "" if shown is None or shown == _DEFAULT_KEY else shown


def rotation_of(body: Mapping[str, Any]) -> NativeRotation | msgspec.UnsetType:
    """Return the rotation settings that AWS shows, listed or described; unset where rotation is off.

    Beside a schedule AWS shows the days that it works out from it; they are nothing that anybody set.
    """
    if not body.get("RotationEnabled"):
        return msgspec.UNSET
    rules = body.get("RotationRules") or {}
    schedule = str(rules.get("ScheduleExpression") or "")
    days = 0 if schedule else int(rules.get("AutomaticallyAfterDays") or 0)
    hours = _WINDOW.fullmatch(str(rules.get("Duration") or ""))
    function = str(body.get("RotationLambdaARN") or body.get("OwningService") or "")
    return NativeRotation(function=function, every_days=days, schedule=schedule, hours=int(hours[1]) if hours else 0)


def rotation_rules(rotation: NativeRotation) -> dict[str, Any]:
    """Return rotation settings as AWS takes them: days, or a schedule, and how long its window is open."""
    if not rotation.schedule:
        return {"AutomaticallyAfterDays": rotation.every_days}
    return {"ScheduleExpression": rotation.schedule, **({"Duration": f"{rotation.hours}h"} if rotation.hours else {})}


def _rotated(body: Mapping[str, Any]) -> RotationDates | msgspec.UnsetType:
    if not body.get("RotationEnabled"):
        return msgspec.UNSET
    return RotationDates(last=moment(body.get("LastRotatedDate")), next=moment(body.get("NextRotationDate")))


def tags_of(body: Mapping[str, Any]) -> dict[str, str]:
    """Return every tag."""
    return {tag["Key"]: tag.get("Value", "") for tag in body.get("Tags") or ()}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS takes them, in a stable order."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def record_of(body: Mapping[str, Any], *, environment: str, unlisted: Unlisted | None, settled: int) -> StoreRecord:
    """Return the record that AWS shows.

    Args:
        body: Of DescribeSecret, or a row of ListSecrets.
        environment: Of the account that was asked.
        unlisted: What a look at the record showed; None when it was not looked at.
        settled: Highest generation whose run left nothing half done.
    """
    tags = tags_of(body)
    record = StoreRecord(
        ref=SecretRef(provider=PROVIDER, environment=environment, path=str(body["Name"])),
        description=str(body.get("Description") or ""),
        kms_key=str(body.get("KmsKeyId") or ""),
        policy=as_written(unlisted.policy if unlisted else ""),
        tags=tuple(sorted((key, value) for key, value in tags.items() if key not in OWN_TAGS and not key.startswith(_VENDOR_TAGS))),
        versions=_versions(body, tags.get(TAG_FINGERPRINT, "")),
        deletion_date=moment(body.get("DeletedDate")),
        created_at=moment(body.get("CreatedDate")),
        generation=generation_of(tags),
        unobserved=("policy", "replicas") if unlisted is None else (),
        replica_regions=replicas_of(unlisted.replicas if unlisted else ()),
        replication=(unlisted.replication if unlisted else ()) or msgspec.UNSET,
        native_rotation=rotation_of(body),
        rotated=_rotated(body),
    )
    record = _with_what_a_cut_off_change_left(record, tags.get(TAG_CHANGING, ""))
    return _without_lost_policy(record) if record.generation > settled and lacks_policy(record) else record


def lacks_policy(record: StoreRecord) -> bool:
    """Say whether the record was looked at and lacks the policy that its ``goldenpath:applied`` promises."""
    promised = record.applied_digests.get("policy", record.field_digests["policy"])
    return not record.policy and not record.unobserved and promised != record.field_digests["policy"]


def _without_lost_policy(record: StoreRecord) -> StoreRecord:
    """Take back the promise of a creation that never came to its policy: what is missing is work left to do, and nobody's drift."""
    return _remembering(record, {**record.applied_digests, "policy": record.field_digests["policy"]})


def _with_what_a_cut_off_change_left(record: StoreRecord, changing: str) -> StoreRecord:
    """Remember, field by field, what a change that was cut off had done already.

    A field that was not looked at was changed: while its record is unsettled it is looked at, and the run that settles it finishes it.
    """
    meant, seen = digests_in(changing), record.field_digests
    between = meant.pop(BETWEEN, "")
    if not meant or meant == record.applied_digests:
        return record
    if between and between == seen["replicas"]:
        meant["replicas"] = between
    done = {name: text for name, text in meant.items() if name in record.unobserved or seen.get(name) == text}
    return _remembering(record, {**record.applied_digests, **done})


def _remembering(record: StoreRecord, digests: Mapping[str, str]) -> StoreRecord:
    return replace(record, tags=tuple(sorted({**dict(record.tags), TAG_APPLIED: applied_text(digests)}.items())))


def digests_in(text: str) -> dict[str, str]:
    """Return the field digests that a ``goldenpath:applied`` tag of this text remembers."""
    nowhere = SecretRef(provider=PROVIDER, environment="", path="")
    return StoreRecord(ref=nowhere, tags=((TAG_APPLIED, text),)).applied_digests


def generation_of(tags: Mapping[str, str]) -> int:
    """Return the fencing number of the last writer; 0 when no run of ours wrote.

    A number that no run ever reaches is somebody else's text: the next lease is not taken above it.
    """
    text = tags.get(TAG_GENERATION, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _GENERATION_DIGITS else 0


def environment_of(body: Mapping[str, Any]) -> str:
    """Return the environment of a listed secret: as tagged, else as its path ``<prefix>/<service>/<environment>/<name>`` says."""
    parts = str(body["Name"]).split("/")
    return tags_of(body).get(TAG_ENVIRONMENT) or (parts[2] if len(parts) >= _PATH_PARTS else "")


def is_ours(body: Mapping[str, Any]) -> bool:
    """Say whether some request owns the secret."""
    return bool(tags_of(body).get(TAG_ID))


def operation_tag(token: str, desired: DesiredSecret) -> str:
    """Return what the store remembers of a creation: its token and what it made."""
    return f"{token}/{digest(desired).removeprefix('sha256:')}"


def fingerprint_tag(version_id: str, fingerprint: str) -> str:
    """Return the fingerprint of the current version as kept in a tag."""
    return f"{version_id[:_MARK_CHARS]}:{fingerprint}"


def labels_of(body: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return the staging labels by version id."""
    shown = body.get("VersionIdsToStages") or body.get("SecretVersionsToStages") or {}
    return {str(version): frozenset(labels) for version, labels in shown.items()}


def holder_of(body: Mapping[str, Any], label: str) -> str:
    """Return the id of the version that carries a label; empty for none."""
    return next((version for version, labels in labels_of(body).items() if label in labels), "")


def stages_of(labels: frozenset[str]) -> tuple[Stage, ...]:
    """Return our stages for AWS's labels."""
    return tuple(sorted(stage for stage, label in LABELS.items() if label in labels))


def moment(value: Any) -> str:
    """Return a date of AWS as text; empty for none."""
    return to_text(value) if value else ""


def _versions(body: Mapping[str, Any], mark: str) -> tuple[VersionInfo, ...]:
    """Return the versions that carry a stage, oldest first; AWS shows no others."""
    staged = [(version, stages_of(labels)) for version, labels in labels_of(body).items()]
    order = list(LABELS)
    staged.sort(key=lambda item: [order.index(stage) for stage in item[1]])
    return tuple(VersionInfo(id=version, stages=stages, fingerprint=_marked(version, stages, mark)) for version, stages in staged if stages)


def _marked(version_id: str, stages: tuple[Stage, ...], mark: str) -> str:
    prefix, _, fingerprint = mark.partition(":")
    return fingerprint if "current" in stages and prefix == version_id[:_MARK_CHARS] else ""


def as_written(policy: str) -> str:
    """Return a resource policy in the spelling that the platform writes, so that equal policies are equal text.

    AWS gives a policy back with its own spaces and order, and may turn a list of one into the one.
    """
    try:
        tree = msgspec.json.decode(policy)
    except msgspec.DecodeError:
        return policy
    if not isinstance(tree, dict):
        return policy
    statements = tree.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if isinstance(statements, list):
        tree = {**tree, "Statement": [_statement(each) if isinstance(each, dict) else each for each in statements]}
    return canonical_bytes(tree).decode()


def _statement(statement: dict[str, Any]) -> dict[str, Any]:
    spelled = dict(statement)
    for name in ("Action", "NotAction"):
        if name in spelled:
            spelled[name] = _listed(spelled[name])
    for name in ("Resource", "NotResource"):
        if isinstance(spelled.get(name), list) and len(spelled[name]) == 1:
            spelled[name] = spelled[name][0]
    if spelled.get("Principal") in ({"AWS": "*"}, {"AWS": ["*"]}):
        spelled["Principal"] = "*"
    elif isinstance(spelled.get("Principal"), dict):
        spelled["Principal"] = {kind: _listed(who) for kind, who in spelled["Principal"].items()}
    if isinstance(spelled.get("Condition"), dict):
        spelled["Condition"] = {
            test: {key: _listed(values) for key, values in keys.items()} if isinstance(keys, dict) else keys
            for test, keys in spelled["Condition"].items()
        }
    return spelled


def _listed(value: Any) -> Any:
    texts = [value] if isinstance(value, str) else value
    return sorted(texts) if isinstance(texts, list) and all(isinstance(text, str) for text in texts) else value
