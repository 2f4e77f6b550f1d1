"""The resource policy that restricts a record (read, write, rotation and break-glass principals; explicit deny for the rest).

A resource policy that only allows restricts nobody: identity policies of the same account still grant. So each value action is denied
to everyone but the listed principals, and administration to everyone but the platform, which is never locked out. ``Resource`` is ``*``
on purpose: in a policy attached to one secret it means that secret, and a pattern that failed to match (a replica in another region)
would make a Deny fail open. Must not grant break-glass principals anything: that is what an emergency grant does.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from goldenpath.errors import InvalidIntent
from goldenpath.model.base import canonical_bytes
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.store import TAG_GENERATION
from goldenpath.projection.principals import AccessSets, access_sets
from goldenpath.projection.stores import SECRETS_MANAGER

POLICY_MAX_BYTES = 20_480

LOOK = ("DescribeSecret", "ListSecretVersionIds")
READ_VALUE = ("BatchGetSecretValue", "GetSecretValue")
WRITE_VALUE = ("PutSecretValue", "UpdateSecretVersionStage")
UPDATE = ("UpdateSecret",)
"""Changes the description and the key, and can carry a value too: open to administrators and to nobody else."""
ADMINISTER = (
    "CancelRotateSecret",
    "DeleteResourcePolicy",
    "DeleteSecret",
    "PutResourcePolicy",
    "RemoveRegionsFromReplication",
    "ReplicateSecretToRegions",
    "RestoreSecret",
    "RotateSecret",
    "StopReplicationToReplica",
    "UntagResource",
)
TAG = "TagResource"
WRITER_TAGS = ("goldenpath:fingerprint", TAG_GENERATION)
"""What a writer notes next to the value that it gave. Any other tag could move the record to another owner or environment."""
KEEP = ("DescribeSecret", "GetResourcePolicy", "ListSecretVersionIds", "PutResourcePolicy", "TagResource", "UntagResource")
"""What an administrator is allowed by this policy itself; anything more has to come from its identity policy."""


def resource_policy(request: SecretRequest, *, settings: Settings) -> str:
    """Return the canonical JSON text of the record's resource policy; empty for a provider without resource policies.

    Raises:
        InvalidIntent: ``projection.policy-too-large`` above 20,480 bytes.
        Misconfigured: ``projection.principal-unsafe`` when the platform's settings list one.
    """
    if request.spec.provider != SECRETS_MANAGER:
        return ""
    text = _document(access_sets(request, settings=settings))
    size = len(text)
    if size > POLICY_MAX_BYTES:
        raise InvalidIntent(
            "projection.policy-too-large",
            f"the resource policy has {size} bytes; Secrets Manager takes at most {POLICY_MAX_BYTES}",
            subject=request.id,
            hint="list fewer principals: give one role to several readers",
        )
    return text


@lru_cache(maxsize=1024)
def _document(sets: AccessSets) -> str:
    statements = [*_allows(sets), *_denies(sets)]
    return canonical_bytes({"Version": "2012-10-17", "Statement": statements}).decode()


def _allows(sets: AccessSets) -> list[dict[str, Any]]:
    wanted = (
        ("AllowRead", sets.readers, ("GetSecretValue", *LOOK)),
        ("AllowWrite", sets.writers, (*WRITE_VALUE, *LOOK)),
        ("AllowRotation", sets.rotators, ("GetSecretValue", *WRITE_VALUE, *LOOK)),
        ("AllowAdministration", sets.administrators, KEEP),
    )
    return [
        {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": list(who)}, "Action": actions_of(*actions), "Resource": "*"}
        for sid, who, actions in wanted
        if who
    ]


def _denies(sets: AccessSets) -> list[dict[str, Any]]:
    # A right for which nobody is named stays with the identity policies: denying it to everybody would lock out External Secrets, the
    # platform itself, and whoever must repair the policy. The gate says aloud that such a right is not restricted.
    wanted = (
        ("DenyReadByOthers", READ_VALUE, sets.value_readers, sets.is_read_restricted),
        ("DenyWriteByOthers", WRITE_VALUE, sets.value_writers, sets.is_write_restricted),
        ("DenyUpdateByOthers", UPDATE, sets.updaters, bool(sets.administrators)),
        ("DenyAdministrationByOthers", ADMINISTER, sets.administrators, bool(sets.administrators)),
    )
    denies = [_deny(sid, actions, spared) for sid, actions, spared, is_restricted in wanted if is_restricted]
    denies += _tag_denies(sets) if sets.administrators else []
    if sets.accounts:
        outside = _statement("DenyOtherAccounts", ("*",))
        denies.append({**outside, "Condition": {"StringNotEquals": {"aws:PrincipalAccount": list(sets.accounts)}}})
    return denies


def _tag_denies(sets: AccessSets) -> list[dict[str, Any]]:
    """Leave tags to administrators, but for the two that a writer has to note."""
    denies = [_deny("DenyTagsByOthers", (TAG,), sets.taggers)]
    if sets.taggers != sets.administrators:
        limited = _deny("DenyOtherTagsByWriters", (TAG,), sets.administrators)
        limited["Condition"]["ForAnyValue:StringNotEquals"] = {"aws:TagKeys": list(WRITER_TAGS)}
        denies.append(limited)
    return denies


def _deny(sid: str, actions: tuple[str, ...], spared: tuple[str, ...]) -> dict[str, Any]:
    statement = _statement(sid, actions)
    # a negated operator also matches when the key is absent, so a caller without a principal ARN is denied too
    return {**statement, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": list(spared)}}} if spared else statement


def _statement(sid: str, actions: tuple[str, ...]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": actions_of(*actions), "Resource": "*"}


def actions_of(*names: str) -> list[str]:
    """Return the full, sorted action names of Secrets Manager."""
    return sorted(f"secretsmanager:{name}" for name in names)
