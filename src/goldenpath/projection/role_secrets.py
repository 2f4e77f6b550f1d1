"""What each role may do in Secrets Manager. One function a role; each returns the statements of its identity policy."""

from __future__ import annotations

from typing import Any

from goldenpath.model.naming import platform_record_path
from goldenpath.model.settings import Settings
from goldenpath.model.store import TAG_ENVIRONMENT
from goldenpath.projection.iam import ADMINISTER, READ_VALUE, TAG, UPDATE, WRITE_VALUE, WRITER_TAGS, actions_of
from goldenpath.projection.identity import (
    environment_arn_pattern,
    environment_paths,
    look_arn_patterns,
    platform_record_arn_pattern,
)

Statements = list[dict[str, Any]]

REPLICATE = "ReplicateSecretToRegions"
REPLICAS = ("RemoveRegionsFromReplication", REPLICATE)
ROTATE = "RotateSecret"
STOP_ROTATION = "CancelRotateSecret"
KEEP = ("PutResourcePolicy", *REPLICAS, "RestoreSecret", "TagResource", "UntagResource", "UpdateSecret")


def keep_containers(environment: str, settings: Settings) -> Statements:
    """CI: make containers and keep them as reviewed; no value, neither read nor given, but that of the platform's own record."""
    names = [environment_paths(environment, settings=settings), _platform_name(environment, settings)]
    return [
        *_look(environment, settings, is_listing=True),
        _create_containers(names, environment),
        _tag_new_ones(look_arn_patterns(environment, settings=settings), environment),
        *_replicate(environment, settings),
        _on_records("KeepContainers", KEEP, environment, settings),
        *_rotate(environment, settings),
        _keep_lease(environment, settings),
        _never("NeverValues", (*READ_VALUE, *WRITE_VALUE), environment, settings),
    ]


def give_values(environment: str, settings: Settings) -> Statements:
    """Seeding: new versions of records that are there, and the two tags that say so. Reads no value and changes no container."""
    note = _on_records("NoteWrite", (TAG,), environment, settings)
    note["Condition"] |= {"ForAllValues:StringEquals": {"aws:TagKeys": list(WRITER_TAGS)}, "Null": {"aws:TagKeys": "false"}}
    return [
        *_look(environment, settings, is_listing=True),
        _on_records("GiveValues", WRITE_VALUE, environment, settings),
        note,
        _keep_lease(environment, settings),
        _never("NeverReadValues", READ_VALUE, environment, settings),
        _never("NeverContainers", (*ADMINISTER, *UPDATE), environment, settings),
    ]


def read_values(environment: str, settings: Settings) -> Statements:
    """A person or a process that reveals values; the record's own policy must name the role as well."""
    return [*_look(environment, settings), _on_records("ReadValues", ("GetSecretValue",), environment, settings)]


def look(environment: str, settings: Settings) -> Statements:
    """An operator: everything but values, and no change."""
    never = _statement("NeverValues", (*READ_VALUE, *WRITE_VALUE), ["*"], effect="Deny")
    return [*_look(environment, settings, is_listing=True), never]


def synchronise(environment: str, settings: Settings) -> Statements:
    """External Secrets in the cluster: read this environment's values."""
    return [_on_records("ReadValues", ("DescribeSecret", "GetSecretValue"), environment, settings)]


def _look(environment: str, settings: Settings, *, is_listing: bool = False) -> Statements:
    # without the tag: what carries none must be seen too, or it could be neither refused nor adopted
    at = look_arn_patterns(environment, settings=settings)
    seen = _statement("LookAtRecords", ("DescribeSecret", "GetResourcePolicy"), at)
    return [seen, _statement("ListNames", ("ListSecrets",), ["*"])] if is_listing else [seen]


def _create_containers(names: list[str], environment: str) -> dict[str, Any]:
    # a secret that does not exist yet has no ARN to match: its name and its tags are in the request instead
    condition = {"StringEquals": {f"aws:RequestTag/{TAG_ENVIRONMENT}": environment}, "StringLike": {"secretsmanager:Name": names}}
    return {**_statement("CreateContainers", ("CreateSecret",), ["*"]), "Condition": condition}


def _keep_lease(environment: str, settings: Settings) -> dict[str, Any]:
    record = platform_record_arn_pattern(environment, settings=settings)
    return _statement("KeepLease", ("GetSecretValue", "PutSecretValue", TAG), [record])


def _tag_new_ones(at: list[str], environment: str) -> dict[str, Any]:
    """Allow the first tags: those of a creation, and of a record that is adopted. They must name the environment."""
    condition = {
        "Null": {f"aws:ResourceTag/{TAG_ENVIRONMENT}": "true"},
        "StringEquals": {f"aws:RequestTag/{TAG_ENVIRONMENT}": environment},
    }
    return {**_statement("TagNewOnes", (TAG,), at), "Condition": condition}


def _replicate(environment: str, settings: Settings) -> Statements:
    """Allow copies that come with a creation, where the environment has any, and the use of their keys."""
    place = settings.environment(environment)
    if not place.replica_regions:
        return []
    new = _tag_new_ones([environment_arn_pattern(environment, settings=settings)], environment)
    statements = [{**new, "Sid": "ReplicateNewOnes", "Action": actions_of(REPLICATE)}]
    if place.replica_keys:
        via = [f"secretsmanager.{region}.amazonaws.com" for region in sorted(place.replica_keys)]
        keys = {
            "Sid": "UseKeysOfReplicas",
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": sorted(place.replica_keys.values()),
            "Condition": {"StringEquals": {"kms:ViaService": via}},
        }
        statements.append(keys)
    return statements


def _rotate(environment: str, settings: Settings) -> Statements:
    """Allow rotation settings, where the environment has rotators: by their functions only, and never a rotation at once."""
    functions = sorted({rotator.lambda_arn for rotator in settings.environment(environment).rotators.values()})
    if not functions:
        return []
    begin = _on_records("SetRotation", (ROTATE,), environment, settings)
    begin["Condition"]["StringEquals"] |= {"secretsmanager:RotationLambdaARN": functions}
    begin["Condition"]["Bool"] = {"secretsmanager:RotateImmediately": "false"}
    # AWS asks whoever sets rotation for the right to call the function as well
    call = {"Sid": "CallRotators", "Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": functions}
    return [begin, _on_records("StopRotation", (STOP_ROTATION,), environment, settings), call]


def _on_records(sid: str, actions: tuple[str, ...], environment: str, settings: Settings) -> dict[str, Any]:
    statement = _statement(sid, actions, [environment_arn_pattern(environment, settings=settings)])
    return {**statement, "Condition": {"StringEquals": {f"aws:ResourceTag/{TAG_ENVIRONMENT}": environment}}}


def _never(sid: str, actions: tuple[str, ...], environment: str, settings: Settings) -> dict[str, Any]:
    """Deny on everything but the platform's own record, whatever other policy allows it."""
    statement = _statement(sid, actions, [], effect="Deny")
    del statement["Resource"]
    return {**statement, "NotResource": [platform_record_arn_pattern(environment, settings=settings)]}


def _platform_name(environment: str, settings: Settings) -> str:
    return platform_record_path(environment, prefix=settings.naming.prefix)


def _statement(sid: str, actions: tuple[str, ...], at: list[str], *, effect: str = "Allow") -> dict[str, Any]:
    return {"Sid": sid, "Effect": effect, "Action": actions_of(*actions), "Resource": at}
