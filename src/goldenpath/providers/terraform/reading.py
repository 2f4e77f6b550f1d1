"""What Terraform says in JSON, as our types. Anything that is not understood is an error, never an empty plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from goldenpath.errors import ProviderRefused
from goldenpath.model.base import canonical_bytes
from goldenpath.model.infrastructure import ChangeAction, InfrastructureChange, Part
from goldenpath.model.plan import FieldChange
from goldenpath.model.request import RequestId
from goldenpath.model.store import BOOKKEEPING_TAGS, replicas_text, rotation_text
from goldenpath.providers.aws.secretrecords import OWN_TAGS, key_of_replica, rotation_of
from goldenpath.providers.terraform.root import MODULE_NAME

PARTS: Final[Mapping[str, Part]] = {
    "aws_secretsmanager_secret": "secret",
    "aws_secretsmanager_secret_policy": "policy",
    "aws_secretsmanager_secret_rotation": "rotation",
}
ROLES: Final = frozenset({"aws_iam_role", "aws_iam_role_policy"})
ROLE_NAME: Final = "external_secrets"
FIELDS: Final[Mapping[Part, tuple[tuple[str, str], ...]]] = {
    "secret": (("description", "description"), ("kms_key_id", "kms_key"), ("name", "name"), ("replica", "replicas")),
    "policy": (("policy", "policy"),),
    "rotation": (),
    "role": (("assume_role_policy", "trust"), ("policy", "policy"), ("name", "name")),
    "unknown": (),
}
"""Attributes that are state of the container, with our names; everything else is Terraform's own. Rotation is read as one field."""

_ACTIONS: Final[Mapping[tuple[str, ...], ChangeAction]] = {
    ("no-op",): "none",
    ("read",): "none",
    ("create",): "create",
    ("update",): "update",
}
IGNORED_TAGS: Final = BOOKKEEPING_TAGS | OWN_TAGS
"""What the platform and its direct store write beside the container; the module ignores the same."""

_PLAN_FORMAT = re.compile(r"1\.[0-9]+")
_STATE_VERSION = 4


class StateInstance(NamedTuple):
    """One resource instance in the state. ``is_usable`` is False when Terraform would replace it (tainted)."""

    address: str
    request_id: str
    part: Part
    is_usable: bool


def read_plan(data: bytes) -> tuple[InfrastructureChange, ...]:
    """Return the changes of ``terraform show -json PLAN``, by address; what stays as it is is left out.

    Raises:
        ProviderRefused: ``terraform.output-unreadable``.
    """
    with _reading("plan"):
        document = _document(data)
        if not _PLAN_FORMAT.fullmatch(document["format_version"]) or document.get("errored", False):
            raise ValueError("format")
        changes = [_change(each) for each in document.get("resource_changes", []) if each["mode"] == "managed"]
    return tuple(sorted((each for each in changes if each.action != "none" or each.is_import), key=lambda each: each.address))


def read_state(data: bytes) -> tuple[StateInstance, ...]:
    """Return the managed instances of ``terraform state pull``; none while there is no state.

    Raises:
        ProviderRefused: ``terraform.output-unreadable``.
    """
    if not data.strip():
        return ()
    with _reading("state"):
        document = _document(data)
        if document["version"] != _STATE_VERSION:
            raise ValueError("version")
        return tuple(found for resource in document["resources"] if resource["mode"] == "managed" for found in _instances(resource))


def unreadable(what: str) -> ProviderRefused:
    """Return the error for JSON that is cut off or of another shape."""
    return ProviderRefused(
        "terraform.output-unreadable", f"the {what} that Terraform printed cannot be read", hint="nothing was done; run again"
    )


class _reading:  # noqa: N801 - reads as a word where it is used
    """Turns every way in which foreign JSON can be wrong into the one error."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (ValueError, KeyError, TypeError, AttributeError, IndexError)):
            raise unreadable(self._what) from None


def _document(data: bytes) -> dict[str, Any]:
    document = orjson.loads(data)
    if not isinstance(document, dict):
        raise TypeError("document")
    return document


def _change(each: Mapping[str, Any]) -> InfrastructureChange:
    change = each["change"]
    request_id, part = _owner(each.get("module_address", ""), each["type"], each["name"], each.get("index"))
    before, after = change.get("before") or {}, change.get("after") or {}
    action = _action(change["actions"])
    return InfrastructureChange(
        address=each["address"],
        request_id=request_id,
        part=part,
        action=action,
        fields=() if action == "none" else tuple(_fields(part, before, after)),
        is_import=bool(change.get("importing")),
    )


def _action(actions: list[str]) -> ChangeAction:
    """Return our word; whatever is not known to be harmless counts as a loss."""
    known = _ACTIONS.get(tuple(actions))
    return known or ("replace" if "create" in actions else "delete")


def _owner(module: str, kind: str, name: str, index: object) -> tuple[str, Part]:
    if module != f"module.{MODULE_NAME}":
        return "", "unknown"
    if kind in ROLES and name == ROLE_NAME:
        return "", "role"
    if kind in PARTS and name == "this" and isinstance(index, str) and _is_request_id(index):
        return index, PARTS[kind]
    return "", "unknown"


def _is_request_id(text: str) -> bool:
    try:
        msgspec.convert(text, RequestId)
    except msgspec.ValidationError:
        return False
    return True


def _fields(part: Part, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for attribute, name in FIELDS[part]:
        spelled = _replicas if attribute == "replica" else _text
        old, new = spelled(before.get(attribute)), spelled(after.get(attribute))
        if attribute in after and old != new:
            yield FieldChange(field=name, before=old, after=new)
    if part == "rotation":
        yield from _rotation_field(before, after)
    if part == "secret":
        yield from _tag_fields(before.get("tags") or {}, after.get("tags") or {})


def _tag_fields(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[FieldChange]:
    for key in sorted((before.keys() | after.keys()) - IGNORED_TAGS):
        if before.get(key) != after.get(key):
            yield FieldChange(field=f"tags.{key}", before=_text(before.get(key)), after=_text(after.get(key)))


def _text(value: Any) -> str:
    if value is None or value == []:
        return ""
    return value if isinstance(value, str) else canonical_bytes(value).decode()


def _replicas(blocks: list[dict[str, Any]] | None) -> str:
    """Return replica blocks as our plan shows replicas: what Terraform notes beside them is no state that anybody asked for."""
    return replicas_text(sorted((str(each["region"]), key_of_replica(each.get("kms_key_id"))) for each in blocks or ()))


def _rotation_field(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    old, new = _rotation(before), _rotation(after)
    if old != new:
        yield FieldChange(field="rotation", before=old, after=new)


def _rotation(resource: Mapping[str, Any]) -> str:
    """Return a rotation resource as our plan shows rotation settings."""
    blocks = resource.get("rotation_rules") or ()
    if not blocks:
        return ""
    names = {"automatically_after_days": "AutomaticallyAfterDays", "duration": "Duration", "schedule_expression": "ScheduleExpression"}
    rules = {aws: blocks[0].get(name) for name, aws in names.items()}
    shown = {"RotationEnabled": True, "RotationLambdaARN": resource.get("rotation_lambda_arn"), "RotationRules": rules}
    return rotation_text(rotation_of(shown))


def _instances(resource: Mapping[str, Any]) -> Iterator[StateInstance]:
    module, kind, name = resource.get("module", ""), resource["type"], resource["name"]
    for instance in resource["instances"]:
        index = instance.get("index_key")
        request_id, part = _owner(module, kind, name, index)
        suffix = f"[{orjson.dumps(index).decode()}]" if index is not None else ""
        address = ".".join([*([module] if module else []), kind, name]) + suffix
        yield StateInstance(address, request_id, part, instance.get("status") != "tainted" and not instance.get("deposed"))
