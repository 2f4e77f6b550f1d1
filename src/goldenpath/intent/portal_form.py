"""The form of a portal as JSON Schema, taken from the contract and the platform's words, so that neither can say what the other does not.

What a person may type here is narrower than in a file: a portal's own template language, quotes and line breaks have no place in any
field, and no word may be as long as a key is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from goldenpath.intent.schema import schema_of
from goldenpath.intent.words import STORE_PROVIDERS
from goldenpath.model.enums import Enums
from goldenpath.model.environment import ENVIRONMENTS, canonical_environment
from goldenpath.model.request import SecretRequest

_WORD: Final = r"[A-Za-z0-9\u00C0-\u024F.,()/_@+-]{1,30}"
TEXT_PATTERN: Final = rf"^(?![^A-Za-z\u00C0-\u024F]){_WORD}(?: {_WORD})*$(?!\n)"
"""A sentence: words of at most 30 characters with one space between them, the first letter a letter."""
REFERENCE_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$(?!\n)"
KEY_MAX: Final = 64
"""Longest name of a key in the form: longer ones are no names."""
TTL_DEFAULT_DAYS: Final = 365


class FormField(NamedTuple):
    """One field: its name in the form, its path in the contract, its title, and which of the platform's lists it is chosen from.

    ``pattern`` narrows what the contract allows. A field that is not required falls back to ``fallback`` (another field's name) or is left
    out of the file.
    """

    name: str
    path: tuple[str, ...]
    title: str
    words: str = ""
    pattern: str = ""
    is_required: bool = True
    fallback: str = ""


FIELDS: Final = (
    FormField("service", ("metadata", "service"), "Service"),
    FormField("name", ("metadata", "name"), "Name of the secret"),
    FormField("environment", ("metadata", "environment"), "Environment", words="environments"),
    FormField("owner", ("metadata", "owner"), "Owner", words="owners"),
    FormField("secretType", ("spec", "secretType"), "Secret class", words="secret_types"),
    FormField("tier", ("spec", "risk", "tier"), "Risk tier", words="risk_tiers"),
    FormField("rotationClass", ("spec", "rotation", "rotationClass"), "Rotation", words="rotation_classes"),
    FormField("provider", ("spec", "provider"), "Store", words="providers"),
    FormField("ttlDays", ("spec", "ttlDays"), "Days until it must be renewed"),
    FormField("keys", ("spec", "keys"), "Keys inside the secret", is_required=False),
    FormField("description", ("metadata", "description"), "What it is for", pattern=TEXT_PATTERN, is_required=False),
    FormField("adr", ("metadata", "adr"), "Decision record", pattern=REFERENCE_PATTERN, is_required=False),
    FormField("namespace", ("spec", "access", "namespace"), "Kubernetes namespace", is_required=False, fallback="service"),
    FormField("k8sSecretName", ("spec", "access", "k8sSecretName"), "Kubernetes Secret", is_required=False, fallback="name"),
)
FIXED: Final = {
    ("apiVersion",): "goldenpath.io/v1",
    ("kind",): "SecretRequest",
    ("spec", "lifecycle", "status"): "active",
}
"""What every new request says."""
LEFT_OUT: Final = {
    ("metadata", "id"): "the next free one, as the catalog stands when the form is sent",
    ("metadata", "requester"): "whoever is signed in to the portal, not what somebody types",
    ("spec", "access", "readPrincipals"): "who may read at AWS is a matter of roles: goldenpath request edit --add-read-principal",
    ("spec", "access", "writePrincipals"): "as for readers",
    ("spec", "access", "breakGlassPrincipals"): "as for readers",
    ("spec", "lifecycle", "recoveryWindowInDays"): "the tier's own unless somebody has a reason",
    ("spec", "renewedOn"): "a new request was not renewed",
    ("spec", "rotation", "rotator"): "declared by the platform: goldenpath request edit --rotator",
    ("spec", "rotation", "options"): "as for the rotator",
}
"""Fields of the contract that the form does not have, and why."""

_KEPT = ("type", "description", "pattern", "minLength", "maxLength", "minimum", "maximum", "enum", "maxItems")


def form_schema(enums: Enums, *, defaults: Mapping[str, Any], unrotated: Iterable[str] = ()) -> dict[str, Any]:
    """Return the form: one object, nothing beside its fields.

    Args:
        enums: The platform's words.
        defaults: What fields say unless somebody chooses otherwise.
        unrotated: Tiers that must be rotated; the form then refuses the class ``none``.
    """
    words = _words(enums)
    contract = schema_of(SecretRequest)
    properties = {field.name: _property(field, contract, words, defaults) for field in FIELDS}
    form = {
        "title": "Which secret, for whom, and how it is governed. Never its value.",
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in FIELDS if field.is_required],
        "properties": properties,
    }
    tiers = [tier for tier in enums.security.risk_tiers.values if tier in set(unrotated)]
    return {**form, "allOf": [_rotated(tiers, words["rotation_classes"])]} if tiers and "none" in words["rotation_classes"] else form


def contract_paths(node: Mapping[str, Any] | None = None, path: tuple[str, ...] = ()) -> tuple[tuple[str, ...], ...]:
    """Return the path of every field of the contract that is no mapping of other fields."""
    contract = schema_of(SecretRequest)
    here = _resolved(contract if node is None else node, contract)
    fields = here.get("properties")
    if not fields:
        return (path,)
    return tuple(found for name, below in fields.items() for found in contract_paths(below, (*path, name)))


def _property(field: FormField, contract: Mapping[str, Any], words: Mapping[str, tuple[str, ...]], defaults: Mapping[str, Any]) -> Any:
    node: Mapping[str, Any] = contract
    for name in field.path:
        node = _resolved(node, contract)["properties"][name]
    found = _plain(_resolved(node, contract), contract)
    if field.words:
        found = {"type": "string", "description": found["description"], "enum": list(words[field.words])}
    if field.pattern:
        found["pattern"] = field.pattern
    if field.fallback:
        found["description"] = f"{found['description']}; the {field.fallback} unless stated"
    default = {"default": defaults[field.name]} if field.name in defaults else {}
    return {"title": field.title, **found, **default}


def _plain(node: Mapping[str, Any], contract: Mapping[str, Any]) -> dict[str, Any]:
    """Return a field's schema without references, as portals read it."""
    kept = {name: node[name] for name in _KEPT if name in node}
    if "description" in kept:
        kept["description"] = re.sub(r" \(enum:[^)]*\)", "", kept["description"])
    if "items" in node:
        item = _resolved(node["items"], contract)
        fields = {name: _resolved(below, contract) for name, below in item["properties"].items()}
        plain = {name: _plain(below, contract) | _default(below) for name, below in fields.items() if name in {"name", "format"}}
        plain["name"]["maxLength"] = KEY_MAX
        kept["items"] = {"type": "object", "additionalProperties": False, "required": ["name"], "properties": plain}
    if "enum" in kept:
        kept = {"type": "string", **kept}
    return kept


def _default(node: Mapping[str, Any]) -> dict[str, Any]:
    return {"default": node["default"]} if node.get("default") else {}


def _resolved(node: Mapping[str, Any], contract: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    if reference is None:
        return node
    found: Mapping[str, Any] = contract["$defs"][reference.rpartition("/")[2]]
    return {**found, **{name: value for name, value in node.items() if name != "$ref"}}


def _words(enums: Enums) -> dict[str, tuple[str, ...]]:
    allowed = {canonical_environment(name) for name in enums.environments}
    return {
        "environments": tuple(name for name in ENVIRONMENTS if name in allowed),
        "owners": enums.owners,
        "providers": STORE_PROVIDERS,
        "secret_types": enums.security.secret_types.values,
        "risk_tiers": enums.security.risk_tiers.values,
        "rotation_classes": enums.security.rotation_classes.values,
    }


def _rotated(tiers: list[str], classes: Iterable[str]) -> dict[str, Any]:
    allowed = [name for name in classes if name != "none"]
    return {"if": {"properties": {"tier": {"enum": tiers}}}, "then": {"properties": {"rotationClass": {"enum": allowed}}}}
