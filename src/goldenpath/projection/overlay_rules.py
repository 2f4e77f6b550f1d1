"""The rules that :mod:`goldenpath.projection.lint` applies to one YAML document, given as nodes with positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from goldenpath.model.environment import ALIASES, ENVIRONMENTS
from goldenpath.model.settings import Settings
from goldenpath.projection.documents import child, items, text_of
from goldenpath.projection.json_patch import entry_of, is_proof, parts_of
from goldenpath.projection.stores import store_names

_REMOTE_KEY = re.compile(r"[A-Za-z0-9_.+=@/-]+")
_KEY_PATH = re.compile(r"/(?:remoteRef|extract)/key$|/find/path$")
_SEGMENTS_MIN = 3
BY_INDEX = "projection.patch-by-index"
BY_INDEX_MESSAGE = "the patch addresses an entry by its number alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One fault and where it is; lines and columns count from 1."""

    rule: str
    message: str
    line: int
    column: int
    field: str = ""
    got: str = ""
    expected: str = ""


def check_document(root: yaml.Node, *, environment: str, settings: Settings) -> Iterator[Place]:
    """Yield every fault of one document: an ExternalSecret, a ClusterSecretStore, a list of either, or a JSON patch."""
    if isinstance(root, yaml.SequenceNode):
        yield from _check_patch(root, environment)
        return
    kind = text_of(child(root, "kind"))
    if kind == "ExternalSecret":
        yield from _check_external_secret(child(root, "spec"), environment, settings)
    elif kind == "ClusterExternalSecret":
        yield from _check_external_secret(child(child(root, "spec"), "externalSecretSpec"), environment, settings)
    elif kind == "ClusterSecretStore":
        yield from _check_store(root, environment, settings)
    elif kind.endswith("List"):
        for item in items(child(root, "items")):
            yield from check_document(item, environment=environment, settings=settings)


def environment_of_key(key: str) -> str:
    """Return the environment segment of a store key: the second of a Parameter Store name, the third of a path; empty when missing."""
    # a parameter's leading slash makes an empty first segment, so both kinds have it at the same index
    segments = key.split("/")
    return segments[2] if len(segments) > _SEGMENTS_MIN and all(segments[1:]) else ""


def _check_external_secret(spec: yaml.Node | None, environment: str, settings: Settings) -> Iterator[Place]:
    for entry in [child(entry, name) for entry in _entries(spec) for name in ("remoteRef", "extract", "find")]:
        for name in ("key", "path"):
            node = child(entry, name)
            if node is not None:
                yield from _check_key(node, environment)
    references = [child(spec, "secretStoreRef")]
    references += [child(child(entry, "sourceRef"), "storeRef") for entry in _entries(spec)]
    for reference in references:
        yield from _check_reference(reference, environment, settings)


def _entries(spec: yaml.Node | None) -> list[yaml.Node]:
    return [*items(child(spec, "data")), *items(child(spec, "dataFrom"))]


def _check_key(node: yaml.Node, environment: str) -> Iterator[Place]:
    key = text_of(node)
    if not _REMOTE_KEY.fullmatch(key):
        yield _place(
            node, "projection.key-charset", "the key holds a character that no store path has", key, "letters, digits and _ . + = @ / -"
        )
        return
    segment = environment_of_key(key)
    if segment == environment:
        return
    if segment in ENVIRONMENTS or segment in ALIASES:
        yield _place(node, "projection.key-of-other-environment", f"the key leads into {segment}", key, f"environment {environment}")
    else:
        yield _place(
            node, "projection.key-without-environment", "the key names no environment where it must", key, f"environment {environment}"
        )


def _check_reference(reference: yaml.Node | None, environment: str, settings: Settings) -> Iterator[Place]:
    node = child(reference, "name")
    allowed = store_names(environment, settings=settings)
    if node is not None and text_of(node) not in allowed:
        yield _place(
            node,
            "projection.store-of-other-environment",
            f"{environment} may not read through this store",
            text_of(node),
            " or ".join(sorted(allowed)),
        )


def _check_store(root: yaml.Node, environment: str, settings: Settings) -> Iterator[Place]:
    yield from _check_reference(child(root, "metadata"), environment, settings)
    spec = child(root, "spec")
    conditions = items(child(spec, "conditions"))
    if not conditions or not all(_names_namespaces(condition) for condition in conditions):
        at = spec or root
        yield _place(
            at, "projection.store-unrestricted", "the store serves namespaces that it does not name", "", "conditions with namespaces"
        )


def _names_namespaces(condition: yaml.Node) -> bool:
    keys = {text_of(key) for key, _value in condition.value} if isinstance(condition, yaml.MappingNode) else set()
    return keys == {"namespaces"} and bool(items(child(condition, "namespaces")))


def _check_patch(patch: yaml.SequenceNode, environment: str) -> Iterator[Place]:
    proved: set[tuple[str, str]] = set()
    for operation in patch.value:
        path = child(operation, "path")
        parts = parts_of(text_of(path))
        entry, is_test = entry_of(parts), text_of(child(operation, "op")) == "test"
        if entry is not None and is_test and is_proof(parts):
            proved.add(entry)
        elif path is not None and entry is not None and not is_test and entry not in proved:
            yield _place(path, BY_INDEX, BY_INDEX_MESSAGE, text_of(path), "a test of the entry's secretKey before it")
        value = child(operation, "value")
        if isinstance(value, yaml.ScalarNode) and not is_test and _KEY_PATH.search(text_of(path)):
            yield from _check_key(value, environment)


def _place(node: yaml.Node, rule: str, message: str, got: str, expected: str) -> Place:
    mark = node.start_mark
    return Place(rule=rule, message=message, line=mark.line + 1, column=mark.column + 1, got=got, expected=expected)
