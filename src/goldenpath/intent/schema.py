"""JSON Schemas of everything that people write, generated from the structs that the program itself uses: one definition, no drift.

Editors and the second reading use them; the fast path never does.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from goldenpath.intent.words import REQUEST_FIELDS, SIDECAR_FIELDS, words_by_field
from goldenpath.model.approval import Approvers
from goldenpath.model.drift import DriftIgnores
from goldenpath.model.enums import Enums
from goldenpath.model.policy import Policy
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.sidecar import Sidecar
from goldenpath.model.tombstones import Tombstones

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ID_BASE: Final = "https://goldenpath.io/schemas/v1/"

KINDS: Final[dict[str, type[Any]]] = {
    "request": SecretRequest,
    "sidecar": Sidecar,
    "settings": Settings,
    "enums": Enums,
    "policy": Policy,
    "approvers": Approvers,
    "tombstones": Tombstones,
    "drift-ignores": DriftIgnores,
}
TITLES: Final = {
    "request": "SecretRequest",
    "sidecar": "Sidecar of a SecretRequest (<id>.metadata.yaml)",
    "settings": "Platform settings (goldenpath.yaml)",
    "enums": "Words that a platform allows (enums.yaml)",
    "policy": "Policy of the gate (policy.yaml)",
    "approvers": "People who may approve (approvers.yaml)",
    "tombstones": "Decommissioned secrets (tombstones.yaml)",
    "drift-ignores": "Drift that is left alone (drift-ignores.yaml)",
}


_WORDED: Final = {"request": REQUEST_FIELDS, "sidecar": SIDECAR_FIELDS}


def json_schema(kind: str) -> dict[str, Any]:
    """Return the schema of one of :data:`KINDS`, draft 2020-12, with ``$id``, titles and descriptions.

    Raises:
        KeyError: for a kind that does not exist; doors offer only those that do.
    """
    generated = schema_of(KINDS[kind])
    definitions = generated.pop("$defs")
    root = definitions.pop(generated["$ref"].rpartition("/")[2])
    root["title"] = TITLES[kind]
    document = {"$schema": DIALECT, "$id": f"{ID_BASE}{kind}.json", **root}
    return {**document, "$defs": definitions} if definitions else document


def platform_schema(kind: str, enums: Enums) -> dict[str, Any]:
    """Return the schema of a request or a sidecar with the words that a platform allows, so that an editor offers them.

    Raises:
        KeyError: for another kind; doors offer only those two.
    """
    schema = json_schema(kind)
    for path, words in words_by_field(_WORDED[kind], enums).items():
        node = schema
        for name in path:
            node = node["properties"][name]
            while "$ref" in node:
                node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        for each in ("pattern", "minLength", "maxLength"):
            node.pop(each, None)
        node["enum"] = list(words)
    return schema


def platform_schema_bytes(kind: str, enums: Enums) -> bytes:
    """Return :func:`platform_schema` as a file, the same bytes on every machine."""
    return msgspec.json.format(msgspec.json.encode(platform_schema(kind, enums)), indent=2) + b"\n"


def schema_of(struct: type[Any]) -> dict[str, Any]:
    """Return the bare schema of any struct, for checking; optional fields take no null because the reader never yields one."""
    schema: dict[str, Any] = _without_null(msgspec.json.schema(struct))
    return schema


def _without_null(node: Any) -> Any:
    """Return ``node`` without the null branches of optional fields: leaving a field out is the one way to say nothing."""
    if isinstance(node, list | tuple):
        return [_without_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    cleaned = {name: _without_null(value) for name, value in node.items() if not (name == "default" and value is None)}
    branches = cleaned.get("anyOf")
    if branches is None:
        return cleaned
    kept = [branch for branch in branches if branch != {"type": "null"}]
    if len(kept) != 1:
        return {**cleaned, "anyOf": kept}
    del cleaned["anyOf"]
    return {**kept[0], **cleaned}


def schema_bytes(kind: str) -> bytes:
    """Return the schema as a file: JSON, indented, the same bytes on every machine."""
    return msgspec.json.format(msgspec.json.encode(json_schema(kind)), indent=2) + b"\n"
